"""Sorts dumps into shapes, and finds a layout for each that reads them. Decision 281."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from digest.dumps.declared import Layout, Read, compiled, read_text
from digest.dumps.reading import BuiltIn
from digest.dumps.suggesting.candidate import LEAST, Candidate
from digest.dumps.suggesting.dated import of_dates, of_headings, undated
from digest.dumps.suggesting.doubts import Doubt, DoubtedLine, Weighed, doubts
from digest.dumps.suggesting.drawings import Drawn, Table, drawing_of
from digest.dumps.suggesting.evidence import evidence
from digest.dumps.suggesting.families import (
    LEAST_HEADINGS,
    families,
    has_years,
    is_date_alone,
    is_over,
    with_days,
    years_over,
)
from digest.dumps.suggesting.seen import Page
from digest.model import PrintedDate

_MOST_FAMILIES = 4
_ALIKE = 0.4  # share of lines that two crawls have in common
_SURE = 3  # lines that are found again behind what is new
_FARTHEST = 400  # lines of new entries
_LEAST_POINTS = 5.5
_MISREAD = 8.0  # points that a candidate loses if its drawing reads none of its entries
_MOST_LINES = 6
_LEAST_ENTRIES = 2  # that a layout reads in a dump of its shape


@dataclass(frozen=True, slots=True)
class ReadDump:
    """A dump that a suggested layout reads."""

    name: str
    read: Read


@dataclass(frozen=True, eq=False)
class Shape:
    """Dumps of one shape. `table` is the layout as it is written, `layout` the same ready to read with."""

    table: Table
    layout: Layout
    dumps: list[ReadDump] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.layout.id


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What recognition found. `known` are dumps of the built-in layouts, `nothing` those that look like no listing."""

    shapes: tuple[Shape, ...]
    unsure: tuple[Doubt, ...]
    known: tuple[str, ...]
    nothing: tuple[str, ...]


def suggestion(pages: Sequence[Page]) -> Suggestion:
    """Shapes of dumps with a layout for each, in the order of the dumps."""
    shapes: list[Shape] = []
    unsure: list[Doubt] = []
    known, nothing = [], []
    for page in map(with_days, pages):
        if _is_built_in(page):
            known.append(page.name)
        elif shape := next((one for one in shapes if (read := _fitting(one, page))), None):
            read = _fitting(shape, page)
            assert read is not None  # noqa: S101 - for the type checker
            shape.dumps.append(ReadDump(page.name, read))
            unsure += _disagreements(shape)
        elif (found := best(page, pages)) is None:
            nothing.append(page.name)
            unsure.append(_unread(page))
        else:
            made, ranked = found
            name = _name(page.name, [one.id for one in shapes])
            table: Table = {**made.table, "id": name}
            shapes.append(Shape(table, compiled([table], "suggested")[0], [ReadDump(page.name, made.read)]))
            unsure += doubts(page, made, ranked, name)
    return Suggestion(tuple(shapes), tuple(unsure), tuple(known), tuple(nothing))


def best(page: Page, pages: Sequence[Page] = ()) -> tuple[Drawn, list[Weighed]] | None:
    """The likeliest layout, and all candidates, the best first; None if nothing looks like entries."""
    other = other_crawl(page, pages)
    starts = boundaries(page, other) if other else ()
    ranked = []
    for candidate in candidates(page):
        weight = evidence(page, candidate, starts)
        if not weight.forbidden:
            ranked.append(Weighed(weight.points, weight.firm, candidate))
    ranked.sort(key=lambda one: -one.points)
    found: tuple[float, int, Drawn] | None = None
    for at, (points, _, candidate) in enumerate(ranked):
        if points < _LEAST_POINTS or (found and points <= found[0]):
            break
        made = drawing_of(page, candidate)
        if made is not None and made.read.entries:
            left = points - _MISREAD * (len(made.missed) + len(made.invented)) / len(candidate.titles)
            if found is None or left > found[0]:
                found = left, at, made
    if found is None:
        return None
    _, at, made = found
    return made, [ranked[at], *ranked[:at], *ranked[at + 1 :]]


