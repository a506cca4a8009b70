"""Whether an edition is due, and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.editions.schedule import Rhythm, Schedule, in_zone, latest_slot
from digest.model import DigestId, EditionKey

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def due_slot(
    schedule: Schedule, now: datetime, *, configured_at: datetime, last_slot_at: datetime | None, late: timedelta
) -> datetime | None:
    """The slot whose edition is to be made now, if there is one.

    Only the newest passed slot ever is: after downtime there is one edition and no burst. A slot that is longer ago
    than `late` is left to the next. A slot not after the last one made is never due, so a clock that steps back
    makes nothing again.
    """
    slot = latest_slot(schedule, now)
    if slot <= configured_at or now - slot > late:
        return None
    if last_slot_at is not None and slot <= last_slot_at:
        return None
    return slot


def edition_key(digest: DigestId, moment: datetime, schedule: Schedule) -> EditionKey:
    """Such as `weekly/2026-W47`, `daily/2026-11-21`, `monthly/2026-11`: on the calendar of the schedule's zone."""
    local = moment.astimezone(schedule.zone)
    if schedule.rhythm is Rhythm.MONTHLY:
        return EditionKey(f"{digest}/{local:%Y-%m}")
    if schedule.rhythm is Rhythm.DAILY:
        return EditionKey(f"{digest}/{local:%Y-%m-%d}")
    year, week, _ = local.isocalendar()
    return EditionKey(f"{digest}/{year}-W{week:02}")


def due_at(schedule: Schedule, slot: datetime | None, made_at: datetime, zone: str) -> datetime:
    """When a reader's mail of an edition goes out: at the slot's time of day where they are, never before it is made.

    `zone` is empty for the digest's own. What was cut by hand goes out at once.
    """
    if slot is None or not zone or zone == schedule.zone.key:
        return made_at
    return max(made_at, in_zone(schedule, slot, ZoneInfo(zone)))
