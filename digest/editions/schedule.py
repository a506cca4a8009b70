"""Slots: the times at which a digest is made, in its own time zone; which are due, and how subscribers read of them.

Decisions 92 and 93.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from digest.model import DigestId, EditionKey

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


def due_slot(
    schedule: Schedule, now: datetime, *, configured_at: datetime, last_slot_at: datetime | None, late: timedelta
) -> datetime | None:
    """The slot whose edition is due now, if there is one.

    Only the newest past slot can be due, so downtime ends with one edition and not with several. A slot more than
    `late` ago is skipped. A slot at or before the last one made is never due, so setting the clock back makes no
    edition twice.
    """
    slot = unmade_slot(schedule, now, configured_at=configured_at, last_slot_at=last_slot_at)
    return None if slot is None or now - slot > late else slot


def unmade_slot(
    schedule: Schedule, now: datetime, *, configured_at: datetime, last_slot_at: datetime | None
) -> datetime | None:
    """The newest past slot, if no edition was made for it, however long ago it was."""
    slot = latest_slot(schedule, now)
    if slot <= configured_at or (last_slot_at is not None and slot <= last_slot_at):
        return None
    return slot


def edition_key(digest: DigestId, moment: datetime, schedule: Schedule) -> EditionKey:
    """The key, such as `weekly/2026-W47`, `daily/2026-11-21` or `monthly/2026-11`, in the schedule's time zone."""
    local = moment.astimezone(schedule.zone)
    if schedule.frequency is Frequency.MONTHLY:
        return EditionKey(f"{digest}/{local:%Y-%m}")
    if schedule.frequency is Frequency.DAILY:
        return EditionKey(f"{digest}/{local:%Y-%m-%d}")
    year, week, _ = local.isocalendar()
    return EditionKey(f"{digest}/{year}-W{week:02}")


def due_at(schedule: Schedule, slot: datetime | None, made_at: datetime, zone: str) -> datetime:
    """When a subscriber's mail is due: at the slot's time of day in their zone, but never before the edition is made.

    `zone` is empty for the digest's own zone. An edition made by command is due at once.
    """
    if slot is None or not zone or zone == schedule.zone.key:
        return made_at
    return max(made_at, in_zone(schedule, slot, ZoneInfo(zone)))


_CHINESE = "一二三四五六日"
_ENGLISH = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def describe_schedule(schedule: Schedule, language: str, zone: str) -> str:
    """The schedule in words: `每周一 08:00（北京时间）`, `Mondays at 08:00 (Beijing time)`.

    The others are `每天`, `daily`, and `每月1日`, `monthly on day 1`. `zone` is the name of the time zone.
    """
    at = f"{schedule.at:%H:%M}"
    days = sorted(schedule.days)
    if language.startswith("zh"):
        span = {
            Frequency.DAILY: "每天",
            Frequency.WEEKLY: f"每周{'、'.join(_CHINESE[day] for day in days)}",
            Frequency.MONTHLY: f"每月{schedule.month_day}日",
        }
        return f"{span[schedule.frequency]} {at}（{zone}）"
    names = [_ENGLISH[day] for day in days]
    weekly = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    span = {
        Frequency.DAILY: "daily",
        Frequency.WEEKLY: weekly,
        Frequency.MONTHLY: f"monthly on day {schedule.month_day}",
    }
    return f"{span[schedule.frequency]} at {at} ({zone})"
