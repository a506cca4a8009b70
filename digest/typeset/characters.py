"""What of a text may be shown anywhere: no overrides of direction, nothing that XML forbids."""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")


def shown(text: str) -> str:
    """The text without characters that could hide, turn around or break what stands beside them."""
    return _HIDDEN.sub("", text)


def line(text: str) -> str:
    """The same on one line, such as a title."""
    return _SPACES.sub(" ", shown(text)).strip()
