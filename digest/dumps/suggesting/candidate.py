"""Candidates for the entries of a page: the lines of their titles, and the lines that separate the entries."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.dumps.suggesting.words import is_end

if TYPE_CHECKING:
    from digest.dumps.suggesting.seen import Page, SeenLine

LEAST = 3  # entries


class Order(StrEnum):
    """How title and date follow each other."""

    DATE_FIRST = "date before title"
    TITLE_FIRST = "date behind title"
    DATE_LAST = "date behind text"
    ONE_LINE = "title and date on one line"
    HEADINGS = "dates as headings"
    UNDATED = "no date"
    UNDATED_BELOW = "no date, a line below the title"


@dataclass(frozen=True, eq=False)
class Candidate:
    """Entries as they may be. `titles` are lines, in order; `anchors` those that tell them apart, one an entry.

    `heads` are the lines at which the entries begin; `headings` are dates over several entries; `rows` are lines that
    recur in entries, with their kind.
    """

    order: Order
    anchors: tuple[int, ...]
    titles: tuple[int, ...]
    headings: tuple[int, ...] = ()
    rows: dict[int, Hashable] | None = None
    passed: tuple[int, ...] = ()  # lines that stand between title and date, or over the title, in each entry
    marked: bool = False  # whether a mark such as a bullet stands before each title
    untitled: bool = False

    def date_of(self, page: Page, number: int) -> object:
        """The date of an entry, from its own line or from the heading above it."""
        own = page.lines[self.anchors[number]].date
        over = next((at for at in reversed(self.headings) if at < self.titles[number]), None)
        date = own or (page.lines[over].date if over is not None else None)
        return date and (date.parts or page.lines[self.anchors[number]].text)

    @property
    def heads(self) -> tuple[int, ...]:
        if self.order in {Order.DATE_FIRST, Order.ONE_LINE}:
            return self.anchors
        return self.titles


def title_text(candidate: Candidate, line: SeenLine) -> str:
    """The likely title in a line: in a line with a date, the longer text before or after it."""
    if candidate.order is Order.ONE_LINE and line.date:
        front, back = line.text[: line.date.start], line.text[line.date.end :]
        return max(front, back, key=len).strip(" |·•—–-:：»«,()").removeprefix(". ")
    return line.text


def candidate_of(
    order: Order,
    anchors: tuple[int, ...],
    titles: Sequence[int | None],
    headings: tuple[int, ...],
    rows: dict[int, Hashable],
    passed: tuple[int, ...] = (),
) -> Iterator[Candidate]:
    """A candidate, if each entry has a title and there are enough entries."""
    known = [at for at in titles if at is not None]
    if len(known) == len(anchors) >= LEAST:
        yield Candidate(order, anchors, tuple(known), headings, rows, passed)


def first_title(page: Page, anchor: int, free: Sequence[bool], inner: Sequence[Sequence[int]] = ()) -> int | None:
    """The title of the first entry, whose date stands behind its text: the line over its last paragraphs.

    `inner` are the lines of the entries behind it, which show how many short lines follow a text.
    """
    trailing = _trailing(page, inner)
    has_text = sum(any(page.lines[at].is_paragraph for at in places) for places in inner) * 2 > len(inner)
    passed = False
    if inner and not has_text:
        return _as_far(anchor, free, inner)
    for at in range(anchor - 1, -1, -1):
        line = page.lines[at]
        if not free[at]:
            continue
        if trailing and not line.is_paragraph:
            trailing -= 1
            continue
        if line.may_be_title and not is_end(line.text) and (passed or not has_text):
            return at
        passed = passed or line.is_paragraph
    return None


def _as_far(anchor: int, free: Sequence[bool], inner: Sequence[Sequence[int]]) -> int | None:
    """The line that stands as many lines before a date as the titles of most entries do."""
    usual = sorted(len(places) for places in inner)[len(inner) // 2]
    before = [at for at in range(anchor) if free[at]]
    return before[-usual] if 0 < usual <= len(before) else None


def below_heading(anchor: int, headings: Sequence[int], free: Sequence[bool]) -> int | None:
    """The first line below the last heading before a line."""
    over = [at for at in headings if at < anchor]
    return next((at for at in range(over[-1] + 1, anchor) if free[at]), None) if over else None


def _trailing(page: Page, inner: Sequence[Sequence[int]]) -> int:
    """How many short lines stand between the text and the date of most entries."""
    counts = []
    for places in inner:
        short = 0
        for at in reversed(places[1:]):
            if page.lines[at].is_paragraph:
                counts.append(short)
                break
            short += 1  # noqa: SIM113 - not those of other lines
    return sorted(counts)[len(counts) // 2] if counts else 0
