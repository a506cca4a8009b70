"""Decides whether a printed day can be that of a known entry. Decision 51."""

from collections.abc import Iterator
from datetime import date

from digest.changes.dates import redates, same_day
from digest.changes.days import AHEAD
from digest.changes.values import Known, Times
from digest.model import DateEvidence, DateKind, EntryDate, PrintedDate


def answers_on(evidence: DateEvidence | None, entry: Known, times: Times) -> bool:
    """Whether both days are known and can be the same, including days that the entry had before.

    Exact years must agree; an inferred year proves nothing. A printed year in the future is ignored. No article was
    published after it was first seen, unless it was posted again.
    """
    if evidence is None:
        return False
    year = evidence.year if _is_past(evidence, times) else None
    return any(
        (day.month, day.day) == (evidence.month, evidence.day) and _years_agree(evidence, year, day, entry)
        for day in _days(entry)
    )


def may_be_of(dated: DateEvidence | PrintedDate | None, entry: Known) -> bool:
    """Whether one of both has no day, and nothing that both print of a date differs.

    True also if one of both has no date at all.
    """
    now = entry.date
    days = [day for day in _days(entry) if day.day is not None or day == now or redates(now, day)]
    if dated is None or not days:
        return True
    without = dated.month is None or dated.day is None
    return any(
        (without or day.day is None)
        and same_day(day, dated)
        and (day.kind is DateKind.INFERRED or None in (day.year, dated.year) or day.year == dated.year)
        for day in days
    )


def full_dates_agree(evidence: DateEvidence | None, entry: Known) -> bool:
    """Whether both sides have the same certain full date, now or in an earlier revision."""
    if evidence is None or evidence.year is None:
        return False
    full = (evidence.year, evidence.month, evidence.day)
    return any(day.kind is DateKind.EXACT and (day.year, day.month, day.day) == full for day in _days(entry))


def is_its_day(evidence: DateEvidence, entry: Known) -> bool:
    """Whether day and month are the entry's present ones."""
    return entry.date is not None and (evidence.month, evidence.day) == (entry.date.month, entry.date.day)


def is_anniversary(evidence: DateEvidence | None, entry: Known) -> bool:
    """Whether day and month are the entry's, so that another year means another article."""
    if evidence is None:
        return False
    return any((day.month, day.day) == (evidence.month, evidence.day) for day in _days(entry))


def _years_agree(evidence: DateEvidence, year: int | None, day: EntryDate, entry: Known) -> bool:
    if year is None:
        return True
    if day.kind is DateKind.EXACT or day.year == year:
        return day.year == year
    posted_again = any((one.month, one.day) != (day.month, day.day) for one in _days(entry))
    seen = entry.first_seen_at
    return posted_again or seen is None or date(year, evidence.month, evidence.day) <= seen.date() + AHEAD


def _is_past(evidence: DateEvidence, times: Times) -> bool:
    year = evidence.year
    return year is not None and date(year, evidence.month, evidence.day) <= times.today + AHEAD


def _days(entry: Known) -> Iterator[EntryDate]:
    """The entry's date and its former dates, without dates of the same day that lacked a year."""
    had = [one.date for one in entry.earlier if one.date and one.date != entry.date]
    dates = [entry.date, *had] if entry.date else had
    exact = {(one.month, one.day) for one in dates if one.kind is DateKind.EXACT}
    return (one for one in dates if one.kind is DateKind.EXACT or (one.month, one.day) not in exact)
