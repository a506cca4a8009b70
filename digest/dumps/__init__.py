"""Turns the bytes of a dump into sightings: files, decoding, the built-in and the declared layouts, structure."""

RULES = 4
"""To be raised with each change of what any dump is read as, so that a program with new rules reads old files again.
Decision 13.

1: lines that are exactly marks. 2: marks as sites print them, lines that are nearly marks, learned end marks.
3: a time behind the day of a header. 4: feeds, and the encodings that XML declares.
"""

FIRST_DECLARED = 1000
"""From this number on, versions of the rules include layouts of the configuration."""
