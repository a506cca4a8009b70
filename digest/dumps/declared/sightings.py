"""Declared layouts as the rest of the program knows layouts: what they find becomes sightings."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from digest.dumps import FIRST_DECLARED
from digest.dumps.declared import Found, Layout, Reading
from digest.dumps.interface import TextReading
from digest.model import DateEvidence, Extras, Note, NoteKind, Sighting

READERS = "readers"  # the count that feeds, pages and mails know


class DeclaredLayouts:
    """The declared layouts of a source; see `digest.dumps.interface`.

    Those of HTML read a text that begins like a page of HTML, the drawn ones any other. Where only one kind is there,
    it reads all, the drawn ones the text of a page. `zone` is the time zone in which the day of an entry begins;
    without one, days are as written.
    """

    def __init__(self, layouts: Sequence[Layout], zone: ZoneInfo | None = None) -> None:
        self.layouts = tuple(layouts)
        self._drawn = tuple(layout for layout in layouts if layout.declared.html is None)
        self._html = tuple(layout for layout in layouts if layout.declared.html is not None)
        self._zone = zone

    def rules(self, base: int) -> int:
        """A number apart from those of the built-in layouts; its 28 bits fit any store."""
        zone = [str(self._zone)] if self._html else []  # it says on which day an entry stands
        said = "\n".join([str(base), *zone, *(f"{layout.id} {layout.fingerprint}" for layout in self.layouts)])
        return FIRST_DECLARED + int(hashlib.sha256(said.encode()).hexdigest()[:7], 16)

    def reading(
        self,
        text: Callable[[], Iterable[str]],
        dump: str,
        *,
        url: str = "",
        media_type: str = "",  # noqa: ARG002 - layouts of other kinds need it
    ) -> TextReading:
        from digest.dumps.html.reading import HtmlReading, is_html, page_text  # noqa: PLC0415 - it imports this package

        html = is_html(next(iter(text()), ""))
        if self._html and (html or not self._drawn):
            return HtmlReading(self._html, text, dump, url=url, zone=self._zone)
        if html:
            return _DeclaredReading(self._drawn, lambda: [page_text(text())], dump)
        return _DeclaredReading(self._drawn, text, dump)


class _DeclaredReading:
    def __init__(self, layouts: Sequence[Layout], text: Callable[[], Iterable[str]], dump: str) -> None:
        self.notes: list[Note] = []
        self._names = ", ".join(layout.id for layout in layouts)
        self._reading = Reading(layouts, text)
        self._dump = dump

    def sightings(self) -> Iterator[Sighting]:
        for position, found in enumerate(self._reading.entries()):
            yield sighting(found, self._dump, position)
        self.notes += [
            Note(unread.number, NoteKind.UNREAD, unread.text[: Note.LONGEST]) for unread in self._reading.unread
        ]

    def nothing(self) -> str:
        for note in self.notes:
            return f"holds no entry that can be read: line {note.line} {note.reason}"
        return f"holds no entry as drawn in {self._names or 'no layout'}"


def sighting(found: Found, dump: str, position: int) -> Sighting:
    """An entry as the stations behind the reader know it."""
    date = found.date
    evidence = (
        DateEvidence(date.month, date.day, date.year)
        if date is not None and date.month is not None and date.day is not None
        else None
    )
    return Sighting(
        dump,
        position,
        found.page,
        found.layout,
        found.title,
        found.author,
        evidence,
        found.counts.get(READERS),
        found.paragraphs,
        found.figures,
        found.complete,
        Extras(date, tuple(found.counts.items()), found.tags, found.link, tuple(found.fields.items())),
    )
