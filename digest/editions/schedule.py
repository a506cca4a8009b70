"""Slots: the times at which a digest is made, on the calendar of its own time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WRITTEN = re.compile(
    r"(?P<days>daily|[a-z]{3}(?:\s*,\s*[a-z]{3})*|monthly\s+(?P<date>\d{1,2}))\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
)
_HOURS, _MINUTES = 24, 60
_LAST_DATE = 28  # every month has it
_SPAN = 32  # days around a time that contain the slots before and after it


class Frequency(StrEnum):
    """How often a schedule has a slot. Several weekdays count as weekly."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekdays (Monday is 0) or one day of each month, with a time of day and a time zone."""

    days: frozenset[int]
    at: time
    zone: ZoneInfo
    month_day: int | None = None

    @classmethod
    def parse(cls, written: str, zone: str) -> Self:
        """Parse `mon 08:00`, `mon,thu 18:30`, `daily 07:00` or `monthly 1 08:00` (any date up to the 28th).

        Raises:
            ValueError: it is not written in one of these ways.
        """
        found = _WRITTEN.fullmatch(written.strip().lower())
        named = found["days"] if found else ""
        month_day = int(found["date"]) if found and found["date"] else None
        names = list(_DAYS) if named.startswith(("daily", "monthly")) else re.split(r"\s*,\s*", named)
        possible = found and int(found["hour"]) < _HOURS and int(found["minute"]) < _MINUTES
        if (
            not found
            or not possible
            or not set(names) <= set(_DAYS)
            or month_day not in {None, *range(1, _LAST_DATE + 1)}
        ):
            raise ValueError(
                f"{written!r} is not a schedule: write `mon 08:00`, `mon,thu 18:30`, `daily 07:00` or `monthly 1 08:00`"
            )
        days = frozenset(_DAYS.index(name) for name in names)
        return cls(days, time(int(found["hour"]), int(found["minute"])), ZoneInfo(zone), month_day)

    @property
    def frequency(self) -> Frequency:
        if self.month_day is not None:
            return Frequency.MONTHLY
        return Frequency.DAILY if len(self.days) == len(_DAYS) else Frequency.WEEKLY

    def has_slot_on(self, day: date) -> bool:
        """Whether the schedule has a slot on that day."""
        return day.weekday() in self.days and self.month_day in {None, day.day}


def latest_slot(schedule: Schedule, now: datetime) -> datetime:
    """The newest slot at or before `now`, in UTC."""
    return max(slot for slot in _slots(schedule, now) if slot <= now)


def next_slot(schedule: Schedule, now: datetime) -> datetime:
    """The first slot after `now`, in UTC."""
    return min(slot for slot in _slots(schedule, now) if slot > now)


def in_zone(schedule: Schedule, slot: datetime, zone: ZoneInfo) -> datetime:
    """When a subscriber in another zone gets an edition: when the clock there next shows the slot's time of day."""
    days = frozenset(range(len(_DAYS)))
    there = Schedule(days, schedule.at, zone)
    return min(moment for moment in _slots(there, slot) if moment >= slot)


def _slots(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    today = now.astimezone(schedule.zone).date()
    for offset in range(-_SPAN, _SPAN + 1):
        day = today + timedelta(days=offset)
        if schedule.has_slot_on(day):
            yield _slot_on(schedule, day)


def _slot_on(schedule: Schedule, day: date) -> datetime:
    """The slot of a day.

    If the clock shows its time twice, the first one; if it skips the time, the next time that exists.

    Source: PEP 495. With fold=0, a skipped time uses the offset before the change, so converting it to UTC and back
    gives a later time. The change itself is then the first time that exists.
    """
    local = datetime.combine(day, schedule.at, tzinfo=schedule.zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(schedule.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    after = local.replace(fold=0).utcoffset() or timedelta()
    before = local.replace(fold=1).utcoffset() or timedelta()
    return _change(schedule.zone, moment - abs(after - before), moment)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The time between two others at which the zone's offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
