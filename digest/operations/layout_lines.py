"""What each line of a dump is for a layout, for an operator who draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.operations.core import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.dumps.declared import Found
    from digest.dumps.suggesting.trying import Tried

_FIELDS = ("title", "author", "date", "counts", "text")
_HEAD = 12  # characters of a paragraph by which its beginning is found behind other fields of a line


class MarkView(View):
    """The stretch of a line in which a field was found."""

    start: int
    end: int
    field: str


class ClaimedLine(View):
    """A line with the entry that it belongs to, from 0, and what was found in it. `begins`: the entry begins here."""

    line: int
    text: str
    entry: int | None
    begins: bool
    mark: bool
    marks: list[MarkView]


def fields_found(one: Tried) -> dict[str, int]:
    """In how many entries each field was found."""
    return {name: sum(bool(_values(found)[name]) for found in one.read.entries) for name in _FIELDS}


def _values(found: Found) -> dict[str, list[str]]:
    """What an entry shows in each field, as it stands in the dump if it stands there."""
    return {
        "title": [found.title] if found.title else [],
        "author": [found.author] if found.author else [],
        "date": [str(found.date)] if found.date else [],
        "counts": [str(number) for number in found.counts.values()],
        "text": [*found.paragraphs, *found.figures],
    }


def claimed_lines(one: Tried) -> Iterator[ClaimedLine]:
    """Each line of a dump, with the entry that it belongs to and the fields in it."""
    dates = {line.number: line.date for line in one.page.lines if line.date}
    drawn = {line.number for line in one.read.unclaimed if line.mark}
    unclaimed = {line.number for line in one.read.unclaimed}
    owners = {
        number: place for place, found in enumerate(one.read.entries) for number in range(found.first, found.last + 1)
    }
    seen: set[tuple[int, str]] = set()
    for number, line in enumerate(one.page.text.split("\n"), 1):
        place, text = None if number in unclaimed else owners.get(number), line.rstrip()
        found = None if place is None else one.read.entries[place]
        date = dates.get(number)
        marks = _Marks(text).of(found, (date.start, date.end) if date and date.parts else None) if found else []
        # Title, author, date and numbers stand once in an entry; words of its text may repeat them.
        once = [mark for mark in marks if mark.field == "text" or (place or 0, mark.field) not in seen]
        if len(once) < len(marks):
            marks = _Marks(text).of_text(found) if found else []
        seen |= {(place or 0, mark.field) for mark in marks}
        yield ClaimedLine(
            line=number,
            text=text,
            entry=place,
            begins=found is not None and found.first == number,
            mark=number in drawn,
            marks=marks,
        )


class _Marks:
    """The stretches of one line in which fields were found; no two overlap."""

    def __init__(self, text: str) -> None:
        self._text, self._taken = text, list[MarkView]()

    def of(self, found: Found, date: tuple[int, int] | None) -> list[MarkView]:
        """Where the fields of an entry stand in the line, from left to right."""
        values = _values(found)
        for value in values["title"]:
            self._take_value(value, "title")
        if date and found.date:
            self._take(*date, "date")
        for field in ("author", "counts"):
            for value in values[field]:
                self._take_value(value, field)
        return self.of_text(found)

    def of_text(self, found: Found) -> list[MarkView]:
        """The same, with only the text of the entry where nothing else stands yet."""
        for paragraph in _values(found)["text"]:
            self._take_text(paragraph)
        return sorted(self._taken, key=lambda one: one.start)

    def _take(self, start: int, end: int, field: str) -> None:
        if start < end and all(end <= one.start or start >= one.end for one in self._taken):
            self._taken.append(MarkView(start=start, end=end, field=field))

    def _take_value(self, value: str, field: str) -> None:
        if (at := self._text.find(value)) >= 0:
            self._take(at, at + len(value), field)

    def _take_text(self, paragraph: str) -> None:
        """The paragraph, the whole line as a part of it, or its beginning behind other fields."""
        bare = self._text.strip()
        at, head = self._text.rfind(paragraph[:_HEAD]), paragraph[:_HEAD]
        if paragraph in self._text:
            self._take_value(paragraph, "text")
        elif bare and bare in paragraph:
            self._take_value(bare, "text")
        elif at >= 0 and len(head) > 1 and paragraph.startswith(self._text[at:]):
            self._take(at, len(self._text), "text")
