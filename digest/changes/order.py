"""How sure it is that a page lists its entries by date: the chance that a random order looks as good. Pure.

Chances are natural logarithms: 0 is certain, and what tells nothing is 0.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf, lgamma, log
from typing import TYPE_CHECKING, NamedTuple

from digest.changes.days import latest_until, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from digest.model import DateEvidence, EntryId

PINS = 2  # the most articles that a page keeps at its top out of order
_YEAR = 365
_CIRCLE = 366  # the days that a day without a year can be


class Line(NamedTuple):
    """An entry on a page: its day as printed, its full date where it is known, and whether somebody printed that."""

    entry: EntryId
    day: DateEvidence
    full: date | None
    exact: bool


def log_chance(values: Sequence[int]) -> float:
    """The chance that a random order of these values rises as seldom as this one.

    Of the n! orders of n values, at most (a + 1)ⁿ rise a times or less (Eulerian numbers). Equal values count once.
    """
    rises = sum(after > before for before, after in pairwise(values))
    distinct = len(set(values))
    return min(0.0, distinct * log(rises + 1) - lgamma(distinct + 1))


def log_chance_of(lines: Sequence[Line]) -> float:
    """The chance that a random order falls as well, by the days alone or by the full dates alone.

    The smaller one of the two: they tell of the same order, so they are not multiplied.
    """
    days = log_chance(_from_widest_gap([number(line.day) for line in lines]))
    return min(days, log_chance([line.full.toordinal() for line in lines if line.full]))


def log_chance_of_fits(lines: Sequence[Line]) -> float:
    """The chance that full dates fall at random, and that each day between two of them fits there at random.

    The full dates must fall.
    A day fits a gap by the gap's share of a year, or of what the dates of the page span, where that is less.
    """
    dates = [line.full.toordinal() for line in lines if line.full]
    chance = log_chance(dates)
    span = min(_YEAR, max(dates) - min(dates) + 1) if dates else _YEAR
    for upper, between, lower in brackets(lines):
        chance += len(between) * min(0.0, log(((upper - lower).days + 1) / span))
    return chance


def falls(lines: Sequence[Line]) -> bool:
    """Whether each day can be given a year such that the dates never rise; the full ones are as they are."""
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
    """The days counted from behind the widest gap between any two of them, so that New Year breaks no order.

    The gap depends on which days there are and not on their order, so it favours none.
    """
    here = sorted(set(days))
    widest, start = -inf, 0
    for before, after in pairwise([*here, here[0] + _CIRCLE] if here else []):
        if after - before > widest:
            widest, start = after - before, after
    return [(day - start) % _CIRCLE for day in days]
