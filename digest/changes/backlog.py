"""Decides which entries of a source's first import count as new, and when the others were last updated."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol
from zoneinfo import ZoneInfo

from digest.model import EntryDate, EntryId


class Dated(Protocol):
    """The fields of an entry that decide its place among others."""

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
    """The `backlog` latest entries: first those with a known year, newest first, and then the others in page order."""

    def rank(entry: Dated) -> tuple[bool, int, int, str]:
        since = began_on(entry.date)
        return since is None, -(since or date.min).toordinal(), entry.page_order, entry.id

    return tuple(entry.id for entry in sorted(entries, key=rank)[:backlog])


def first_updated_at(entry: Dated, *, is_news: bool, zone: ZoneInfo) -> datetime:
    """The `updated` time of an entry from a first import, so that old articles do not appear as today's.

    It is the beginning of the day; without a day, of the last one that the date can mean: the entry was there by then.
    Without a year, it is the moment of the first sighting, unless `updated_as_below` knows better.
    """
    span = entry.date.span if entry.date else None
    if is_news or span is None:
        return entry.first_seen_at
    return min(_at(span[1], 0, zone).astimezone(UTC), entry.first_seen_at)


def updated_as_below(
    undated: Container[EntryId], pages: Iterable[Sequence[EntryId]], updated_at: Mapping[EntryId, datetime]
) -> dict[EntryId, datetime]:
    """The `updated` times of undated entries: of each, that of the nearest entry below it on a page that has one.

    `pages` are the entries of each page from top to bottom. An entry with nothing dated below it on any page is left
    out. Decision 297.
    """
    found: dict[EntryId, datetime] = {}
    for page in pages:
        below = None
        for entry in reversed(page):
            below = updated_at.get(entry, below)
            if below and entry in undated:
                found.setdefault(entry, below)
    return found


def began_on(day: EntryDate | None) -> date | None:
    """The day by which an entry is placed among others: the first one that its date can mean; None without a year.

    So an entry of "June 2021" never stands before one that is certainly later.
    """
    span = day.span if day else None
    return span[0] if span else None


def published_at(day: date, zone: ZoneInfo) -> datetime:
    """A date as a time: noon in its source's time zone, with an offset of whole minutes.

    Noon is on the same day almost everywhere; midnight in Shanghai is the day before in Europe. Decision 296.
    """
    return _at(day, 12, zone)


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """A time with an offset of whole minutes.

    Before standard time was introduced, offsets have seconds, which RFC 3339 cannot express.
    """
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    offset = moment.utcoffset() or timedelta()
    whole = round(offset / _MINUTE) * _MINUTE
    return moment if whole == offset else moment.replace(tzinfo=timezone(whole))
