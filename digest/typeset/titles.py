"""Titles for display. They stay as their author wrote them, because people search for them."""

from __future__ import annotations

from digest.typeset.characters import line

UNTITLED = "—"  # feedgen and feed readers treat an empty title as a mistake


def title(text: str) -> str:
    """The title in one line; never empty."""
    return line(text) or UNTITLED
