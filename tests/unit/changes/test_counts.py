"""Which counts of a dump continue the series of its source."""

from __future__ import annotations

import pytest

from digest.changes.counts import goes_on, unsure


@pytest.mark.parametrize(
    ("what", "count", "before", "newest", "highest", "expected"),
    [
        ("the first of the series", 7, None, None, None, True),
        ("the dump that showed the newest shows more", 12, 10, 10, 10, True),
        ("and less: the counter began anew", 4, 10, 10, 10, True),
        ("a dump that lagged behind overtakes", 12, 8, 10, 10, True),
        ("and is still behind", 9, 8, 10, 10, False),
        ("or falls, from what was no longer the newest", 6, 8, 10, 10, False),
        ("it catches up", 10, 8, 10, 10, False),
        ("a dump that newly shows the entry shows more", 12, None, 10, 10, True),
        ("or less: it is an older one", 4, None, 10, 10, False),
        ("or what was counted before the counter began anew", 90, None, 3, 100, False),
        ("or more than ever", 101, None, 3, 100, True),
        ("behind a fall a dump goes on as before it", 91, 90, 3, 100, False),
        ("and then shows the fall itself", 5, 90, 3, 100, True),
    ],
)
def test_a_rise_goes_on_and_a_fall_of_the_dump_that_showed_the_newest(
    what: str, count: int, before: int | None, newest: int | None, highest: int | None, expected: bool
) -> None:
    assert goes_on(count, before, newest, highest) is expected, what


@pytest.mark.parametrize(
    ("count", "before", "newest", "expected"),
    [(12, 10, 10, False), (9, 8, 10, False), (4, None, 10, False), (90, None, 3, True), (91, 90, 3, True)],
)
def test_the_whole_series_is_asked_where_the_newest_count_does_not_decide(
    count: int, before: int | None, newest: int, expected: bool
) -> None:
    assert unsure(count, before, newest) is expected
