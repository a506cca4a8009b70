"""Dump bytes become sightings: files, decoding, the two layouts, structure. Knows no store and no entry."""
