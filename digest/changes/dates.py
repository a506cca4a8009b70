"""Determines an entry's date from the evidence.

The year is printed, or only one fits, or it is unknown; never invented. Decisions 34 and 35.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from digest.changes.days import AHEAD, only_between
from digest.changes.years import Known, by_density, by_order, by_range, by_readings
from digest.model import DateKind, EntryDate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.changes.values import Placing
    from digest.model import DateEvidence, EntryId

_EARLIEST = 1900  # an earlier year is a mistake on the page, and does not exist as a time in some zones


def evidence_date(
    evidence: DateEvidence | None, now: datetime, earliest: date | None = None, latest: date | None = None
) -> EntryDate | None:
    """The date that a sighting alone supports.

    A printed year is exact, unless it lies in the future or before 1900. Without a year, the operator's range
    (including both ends) gives the year if only one fits. The range ends at the time of the reading.
    """
    if evidence is None:
        return None
    if evidence.year is not None and evidence.year >= _EARLIEST and _full(evidence) <= now.date() + AHEAD:
        return EntryDate(evidence.month, evidence.day, evidence.year, DateKind.EXACT)
    if evidence.year is None and earliest:
        found = only_between(evidence, earliest, min(latest or date.max, now.date() + AHEAD))
        if found:
            return _inferred(found)
    return EntryDate(evidence.month, evidence.day, None, DateKind.PARTIAL)


def is_settled(evidence: DateEvidence | None, read_on: date | None) -> bool:
    """Whether a printed date would be judged at any later reading as it was on that day.

    Only a full date in the future can change its status as time passes. `read_on` is None if the day is unknown.
    """
    if evidence is None or evidence.year is None or evidence.year < _EARLIEST:
        return True
    return read_on is not None and _full(evidence) <= read_on + AHEAD


def better(old: EntryDate | None, new: EntryDate | None) -> EntryDate | None:
    """The new date if its evidence is better than that of the old one; otherwise None.

    The evidence never gets worse.
    """
    if new is None or new == old:
        return None
    if old is None:
        return new
    rank = {DateKind.PARTIAL: 0, DateKind.INFERRED: 1, DateKind.EXACT: 2}
    return new if rank[new.kind] > rank[old.kind] else None


def contradicts(old: EntryDate | None, new: EntryDate | None) -> bool:
    """Whether an exact date proves an inferred one wrong."""
    if old is None or new is None:
        return False
    return old.kind is DateKind.INFERRED and new.kind is DateKind.EXACT and old.full != new.full


def redates(old: EntryDate | None, new: EntryDate | None) -> bool:
    """Whether a date is a different day from the old one, and not only a more precise form of it."""
    if old is None or new is None:
        return False
    if (old.month, old.day) != (new.month, new.day):
        return True
    return None not in (old.year, new.year) and old.year != new.year


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
    known = Known(dates, seen, earliest, latest or date.max)
    found: dict[EntryId, set[date]] = {}
    for page in pages:
        for rule in (by_range, by_order, by_density, by_readings):
            for line, day in rule(page, known):
                found.setdefault(line.entry, set()).add(day)
    settled = {entry: _inferred(days.pop()) for entry, days in found.items() if len(days) == 1}
    return {entry: day for entry, day in settled.items() if better(dates.get(entry), day)}


def _full(evidence: DateEvidence) -> date:
    """A printed full date. The year must be present."""
    return date(evidence.year or 0, evidence.month, evidence.day)


def _inferred(day: date) -> EntryDate:
    return EntryDate(day.month, day.day, day.year, DateKind.INFERRED)
