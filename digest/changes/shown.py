"""A sighting as the comparison needs it: what it answers to and what its text is, each made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from digest.changes.fingerprint import view
from digest.changes.keys import lead_of, title_key
from digest.changes.text import pairs, plain_lines
from digest.model import Content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import DateEvidence, Fingerprint, Sighting

    Line = tuple[str, DateEvidence | None]


@dataclass(frozen=True)
class Shown:
    """A sighting. `line` is what its line on the page says of it: title and day; `view` is of every letter."""

    sighting: Sighting
    content: Content
    key: str
    view: Fingerprint

    @property
    def line(self) -> Line:
        return self.key, self.sighting.date

    @cached_property
    def text(self) -> str:
        """Its plain text."""
        return "".join(self._lines)

    @cached_property
    def pairs(self) -> int:
        """The pairs of its plain text."""
        return pairs(self.text)

    @cached_property
    def lead(self) -> str:
        """Its lead key."""
        return lead_of(self._lines)

    @cached_property
    def _lines(self) -> list[str]:
        return plain_lines(self.content)


def shown(sightings: Iterable[Sighting]) -> tuple[Shown, ...]:
    """The sightings in their order."""
    return tuple(map(_shown, sightings))


def _shown(sighting: Sighting) -> Shown:
    content = Content(sighting.title, sighting.author, sighting.paragraphs, sighting.figures, sighting.complete)
    return Shown(sighting, content, title_key(sighting.title), view(content))
