"""Turns dump files into stored entries: reads, compares, and applies in one transaction."""
