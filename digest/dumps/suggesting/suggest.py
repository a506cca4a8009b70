"""Dumps are sorted into shapes, and for each a layout is found that reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.dumps.declared import compiled, read_text
from digest.dumps.reading import BuiltIn
from digest.dumps.suggesting.candidates import candidates
from digest.dumps.suggesting.crawls import boundaries, other_crawl
from digest.dumps.suggesting.doubts import Doubt, DoubtedLine, Weighed, doubts
from digest.dumps.suggesting.drawings import Drawn, drawing_of
from digest.dumps.suggesting.evidence import evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.dumps.declared import Layout, Read
    from digest.dumps.suggesting.drawings import Table
    from digest.dumps.suggesting.seen import Page
    from digest.model import PrintedDate

_LEAST_POINTS = 6.0
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
    for page in pages:
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
    """The layout for which most speaks, with all candidates, the best first; None where nothing looks like entries."""
    other = other_crawl(page, pages)
    shown = boundaries(page, other) if other else ()
    ranked = []
    for candidate in candidates(page):
        said = evidence(page, candidate, shown)
        if not said.forbidden:
            ranked.append(Weighed(said.points, said.firm, candidate))
    ranked.sort(key=lambda one: -one.points)
    for at, (points, _, candidate) in enumerate(ranked):
        if points < _LEAST_POINTS:
            break
        made = drawing_of(page, candidate)
        if made is not None and made.read.entries:
            return made, ranked[at:] if not at else [ranked[at], *ranked[:at], *ranked[at + 1 :]]
    return None


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
    """Says that nothing was found in a dump, with the lines that come nearest to entries: those that show a date."""
    dated = [line for line in page.lines if line.date is not None] or page.lines
    lines = tuple(DoubtedLine(line.number, line.text) for line in dated[:_MOST_LINES])
    return Doubt(page.name, "", "no entries were recognised in this dump", lines)


def _disagreements(shape: Shape) -> list[Doubt]:
    """Titles that the newest dump of a shape dates otherwise than one before."""
    *before, last = shape.dumps
    said: dict[str, tuple[str, PrintedDate | None]] = {}
    for dump in before:
        for found in dump.read.entries:
            said.setdefault(found.title, (dump.name, found.date))
    found_otherwise = [
        found
        for found in last.read.entries
        if found.title and said.get(found.title, (last.name, found.date))[1] != found.date
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
