"""Renders entries as feed documents. The only home of feedgen."""
