"""Slots: the moments at which a digest is to be made, on the calendar of its own time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WRITTEN = re.compile(r"(?P<days>daily|[a-z]{3}(?:\s*,\s*[a-z]{3})*)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})")
_SPAN = 15  # days around a moment in which the slots before and after it lie


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekdays (Monday is 0) and a time of day in a zone."""

    days: frozenset[int]
    at: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, written: str, zone: str) -> Self:
        """`mon 08:00`, `mon,thu 18:30`, `daily 07:00`.

        Raises:
            ValueError: it is written otherwise.
        """
        found = _WRITTEN.fullmatch(written.strip().lower())
        names = re.split(r"\s*,\s*", found["days"]) if found and found["days"] != "daily" else list(_DAYS)
        if not found or not set(names) <= set(_DAYS) or int(found["hour"]) > 23 or int(found["minute"]) > 59:  # noqa: PLR2004 - a clock
            raise ValueError(f"{written!r} is no schedule: write `mon 08:00`, `mon,thu 18:30` or `daily 07:00`")
        days = frozenset(_DAYS.index(name) for name in names)
        return cls(days, time(int(found["hour"]), int(found["minute"])), ZoneInfo(zone))


def latest_slot(schedule: Schedule, now: datetime) -> datetime:
    """The newest slot at or before `now`, in UTC."""
    return max(slot for slot in _slots(schedule, now) if slot <= now)


def next_slot(schedule: Schedule, now: datetime) -> datetime:
    """The first slot after `now`, in UTC."""
    return min(slot for slot in _slots(schedule, now) if slot > now)


def _slots(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    today = now.astimezone(schedule.zone).date()
    for offset in range(-_SPAN, _SPAN + 1):
        day = today + timedelta(days=offset)
        if day.weekday() in schedule.days:
            yield _moment(schedule, day)


def _moment(schedule: Schedule, day: date) -> datetime:
    """The slot of a day: where the clock shows the time twice the first one, where it skips it the next that is.

    Source: PEP 495: with fold=0 a skipped time is read on the clock before the change, so converting it to UTC and
    back shows a later time; the change itself is then the first moment that exists.
    """
    local = datetime.combine(day, schedule.at, tzinfo=schedule.zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(schedule.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    after = local.replace(fold=0).utcoffset() or timedelta()
    before = local.replace(fold=1).utcoffset() or timedelta()
    return _change(schedule.zone, moment - abs(after - before), moment)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between two at which the zone's offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
