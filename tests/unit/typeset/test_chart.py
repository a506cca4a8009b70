"""The chart of reader counts: well-formed, small however long the series, true to its ends and extremes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from digest.typeset.chart import MOST_POINTS, chart
from digest.typeset.dates import format_day

SVG = "{http://www.w3.org/2000/svg}"
MARCH, NOVEMBER = datetime(2026, 3, 14, 8, tzinfo=UTC), datetime(2026, 11, 21, 8, tzinfo=UTC)
LANGUAGES = ("zh_CN", "en")
ELEMENTS = {"svg", "title", "polygon", "polyline", "circle", "text"}
SERIES = st.lists(
    st.tuples(
        st.datetimes(datetime(1999, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - it asks so
        st.integers(0, 50) | st.integers(0),
    ),
    min_size=2,
    max_size=400,
).map(lambda counts: sorted(counts, key=lambda count: count[0]))


def parsed(made: str) -> etree._Element:
    return etree.fromstring(made)


def points(made: str, shape: str = "polyline") -> list[tuple[float, float]]:
    (found,) = parsed(made).findall(f"{SVG}{shape}")
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in str(found.get("points")).split())]


def title(made: str) -> str:
    return str(parsed(made)[0].text)


def daily(*readers: int) -> list[tuple[datetime, int]]:
    return [(MARCH + timedelta(days=n), count) for n, count in enumerate(readers)]


@pytest.mark.parametrize("counts", [[], [(MARCH, 100)]])
def test_fewer_than_two_counts_are_no_line(counts: list[tuple[datetime, int]]) -> None:
    assert chart(counts, language="zh_CN") == ""


@pytest.mark.parametrize(
    ("readers", "chinese", "english"),
    [
        ((100, 5210), "从 100 增至 5210", "rose from 100 to 5210"),
        ((5210, 100), "从 5210 降至 100", "fell from 5210 to 100"),
        ((100, 100), "始末均为 100", "began and ended at 100"),
        ((100, 80, 120), "始为 100，末为 120，最低 80", "began at 100 and ended at 120, lowest 80"),
        ((100, 180, 120), "始为 100，末为 120，最高 180", "began at 100 and ended at 120, highest 180"),
        ((5, 1, 9, 5), "始末均为 5，最低 1，最高 9", "began and ended at 5, lowest 1, highest 9"),
        ((0, 10**15 - 1), "从 0 增至 999999999999999", "rose from 0 to 999999999999999"),
        ((0, 9 * 10**18), "从 0 增至 9.00e+18", "rose from 0 to 9.00e+18"),
        ((0, 10**5000), "从 0 增至 1.00e+5000", "rose from 0 to 1.00e+5000"),
    ],
)
def test_the_title_says_what_the_picture_shows(readers: tuple[int, ...], chinese: str, english: str) -> None:
    counts = list(zip([MARCH, *[MARCH] * (len(readers) - 2), NOVEMBER], readers, strict=True))

    assert title(chart(counts, language="zh_CN")) == f"读者数{chinese}，2026年3月14日至2026年11月21日"
    assert title(chart(counts, language="en")) == f"Readers {english}, 14 March 2026 to 21 November 2026"


def test_one_day_is_said_once_in_the_title() -> None:
    counts = [(MARCH, 1), (MARCH + timedelta(hours=1), 2)]

    assert title(chart(counts, language="zh_CN")) == "读者数从 1 增至 2，2026年3月14日"
    assert title(chart(counts, language="en")) == "Readers rose from 1 to 2, 14 March 2026"


def test_the_ends_are_written_beside_the_line() -> None:
    found = parsed(chart([(MARCH, 100), (NOVEMBER, 5210)], language="zh_CN"))

    assert [text.text for text in found.iter(f"{SVG}text")] == ["100", "5210", "2026年3月14日", "2026年11月21日"]


@pytest.mark.parametrize(
    ("counts", "places"),
    [
        (daily(0, 10), [(4, 64), (316, 18)]),
        (daily(10, 0), [(4, 18), (316, 64)]),
        (daily(7, 7), [(4, 41), (316, 41)]),
        (daily(10**30, 0, 10**30), [(4, 18), (160, 64), (316, 18)]),
        ([(MARCH, 1), (MARCH, 2), (MARCH, 3)], [(4, 64), (160, 41), (316, 18)]),
        ([(MARCH, 0), (MARCH, 1), (NOVEMBER, 1)], [(4, 64), (4, 18), (316, 18)]),
        ([(NOVEMBER, 10), (MARCH, 0)], [(4, 64), (316, 18)]),
    ],
)
def test_a_count_lies_where_its_moment_and_its_size_put_it(
    counts: list[tuple[datetime, int]], places: list[tuple[float, float]]
) -> None:
    assert points(chart(counts, language="en")) == places


def test_a_long_series_is_thinned_and_keeps_its_peak_and_its_dip() -> None:
    readers = [1000 + n % 7 for n in range(50_000)]
    readers[20_001], readers[30_001] = 5000, 0
    made = chart(daily(*readers), language="zh_CN")
    drawn = points(made)

    assert len(drawn) == MOST_POINTS
    assert min(y for _, y in drawn) == 18
    assert max(y for _, y in drawn) == 64
    assert len(made) < 5000


@pytest.mark.parametrize("at", [1, 498, 500, 998])
def test_a_peak_anywhere_is_drawn(at: int) -> None:
    drawn = points(chart(daily(*(100 if n == at else n % 2 for n in range(1000))), language="en"))

    assert [y for _, y in drawn].count(18) == 1


@pytest.mark.parametrize("many", [MOST_POINTS - 1, MOST_POINTS])
def test_a_series_that_fits_is_drawn_whole(many: int) -> None:
    assert len(points(chart(daily(*range(many)), language="en"))) == many


@given(SERIES, st.sampled_from(LANGUAGES))
def test_any_series_is_well_formed_and_true_to_its_ends_and_extremes(
    counts: list[tuple[datetime, int]], language: str
) -> None:
    made = chart(counts, language=language)
    found = parsed(made)
    drawn = points(made)
    low, high = min(readers for _, readers in counts), max(readers for _, readers in counts)

    assert {element.tag.removeprefix(SVG) for element in found.iter()} == ELEMENTS
    assert found.get("role") == "img"
    assert found[0].tag == f"{SVG}title"
    assert 2 <= len(drawn) <= MOST_POINTS
    assert drawn == sorted(drawn, key=lambda place: place[0])
    assert (drawn[0][0], drawn[-1][0]) == (4, 316)
    assert {min(y for _, y in drawn), max(y for _, y in drawn)} == ({18, 64} if low < high else {41})
    assert points(made, "polygon") == [(4, 64), *drawn, (316, 64)]
    assert format_day(counts[0][0].date(), language) in title(made)
    assert format_day(counts[-1][0].date(), language) in title(made)


@given(SERIES, st.sampled_from(LANGUAGES))
def test_a_strict_policy_lets_it_through_and_it_takes_the_colour_of_the_page(
    counts: list[tuple[datetime, int]], language: str
) -> None:
    for element in parsed(chart(counts, language=language)).iter():
        names = set(map(str, element.attrib))
        assert not {name for name in names if name in {"style", "id", "href"} or name.startswith("on")}
        assert {element.get("fill"), element.get("stroke")} <= {None, "none", "currentColor"}


@given(SERIES, st.sampled_from(LANGUAGES))
def test_equal_counts_give_equal_bytes(counts: list[tuple[datetime, int]], language: str) -> None:
    assert chart(tuple(counts), language=language).encode() == chart(list(counts), language=language).encode()
