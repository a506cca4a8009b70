"""Schedules and time zones in words, for people who chose neither."""

from __future__ import annotations

import pytest

from digest.editions.schedule import Schedule, describe_schedule
from digest.templating import FIRST_ZONES, zone_city, zone_name


@pytest.mark.parametrize(
    ("written", "zone", "chinese", "english"),
    [
        ("mon 08:00", "Asia/Shanghai", "每周一 08:00（北京时间）", "Mondays at 08:00 (Beijing time)"),
        ("daily 07:30", "America/New_York", "每天 07:30（纽约时间）", "daily at 07:30 (New York time)"),
        (
            "monthly 1 09:00",
            "Asia/Kolkata",
            "每月1日 09:00（加尔各答时间）",
            "monthly on day 1 at 09:00 (Kolkata time)",
        ),
        ("mon,fri 08:00", "UTC", "每周一、五 08:00（协调世界时）", "Mondays and Fridays at 08:00 (UTC)"),
    ],
)
def test_a_schedule_names_its_time_zone(written: str, zone: str, chinese: str, english: str) -> None:
    schedule = Schedule.parse(written, zone)

    assert describe_schedule(schedule, "zh_CN", zone_name(zone, "zh_CN")) == chinese
    assert describe_schedule(schedule, "en", zone_name(zone, "en")) == english


@pytest.mark.parametrize("zone", [*FIRST_ZONES, "Africa/Abidjan", "Asia/Kolkata"])
def test_a_zone_has_a_name_in_each_language(zone: str) -> None:
    assert zone_city(zone, "en").isascii()
    assert not zone_city(zone, "zh_CN").isascii()
    assert zone_name(zone, "zh_CN").endswith("时间")
