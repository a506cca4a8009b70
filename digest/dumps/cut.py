"""Text becomes entries as they stand there: finds where they begin and end, in both layouts; looks into none.

One search finds the lines at which something may begin or end; only those are looked at. Works on blocks of any
size and holds no more than a block and the entry at hand.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from digest.dumps.layouts import byline, dateblock
from digest.dumps.layouts.cuts import Cut
from digest.model import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from digest.model import Sighting

_SENTENCE_ENDS = ("。", "，", ",", ";", "；", "、")
# White space but the line end, written out: as a class, it is looked up for each line of Chinese.
_SPACES = "\t\x0b\x0c\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_MAY_BEGIN = f"B0-9点點最{_SPACES}"  # a mark: nearly every line is told by its first character
_NO_BYLINE = r"(?!\s*By )"
# A line that is more than text. A kind of mark is told by its last group; the last one is any other, to be looked at.
_MARK = re.compile(
    rf"\n(?=[{_MAY_BEGIN}])[^\S\n]*(?:{byline.BYLINE}"
    rf"|{dateblock.HEADER}\n\n([^{_MAY_BEGIN}\n][^\n]*)(?=\n\n{_NO_BYLINE})"
    rf"|({dateblock.END_MARK})(?=\n{_NO_BYLINE})|({byline.LIST_END})(?=\n{_NO_BYLINE})"
    rf"|({dateblock.HEADER}[^\S\n]*(?=\n|\Z)|{dateblock.END_MARK}|{byline.LIST_END}))"
)
_BYLINE, _HEADER, _TITLE, _END_MARK, _LIST_END = 1, 2, 3, 4, 5
_MAY_BE_MARK = frozenset("点點最0123456789 \t\xa0\u3000")  # what a mark may begin with that is glued to a byline
_LINE = re.compile(r"\n((?:[^\S\n]*\n)*)([^\n]*\S[^\n]*)")  # the next one that is not blank
_DATEBLOCK, _BYLINES = Layout.DATEBLOCK, Layout.BYLINE  # a member that is looked up costs as much as a short call
_made = tuple.__new__  # half of what `Cut()` and `Cut._make` take
_LINES_AHEAD = 2  # that are not blank: a date header is told by them


class _Line(NamedTuple):
    """A line that is not blank. `gap`: a blank line stands before it."""

    start: int
    end: int
    text: str
    gap: bool


def sightings(blocks: Iterable[str], dump: str) -> Iterator[Sighting]:
    """The entries of a dump in page order; everything else on its pages is furniture and is dropped."""
    for position, cut in enumerate(cuts(blocks)):
        said = byline.sighting if cut.layout is _BYLINES else dateblock.sighting
        yield said(cut, dump, position)


def cuts(blocks: Iterable[str]) -> Iterator[Cut]:
    """The same, not looked into."""
    return chain.from_iterable(_closed(blocks))


def _closed(blocks: Iterable[str]) -> Iterator[Sequence[Cut]]:
    """What each block closes, and at last the end."""
    cutter = _Cutter()
    for block in blocks:
        yield cutter.read(block)
    yield cutter.end()


class _Cutter:
    """What is open while the text goes by.

    `_text` is what is at hand, a line end in front; `_at` is behind what was looked at. The body of the open entry
    is `_before`, from texts that went by, and what stands from `_body` on in this one.
    """

    def __init__(self) -> None:
        self._text, self._at, self._body = "\n", 1, 1
        self._before: list[str] = []
        self._cuts: list[Cut] = []
        self._layout: Layout | None = None  # of the open entry, as title and header
        self._title = ""
        self._header = ""
        self._page = 0
        self._page_of: Layout | None = None
        self._page_ends = False

    def read(self, block: str) -> Sequence[Cut]:
        """Take a block; the entries that it closes."""
        self._text += block
        done = self._walk(self._decided())
        if self._layout:
            self._before.append(self._text[self._body : done])
        else:
            self._pass_by(done)
        self._text, self._at, self._body = "\n" + self._text[done:], 1, 1
        closed, self._cuts = self._cuts, []
        return closed

    def end(self) -> Sequence[Cut]:
        """The file is over: what is open may still grow, and a byline that is being written is no text."""
        self._walk(len(self._text))
        self._close(len(self._text), complete=False)
        written_whole = "\n" in self._text[len(self._text.rstrip()) :]
        if self._cuts and not self._cuts[-1].complete and not written_whole:
            self._cuts[-1] = byline.without_cut_byline(self._cuts[-1])
        return self._cuts

    def _decided(self) -> int:
        """Up to where what stands there can be told: with two lines behind it, and a title not without its byline."""
        end = self._text.rfind("\n") + 1
        lines = 0
        while end > self._at:
            start = self._text.rfind("\n", 0, end - 1) + 1
            if self._text[start:end].strip():
                lines += 1
                if lines >= _LINES_AHEAD and not byline.begins(self._text, start):
                    return start
            end = start
        return self._at

    def _walk(self, limit: int) -> int:
        """Take every mark before the limit; where to go on."""
        for mark in _MARK.finditer(self._text, self._at - 1):
            start, kind = mark.start() + 1, mark.lastindex
            if start >= limit:
                break
            if start < self._at:
                continue  # it went with the line before it
            if kind == _BYLINE:
                self._byline(mark, start)
            elif kind == _TITLE and self._layout is not _DATEBLOCK:
                if self._layout:
                    self._close(start, complete=False)
                else:
                    self._pass_by(start)
                self._begin(_DATEBLOCK, mark[_TITLE].rstrip(), mark[_HEADER], mark.end())
            elif kind == _END_MARK and self._layout is _DATEBLOCK:
                self._close(start, complete=True)
                self._at = mark.end()
            elif kind == _LIST_END and self._layout is _BYLINES:
                self._close(start, complete=True)
                self._page_ends = True
                self._at = mark.end()
            else:
                self._look(start)
        return max(limit, self._at)

    def _byline(self, mark: re.Match[str], start: int) -> None:
        """The last line before it is its title, the one glued to the byline before it too."""
        text, end = self._text, mark.end()
        at = text.rfind("\n", self._at, start - 1) + 1 or self._at
        title = text[at : start - 1].strip()
        if not title:
            at, title = self._line_before(at)
        if self._layout:
            self._close(at, complete=self._layout is _BYLINES)
        else:
            self._pass_by(at)
        if title:
            self._begin(_BYLINES, title, mark[_BYLINE], end)
        self._at = end
        if text[end : end + 1] in _MAY_BE_MARK:
            self._look(end)

    def _look(self, start: int) -> None:
        """A line that may begin with a mark: it begins an entry, ends one, or both, or it is a title or text."""
        end = self._text.find("\n", start)
        line = _Line(start, len(self._text) if end < 0 else end, self._text[start : None if end < 0 else end], gap=True)
        ahead = self._line_behind(line.end)
        if ahead and byline.begins(self._text, ahead.start):
            self._entitle(line)
            return
        beyond = self._line_behind(ahead.end) if ahead else None
        end_mark, list_end = dateblock.after_end_mark(line.text), byline.after_list_end(line.text)
        if self._heads(line.text, ahead, beyond) and not self._goes_on(ahead):
            self._pass_by(start)
            self._head(line.text, ahead, start, complete=False)
        elif end_mark and self._heads(end_mark, ahead, beyond):
            self._head(end_mark, ahead, start, complete=True)
        elif list_end and self._heads(list_end, ahead, beyond):
            self._head(list_end, ahead, start, complete=True)
        elif end_mark == "" and self._layout is _DATEBLOCK:
            self._close(start, complete=True)
            self._at = line.end
        elif list_end == "" and self._layout is _BYLINES:
            self._close(start, complete=True)
            self._page_ends = True
            self._at = line.end

    def _entitle(self, line: _Line) -> None:
        """The line is the title of the byline behind it. A mark that is glued to its front ends what is open."""
        text = line.text
        for after in (dateblock.after_end_mark, byline.after_list_end):
            if rest := after(text):
                self._close(line.start, complete=True)
                self._page_ends = True
                self._at = line.start + line.text.rindex(rest)
                text = rest

    def _heads(self, text: str, title: _Line | None, beyond: _Line | None) -> bool:
        """Whether a date begins an entry: a title of one whole line stands behind it, blank lines around."""
        if title is None or not title.gap or dateblock.header(text) is None:
            return False
        if beyond is None:
            whole = self._text.startswith("\n", title.end)
        else:
            whole = beyond.gap and not byline.begins(self._text, beyond.start)
        return whole and not dateblock.header(title.text) and dateblock.after_end_mark(title.text) != ""

    def _goes_on(self, title: _Line | None) -> bool:
        """Whether what looks like a title inside an open entry is a sentence of its body."""
        inside = self._layout is _DATEBLOCK
        return inside and title is not None and title.text.rstrip().endswith(_SENTENCE_ENDS)

    def _head(self, text: str, title: _Line | None, start: int, *, complete: bool) -> None:
        """Begin an entry of this date; a mark before the date makes what is open complete and ends the page."""
        found = dateblock.header(text)
        if found and title:
            self._close(start, complete=complete)
            self._page_ends = self._page_ends or complete
            self._begin(_DATEBLOCK, title.text.strip(), found, title.end)

    def _line_before(self, start: int) -> tuple[int, str]:
        """Where the last line before `start` begins that is not blank, and its text; empty where there is none."""
        end = start - 1
        while end > self._at:
            at = max(self._text.rfind("\n", self._at, end) + 1, self._at)
            if text := self._text[at:end].strip():
                return at, text
            end = at - 1
        return start, ""

    def _line_behind(self, end: int) -> _Line | None:
        found = _LINE.match(self._text, end)
        return _Line(found.start(2), found.end(2), found[2], gap=bool(found[1])) if found else None

    def _pass_by(self, end: int) -> None:
        """Text outside entries is furniture, and a page does not go on behind it."""
        if self._layout is None and not self._page_ends:
            self._page_ends = bool(self._text[self._at : end].strip())

    def _begin(self, layout: Layout, title: str, mark: str, body: int) -> None:
        if self._page_ends or self._page_of is not layout:
            self._page += self._page_of is not None
            self._page_of, self._page_ends = layout, False
        self._layout, self._title, self._header = layout, title, mark
        self._at = self._body = body

    def _close(self, end: int, *, complete: bool) -> None:
        layout = self._layout
        if layout is None:
            return
        body = self._text[self._body : end]
        if self._before:
            body = "".join([*self._before, body])
            self._before = []
        self._cuts.append(_made(Cut, (layout, self._page, self._title, self._header, body, complete)))
        self._layout = None
        self._page_ends = not complete
