"""The rules that rule out every year but one for an entry, from the pages that show it. Decision 33."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from math import comb, lgamma, log
from operator import itemgetter
from typing import TYPE_CHECKING

from digest.changes.days import AHEAD, latest_until, only_between
from digest.changes.order import PINS, Line, brackets, dense_stretches, falls, log_chance_of, log_chance_of_fits
from digest.changes.values import Placing
from digest.model import DateKind, EntryDate, EntryId

if TYPE_CHECKING:
    from digest.changes.dates import Page

    _Found = Iterator[tuple[Line, date]]

_YEAR = 365
_A_YEAR = timedelta(days=_YEAR)
_HALF_A_YEAR = timedelta(days=182)
_SURE_ORDER = log(1e-4)  # needed to place a day between two dates
_LIKELY_ORDER = log(0.05)  # needed to call a page newest first, if the readings give the year
_OLD_ON_TOP = log(0.002)  # the chance that an unordered page with old entries on top looks like this
_SHORT = timedelta(days=35)  # between readings; the day of another year's article seldom falls into so few days
_ROLLED_OVER = 5  # fewest new entries that still show the year when none of the old ones are left
_WEIGHED = 256  # entries of a page used to measure its order; more make no difference


@dataclass(frozen=True, slots=True)
class KnownDates:
    """What is known of the entries, and the limits that apply to every page."""

    dates: Mapping[EntryId, EntryDate | None]
    seen: Mapping[EntryId, date]
    earliest: date | None
    latest: date

    def line(self, placing: Placing) -> Line | None:
        """The entry as the page shows it; None if the page shows no day, or a different one from the known day."""
        day, known = placing.evidence, self.dates.get(placing.entry)
        if day is None:
            return None
        if known is None or known.year is None:
            open_ = day.year is None and (known is None or (known.month, known.day) == (day.month, day.day))
            return Line(placing.entry, day, None, exact=False) if open_ else None
        if (known.month, known.day, known.year) != (day.month, day.day, day.year or known.year):
            return None
        return Line(placing.entry, day, known.full, exact=known.kind is DateKind.EXACT)

    def has_full(self, placings: Sequence[Placing]) -> bool:
        """Whether any of these entries has a known full date."""
        return any((known := self.dates.get(placing.entry)) and known.year for placing in placings)

    def only(self, line: Line, first: date, last: date) -> date | None:
        """The entry's date, if only one lies between two days given by the page and within all other limits."""
        seen = self.seen.get(line.entry)
        if seen:
            last = min(last, seen + AHEAD)
        return only_between(line.day, max(first, self.earliest or first), min(last, self.latest))

    def in_year(self, lines: Sequence[Line], year: int) -> list[date] | None:
        """The dates of neighbours in a year; None if one of them cannot belong to that year.

        An entry that was first seen later than its neighbours is at most half a year older than the day when they were
        seen.
        """
        first_seen = min((self.seen[line.entry] for line in lines if line.entry in self.seen), default=date.min)
        days = []
        for line in lines:
            later = self.seen.get(line.entry, first_seen) > first_seen
            since = max(date(year, 1, 1), first_seen - _HALF_A_YEAR) if later else date(year, 1, 1)
            day = self.only(line, since, date(year, 12, 31))
            if day is None:
                return None
            days.append(day)
        return days

    def shows_new(self, line: Line, until: date) -> bool:
        """Whether nothing above an entry can be a year older than it looks: it is recent, or was seen when new."""
        if line.full is None or line.full > until:
            return False
        return until - line.full < _A_YEAR or self.seen.get(line.entry, date.max) - line.full <= _SHORT

    def is_fresh(self, entry: EntryId, since: date) -> bool:
        """Whether Digest first saw the entry on that day or later."""
        seen = self.seen.get(entry)
        return seen is not None and seen >= since


def by_range(page: Page, known: KnownDates) -> _Found:
    """The years left by the operator's range and by the time of the first sighting."""
    if known.earliest is None:
        return
    for line in filter(None, map(known.line, page.placings)):
        if line.full is None and (line.entry in known.seen or known.latest < date.max):
            found = known.only(line, known.earliest, date.max)
            if found:
                yield line, found


