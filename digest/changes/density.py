"""Finds the parts of a page that are so dense that no year can be hidden between two of their days. Decision 33."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from digest.changes.days import number
from digest.changes.order import PINS, Line
from digest.model import EntryId

_DENSE, _WITHIN = 8, 35  # so many different days within so many days
_STEP = 7  # most days between neighbours
_PAUSE = timedelta(days=182)  # if neighbours were first seen further apart, a year may be hidden between them


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive entries of a page whose days rise or fall, each of them in a dense part with an exact date.

    A part is dense if it has eight or more days within five weeks, and no two neighbours are on the same day or more
    than a week apart. One of its dates must be exact. `start` is the place of the first entry on the page, from 0.
    """

    start: int
    lines: Sequence[Line]
    falls: bool


def dense_stretches(lines: Sequence[Line | None], seen: Mapping[EntryId, date]) -> Iterator[Stretch]:
    """The dense stretches of a page. An entry where the direction changes may belong to two of them."""
    for start, part in _parts(lines, seen):
        # the first entries of a page may be pinned, and the exact date of a pinned entry proves nothing about those
        # below
        exact = [0, *accumulate(line.exact and at >= PINS for at, line in enumerate(part, start))]
        days = [number(line.day) for line in part]
        for falling in (False, True):
            for first, last in _dense([-day for day in days] if falling else days, exact):
                yield Stretch(start + first, part[first : last + 1], falls=falling)


def _parts(lines: Sequence[Line | None], seen: Mapping[EntryId, date]) -> Iterator[tuple[int, list[Line]]]:
    """The parts of a page with their places, divided by entries that break the density.

    An entry breaks it if it has no day, or a printed year (another layout). It also breaks it if it was first seen long
    before or after its neighbour, is on the neighbour's day (perhaps an anniversary), or is more than a week away.
    """
    start, part = 0, list[Line]()
    for at, line in enumerate(lines):
        breaks = line is None or line.day.year is not None
        if part and (line is None or breaks or _may_hide(part[-1], line, seen)):
            yield start, part
            part = []
        if line and not breaks:
            if not part:
                start = at
            part.append(line)
    if part:
        yield start, part


def _may_hide(one: Line, other: Line, seen: Mapping[EntryId, date]) -> bool:
    """Whether a year may be hidden between two neighbours, whatever surrounds them."""
    if not 0 < abs(number(one.day) - number(other.day)) <= _STEP:
        return True
    return _is_pause(seen.get(one.entry), seen.get(other.entry))


def _is_pause(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and abs(one - other) > _PAUSE


def _dense(days: Sequence[int], exact: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last index of each rising stretch that dense windows with an exact date cover.

    `exact` counts the exact dates before each index.
    """
    first = last = -1
    begin = 0  # beginning of the longest window that ends here
    for end, day in enumerate(days):
        if end and day <= days[end - 1]:
            begin = end
        while day - days[begin] > _WITHIN:
            begin += 1
        if end - begin + 1 < _DENSE or exact[begin] == exact[end + 1]:
            continue
        if begin > last:
            if last >= 0:
                yield first, last
            first = begin
        last = end
    if last >= 0:
        yield first, last
