"""A sighting prepared for comparison, with keys and texts that are computed once.

Versioned hashes of content: one of the text that visitors read, one of every character.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from digest.changes.keys import entry_key, lead_key, title_key
from digest.changes.text import normal, pairs, plain_text
from digest.model import NO_EXTRAS, Content, DateEvidence, Fingerprint, PrintedDate, Sighting


def fingerprint(content: Content) -> Fingerprint:
    """A hash that is equal for contents that differ only in white space and character width."""
    return _hashed("v1", [normal(content.title), content.author or "", *map(normal, content.paragraphs)])


def view(content: Content) -> Fingerprint:
    """A hash that is equal only for identical contents."""
    parts = [content.title, content.author or "", str(content.complete), *content.paragraphs, "", *content.figures]
    if content.extras is not NO_EXTRAS and content.extras != NO_EXTRAS:
        extras = content.extras
        parts += ["", *extras.tags, "", extras.link or "", *chain.from_iterable(extras.fields)]
        if extras.kinds or extras.links:
            parts += ["", extras.kinds, *map(str, chain.from_iterable(extras.links))]
    return _hashed("x1", parts)


def _hashed(version: str, parts: list[str]) -> Fingerprint:
    joined = "".join(f"{len(part)}:{part}" for part in parts)  # the lengths tell ("ab", "c") and ("a", "bc") apart
    return Fingerprint(f"{version}:{hashlib.sha256(joined.encode()).hexdigest()[:32]}")


Line = tuple[str, DateEvidence | PrintedDate | None]


@dataclass(slots=True)
class Prepared:
    """A sighting. `line` is the title and date of its line on the page; `view` is a hash of every character.

    `key` is the key of its title, or of its first sentence if it has no title.

    Values that few sightings need are computed on demand, because with a million sightings each byte counts.
    """

    sighting: Sighting
    content: Content
    key: str
    view: Fingerprint
    _text: str | None = field(default=None, init=False)
    _pairs: int | None = field(default=None, init=False)
    _lead: str | None = field(default=None, init=False)

    @property
    def line(self) -> Line:
        return self.key, self.sighting.date or self.sighting.extras.printed

    @property
    def text(self) -> str:
        """Its plain text."""
        if self._text is None:
            self._text = plain_text(self.content)
        return self._text

    @property
    def pairs(self) -> int:
        """The character pairs of its plain text."""
        if self._pairs is None:
            self._pairs = pairs(self.text)
        return self._pairs

    @property
    def lead(self) -> str:
        """Its lead key."""
        if self._lead is None:
            self._lead = lead_key(self.content)
        return self._lead


def prepared(sightings: Iterable[Sighting]) -> tuple[Prepared, ...]:
    """The sightings in their order, prepared for comparison."""
    return tuple(map(_shown, sightings))


def _shown(sighting: Sighting) -> Prepared:
    extras = sighting.extras if sighting.extras is NO_EXTRAS else sighting.extras.lasting
    texts = sighting.paragraphs, sighting.figures
    content = Content(sighting.title, sighting.author, *texts, sighting.complete, extras)
    key = title_key(sighting.title) if sighting.title else entry_key(content)
    return Prepared(sighting, content, key, view(content))
