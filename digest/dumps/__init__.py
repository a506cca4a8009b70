"""Turns the bytes of a dump into sightings: files, decoding, the layouts, structure."""

from digest.dumps.rules import RULES

__all__ = ["RULES"]
