"""Turns a text into sightings and notes; reads it again from its start if only the whole shows how to read it.

`survey` looks at a whole text for facts that no part of it shows: whether it is a listing, and what ends its entries.

Decision 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from digest.dumps.cut import Cutter
from digest.dumps.interface import Cut
from digest.dumps.layouts import byline, dateblock
from digest.dumps.layouts.characters import bare
from digest.dumps.lines import Learned
from digest.dumps.opened import UnsureError
from digest.model import Layout, Note, NoteKind, Sighting

_AT_LEAST = 2  # entries under which a line recurs
_MOST_LINES = 1000  # lines that are counted: a page has one end mark


def survey(blocks: Iterable[str]) -> Learned:
    """The rules for cutting a text.

    Only the end mark proves the `dateblock` layout: days followed by a title also occur in calendars and among
    comments. Another line can replace the mark if it recurs under entries, looks like a link to the whole article, and
    is the last line of an entry at least once. If a file has neither, a single entry at its beginning is half of a page
    that is being written. Two entries are none, because only the last one of a page can be half.
    """
    cutter = Cutter(Learned())
    under: Counter[str] = Counter()  # lines, and the number of entries under which they occur
    last: set[str] = set()
    behind: list[str] = []  # titles to which the end mark before may be glued
    is_open = False
    entries = 0
    for cut in cutter.cuts(blocks):
        entries += 1
        if is_open and len(behind) < _MOST_LINES:
            behind.append(cut.title)
        is_open = cut.layout is Layout.DATEBLOCK and not cut.complete
        if not is_open:
            continue
        lines = [bare(line) for line in cut.body.split("\n") if line.strip()]
        ends = {line for line in lines if dateblock.reads_as_more(line)}
        if lines and lines[-1] in ends:
            last.add(lines[-1])
        if len(under) < _MOST_LINES:
            under.update(ends)
    under.update(line for title in behind for line in last if title.startswith(line))
    ends_found = tuple(sorted(line for line in last if under[line] >= _AT_LEAST))
    half = entries == 1 and cutter.at_once and not last and not cutter.remarks
    return Learned(
        listing=cutter.known or bool(ends_found) or half,
        ends=ends_found,
        label=_label(cutter.labels),
    )


def _label(labels: dict[str, int]) -> str:
    """The unknown label that all bylines have; a single one may be half of a word."""
    if len(labels) != 1:
        return ""
    ((label, count),) = labels.items()
    return label if count >= _AT_LEAST else ""


class BuiltIn:
    """The two layouts that need no declaration, cut in one go; see `digest.dumps.interface`."""

    @staticmethod
    def rules(base: int) -> int:
        return base

    @staticmethod
    def reading(text: Callable[[], Iterable[str]], dump: str, *, url: str = "", media_type: str = "") -> Reading:  # noqa: ARG004 - other layouts need them
        return Reading(text, dump)


class Reading:
    """One reading of a text. `text` returns its blocks, from the start at each call.

    After all sightings were taken, `notes` are the notes for the operator, in line order. `refused` means that days
    with titles were found that are not entries, because there is no end mark.
    """

    def __init__(self, text: Callable[[], Iterable[str]], dump: str) -> None:
        self.notes: list[Note] = []
        self.refused = False
        self._text, self._dump = text, dump

    def sightings(self) -> Iterator[Sighting]:
        """The entries in page order; call once."""
        for position, cut in enumerate(self._cuts()):
            said = byline.sighting if cut.layout is Layout.BYLINE else dateblock.sighting
            yield said(cut, self._dump, position)

    def nothing(self) -> str:
        """Why the text gave no entry."""
        for note in self.notes:
            if note.kind is NoteKind.UNREAD:
                return f"holds no entry that can be read: line {note.line} {note.reason}"
        if self.refused:
            return "holds days with titles, but no end mark of the layout behind them"
        return "holds no entry in a known layout"

    def _cuts(self) -> Iterator[Cut]:
        cutter = Cutter()
        given = 0
        try:
            for cut in cutter.cuts(self._text()):
                given += 1
                yield cut
        except UnsureError:
            cutter = Cutter(survey(self._text()))
            yield from islice(cutter.cuts(self._text()), given, None)
        self.refused = cutter.refused
        remarks = sorted([*cutter.remarks, *cutter.end_marks.values()])
        if remarks:  # only then it is read once more, to number the lines
            lines = _line_numbers(self._text(), [remark.place for remark in remarks])
            self.notes += [
                Note(line, remark.kind, remark.text[: Note.LONGEST], remark.entries)
                for line, remark in zip(lines, remarks, strict=True)
            ]


def _line_numbers(blocks: Iterable[str], places: list[int]) -> Iterator[int]:
    """The line numbers, from 1, of positions in ascending order."""
    passed, line = 0, 1
    waiting = iter(places)
    place = next(waiting)
    for block in blocks:
        while place < passed + len(block):
            yield line + block.count("\n", 0, place - passed)
            if (place := next(waiting, -1)) < 0:
                return
        passed, line = passed + len(block), line + block.count("\n")
    while place >= 0:
        yield line
        place = next(waiting, -1)
