"""Measures how certain it is that a page lists its entries by date: the chance that a random order looks as good.

Chances are natural logarithms: 0 is certainty. Evidence that proves nothing is also 0. Decision 33.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
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
