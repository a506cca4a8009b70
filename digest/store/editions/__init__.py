"""Digests and their editions."""
