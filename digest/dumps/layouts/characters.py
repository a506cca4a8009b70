"""White space and characters that nobody sees, as parts of a character class of `re`."""

from __future__ import annotations

from digest.dumps.layouts.rarely import Rarely

# White space but the line end, written out: as a class, it is looked up for each line of Chinese.
SPACES = "\t\x0b\x0c\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
LEAD = f"[{SPACES}{INVISIBLE}]*"  # what may stand in front of a mark
_ENDS = Rarely(rf"\A[\s{INVISIBLE}]+|[\s{INVISIBLE}]+\Z")


def bare(text: str) -> str:
    """The text without white space and invisible characters around it."""
    stripped = text.strip()
    return stripped if stripped.isascii() else _ENDS.compiled.sub("", stripped)
