"""What of a source's first import is news, and when the rest of it was last updated."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from digest.model import EntryDate, EntryId


class Dated(Protocol):
    """An entry, as far as its place among others goes."""

    @property
    def id(self) -> EntryId: ...
    @property
    def date(self) -> EntryDate | None: ...
    @property
    def first_seen_at(self) -> datetime: ...
    @property
    def page_order(self) -> int: ...


_MINUTE = timedelta(minutes=1)


def news(entries: Sequence[Dated], backlog: int) -> tuple[EntryId, ...]:
    """The `backlog` latest entries: those with a full date first, newest first, then in page order."""

    def rank(entry: Dated) -> tuple[bool, int, int, str]:
        full = entry.date.full if entry.date else None
        return full is None, -(full or date.min).toordinal(), entry.page_order, entry.id

    return tuple(entry.id for entry in sorted(entries, key=rank)[:backlog])


def first_updated_at(entry: Dated, *, is_news: bool, zone: ZoneInfo) -> datetime:
    """What an entry of a first import carries as `updated`: old articles are not shown as today's."""
    full = entry.date.full if entry.date else None
    if is_news or full is None:
        return entry.first_seen_at
    return min(published_at(full, zone).astimezone(UTC), entry.first_seen_at)


def published_at(day: date, zone: ZoneInfo) -> datetime:
    """A date as a moment: midnight in its source's zone, its offset in whole minutes.

    Before a zone had its first law, its offset has seconds, which RFC 3339 cannot say.
    """
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    offset = moment.utcoffset() or timedelta()
    whole = round(offset / _MINUTE) * _MINUTE
    return moment if whole == offset else moment.replace(tzinfo=timezone(whole))
