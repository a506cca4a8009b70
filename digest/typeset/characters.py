"""Which characters are Chinese; and removes those that no output may contain.

Those are overrides of the text direction, and anything that XML forbids.
"""

import re

# Chinese characters, as parts of a character class. `UNIFIED` has the hexagrams, which are no letters, in its middle.
UNIFIED, COMPATIBLE, RARE = "\u3400-\u9fff", "\uf900-\ufaff", "\U00020000-\U0003ffff"
HAN = UNIFIED + COMPATIBLE + RARE
HAN_LETTERS = "\u3400-\u4dbf\u4e00-\u9fff" + COMPATIBLE + RARE
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
WIDE = re.compile(f"[\u2018-\u201d\u2026\u3000-\u30ff{UNIFIED}{COMPATIBLE}\uff00-\uff65{RARE}]")
_BREAK_IN_CHINESE = re.compile(rf"(?<={WIDE.pattern})[^\S\n]*\n\s*(?={WIDE.pattern})")


def strip_unsafe(text: str) -> str:
    """The text without characters that could hide, reverse or break the text around them."""
    return _HIDDEN.sub("", text)


def line(text: str) -> str:
    """The same in one line, for instance for a title."""
    return _SPACES.sub(" ", strip_unsafe(text)).strip()


def joined(text: str) -> str:
    """Lines and paragraphs in one line; no space is left between two Chinese ones."""
    return _SPACES.sub(" ", _BREAK_IN_CHINESE.sub("", text)).strip()
