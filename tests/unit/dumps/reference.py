"""The rules of cutting, told line by line over a whole text: slow, and plain enough to be seen to be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from digest.dumps.layouts import byline, dateblock
from digest.dumps.layouts.cuts import Cut
from digest.model import Layout

if TYPE_CHECKING:
    from digest.model import Sighting

_BYLINE = re.compile(r"\s*By (.+? \| \d{4}-\d{1,2}-\d{1,2} \| \d[\d,]*)位[读讀]者 \| 引用(.*)")
_HEADER = re.compile(r"\s*([0-9]{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))\s*")
_END = re.compile(r"\s*(?:点击阅读全文|點擊閱讀全文)(?:\.{3,}|…{1,2}|。{3})?(.*)")
_LIST_END = re.compile(r"\s*最近(?:评论|評論)(.*)")
_CUT_BYLINE = re.compile(r"By [^|]{0,40}(?: \|.*)?")


class _Line(NamedTuple):
    text: str
    gap: bool
    ended: bool


_NONE = _Line("", gap=True, ended=True)


def cut_slowly(text: str) -> list[Sighting]:
    """What `digest.dumps.cut` has to find in a text."""
    cutter = _Lines()
    written = text.split("\n")
    lines = [
        _Line(line, at == 0 or not written[at - 1].strip(), at + 1 < len(written))
        for at, line in enumerate(written)
        if line.strip()
    ]
    for line, ahead, beyond in zip(lines, [*lines[1:], _NONE], [*lines[2:], _NONE, _NONE], strict=False):
        cutter.take(line, ahead, beyond)
    cutter.end()
    said = {Layout.BYLINE: byline.sighting, Layout.DATEBLOCK: dateblock.sighting}
    return [said[cut.layout](cut, "a.txt", position) for position, cut in enumerate(cutter.cuts)]


class _Lines:
    def __init__(self) -> None:
        self.cuts: list[Cut] = []
        self._open: Cut | None = None
        self._lines: list[str] = []
        self._last = _NONE
        self._title, self._taken = "", False
        self._page, self._page_ends = 0, False
        self._page_of: Layout | None = None

    def take(self, line: _Line, ahead: _Line, beyond: _Line) -> None:
        if self._taken:  # as the title of the date before it
            self._taken = False
        elif mark := _BYLINE.fullmatch(line.text):
            self._close(complete=self._layout is Layout.BYLINE)
            if self._title:
                self._begin(Layout.BYLINE, self._title, mark[1])
            self._title, rest = "", mark[2]
            if _BYLINE.fullmatch(ahead.text):
                self._entitle(rest)
            elif rest.strip():
                self._text(_Line(rest, gap=False, ended=line.ended), ahead, beyond)
        elif _BYLINE.fullmatch(ahead.text):
            self._entitle(line.text)
        else:
            self._text(line, ahead, beyond)

    def end(self) -> None:
        if self._layout is Layout.BYLINE and not self._last.ended and _CUT_BYLINE.fullmatch(self._last.text):
            del self._lines[-2:]
        self._close(complete=False)

    @property
    def _layout(self) -> Layout | None:
        return self._open.layout if self._open else None

    def _entitle(self, text: str) -> None:
        """The line before a byline is its title, less a mark in front."""
        for end in (_END, _LIST_END):
            if (found := end.match(text)) and found[1].strip():
                self._close(complete=True)
                self._page_ends, text = True, found[1].strip()
        self._title = text.strip()

    def _text(self, line: _Line, ahead: _Line, beyond: _Line) -> None:
        end, list_end = (found and found[1].strip() for found in (_END.match(line.text), _LIST_END.match(line.text)))
        sentence = self._layout is Layout.DATEBLOCK and ahead.text.rstrip().endswith(tuple("。，,;；、"))
        for text, complete in ((line.text, False), (end, True), (list_end, True)):
            header = _HEADER.fullmatch(text or "")
            if header and _is_title(ahead, beyond) and not (sentence and not complete):
                self._close(complete=complete)
                self._page_ends |= complete
                self._begin(Layout.DATEBLOCK, ahead.text.strip(), header[1])
                self._taken = True
                return
        if end == "" and self._layout is Layout.DATEBLOCK:
            self._close(complete=True)
        elif list_end == "" and self._layout is Layout.BYLINE:
            self._close(complete=True)
            self._page_ends = True
        elif self._open:
            apart = line.gap and self._lines and self._layout is Layout.DATEBLOCK
            self._lines += ["", line.text] if apart else [line.text]
            self._last = line
        else:
            self._page_ends = True

    def _begin(self, layout: Layout, title: str, mark: str) -> None:
        self._page += self._page_of is not None and (self._page_ends or self._page_of is not layout)
        self._page_of, self._page_ends, self._last, self._lines = layout, False, _NONE, []
        self._open = Cut(layout, self._page, title, mark, "", complete=False)

    def _close(self, *, complete: bool) -> None:
        if self._open:
            self.cuts.append(self._open._replace(body="\n".join(self._lines), complete=complete))
            self._open, self._page_ends = None, not complete


def _is_title(line: _Line, beyond: _Line) -> bool:
    """Whether it is one whole line between blank ones, and no mark."""
    alone = line is not _NONE and line.gap and beyond.gap and (line.ended or beyond is not _NONE)
    end = _END.match(line.text)
    marked = _HEADER.fullmatch(line.text) or (end and not end[1].strip()) or _BYLINE.fullmatch(beyond.text)
    return alone and not marked
