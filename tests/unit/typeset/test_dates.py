"""Dates in words: in both languages, with a year only where one is known."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import DateKind, EntryDate
from digest.typeset.dates import said

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
        (None, "zh_CN", ""),
        (None, "en", ""),
    ],
)
def test_a_date_is_said_in_the_words_of_its_language(day: EntryDate | date | None, language: str, words: str) -> None:
    assert said(day, language) == words


@given(st.dates(), st.sampled_from(["zh_CN", "en"]))
def test_a_year_that_is_not_known_is_never_said(day: date, language: str) -> None:
    whole = said(EntryDate(day.month, day.day, day.year, DateKind.EXACT), language)
    partial = said(EntryDate(day.month, day.day, None, DateKind.PARTIAL), language)

    assert whole == said(day, language)
    assert partial in whole
    assert whole.replace(partial, "").strip(" 年") == str(day.year)


@given(st.lists(st.dates(), unique=True, min_size=2, max_size=2), st.sampled_from(["zh_CN", "en"]))
def test_two_days_are_never_said_alike(days: list[date], language: str) -> None:
    assert said(days[0], language) != said(days[1], language)