def _is_built_in(page: Page) -> bool:
    """Whether the built-in layouts read the dump."""
    return next(BuiltIn.reading(lambda: [page.text], page.name).sightings(), None) is not None


def _fitting(shape: Shape, page: Page) -> Read | None:
    """What a shape's layout reads in a dump, if it has that shape: no date is left over."""
    read = read_text([shape.layout], page.text)
    if len(read.entries) < _LEAST_ENTRIES or read.unread:
        return None
    numbers = {line.number for line in read.unclaimed if not line.mark}
    dates = sum(line.date is not None and line.number in numbers for line in page.lines)
    dated = sum(found.date is not None for found in read.entries)
    return read if dates * 4 <= max(dated, 1) else None


def _unread(page: Page) -> Doubt:
    """The doubt about a dump in which nothing was found, with the lines that are most like entries: dated ones."""
    dated = [line for line in page.lines if line.date is not None] or page.lines
    lines = tuple(DoubtedLine(line.number, line.text) for line in dated[:_MOST_LINES])
    return Doubt(page.name, "", "no entries were recognised in this dump", lines)


def _disagreements(shape: Shape) -> list[Doubt]:
    """Titles to which the newest dump of a shape gives another date than an earlier dump."""
    *before, last = shape.dumps
    first_dates: dict[str, tuple[str, PrintedDate | None]] = {}
    for dump in before:
        for found in dump.read.entries:
            first_dates.setdefault(found.title, (dump.name, found.date))
    found_otherwise = [
        found
        for found in last.read.entries
        if found.title and first_dates.get(found.title, (last.name, found.date))[1] != found.date
    ]
    if not found_otherwise:
        return []
    lines = tuple(DoubtedLine(found.first, found.title) for found in found_otherwise)
    return [Doubt(last.name, shape.id, "another dump gives these titles other dates", lines)]


def _name(dump: str, taken: Sequence[str]) -> str:
    """A name for a layout, from the name of its first dump."""
    stem = dump.rpartition("/")[2].rpartition(".")[0] or dump
    plain = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "layout"
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name


def candidates(page: Page) -> Iterator[Candidate]:
    """All candidates of a page."""
    found = families(page)
    for family in found[:_MOST_FAMILIES]:
        if len(family) >= LEAST:
            others = [other for other in found if other is not family and is_over(page, other, family)]
            if not has_years(page, family) and (years := years_over(page, family)):
                others.insert(0, years)
            yield from of_dates(page, family, others[0] if others else ())
        if len(family) >= LEAST_HEADINGS and all(is_date_alone(page.lines[at]) for at in family):
            yield from of_headings(page, family)
    if not any(len(family) >= LEAST for family in found):
        yield from undated(page)


# --- two crawls of one page: what stays is the page's own, what moved down are entries -----------


def other_crawl(page: Page, pages: Sequence[Page]) -> Page | None:
    """The page that is most like this one and not the same; None where none is another crawl of it."""
    own = {line.text for line in page.lines}
    best, most = None, _ALIKE
    for other in pages:
        lines = {line.text for line in other.lines}
        if (
            other is page
            or not lines
            or not own
            or [one.text for one in other.lines] == [one.text for one in page.lines]
        ):
            continue
        share = len(own & lines) / min(len(own), len(lines))
        if share > most:
            best, most = other, share
    return best


def boundaries(page: Page, other: Page) -> tuple[int, ...]:
    """Lines of a page at which entries begin, since another crawl has new entries there, or lacks some."""
    own, theirs = [line.text for line in page.lines], [line.text for line in other.lines]
    same = 0
    while same < min(len(own), len(theirs)) and own[same] == theirs[same]:
        same += 1
    if (again := _found_again(own, theirs[same : same + _SURE], same)) is not None:
        return same, again
    return (same,) if _found_again(theirs, own[same : same + _SURE], same) is not None else ()


def _found_again(lines: Sequence[str], wanted: Sequence[str], start: int) -> int | None:
    """Where these lines stand behind a place."""
    if len(wanted) < _SURE:
        return None
    for at in range(start + 1, min(len(lines), start + _FARTHEST)):
        if lines[at] == wanted[0] and list(lines[at : at + _SURE]) == list(wanted):
            return at
    return None
