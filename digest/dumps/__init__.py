"""Dump bytes become sightings: files, decoding, the two layouts, structure. Knows no store and no entry."""

from digest.dumps.rules import RULES

__all__ = ["RULES"]
