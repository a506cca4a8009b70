"""Decides whether an edition is due, and gives its key. Decisions 92 and 93."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from digest.editions.schedule import Frequency, Schedule, in_zone, latest_slot
from digest.model import DigestId, EditionKey


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
