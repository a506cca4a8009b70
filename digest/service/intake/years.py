"""Finds the years that a reading reveals, on its own pages and on others that show its entries. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.changes import days, values
from digest.changes.dates import Page, inferred
from digest.model import DateEvidence, DateKind, EntryDate, EntryId
from digest.settings import Source

if TYPE_CHECKING:
    from digest.records.intake import KnownDump
    from digest.service.intake.comparing import Compared
    from digest.store.intake.readings import Readings


def better_dates(readings: Readings, source: Source, looked: KnownDump, compared: Compared) -> dict[EntryId, EntryDate]:
    """Infer years from certain neighbours, on every page that shows an entry of this dump."""
    if not _may_tell_years(compared):
        return {}
    changes = compared.changes
    here = {placing.entry for placing in changes.placings}
    others = readings.pages_with(here, but=(looked.source, looked.path))
    dates: dict[EntryId, EntryDate | None] = {entry.id: entry.date for entry in compared.entries}
    first = {entry.id: entry.first_seen_at for entry in compared.entries}
    dates |= dict(changes.dates)
    new = {change.entry for change in changes.changes if isinstance(change, values.Added)}
    shown_there = {placing.entry for page in others.values() for placing in page}
    for entry, (day, seen_at) in readings.dates((here | shown_there) - (dates.keys() & first.keys()) - new).items():
        dates.setdefault(entry, day)
        first[entry] = seen_at
    zone, times = ZoneInfo(source.timezone), compared.ground.times
    seen = {entry: at.astimezone(zone).date() for entry, at in first.items() if at}
    seen |= dict.fromkeys(new, times.today)
    seen = _of_right_clocks(seen, dates)
    pages = [*_read_pages(changes.placings, compared.ground.last, times), *(Page(page) for page in others.values())]
    return dict(inferred(pages, dates, seen, earliest=source.earliest, latest=source.latest))


def _of_right_clocks(seen: dict[EntryId, date], dates: Mapping[EntryId, EntryDate | None]) -> dict[EntryId, date]:
    """The first sightings, without those from a day before any clock was right: their entries were published later.

    The clock was behind, so other entries of that day may be as young.
    """
    exact = {entry: day.full for entry, day in dates.items() if day and day.kind is DateKind.EXACT and day.full}
    wrong = {on for entry, on in seen.items() if entry in exact and exact[entry] > on + days.AHEAD}
    return {entry: on for entry, on in seen.items() if on not in wrong} if wrong else seen


def _may_tell_years(compared: Compared) -> bool:
    """Whether this reading may reveal a year: a date got better, or the order of a page changed.

    A dump that was never read before reveals a year only if its own pages would, were they the only ones. Asking for
    every page that shows an entry would take longer with each dump that shows it once more.
    """
    changes, last = compared.changes, compared.ground.last
    if changes.dates:
        return True
    if last:
        return _order(changes.placings) != _order(last)
    dates = {entry.id: entry.date for entry in compared.entries}
    return bool(inferred([Page(page) for page in _pages(changes.placings).values()], dates, {}))


def _order(placings: Sequence[values.Placing]) -> list[tuple[EntryId, int, DateEvidence | None]]:
    """Everything in a reading from which years are inferred, except the known dates."""
    return [(placing.entry, placing.page, placing.evidence) for placing in placings]


def _read_pages(
    placings: Sequence[values.Placing], last: Sequence[values.Placing], times: values.Times
) -> Iterable[Page]:
    """The pages of this reading, each with the page of the last reading that shares most of its entries."""
    before = _pages(last)
    on = {placing.entry: placing.page for placing in last}
    for page in _pages(placings).values():
        shared: dict[int, int] = {}
        for placing in page:
            if placing.entry in on:
                shared[on[placing.entry]] = shared.get(on[placing.entry], 0) + 1
        likest = max(shared, key=lambda number: shared[number], default=None)
        stood = before[likest] if likest is not None else ()
        yield Page(page, stood, _day(times.since, stood), times.today)


def _day(since: date | None, stood: Sequence[values.Placing]) -> date | None:
    return since if stood else None


def _pages(placings: Iterable[values.Placing]) -> dict[int, list[values.Placing]]:
    """The pages of one dump, by their numbers."""
    pages: dict[int, list[values.Placing]] = {}
    for placing in placings:
        pages.setdefault(placing.page, []).append(placing)
    return pages
