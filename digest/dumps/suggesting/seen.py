"""The lines of a page as recognition sees them: dates, times and numbers in each, and whether it looks like text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from digest.dumps.declared.dates import TIME, Grammar, Order
from digest.dumps.layouts.characters import bare
from digest.dumps.suggesting.words import is_end, is_more
from digest.model import PrintedDate
from digest.patterns import LinePattern
from digest.typeset.text import cells

WIDEST = 160  # columns of a line in which a date or a row is looked for
_PARAGRAPH = 60  # columns from which a line that no sentence ends is a paragraph all the same
_LONGEST_TITLE = 110
_SENTENCE_ENDS = tuple(".。！!…")
_NO_TITLE = tuple(",，、;；:：")
_MAY_BE_DATE = re.compile(r"\d")
_COUNT = re.compile(r"\d+(?:[.,]\d{3})*(?:[.,]\d+)?\s?[kKmMwW万만]?")
_EDGE = r"[^\p{L}\p{N}]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"


class Piece(NamedTuple):
    """A part of a line; `kind` is date, time, number, space or word."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class DateAt:
    """A date in a line, from `start` to `end`; `parts` is absent where its order is not known."""

    start: int
    end: int
    parts: PrintedDate | None
    shows: Order | None


@dataclass(frozen=True, eq=False)
class SeenLine:
    """A line that is not blank. `index` counts those from 0; `number` counts all from 1; `blanks` stand before it."""

    index: int
    number: int
    text: str
    blanks: int
    date: DateAt | None

    @cached_property
    def width(self) -> int:
        return width(self.text)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        return tuple(_pieces(self))

    @cached_property
    def key(self) -> str:
        """The same for lines that differ in date, time and numbers alone; empty for a long line."""
        if self.width > WIDEST:
            return ""
        return "".join(
            {"date": "\x01", "time": "\x02", "number": "\x03", "space": " "}.get(p.kind, p.text) for p in self.pieces
        )

    @cached_property
    def is_paragraph(self) -> bool:
        """Whether it reads as text: it is long, or ends as a sentence does."""
        if self.width > _LONGEST_TITLE or ((glued := _GLUED.search(self.text)) and is_more(glued[1])):
            return True
        if self.text.endswith(_SENTENCE_ENDS):
            return (
                self.text.endswith("。")
                or (" " in self.text and not self.text.endswith(("!", "！")))
                or self.width > _LONG_CALL
            )
        return self.width > _PARAGRAPH and self.text.endswith((":", "：", "...", "…"))

    @cached_property
    def may_be_title(self) -> bool:
        text = self.text
        return not self.is_paragraph and not text.endswith(_NO_TITLE) and any(map(str.isalpha, text))


_GLUED = re.compile(r"[.。!！?？…]\s*([^.。!！?？…]{2,30}[.…]*)$")  # behind the last sentence of a line
_LONG_CALL = 70  # columns of a line with an exclamation mark that is no title


class Page:
    """The lines of a dump. `cut`: there is more of it than was looked at."""

    def __init__(self, text: str, *, name: str = "", cut: bool = False) -> None:
        self.name, self.text, self.cut = name, text, cut
        self.lines = _seen(text)

    @classmethod
    def of_html(cls, text: str, *, name: str) -> Page:
        """A page of HTML: its markup as it is, whose lines say nothing."""
        made = cls("", name=name)
        made.text = text
        return made

    def with_dates(self, dates: Mapping[int, DateAt]) -> Page:
        """The same page with further dates in its lines, by their index."""
        made = Page("", name=self.name, cut=self.cut)
        made.text = self.text
        made.lines = tuple(replace(one, date=dates.get(one.index, one.date)) for one in self.lines)
        return made

    def foot(self, last: int) -> int:
        """The first line behind the last entry that stands at the foot of a list; the number of lines where none does.

        `last` is the last line that is surely one of an entry. Numbers directly behind it are its counts, unless they
        count pages.
        """
        at = last + 1
        while at < len(self.lines) and self.lines[at].text.isdecimal() and not self._is_paging(at):
            at += 1
        return next(
            (line.index for line in self.lines[at:] if is_end(line.text) and not is_more(line.text)), len(self.lines)
        )

    def _is_paging(self, at: int) -> bool:
        return self.lines[at].text == "1" and at + 1 < len(self.lines) and self.lines[at + 1].text in {"2", "…", "..."}


def _seen(text: str) -> tuple[SeenLine, ...]:
    lines: list[SeenLine] = []
    blanks = 0
    for number, line in enumerate(text.split("\n"), 1):
        written = bare(line)
        if not written:
            blanks += 1
            continue
        lines.append(SeenLine(len(lines), number, written, blanks, date_in(written)))
        blanks = 0
    return tuple(lines)


def date_in(text: str) -> DateAt | None:
    """The first date of a line that shows day and month, or month and year."""
    if len(text) > WIDEST or not _MAY_BE_DATE.search(text) or _COUNT.fullmatch(text):
        return None
    start = 0
    while start < len(text):
        found = _finder().groups(text[start:].encode("utf-8", "replace"))
        if found is None or found[0] is None or found[1] is None:
            return None
        before, date = found[0].decode(), found[1].decode()
        at = start + len(before)
        read = _grammar().read(date)
        start = at + max(len(date), 1)
        if read is None or (read.parts is None and not read.ambiguous):
            continue
        parts = read.parts
        if parts is None or (parts.month is not None and (parts.day, parts.year) != (None, None)):
            return DateAt(at, at + len(date), parts, read.shows)
    return None


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    return Grammar()


@lru_cache(maxsize=1)
def _finder() -> LinePattern:
    return LinePattern(rf"(|.*?(?:{_EDGE}))({_grammar().pattern})(?:|(?:{_EDGE}).*)")


_TOKENS = re.compile(
    rf"(?P<time>(?<![\d:]){TIME}(?![\d:\w]))|(?P<number>\d+(?:[.,]\d+)*\+?(?:\s?[kK](?!\w)|\s?万)?)|(?P<space>\s+)|(?P<word>[^\W\d_]+|.)"
)


def _pieces(line: SeenLine) -> list[Piece]:
    text, date = line.text, line.date
    if date is None:
        return tokens(text)
    return [*tokens(text[: date.start]), Piece("date", text[date.start : date.end]), *tokens(text[date.end :])]


def tokens(text: str) -> list[Piece]:
    return [Piece(str(found.lastgroup), found[0]) for found in _TOKENS.finditer(text)]


def width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return len(text) if text.isascii() else cells(text)
