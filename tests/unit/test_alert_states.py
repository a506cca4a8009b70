"""What operators are notified of: each way through the life of a trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.records.operating import Alert, NoticeKind
from digest.service.operating.alert_states import Health, Observation, transition

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
MINUTE, CALM = timedelta(minutes=1), timedelta(hours=1)
WELL, DOUBTFUL, ILL, UNKNOWN = Health.WELL, Health.DOUBTFUL, Health.ILL, Health.UNKNOWN


def lived(looks: list[tuple[Health, int]]) -> list[tuple[int, NoticeKind]]:
    """What is reported when, in minutes, of a subject that is checked each minute: so many times each health."""
    stored: Alert | None = None
    told = []
    minute = 0
    for health, times in looks:
        for _ in range(times):
            taken = transition(stored, Observation("x", health, "no answer"), NOW + minute * MINUTE, CALM)
            again = transition(taken.alert, Observation("x", health, "no answer"), NOW + minute * MINUTE, CALM)
            assert again.tell is None, "a look at the same moment, as after a crash, tells nothing more"
            if taken.tell:
                told.append((minute, taken.tell))
            stored, minute = taken.alert, minute + 1
    return told


def test_a_trouble_is_reported_once_however_long_it_lasts() -> None:
    assert lived([(ILL, 500)]) == [(0, NoticeKind.TROUBLE)]


def test_a_blip_is_never_reported_nor_that_it_is_over() -> None:
    assert lived([(WELL, 2), (DOUBTFUL, 2), (WELL, 200)]) == []


def test_what_may_be_a_blip_is_reported_when_it_is_none() -> None:
    assert lived([(DOUBTFUL, 2), (ILL, 1)]) == [(2, NoticeKind.TROUBLE)]


def test_that_it_is_well_again_is_reported_once_and_only_after_it_was_calm() -> None:
    assert lived([(ILL, 1), (WELL, 200)]) == [(0, NoticeKind.TROUBLE), (61, NoticeKind.WELL)]


def test_what_comes_and_goes_is_reported_once_and_once_when_it_is_over() -> None:
    flapping = [(ILL, 5), (WELL, 30), (DOUBTFUL, 1), (WELL, 59), (ILL, 1)] * 5
    assert lived([*flapping, (WELL, 90)]) == [(0, NoticeKind.TROUBLE), (96 * 5 + 60, NoticeKind.WELL)]


def test_a_new_trouble_after_that_is_reported_anew() -> None:
    assert [kind for _, kind in lived([(ILL, 1), (WELL, 90), (ILL, 3)])] == [
        NoticeKind.TROUBLE,
        NoticeKind.WELL,
        NoticeKind.TROUBLE,
    ]


def test_what_nobody_can_see_changes_nothing() -> None:
    assert lived([(UNKNOWN, 9), (ILL, 1), (UNKNOWN, 200)]) == [(9, NoticeKind.TROUBLE)]


def test_a_clock_that_steps_back_delays_the_all_clear_and_no_more() -> None:
    stored = Alert("x", "no answer", NOW, NOW, NOW + 9 * CALM)
    taken = transition(stored, Observation("x", WELL), NOW, CALM)
    assert taken.alert
    assert (taken.tell, taken.alert.well_since) == (None, NOW)


@given(st.lists(st.tuples(st.sampled_from(Health), st.integers(1, 80)), max_size=12))
def test_trouble_and_all_clear_take_turns(looks: list[tuple[Health, int]]) -> None:
    kinds = [kind for _, kind in lived(looks)]
    assert kinds == [NoticeKind.TROUBLE, NoticeKind.WELL] * (len(kinds) // 2) + [NoticeKind.TROUBLE] * (len(kinds) % 2)
