"""Describes what recognition is not sure of, with the lines in question."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

from digest.dumps.suggesting.candidate import Candidate, Order
from digest.dumps.suggesting.drawings import Drawn
from digest.dumps.suggesting.evidence import rivals
from digest.dumps.suggesting.families import families, is_date_alone
from digest.dumps.suggesting.seen import Page
from digest.dumps.suggesting.words import is_end, is_more

_Doubts = Iterator[tuple[str, Iterable[int]]]

_MARGIN = 4.0  # points by which the best has to be ahead of one that pairs dates otherwise
_FIRM = 2.5  # the same, of what tells how titles and dates belong together
_BESIDE = {Order.DATE_FIRST, Order.TITLE_FIRST, Order.DATE_LAST}
_LITTLE = 8.0
_MOST_LINES = 6
_ONE_WORD = 0.6  # share of titles that begin with one word
_LONGEST_KIND = 6
_NEARLY_ALL = 0.7
_MORE_THAN_TITLES = (
    ("titles end with a time or a length, which may be no part of them", re.compile(r"\s\(?(?:\d+:)?\d+:\d\d\)?$")),
    ("titles end with a number, which may be no part of them", re.compile(r"[^\W\d]\s+\(?\d+\)?$")),
    ("titles seem to begin with a word that is glued to them", re.compile(r"^[A-ZÀ-Þ]?[a-zß-ÿ]+[A-ZÀ-Þ]\w*\s")),
    (
        "titles have a name in front of them, which may be no part of them",
        re.compile(r"^[^:—|»]{2,30}(?: [—|»] |: )\S"),
    ),
)


class DoubtedLine(NamedTuple):
    """A line in question; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that is uncertain. `reason` is a sentence without its full stop."""

    dump: str
    layout: str
    reason: str
    lines: tuple[DoubtedLine, ...]


class Weighed(NamedTuple):
    """A candidate and what speaks for it."""

    points: float
    firm: float
    candidate: Candidate


def doubts(page: Page, made: Drawn, ranked: list[Weighed], layout: str) -> Iterator[Doubt]:
    """All doubts about a page that a layout was drawn from. `ranked` are all candidates, the best first."""
    parts = (_rivals(page, ranked), _misread(page, made), _undated(page, made), _titles(page, made), _ends(page, made))
    for part in parts:
        for reason, places in part:
            lines = (page.lines[at] for at in islice(places, _MOST_LINES))
            yield Doubt(page.name, layout, reason, tuple(DoubtedLine(line.number, line.text) for line in lines))
    if page.cut:
        yield Doubt(page.name, layout, "only the beginning of this dump was looked at", ())


def _rivals(page: Page, ranked: list[Weighed]) -> _Doubts:
    """Another candidate that pairs titles with other dates and is nearly as likely."""
    best, firm, candidate = ranked[0]
    for points, other_firm, other in ranked[1:]:
        are_beside = other.order in _BESIDE and candidate.order in _BESIDE
        near = best - points < _MARGIN or (are_beside and firm - other_firm < _FIRM)
        if near and (differing := _paired_otherwise(page, candidate, other)):
            yield f"dates may belong to other titles: {other.order} is nearly as likely as {candidate.order}", differing
            break
    if best < _LITTLE:
        yield "little tells these entries from other text", candidate.titles


def _misread(page: Page, made: Drawn) -> _Doubts:
    """Differences between what the layout reads and the candidate."""
    if made.missed:
        yield "the layout does not read these titles as entries", made.missed
    if made.invented:
        numbers = {line.number: line.index for line in page.lines}
        yield "the layout reads entries here that were not expected", [numbers[at] for at in made.invented]


def _undated(page: Page, made: Drawn) -> _Doubts:
    """Entries without a whole date."""
    candidate, read = made.candidate, made.read.entries
    ambiguous = [at for at in candidate.anchors if (date := page.lines[at].date) and date.parts is None]
    if ambiguous and any(found.date is None for found in read):
        yield "day and month may change places in these dates: write date_order", ambiguous
    if candidate.order in {Order.UNDATED, Order.UNDATED_BELOW}:
        yield "no entry shows a date", candidate.titles
        return
    pairs = list(zip(candidate.titles, read, strict=False))
    if dayless := [at for at, found in pairs if found.date is None or found.date.day is None]:
        yield "these entries show no whole date", dayless
    if yearless := [at for at, found in pairs if found.date and found.date.year is None]:
        yield "these entries show no year", yearless


def _titles(page: Page, made: Drawn) -> _Doubts:
    """Lines that may not be titles."""
    candidate = made.candidate
    if "short_titles" in made.table:
        yield "titles are distinguished from text by their length alone", candidate.titles
    if candidate.untitled:
        yield "entries have no title", candidate.anchors
        return
    texts = [page.lines[at].text for at in candidate.titles]
    yield from _parts_of_titles(made)
    if again := [at for at in candidate.titles if texts.count(page.lines[at].text) > 1]:
        yield "these titles stand more than once", again
    if above := rivals(page, candidate):
        yield "the line above the title may be the title", above
    if candidate.order is Order.ONE_LINE and (between := _between(page, candidate)):
        yield "these lines may be the titles, not what stands beside the dates", between
    own_line = candidate.order is not Order.ONE_LINE
    if odd := [at for at in candidate.titles if own_line and page.lines[at].is_paragraph]:
        yield "these titles read like text", odd
    if odd := [at for at in candidate.titles if is_end(page.lines[at].text) or is_more(page.lines[at].text)]:
        yield "these titles may be links of the page", odd


def _parts_of_titles(made: Drawn) -> _Doubts:
    """Parts that most titles have in common, and that may not belong to them."""
    titles = made.candidate.titles
    if "}{title}" in str(made.table["entry"]):
        yield "words that are glued to the titles are taken off; the page may use others, too", titles
    texts = [found.title for found in made.read.entries if found.title]
    for reason, pattern in _MORE_THAN_TITLES:
        if len(texts) > 1 and sum(pattern.search(text) is not None for text in texts) > _NEARLY_ALL * len(texts):
            yield reason, titles
    firsts = Counter(text.split()[0] for text in texts if len(text.split()) > 1 and not text.isascii())
    for word, count in firsts.most_common(1):
        if count > _ONE_WORD * len(texts) and "{kind" not in str(made.table["entry"]) and len(word) <= _LONGEST_KIND:
            yield f"titles begin with {word}, which may be no part of them", titles


def _paired_otherwise(page: Page, one: Candidate, other: Candidate) -> list[int]:
    """The titles that other candidates give another date, or that are none there."""
    second = {title: other.date_of(page, number) for number, title in enumerate(other.titles)}
    return [title for number, title in enumerate(one.titles) if second.get(title, _ABSENT) != one.date_of(page, number)]


_ABSENT: object = object()


def _between(page: Page, candidate: Candidate) -> list[int]:
    """Lines between the dates that look like titles, if there are many, although titles stand beside the dates."""
    found = [
        at
        for one, other in pairwise(candidate.anchors)
        for at in range(one + 1, other)
        if page.lines[at].may_be_title and not is_more(page.lines[at].text)
    ]
    return found if len(found) * 2 > len(candidate.anchors) else []


def _ends(page: Page, made: Drawn) -> _Doubts:
    """Lines before the first entry or after the last that may be entries; a first or last entry unlike the others."""
    candidate, read = made.candidate, made.read.entries
    unclaimed = {line.number for line in made.read.unclaimed if not line.mark}
    first, rows = candidate.heads[0], candidate.rows or {}
    above = page.lines[first - 1] if first else None
    if above and above.is_paragraph and first - 1 not in rows and above.number in unclaimed:
        yield "text stands before the first entry: does the page begin in the midst of one?", [first - 1]
    dated = {at for family in families(page) if set(family) & set(candidate.anchors) for at in family}
    if left := [at for at in sorted(dated) if page.lines[at].number in unclaimed]:
        yield "these lines show a date like those of the entries and belong to none", left
    used = {*candidate.anchors, *candidate.headings}
    inside = range(candidate.heads[0], max(candidate.anchors[-1], candidate.titles[-1]))
    alone = [line.index for line in page.lines if line.index in inside and line.index not in used]
    if passed := [at for at in alone if at not in rows and is_date_alone(page.lines[at])]:
        yield "these dates stand alone in their lines and are read as text: an entry may begin there", passed
    if candidate.order in {Order.DATE_LAST, Order.UNDATED} and (over := _over_the_first(page, candidate)):
        yield "the first entry may begin at another of these lines", over
    texts = [bool(found.paragraphs) for found in read]
    if len(texts) > _FEW and sum(texts) == len(texts) - 1 and not candidate.untitled:
        at = texts.index(False)
        if at in {0, len(texts) - 1} and at < len(candidate.titles):
            yield "the first or last entry has no text, unlike the others", [candidate.titles[at]]


_FEW = 3


def _over_the_first(page: Page, candidate: Candidate) -> list[int]:
    """Lines around the first title that may be the title too, if nothing but their looks decides between them."""
    first, rows = candidate.titles[0], candidate.rows or {}
    if not first or page.lines[first].blanks > page.lines[first - 1].blanks:
        return []
    found = []
    inside = [at for at in range(first + 1, candidate.anchors[0]) if page.lines[at].may_be_title and at not in rows]
    usual = [
        sum(page.lines[at].may_be_title and at not in rows for at in range(title + 1, anchor))
        for title, anchor in zip(candidate.titles[1:], candidate.anchors[1:], strict=True)
    ]
    if inside and len(inside) > max(usual, default=0):
        found = [first, *inside]
    return found
