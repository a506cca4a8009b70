"""Dates in words: in both languages, with a year only if one is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import DateKind, EntryDate
from digest.typeset.dates import covered, format_day

DAY = date(2020, 11, 20)


@pytest.mark.parametrize(
    ("day", "language", "words"),
    [
        (DAY, "zh_CN", "2020年11月20日"),
        (DAY, "zh-CN", "2020年11月20日"),
        (DAY, "zh", "2020年11月20日"),
        (DAY, "en", "20 November 2020"),
        (DAY, "en-GB", "20 November 2020"),
        (EntryDate(11, 20, 2020, DateKind.EXACT), "zh_CN", "2020年11月20日"),
        (EntryDate(11, 20, 2020, DateKind.INFERRED), "en", "20 November 2020"),
        (EntryDate(11, 20, None, DateKind.PARTIAL), "zh_CN", "11月20日"),
        (EntryDate(11, 20, None, DateKind.PARTIAL), "en", "20 November"),
        (EntryDate(2, 29, None, DateKind.PARTIAL), "en", "29 February"),
        (EntryDate(1, 1, None, DateKind.PARTIAL), "zh_CN", "1月1日"),
        (date(2026, 1, 2), "en", "2 January 2026"),
        (date(2026, 12, 31), "en", "31 December 2026"),
        (EntryDate(6, None, 2021, DateKind.PARTIAL), "en", "June 2021"),
        (EntryDate(6, None, 2021, DateKind.PARTIAL), "zh_CN", "2021年6月"),
        (EntryDate(None, None, 2021, DateKind.PARTIAL), "en", "2021"),
        (EntryDate(None, None, 2021, DateKind.PARTIAL), "zh-CN", "2021年"),
        (EntryDate(6, None, None, DateKind.PARTIAL), "en", "June"),
        (EntryDate(6, None, None, DateKind.PARTIAL), "zh_CN", "6月"),
        (None, "zh_CN", ""),
        (None, "en", ""),
    ],
)
def test_a_date_is_written_in_the_words_of_its_language(
    day: EntryDate | date | None, language: str, words: str
) -> None:
    assert format_day(day, language) == words


@given(st.dates(), st.sampled_from(["zh_CN", "en"]))
def test_a_year_that_is_not_known_is_never_written(day: date, language: str) -> None:
    whole = format_day(EntryDate(day.month, day.day, day.year, DateKind.EXACT), language)
    partial = format_day(EntryDate(day.month, day.day, None, DateKind.PARTIAL), language)

    assert whole == format_day(day, language)
    assert partial in whole
    assert whole.replace(partial, "").strip(" 年") == str(day.year)


@given(st.lists(st.dates(), unique=True, min_size=2, max_size=2), st.sampled_from(["zh_CN", "en"]))
def test_two_days_are_never_written_alike(days: list[date], language: str) -> None:
    assert format_day(days[0], language) != format_day(days[1], language)


SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("opens", "closes", "chinese", "english"),
    [
        (at(11, 23, 8), at(11, 30, 8), "2026年11月23日—29日", "23–29 November 2026"),
        (at(11, 22, 20), at(11, 29, 20), "2026年11月23日—29日", "23–29 November 2026"),
        (at(11, 30, 8), at(12, 7, 8), "2026年11月30日—12月6日", "30 November – 6 December 2026"),
        (at(12, 28, 8), at(1, 4, 8, year=2027), "2026年12月28日—2027年1月3日", "28 December 2026 – 3 January 2027"),
        (at(11, 29, 8), at(11, 30, 8), "2026年11月29日", "29 November 2026"),
        (at(11, 1, 8), at(12, 1, 8), "2026年11月1日—30日", "1–30 November 2026"),
        (at(11, 23, 12), at(11, 30, 12), "2026年11月23日—29日", "23–29 November 2026"),
        (at(11, 29, 13), at(11, 29, 15, 5), "2026年11月29日13:00—15:05", "29 November 2026, 13:00–15:05"),
        (
            at(11, 29, 13),
            at(11, 30, 8),
            "2026年11月29日13:00—30日08:00",
            "29 November 2026, 13:00 – 30 November, 08:00",
        ),
    ],
)
def test_an_edition_is_named_by_the_days_that_it_covers(
    opens: datetime, closes: datetime, chinese: str, english: str
) -> None:
    assert covered(opens, closes, SHANGHAI, "zh_CN") == chinese
    assert covered(opens.astimezone(UTC), closes.astimezone(UTC), SHANGHAI, "en") == english
    short = chinese if opens.year != closes.year else chinese.removeprefix("2026年")
    assert covered(opens, closes, SHANGHAI, "zh_CN", year=False) == short


def test_a_clock_that_stepped_back_leaves_a_name() -> None:
    assert covered(at(11, 29, 13), at(11, 28, 13), SHANGHAI, "en") == "29 November 2026, 13:00–13:00"


@given(
    st.lists(st.integers(1, 60 * 24 * 40), min_size=2, max_size=12),
    st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York"]),
    st.sampled_from(["zh_CN", "en"]),
)
def test_no_two_windows_that_follow_each_other_are_called_the_same(
    minutes: list[int], zone: str, language: str
) -> None:
    moments = [datetime(2026, 1, 1, 3, 7, tzinfo=UTC)]
    for more in minutes:
        moments.append(moments[-1] + timedelta(minutes=more))
    names = [covered(opens, closes, ZoneInfo(zone), language) for opens, closes in pairwise(moments)]
    # Where clocks go back, an hour comes twice.
    assert len(set(names)) == len(names) or zone == "America/New_York"
