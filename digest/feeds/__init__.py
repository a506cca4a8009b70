"""Entries become feed documents. The only home of feedgen."""
