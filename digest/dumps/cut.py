"""Text becomes sightings: finds where entries begin and end, in both layouts, in one pass over the lines.

Works on blocks of any size and holds no more than the entry at hand and three lines ahead.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from digest.dumps.layouts.byline import OpenBylined, after_list_end, byline, is_cut
from digest.dumps.layouts.dateblock import OpenBlock, after_end_mark, header

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from digest.model import Sighting

_LONGEST_HEADER = 40
_SENTENCE_ENDS = ("。", "，", ",", ";", "；", "、")


class Line(NamedTuple):
    """A line that is not blank. `gap`: a blank line or nothing stands before it; `ended`: it was written whole."""

    text: str
    gap: bool
    ended: bool


_END = Line("", gap=True, ended=True)  # what stands behind the last line


def sightings(blocks: Iterable[str], dump: str) -> Iterator[Sighting]:
    """The entries of a dump in page order; everything else on its pages is furniture and is dropped."""
    cutter = _Cutter(dump)
    window: deque[Line] = deque()
    for line in _lines(blocks):
        window.append(line)
        if len(window) == 3:  # noqa: PLR2004 - a date header is told by the two lines behind it
            yield from cutter.read(*window)
            window.popleft()
    while window:
        yield from cutter.read(*[*window, _END, _END][:3])
        window.popleft()
    yield from cutter.end()


def _lines(blocks: Iterable[str]) -> Iterator[Line]:
    gap, rest = True, ""
    for block in blocks:
        *whole, rest = (rest + block).split("\n")
        for text in whole:
            if text and not text.isspace():
                yield Line(text, gap, ended=True)
                gap = False
            else:
                gap = True
    if rest.strip():
        yield Line(rest, gap, ended=False)


class _Cutter:
    """What is open while the lines go by."""

    def __init__(self, dump: str) -> None:
        self._dump = dump
        self._open: OpenBlock | OpenBylined | None = None
        self._last = _END  # the last line that went into the open entry
        self._title = ""  # the line that the byline behind it made a title
        self._taken = False  # whether the line at hand went with the one before it
        self._position = self._page = 0
        self._page_of: type | None = None
        self._page_ends = False

    def read(self, line: Line, ahead: Line, beyond: Line) -> Iterator[Sighting]:
        """Take a line, knowing the two behind it; the entries that it closes."""
        if self._taken:
            self._taken = False
        elif found := byline(line.text):
            yield from self._byline(found, line, ahead, beyond)
        elif byline(ahead.text):
            yield from self._entitle(line.text)
        else:
            yield from self._text(line, ahead, beyond)

    def end(self) -> Iterator[Sighting]:
        """The file is over: what is open may still grow, and a byline that is being written is no text."""
        if isinstance(self._open, OpenBylined) and not self._last.ended and is_cut(self._last.text):
            del self._open.lines[-2:]
        yield from self._close(complete=False)

    def _byline(self, found: re.Match[str], line: Line, ahead: Line, beyond: Line) -> Iterator[Sighting]:
        yield from self._close(complete=isinstance(self._open, OpenBylined))
        if self._title:
            self._begin(OpenBylined(self._title, found))
            self._title = ""
        rest = Line(found["rest"], gap=False, ended=line.ended)
        if byline(ahead.text):
            yield from self._entitle(rest.text)
        elif rest.text.strip():
            yield from self._text(rest, ahead, beyond)

    def _entitle(self, text: str) -> Iterator[Sighting]:
        """The line is the title of the byline behind it. A mark that is glued to its front ends what is open."""
        for after in (after_end_mark, after_list_end):
            if rest := after(text):
                yield from self._close(complete=True)
                self._page_ends = True
                text = rest
        self._title = text.strip()

    def _text(self, line: Line, ahead: Line, beyond: Line) -> Iterator[Sighting]:
        """A line that is neither byline nor title: a header, a mark, a piece of a body, or furniture."""
        end, list_end = after_end_mark(line.text), after_list_end(line.text)
        if self._heads(line.text, ahead, beyond) and not self._goes_on(ahead):
            yield from self._close(complete=False)
            self._head(line.text, ahead)
        elif end and self._heads(end, ahead, beyond):
            yield from self._close(complete=True)
            self._page_ends = True
            self._head(end, ahead)
        elif list_end and self._heads(list_end, ahead, beyond):
            yield from self._close(complete=True)
            self._page_ends = True
            self._head(list_end, ahead)
        elif isinstance(self._open, OpenBlock) and end == "":
            yield from self._close(complete=True)
        elif isinstance(self._open, OpenBylined) and list_end == "":
            yield from self._close(complete=True)
            self._page_ends = True
        elif self._open:
            self._open.add(line.text, gap=line.gap)
            self._last = line
        else:
            self._page_ends = True

    def _heads(self, text: str, title: Line, beyond: Line) -> bool:
        """Whether a date begins an entry: a title of one whole line stands behind it, blank lines around."""
        if len(text) > _LONGEST_HEADER or header(text) is None:
            return False
        whole = title is not _END and title.gap and beyond.gap and (title.ended or beyond is not _END)
        return bool(whole and not header(title.text) and after_end_mark(title.text) != "" and not byline(beyond.text))

    def _goes_on(self, title: Line) -> bool:
        """Whether what looks like a title inside an open entry is a sentence of its body."""
        return isinstance(self._open, OpenBlock) and title.text.rstrip().endswith(_SENTENCE_ENDS)

    def _head(self, text: str, title: Line) -> None:
        found = header(text)
        if found:
            self._begin(OpenBlock(*found, title.text.strip()))
            self._taken = True

    def _begin(self, entry: OpenBlock | OpenBylined) -> None:
        if self._page_of and (self._page_ends or self._page_of is not type(entry)):
            self._page += 1
        self._open, self._last = entry, _END
        self._page_of, self._page_ends = type(entry), False

    def _close(self, *, complete: bool) -> Iterator[Sighting]:
        if self._open:
            yield self._open.sighting(self._dump, self._position, self._page, complete=complete)
            self._position += 1
            self._open = None
            self._page_ends = not complete
