"""What the evidence says of an entry's date: the year is shown, or only one fits, or it is absent, never invented."""

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

_EARLIEST = 1900  # a year before it is a slip of the page, and no moment in some zones


def evidence_date(
    evidence: DateEvidence | None, now: datetime, earliest: date | None = None, latest: date | None = None
) -> EntryDate | None:
    """The date that a sighting alone supports.

    A printed year is exact, unless it lies in the future or before 1900. Without one, the operator's range (both ends
    included) settles the year where only one fits; it ends with the moment of the reading.
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
    """Whether a printed date was believed or not at a reading on that day, and will be so at any later one.

    Only a full date that lay in the future can become clear by time. `read_on` is None where no day is known.
    """
    if evidence is None or evidence.year is None or evidence.year < _EARLIEST:
        return True
    return read_on is not None and _full(evidence) <= read_on + AHEAD


def better(old: EntryDate | None, new: EntryDate | None) -> EntryDate | None:
    """The new date where it is better evidence than the old one, else None. Evidence never gets worse."""
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
    """Whether a date tells another day than the old one did, not the same day better."""
    if old is None or new is None:
        return False
    if (old.month, old.day) != (new.month, new.day):
        return True
    return None not in (old.year, new.year) and old.year != new.year


@dataclass(frozen=True, slots=True)
class Page:
    """One listing page of the last good reading of a dump, with what is known of its reading before.

    `placings` are in page order. `before` is the same page at the dump's previous good reading, which was on the day
    `read_before`; empty and None for a first one. `read_on` is the day of this reading, None for a page that is not
    being read now. Days are those of the source's zone, by the program's clock.
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
    """The dates that get better because every year but one is excluded.

    `dates` are those known, `seen` the days on which the program first saw each entry; one that is not there counts
    as known for long. Where pages or rules disagree about an entry, its date stays as it is.
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
    """A printed full date; a year must be there."""
    return date(evidence.year or 0, evidence.month, evidence.day)


def _inferred(day: date) -> EntryDate:
    return EntryDate(day.month, day.day, day.year, DateKind.INFERRED)
