"""Slots over zones and changes of the clock, and which of them is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.editions.schedule import Frequency, Schedule, due_at, due_slot, edition_key, latest_slot, next_slot
from digest.model import DigestId

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"]  # fmt: skip
MONDAY = Schedule.parse("mon 08:00", "Asia/Shanghai")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("written", "days", "at"),
    [
        ("mon 08:00", {0}, "08:00"),
        (" Mon , THU  18:30 ", {0, 3}, "18:30"),
        ("daily 7:05", set(range(7)), "07:05"),
        ("sun 23:59", {6}, "23:59"),
    ],
)
def test_a_schedule_is_written_as_people_do(written: str, days: set[int], at: str) -> None:
    made = Schedule.parse(written, "UTC")
    assert (set(made.days), f"{made.at:%H:%M}") == (days, at)


@pytest.mark.parametrize(
    "written",
    ["", "mon", "08:00", "mon 24:00", "mon 08:60", "moo 08:00", "mon-fri 08:00", "mon 8", "monthly 08:00",
     "monthly 29 08:00", "monthly 0 08:00"],
)  # fmt: skip
def test_another_writing_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(ValueError, match="write `mon 08:00`"):
        Schedule.parse(written, "UTC")


def test_slots_stand_on_the_calendar_of_the_zone() -> None:
    assert latest_slot(MONDAY, utc(2026, 11, 16, 0, 0)) == utc(2026, 11, 16, 0, 0)
    assert latest_slot(MONDAY, utc(2026, 11, 15, 23, 59, 59)) == utc(2026, 11, 9, 0, 0)
    assert next_slot(MONDAY, utc(2026, 11, 16, 0, 0)) == utc(2026, 11, 23, 0, 0)


@pytest.mark.parametrize(
    ("zone", "written", "day", "slot"),
    [
        # Berlin, 29 March 2026: 02:00 is followed by 03:00, and the slot is that moment
        ("Europe/Berlin", "sun 02:30", utc(2026, 3, 29, 12), utc(2026, 3, 29, 1, 0)),
        # Berlin, 25 October 2026: 02:30 comes twice, and the first one counts
        ("Europe/Berlin", "sun 02:30", utc(2026, 10, 25, 12), utc(2026, 10, 25, 0, 30)),
        # Lord Howe moves by half an hour
        ("Australia/Lord_Howe", "sun 02:15", utc(2026, 10, 4, 12), utc(2026, 10, 3, 15, 30)),
        # Samoa had no 30 December 2011 at all
        ("Pacific/Apia", "fri 08:00", utc(2011, 12, 30, 12), utc(2011, 12, 30, 10, 0)),
    ],
)
def test_a_time_that_is_skipped_or_comes_twice_is_one_slot(
    zone: str, written: str, day: datetime, slot: datetime
) -> None:
    assert latest_slot(Schedule.parse(written, zone), day) == slot


_moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_schedules = st.builds(
    lambda days, hour, minute, zone: Schedule.parse(f"{','.join(days)} {hour}:{minute:02}", zone),
    st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, max_size=7, unique=True),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)


@given(_schedules, _moments)
def test_each_slot_is_the_next_of_the_one_before(schedule: Schedule, now: datetime) -> None:
    last, coming = latest_slot(schedule, now), next_slot(schedule, now)
    assert last <= now < coming
    assert next_slot(schedule, last) == coming
    assert latest_slot(schedule, coming - timedelta(microseconds=1)) == last
    assert latest_slot(schedule, coming) == coming


@given(_schedules, _moments)
def test_a_slot_shows_its_time_on_a_local_clock_unless_that_is_skipped(schedule: Schedule, now: datetime) -> None:
    local = latest_slot(schedule, now).astimezone(schedule.zone)
    if (local.hour, local.minute) != (schedule.at.hour, schedule.at.minute):
        before = (local.astimezone(UTC) - timedelta(seconds=1)).astimezone(schedule.zone)
        assert before.utcoffset() != local.utcoffset()
    else:
        assert local.weekday() in schedule.days


@given(_schedules, _moments, st.lists(st.integers(1, 60 * 24 * 20), max_size=20))
def test_each_slot_makes_at_most_one_edition_however_the_clock_is_looked_at(
    schedule: Schedule, now: datetime, steps: list[int]
) -> None:
    configured, last, made = now, None, []
    for step in steps:
        now += timedelta(minutes=step)
        for looked in (now, now - timedelta(hours=3), now):
            slot = due_slot(schedule, looked, configured_at=configured, last_slot_at=last, late=timedelta(days=3650))
            if slot:
                made.append(slot)
                last = slot
        assert last is None or last == latest_slot(schedule, now)
    assert made == sorted(set(made))
    assert all(slot > configured for slot in made)


def test_after_downtime_only_the_newest_slot_is_due_and_not_too_late() -> None:
    configured = utc(2026, 10, 1)

    def due(now: datetime, last: datetime | None = None) -> datetime | None:
        return due_slot(MONDAY, now, configured_at=configured, last_slot_at=last, late=timedelta(hours=48))

    assert due(utc(2026, 11, 17, 23, 59), utc(2026, 10, 12)) == utc(2026, 11, 16)
    assert due(utc(2026, 11, 18, 0, 0), utc(2026, 10, 12)) == utc(2026, 11, 16)
    assert due(utc(2026, 11, 18, 0, 1), utc(2026, 10, 12)) is None
    assert due(utc(2026, 11, 16), utc(2026, 11, 16)) is None
    assert due(utc(2026, 11, 16), utc(2026, 11, 23)) is None


def test_the_first_slot_is_the_first_one_after_the_digest_was_configured() -> None:
    def due(now: datetime, configured: datetime) -> datetime | None:
        return due_slot(MONDAY, now, configured_at=configured, last_slot_at=None, late=timedelta(hours=48))

    assert due(utc(2026, 11, 16, 1), utc(2026, 11, 16, 0)) is None
    assert due(utc(2026, 11, 16, 1), utc(2026, 11, 15, 23, 59)) == utc(2026, 11, 16)


@pytest.mark.parametrize(
    ("moment", "key"),
    [
        (utc(2026, 11, 16, 0), "weekly/2026-W47"),
        (utc(2026, 11, 15, 16), "weekly/2026-W47"),
        (utc(2026, 11, 15, 15, 59), "weekly/2026-W46"),
        (utc(2026, 12, 31, 20), "weekly/2026-W53"),
        (utc(2027, 1, 3, 20), "weekly/2027-W01"),
    ],
)
def test_a_key_names_the_iso_week_of_the_zones_calendar(moment: datetime, key: str) -> None:
    assert edition_key(DigestId("weekly"), moment, MONDAY) == key


def test_a_monthly_schedule_has_one_slot_a_month() -> None:
    monthly = Schedule.parse("monthly 1 08:00", "Asia/Shanghai")
    assert monthly.frequency is Frequency.MONTHLY
    assert latest_slot(monthly, utc(2026, 3, 1)) == utc(2026, 3, 1)
    assert latest_slot(monthly, utc(2026, 2, 28, 23, 59)) == utc(2026, 2, 1)
    assert next_slot(monthly, utc(2026, 12, 1)) == utc(2027, 1, 1)


@pytest.mark.parametrize(
    ("written", "key"),
    [("mon 08:00", "d/2026-W53"), ("daily 08:00", "d/2026-12-31"), ("monthly 28 08:00", "d/2026-12")],
)
def test_a_key_names_the_span_that_its_schedule_has(written: str, key: str) -> None:
    schedule = Schedule.parse(written, "Asia/Shanghai")
    assert edition_key(DigestId("d"), utc(2026, 12, 31, 0), schedule) == key


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("", utc(2026, 11, 16, 0)),
        ("Asia/Shanghai", utc(2026, 11, 16, 0)),
        ("Europe/Berlin", utc(2026, 11, 16, 7)),
        ("America/New_York", utc(2026, 11, 16, 13)),
        ("Pacific/Auckland", utc(2026, 11, 16, 19)),  # there it is past eight when the edition is made
    ],
)
def test_a_reader_elsewhere_gets_it_at_the_same_time_of_day(zone: str, due: datetime) -> None:
    slot = utc(2026, 11, 16, 0)
    assert due_at(MONDAY, slot, slot, zone) == due


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds it
    st.sampled_from(ZONES),
    st.timedeltas(timedelta(), timedelta(days=2)),
)
def test_nobody_waits_longer_than_a_day_for_a_clock(moment: datetime, zone: str, late: timedelta) -> None:
    slot = latest_slot(MONDAY, moment)
    due = due_at(MONDAY, slot, slot + late, zone)
    assert slot + late <= due <= max(slot + late, slot + timedelta(hours=25))


def test_an_edition_that_was_cut_manually_is_sent_at_once() -> None:
    now = utc(2026, 11, 17, 3)
    assert due_at(MONDAY, None, now, "Europe/Berlin") == now
