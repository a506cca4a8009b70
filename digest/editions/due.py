"""Whether an edition is due, and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.editions.schedule import Schedule, latest_slot
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
    """Such as `weekly/2026-W47`: the ISO week of the moment on the calendar of the schedule's zone."""
    year, week, _ = moment.astimezone(schedule.zone).isocalendar()
    return EditionKey(f"{digest}/{year}-W{week:02}")
