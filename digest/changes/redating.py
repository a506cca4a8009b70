"""Decides what it means that a page shows a known entry on a different day than before. Decision 28."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.changes.dates import same_day
from digest.changes.values import Known, Placing, Times
from digest.changes.yearly import lies_within
from digest.model import DateEvidence, DateKind, EntryDate, Fingerprint, PrintedDate

if TYPE_CHECKING:
    from digest.changes.compared import State
    from digest.changes.prepared import Prepared

ALTERNATING_DAYS = "shows two days in turns; the one that was announced last stays"
EARLIER_DAY = "shows an earlier day, without a year; the day that is printed in full elsewhere stays"
_TURNS = "day-alternating:"  # prefix of the view of a sighting whose day was not accepted


class Day(StrEnum):
    """What the day on a page means for the entry's date."""

    SAME = "same"  # nothing new, or better evidence of the known date
    NEW = "new"  # the article was posted again
    BACK = "back"  # a former day returned for the first time
    EARLIER = "earlier"  # a former day without a year, against a date that was printed in full
    TURNS = "turns"  # a former day returned, as one did before
    STAYS = "stays"  # an alternating day appears for the second time in a row


def alternating_day(view: Fingerprint) -> Fingerprint:
    """The view of a sighting whose day was not accepted."""
    return Fingerprint(_TURNS + view)


def day_of(state: State, shown: Prepared, own: Sequence[Placing]) -> Day:
    """The meaning of a sighting's day. `own` is how the dump showed the entry at its last reading."""
    day = shown.sighting.dated
    if day is None or state.date is None or _may_be(state.date, day):
        return Day.SAME
    if any(one.view == alternating_day(shown.view) and one.dated == day for one in own):
        return Day.SAME if _printed_elsewhere(state.date, day) else Day.STAYS
    if not _stood_on(state.date, own):
        return Day.SAME
    if state.known is None or _former(state.known, day) is None:
        return Day.NEW
    if _printed_elsewhere(state.date, day):
        return Day.EARLIER
    return Day.TURNS if _alternates(state.known) else Day.BACK


def day_again(
    day: Day, known: Known | None, evidence: DateEvidence | PrintedDate, printed: EntryDate, times: Times
) -> EntryDate:
    """The date of an entry on a different day: the former date on that day, or the one between two readings."""
    if printed.year is not None:
        return printed
    former = _former(known, evidence) if known and day is not Day.NEW else None
    if former:
        return former
    if times.since is None or isinstance(evidence, PrintedDate):
        return printed
    years = [
        year
        for year in range(times.since.year, times.today.year + 1)
        if lies_within(evidence, max(times.since, date(year, 1, 1)), min(times.today, date(year, 12, 31)))
    ]
    return EntryDate(printed.month, printed.day, years[0], DateKind.INFERRED) if len(years) == 1 else printed


def _may_be(date: EntryDate, day: DateEvidence | PrintedDate) -> bool:
    """Whether a printed day is the one of the date; of dates without a day, nothing may differ."""
    if not same_day(date, day):
        return False
    has_day = date.day is not None and day.day is not None
    return has_day or None in (date.year, day.year) or date.year == day.year or date.kind is DateKind.INFERRED


def _printed_elsewhere(date: EntryDate, day: DateEvidence | PrintedDate) -> bool:
    """Whether a page printed the full date, while this page prints a part of one. Then it may be an older crawl."""
    return date.kind is DateKind.EXACT and (day.year is None or day.day is None)


def _former(known: Known, day: DateEvidence | PrintedDate) -> EntryDate | None:
    """The entry's former date on this day."""
    dates = (one.date for one in reversed(known.earlier) if one.date)
    return next((one for one in dates if (one.month, one.day) == (day.month, day.day)), None)


def _stood_on(date: EntryDate, own: Sequence[Placing]) -> bool:
    """Whether the dump showed the entry on its present day at the last reading."""
    return bool(own) and all((day := one.dated) is not None and _may_be(date, day) for one in own)


def _alternates(known: Known) -> bool:
    """Whether the entry has already returned to a former day once."""
    days: list[tuple[int | None, int | None]] = []
    for dated in (*(one.date for one in known.earlier), known.date):
        if dated and (not days or days[-1] != (dated.month, dated.day)):
            days.append((dated.month, dated.day))
    return len(days) > len(set(days))
