"""What the evidence says of an entry's date: the year is shown, or only one fits, or it is absent, never invented."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.model import DateEvidence, DateKind, EntryDate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.changes.values import Placing
    from digest.model import EntryId

_EARLIEST = 1900  # a year before it is a slip of the page, and no moment in some zones
_AHEAD = timedelta(days=2)  # the most that any time zone and a page printed early can explain
_RUN_STEPS = 2  # a run has at least three entries; two are always in order


def evidence_date(
    evidence: DateEvidence | None, now: datetime, earliest: date | None = None, latest: date | None = None
) -> EntryDate | None:
    """The date that a sighting alone supports.

    A printed year is exact, unless it lies in the future or before 1900. Without one, the operator's range (both ends
    included) settles the year where only one fits.
    """
    if evidence is None:
        return None
    month, day, year = evidence.month, evidence.day, evidence.year
    if year is not None and year >= _EARLIEST and date(year, month, day) <= now.date() + _AHEAD:
        return EntryDate(month, day, year, DateKind.EXACT)
    if year is None and earliest and latest:
        fitting = [y for y in range(earliest.year, latest.year + 1) if _fits(y, month, day, earliest, latest)]
        if len(fitting) == 1:
            return EntryDate(month, day, fitting[0], DateKind.INFERRED)
    return EntryDate(month, day, None, DateKind.PARTIAL)


def _fits(year: int, month: int, day: int, earliest: date, latest: date) -> bool:
    return _exists(year, month, day) and earliest <= date(year, month, day) <= latest


def _exists(year: int, month: int, day: int) -> bool:
    return (month, day) != (2, 29) or isleap(year)


def better(old: EntryDate | None, new: EntryDate | None) -> EntryDate | None:
    """The new date where it is better evidence than the old one, else None. Evidence never gets worse."""
    if new is None or new == old:
        return None
    if old is None:
        return new
    rank = {DateKind.PARTIAL: 0, DateKind.INFERRED: 1, DateKind.EXACT: 2}
    return new if rank[new.kind] > rank[old.kind] else None


def inferred(pages: Iterable[Sequence[Placing]], dates: Mapping[EntryId, EntryDate | None]) -> dict[EntryId, EntryDate]:
    """The dates that get better because an entry stands in a monotonic run beside one whose year is exact.

    Where pages disagree about an entry, its date stays as it is.
    """
    years: dict[EntryId, set[int]] = {}
    days: dict[EntryId, DateEvidence] = {}
    for page in pages:
        for entry, evidence, year in _years(page, dates):
            years.setdefault(entry, set()).add(year)
            days[entry] = evidence
    found = {}
    for entry, fitting in years.items():
        if len(fitting) == 1:
            evidence = days[entry]
            date_ = EntryDate(evidence.month, evidence.day, next(iter(fitting)), DateKind.INFERRED)
            if better(dates.get(entry), date_):
                found[entry] = date_
    return found


@dataclass(frozen=True, slots=True)
class _Dated:
    """An entry on a page: its day as printed, and the year where it is exact."""

    entry: EntryId
    evidence: DateEvidence
    exact: int | None

    @property
    def day(self) -> tuple[int, int]:
        return self.evidence.month, self.evidence.day


def _years(
    page: Sequence[Placing], dates: Mapping[EntryId, EntryDate | None]
) -> Iterator[tuple[EntryId, DateEvidence, int]]:
    """The entries of a page without a printed year, with the year that the runs they stand in agree on."""
    for stretch in _stretches(page, dates):
        if all(dated.exact is None for dated in stretch):
            continue
        agreed: dict[int, set[int | None]] = {}
        for start, end in _runs([dated.day for dated in stretch]):
            for at in range(start, end + 1):
                agreed.setdefault(at, set()).add(_year_in_run(stretch[start : end + 1], at - start))
        for at, fitting in agreed.items():
            dated, year = stretch[at], next(iter(fitting))
            if len(fitting) == 1 and year is not None and dated.exact is None and _exists(year, *dated.day):
                yield dated.entry, dated.evidence, year


def _stretches(page: Sequence[Placing], dates: Mapping[EntryId, EntryDate | None]) -> Iterator[list[_Dated]]:
    """The parts of a page between placings without a day, or with a printed year (another layout)."""
    stretch: list[_Dated] = []
    for placing in page:
        if placing.evidence is None or placing.evidence.year is not None:
            yield stretch
            stretch = []
            continue
        known = dates.get(placing.entry)
        exact = known.year if known and known.kind is DateKind.EXACT else None
        stretch.append(_Dated(placing.entry, placing.evidence, exact))
    yield stretch


def _runs(days: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """First and last index of each monotonic run of at least three entries; neighbours may share a turning entry.

    Equal days belong to the run around them. A single step between two runs is a jump and no run.
    """
    start, direction, steps = 0, 0, 0
    turn = 0  # where the last equal days began: they belong to both runs around a turn
    for at, (before, after) in enumerate(pairwise(days), start=1):
        step = (after > before) - (after < before)
        if step == 0:
            continue
        if direction and step != direction:
            if steps >= _RUN_STEPS:
                yield start, at - 1
            start, steps = turn, 0
        direction, steps, turn = step, steps + 1, at
    if steps >= _RUN_STEPS:
        yield start, len(days) - 1


def _year_in_run(run: Sequence[_Dated], at: int) -> int | None:
    """The only year that fits an entry of a run, from the nearest exact ones on both sides; None if there is none."""
    before = next((dated.exact for dated in reversed(run[: at + 1]) if dated.exact is not None), None)
    after = next((dated.exact for dated in run[at:] if dated.exact is not None), None)
    if before is not None and after is not None:
        return before if before == after else None
    return before if before is not None else after
