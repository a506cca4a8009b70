"""When to fetch again, which sizes to believe, and how turns are spread."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.service.fetching.fetching import first_turn, host_until, is_shrunken, next_try, share

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def turns_missed(failures: int, every: timedelta) -> int:
    """How many of the turns after an attempt find that it is too early."""
    return sum(NOW + number * every < next_try(NOW, every, failures) for number in range(1, 200))


def test_after_a_success_and_two_failures_each_turn_is_used_and_then_ever_fewer() -> None:
    assert [turns_missed(failures, 15 * MINUTE) for failures in range(7)] == [0, 0, 0, 1, 3, 7, 15]
    assert next_try(NOW, 15 * MINUTE, 1000) - NOW <= DAY


def test_a_source_that_is_read_once_a_week_keeps_its_turns() -> None:
    assert turns_missed(50, 7 * DAY) == 0


def test_a_wish_of_the_site_is_obeyed_even_at_the_first_failure() -> None:
    assert next_try(NOW, 15 * MINUTE, 1, NOW + 5 * HOUR) == NOW + 5 * HOUR
    assert next_try(NOW, 15 * MINUTE, 9, NOW + MINUTE) > NOW + HOUR


@given(st.integers(0, 10_000), st.timedeltas(timedelta(seconds=1), 400 * DAY))
def test_a_next_attempt_lies_ahead_and_within_a_day_or_an_interval(failures: int, every: timedelta) -> None:
    assert NOW < next_try(NOW, every, failures) <= NOW + max(DAY, every)


@pytest.mark.parametrize(
    ("status", "failures", "retry_at", "until"),
    [
        (429, 1, None, NOW + 2 * MINUTE),
        (503, 4, None, NOW + 16 * MINUTE),
        (503, 99, None, NOW + DAY),
        (429, 1, NOW + HOUR, NOW + HOUR),
        (500, 9, None, None),
        (404, 9, None, None),
        (None, 9, None, None),
    ],
)
def test_only_a_host_that_asks_for_it_is_spared(
    status: int | None, failures: int, retry_at: datetime | None, until: datetime | None
) -> None:
    assert host_until(NOW, status, failures, retry_at) == until


def test_a_tenth_of_a_page_is_hardly_the_same_page() -> None:
    assert is_shrunken(400, 4097)
    assert not is_shrunken(410, 4097)
    assert not is_shrunken(1, 4000)
    assert not is_shrunken(10, 0)


def test_a_thousand_sources_are_an_even_stream_that_a_restart_does_not_change() -> None:
    every = 15 * MINUTE
    turns = [first_turn(f"s{number}", every, NOW) for number in range(1000)]
    assert all(NOW <= turn < NOW + every for turn in turns)
    in_ten_seconds = Counter((turn - NOW) // timedelta(seconds=10) for turn in turns)
    assert max(in_ten_seconds.values()) < 30  # 11 on average
    assert len(in_ten_seconds) > 85  # of 90
    later = NOW + 7 * every + 100 * timedelta(seconds=1)
    for number, turn in enumerate(turns):
        again = first_turn(f"s{number}", every, later)
        assert abs((again - turn) % every) < timedelta(milliseconds=1) or (again - turn) % every > every * 0.999999
    assert 0.4 < sum(share(f"s{number}") for number in range(1000)) / 1000 < 0.6
