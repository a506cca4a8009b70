"""Titles as they are displayed: as their author wrote them, since they are names that people search for."""

from __future__ import annotations

from digest.typeset.characters import line

UNTITLED = "—"  # feedgen and feed readers take an empty title for a mistake


def title(text: str) -> str:
    """The title on one line; never empty."""
    return line(text) or UNTITLED
