"""Single words of lists: languages, formats, states, times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.lists.values import (
    ListStatus,
    day_first,
    format_of,
    language_of,
    means_nothing,
    parse_time,
    parse_yes_or_no,
    split_tags,
    status_of,
)
from digest.model import Format

CHINESE = (
    "zh zh-CN zh_CN zh_Hans zh-Hans-CN zh-TW zh_Hant ZH zh-cn cn Chinese chinese zho zh_CN.UTF-8 中文 简体中文 汉语"
)
ENGLISH = "en EN en-US en_GB En English english 英文 英语 eng en-us en_US.UTF-8"


@pytest.mark.parametrize("tag", [*CHINESE.split(), "Chinese (Simplified)", "中文（简体）"])
def test_chinese_is_known_in_any_spelling(tag: str) -> None:
    assert language_of(tag) == "zh_CN"


@pytest.mark.parametrize("tag", [*ENGLISH.split(), "en (US)"])
def test_english_is_known_in_any_spelling(tag: str) -> None:
    assert language_of(tag) == "en"


@pytest.mark.parametrize("tag", ["fr", "de-DE", "Klingon", "enough", "zhejiang", "Engels"])
def test_another_language_is_none_of_ours(tag: str) -> None:
    assert language_of(tag) is None


def test_formats_are_known_in_any_spelling() -> None:
    assert {format_of(word) for word in ("both", "Both", "HTML", "html", "multipart")} == {Format.BOTH}
    assert {format_of(word) for word in ("text", "Text", "plain", "text/plain", "纯文本")} == {Format.TEXT}
    assert format_of("video") is None


STANDINGS = {
    ListStatus.GETS_MAIL: "Active,enabled,subscribed,Opted-In,confirmed,已订阅,Regular,TRUE",
    ListStatus.UNSUBSCRIBED: "Unsubscribed,unsubscribed (by user),Opted Out,blocklisted,disabled,inactive,Cancelled"
    ",spam complaint,已退订,removed",
    ListStatus.BOUNCED: "Hard Bounced,bounced,soft bounce,cleaned,unreachable,undeliverable,suppressed: 5.1.1,退信",
    ListStatus.UNCONFIRMED: "Pending,unconfirmed,Not confirmed,unactivated,Non-Subscribed,未确认",
}


@pytest.mark.parametrize(
    ("standing", "word"), [(s, word) for s, words in STANDINGS.items() for word in words.split(",")]
)
def test_states_are_known_in_the_words_of_many_programs(standing: ListStatus, word: str) -> None:
    assert status_of(word) is standing


def test_a_state_of_no_program_is_unknown() -> None:
    assert status_of("sleeping") is None
    assert [parse_yes_or_no(word) for word in ("Yes", "TRUE", "0", "no", "maybe")] == [True, True, False, False, None]


@pytest.mark.parametrize(
    "cell", ["a,b c", '"a","b c"', "a; b c", "a|b c", '["a", "b c"]', "['a', 'b c']", '{a,"b c"}', "a、b c", "a,,b c,a"]
)
def test_tags_are_parted_however_they_are_written(cell: str) -> None:
    assert split_tags(cell) == ("a", "b c")


MOMENTS = {
    "2024-01-15": (2024, 1, 15),
    "2024-1-5": (2024, 1, 5),
    "2024/01/15 10:20": (2024, 1, 15, 10, 20),
    "2024-01-15T10:20:30Z": (2024, 1, 15, 10, 20, 30),
    "2024-01-15T10:20:30.5+02:00": (2024, 1, 15, 8, 20, 30, 500_000),
    "2024-01-15 10:20:30.123456 +0000 UTC": (2024, 1, 15, 10, 20, 30, 123_456),
    "2024-01-15 10:20:30 -0700 MST": (2024, 1, 15, 17, 20, 30),
    "2024年1月15日": (2024, 1, 15),
    "15.01.2024 10:20": (2024, 1, 15, 10, 20),
    "15.01.2024": (2024, 1, 15),
    "01/15/2024 3:05 PM": (2024, 1, 15, 15, 5),
    "15/01/2024": (2024, 1, 15),
    "Jan 15, 2024": (2024, 1, 15),
    "January 15, 2024 12:05 AM": (2024, 1, 15, 0, 5),
    "15 Jan 2024": (2024, 1, 15),
    "Mon, 15 Jan 2024 10:20:30 +0100": (2024, 1, 15, 9, 20, 30),
    "1705314030": (2024, 1, 15, 10, 20, 30),
    "1705314030000": (2024, 1, 15, 10, 20, 30),
}


@pytest.mark.parametrize(("written", "parts"), MOMENTS.items())
def test_a_moment_is_read_as_programs_write_it(written: str, parts: tuple[int, ...]) -> None:
    assert parse_time(written) == datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year, month, day and more


@pytest.mark.parametrize(
    "written", ["03/04/2024", "2024-13-01", "0000-00-00 00:00:00", "soon", "31/31/2024", "12", "0024-01-01"]
)
def test_what_could_be_two_days_or_none_is_none(written: str) -> None:
    assert parse_time(written) is None


def test_a_column_shows_whether_its_days_stand_first() -> None:
    assert day_first(["03/04/2024", "25/04/2024"]) is True
    assert day_first(["03/04/2024", "04/25/2024"]) is False
    assert day_first(["03/04/2024"]) is None
    assert day_first(["25/04/2024", "04/25/2024"]) is None
    assert parse_time("03/04/2024", days_first=True) == datetime(2024, 4, 3, tzinfo=UTC)
    assert parse_time("03/04/2024", days_first=False) == datetime(2024, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("word", ["NaT", "nan", "never", "否", "—"])
def test_what_says_that_nothing_happened_is_nothing(word: str) -> None:
    assert means_nothing(word)


@pytest.mark.parametrize(
    ("written", "hour"),
    [("2024/1/5 上午9:30:00", 9), ("2024/1/5 下午9:30", 21), ("2024年1月5日下午12:30", 12), ("2024/1/5 上午 12:30", 0)],
)
def test_a_spreadsheet_in_chinese_says_which_half_of_the_day(written: str, hour: int) -> None:
    assert parse_time(written) == datetime(2024, 1, 5, hour, 30, tzinfo=UTC)
