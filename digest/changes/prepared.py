"""A sighting prepared for comparison, with keys and texts that are computed once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from digest.changes.fingerprint import view
from digest.changes.keys import entry_key, lead_key, title_key
from digest.changes.text import pairs, plain_text
from digest.model import NO_EXTRAS, Content, DateEvidence, Fingerprint, PrintedDate, Sighting

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
