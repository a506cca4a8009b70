"""Parts of patterns: white space, invisible characters, and patterns that few dumps need."""

import re
from functools import cached_property

# White space except the line end, written out: a class would be looked up for each line of Chinese.
SPACES = "\t\x0b\x0c\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
LEAD = f"[{SPACES}{INVISIBLE}]*"  # what may precede a mark


def _written_out(ranges: str) -> str:
    """Each character of the ranges of a class."""
    spans = re.findall("(.)(?:-(.))?", ranges, re.DOTALL)
    return "".join(chr(code) for first, last in spans for code in range(ord(first), ord(last or first) + 1))


_UNSEEN = _written_out(f"\n{SPACES}{INVISIBLE}")


def bare(text: str) -> str:
    """The text without surrounding white space and invisible characters; one pass, however many there are."""
    stripped = text.strip()
    return stripped if stripped.isascii() else stripped.strip(_UNSEEN)


class Rarely:
    """A pattern that is compiled at its first use."""

    def __init__(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._pattern, self._flags = pattern, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern, self._flags)
