"""Determines an entry's date from the evidence.

The year is printed, or only one fits, or it is unknown; never invented. Decisions 34, 35 and 283.
"""

from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from digest.changes.days import AHEAD, only_between
from digest.changes.values import Placing
from digest.changes.years import KnownDates, by_density, by_order, by_range, by_readings
from digest.model import DateEvidence, DateKind, EntryDate, EntryId, PrintedDate

_EARLIEST = 1900  # an earlier year is a mistake on the page, and does not exist as a time in some zones


def evidence_date(
    evidence: DateEvidence | PrintedDate | None,
    now: datetime,
    earliest: date | None = None,
    latest: date | None = None,
) -> EntryDate | None:
    """The date that a sighting alone supports.

    A printed year is exact, unless it lies in the future or before 1900. Without a year, the operator's range
    (including both ends) gives the year if only one fits. The range ends at the time of the reading. No part is added
    to a date without a day.
    """
    if evidence is None:
        return None
    if isinstance(evidence, PrintedDate):
        return _partial(evidence, now)
    if evidence.year is not None and evidence.year >= _EARLIEST and _first_day(evidence) <= now.date() + AHEAD:
        return EntryDate(evidence.month, evidence.day, evidence.year, DateKind.EXACT)
    if evidence.year is None and earliest:
        found = only_between(evidence, earliest, min(latest or date.max, now.date() + AHEAD))
        if found:
            return _inferred(found)
    return EntryDate(evidence.month, evidence.day, None, DateKind.PARTIAL)


def _partial(evidence: PrintedDate, now: datetime) -> EntryDate | None:
    """A date without a day, as far as it can be true; None if nothing remains. A day without its month says nothing."""
    month, year = evidence.month, evidence.year
    if year is not None and (year < _EARLIEST or _first_day(evidence) > now.date() + AHEAD):
        year = None
    return None if month is None and year is None else EntryDate(month, None, year, DateKind.PARTIAL)


def changed_on(day: PrintedDate | None, now: datetime) -> EntryDate | None:
    """The date of an entry of which only the day of its last change is known; it was published by then."""
    if day is None or day.year is None or day.month is None or day.day is None:
        return None
    full = date(day.year, day.month, day.day)
    return _inferred(full) if day.year >= _EARLIEST and full <= now.date() + AHEAD else None


def is_settled(evidence: DateEvidence | PrintedDate | None, read_on: date | None) -> bool:
    """Whether a printed date would be judged at any later reading as it was on that day.

    Only a date with a year that lies in the future can change its status as time passes. `read_on` is None if the day
    is unknown.
    """
    if evidence is None or evidence.year is None or evidence.year < _EARLIEST:
        return True
    return read_on is not None and _first_day(evidence) <= read_on + AHEAD


def begins_on(evidence: DateEvidence | PrintedDate | None) -> date | None:
    """The first day that a printed date with its year can mean; None without a year, or with an impossible one."""
    if evidence is None or evidence.year is None or evidence.year < _EARLIEST:
        return None
    return _first_day(evidence)


def better(old: EntryDate | None, new: EntryDate | None) -> EntryDate | None:
    """The date with the evidence of both if the new one adds to the old one; otherwise None.

    The evidence never gets worse. Parts that different pages printed are joined; a full date that results from this is
    an inferred one.
    """
    if new is None or new == old:
        return None
    if old is None:
        return new
    if new.full is None and (new.day is None or old.day is None):
        return _joined(old, new)
    if old.full is None and redates(old, new):
        return None
    rank = {DateKind.PARTIAL: 0, DateKind.INFERRED: 1, DateKind.EXACT: 2}
    return new if rank[new.kind] > rank[old.kind] else None


def _joined(old: EntryDate, new: EntryDate) -> EntryDate | None:
    """The old date with the parts that only the new one has; with its year, if the old year was only inferred."""
    if not same_day(old, new):
        return None
    year = new.year if contradicts(old, new) or old.year is None else old.year
    if year != (new.year or year):
        return None
    month, day = old.month or new.month, old.day or new.day
    if (month, day, year) == (old.month, old.day, old.year):
        return None
    if month is None or day is None or year is None:
        return EntryDate(month, day, year, DateKind.PARTIAL)
    return None if (month, day) == (2, 29) and not isleap(year) else EntryDate(month, day, year, DateKind.INFERRED)


def contradicts(old: EntryDate | None, new: EntryDate | None) -> bool:
    """Whether an exact date, or a year that is printed without a day, proves an inferred one wrong."""
    if old is None or new is None or old.kind is not DateKind.INFERRED:
        return False
    if new.kind is DateKind.EXACT:
        return old.full != new.full
    return new.kind is DateKind.PARTIAL and new.year not in (None, old.year)


def same_day(old: EntryDate | DateEvidence | PrintedDate, new: EntryDate | DateEvidence | PrintedDate) -> bool:
    """Whether month and day do not differ, as far as both are known."""
    parts = (old.month, new.month), (old.day, new.day)
    return all(one is None or other is None or one == other for one, other in parts)


def redates(old: EntryDate | None, new: EntryDate | None) -> bool:
    """Whether a date is a different day from the old one, and not only a more or less precise form of it."""
    if old is None or new is None:
        return False
    return not same_day(old, new) or (None not in (old.year, new.year) and old.year != new.year)


@dataclass(frozen=True, slots=True)
class Page:
    """A listing page from the last good reading of a dump, and the same page at the reading before.

    `placings` are in page order. `before` is the same page at the dump's previous good reading, on the day
    `read_before`; they are empty and None for a first reading. `read_on` is the day of this reading, None for a page
    that is not being read now. Days are in the source's time zone, by the program's clock.
    """

    placings: Sequence[Placing]
    before: Sequence[Placing] = ()
    read_before: date | None = None
    read_on: date | None = None


def inferred(
    pages: Iterable[Page],
    dates: Mapping[EntryId, EntryDate | None],
    seen: Mapping[EntryId, date],
    *,
    earliest: date | None = None,
    latest: date | None = None,
) -> dict[EntryId, EntryDate]:
    """The dates that get better because all years except one are ruled out.

    `dates` are the known dates, and `seen` the days on which Digest first saw each entry. An entry that is missing
    there counts as long known. If pages or rules disagree about an entry, its date stays unchanged.
    """
    known = KnownDates(dates, seen, earliest, latest or date.max)
    found: dict[EntryId, set[date]] = {}
    for page in pages:
        for rule in (by_range, by_order, by_density, by_readings):
            for line, day in rule(page, known):
                found.setdefault(line.entry, set()).add(day)
    settled = {entry: _inferred(days.pop()) for entry, days in found.items() if len(days) == 1}
    return {entry: day for entry, day in settled.items() if better(dates.get(entry), day)}


def _first_day(evidence: DateEvidence | PrintedDate) -> date:
    """The first day that a date with a year can mean."""
    month = evidence.month or 1
    return date(evidence.year or 0, month, (evidence.day or 1) if evidence.month else 1)


def _inferred(day: date) -> EntryDate:
    return EntryDate(day.month, day.day, day.year, DateKind.INFERRED)