def by_order(page: Page, known: KnownDates) -> _Found:
    """The years of entries between two full dates, on a page that certainly lists by date.

    Entries that may be pinned to the top are left out: they neither get a date nor limit others.
    """
    if not known.has_full(page.placings):
        return
    falling = list(filter(None, map(known.line, page.placings[PINS:])))
    if next(brackets(falling), None) is None:
        return
    for ordered in (falling, falling[::-1]):
        weighed = ordered[:_WEIGHED]
        if falls(ordered) and min(log_chance_of(weighed), log_chance_of_fits(weighed)) <= _SURE_ORDER:
            for upper, between, lower in brackets(ordered):
                for line in between:
                    found = known.only(line, lower, upper)
                    if found:
                        yield line, found


def by_density(page: Page, known: KnownDates) -> _Found:
    """The years of entries in a stretch so dense that no year is hidden in it, if one of its dates is exact."""
    if not known.has_full(page.placings):
        return
    for stretch in dense_stretches([known.line(placing) for placing in page.placings], known.seen):
        years = {line.full.year for line in stretch.lines if line.full}
        days = known.in_year(stretch.lines, years.pop()) if len(years) == 1 else None
        if not days:
            continue
        # the topmost entry may be pinned, and so may the entry right below pinned ones
        kept = stretch.falls and stretch.start <= PINS
        for line, day in zip(stretch.lines[kept:], days[kept:], strict=True):
            if line.full is None:
                yield line, day


def by_readings(page: Page, known: KnownDates) -> _Found:
    """The years of entries that appeared on top between two readings less than a year apart, with days between them.

    The page must list newest first. The chance that it only looks so, and that its new entries are old ones, must be
    small. If no full date rules it out, this may be a later page that receives entries from a page that is not read.
    Then the readings must be close to each other, all new entries must lie between them, and the former top must be at
    most half a year old.
    """
    since, until = page.read_before, page.read_on
    if since is None or until is None or not since <= until < since + _A_YEAR:
        return
    fresh, retained = _top(page, known, since)
    rolled_over = not retained and len(fresh) == len(page.placings)
    if rolled_over:  # the former entries have left the page at its end
        retained = list(filter(None, map(known.line, page.before[:_WEIGHED])))
    if not retained:
        return
    floor = max((line.full for line in retained if line.full), default=date.min)
    found: list[Line] = []  # from the oldest to the newest
    for line in reversed(fresh):
        day = line.full or known.only(line, since, until)
        if day and max(floor, since) <= day <= until:
            found.append(line._replace(full=day))
            floor = day
    length = (until - since).days + 1
    top = latest_until(retained[0].day, since)
    is_plain = len(found) == len(fresh) and length <= _SHORT.days and since - top <= _HALF_A_YEAR
    if rolled_over and not (is_plain and len(found) >= _ROLLED_OVER):
        return
    shown = [*retained, *(line for line in fresh if line.full and line.full >= since)]
    if not is_plain and not any(known.shows_new(line, until) for line in shown):
        return
    by_chance = len(found) * log(length / _YEAR) - lgamma(len(found) + 1) + log(comb(len(fresh), len(found)))
    falls_likely = log_chance_of([*reversed(found), *retained]) <= _LIKELY_ORDER
    if falls_likely and log_chance_of(retained) + by_chance <= _OLD_ON_TOP:
        yield from ((line, line.full) for line in found if line.full)  # those with a known date add nothing


def _top(page: Page, known: KnownDates, since: date) -> tuple[list[Line], list[Line]]:
    """The new entries on top of a page, and the first ones below them that stood there before.

    The new ones may include pinned entries that are not new. If the page was rearranged in between, nothing is
    retained.
    """
    shown = page.placings
    if not any(known.is_fresh(placing.entry, since) for placing in shown[: PINS + 1]):
        return [], []
    before = {placing.entry: at for at, placing in enumerate(page.before)}

    def is_new(at: int) -> bool:
        return at < len(shown) and shown[at].entry not in before and known.is_fresh(shown[at].entry, since)

    end = max((at + 1 for at in range(PINS + 1) if is_new(at)), default=0)
    while end > 0 and is_new(end):
        end += 1
    # an entry that occurs twice is pinned as well, and its last place is the listed one
    lowest = {shown[at].entry: at for at in range(end) if is_new(at)}
    twice = {placing.entry for placing in shown[end:] if placing.entry in lowest}
    top = [known.line(shown[at]) for entry, at in sorted(lowest.items(), key=itemgetter(1)) if entry not in twice]
    stood = (known.line(placing) for placing in shown[end:] if placing.entry in before)
    retained = list(islice(filter(None, stood), _WEIGHED))
    places = [before[line.entry] for line in retained]
    return list(filter(None, top)), retained if places == sorted(set(places)) else []
