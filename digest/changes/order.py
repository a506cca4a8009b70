"""Measures how certain it is that a page lists its entries by date: the chance that a random order looks as good.

Chances are natural logarithms: 0 is certainty. Evidence that proves nothing is also 0.

Finds the parts of a page that are so dense that no year can be hidden between two of their days.

Decision 33.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise
from math import inf, lgamma, log
from typing import NamedTuple

from digest.changes.days import latest_until, number
from digest.model import DateEvidence, EntryId

PINS = 2  # articles that a page may keep at its top out of order, at most
_YEAR = 365
_CIRCLE = 366  # possible days without a year


class Line(NamedTuple):
    """An entry on a page: its printed day, its full date if known, and whether that date was printed."""

    entry: EntryId
    day: DateEvidence
    full: date | None
    exact: bool


def log_chance(values: Sequence[int]) -> float:
    """The chance that a random order of these values rises as rarely as this one.

    Of the n! orders of n values, at most (a + 1)ⁿ rise a times or less (Eulerian numbers). Equal values count once.
    """
    rises = sum(after > before for before, after in pairwise(values))
    distinct = len(set(values))
    return min(0.0, distinct * log(rises + 1) - lgamma(distinct + 1))


def log_chance_of(lines: Sequence[Line]) -> float:
    """The chance that a random order falls as well, judged by the days alone or by the full dates alone.

    It is the smaller of the two chances. They describe the same order, so they are not multiplied.
    """
    days = log_chance(_from_widest_gap([number(line.day) for line in lines]))
    return min(days, log_chance([line.full.toordinal() for line in lines if line.full]))


def log_chance_of_fits(lines: Sequence[Line]) -> float:
    """The chance that the full dates fall at random, and that each day between two of them fits there at random.

    The full dates must fall. The chance that a day fits a gap is the gap's share of a year, or of the period that the
    page's dates cover, if that is shorter.
    """
    dates = [line.full.toordinal() for line in lines if line.full]
    chance = log_chance(dates)
    span = min(_YEAR, max(dates) - min(dates) + 1) if dates else _YEAR
    for upper, between, lower in brackets(lines):
        chance += len(between) * min(0.0, log(((upper - lower).days + 1) / span))
    return chance


def falls(lines: Sequence[Line]) -> bool:
    """Whether each day can have a year such that the dates never rise. Full dates are fixed."""
    bound: date | None = None
    for line in lines:
        if line.full:
            if bound and line.full > bound:
                return False
            bound = line.full
        elif bound and (line.day.month, line.day.day) != (bound.month, bound.day):
            bound = latest_until(line.day, bound)
    return True


def brackets(lines: Sequence[Line]) -> Iterator[tuple[date, Sequence[Line], date]]:
    """The lines without a year between two full dates, with the dates above and below them."""
    upper: date | None = None
    between: list[Line] = []
    for line in lines:
        if line.full is None:
            between.append(line)
            continue
        if upper and between:
            yield upper, between, line.full
        upper, between = line.full, []


def _from_widest_gap(days: Sequence[int]) -> list[int]:
    """The days counted from after the widest gap between any two of them, so that New Year does not break the order.

    The gap depends on the set of days and not on their order, so it favours no order.
    """
    here = sorted(set(days))
    widest, start = -inf, 0
    for before, after in pairwise([*here, here[0] + _CIRCLE] if here else []):
        if after - before > widest:
            widest, start = after - before, after
    return [(day - start) % _CIRCLE for day in days]


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
