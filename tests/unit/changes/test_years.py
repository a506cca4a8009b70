"""Years that the pages of a source prove: every other year is excluded, or none is given."""

from __future__ import annotations

from datetime import date
from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.changes.dates import Page, inferred
from digest.model import DateEvidence, EntryDate, EntryId
from tests.examples import examples
from tests.unit.changes.crawls import DAY, EXACT, INFERRED, PARTIAL, Reader, evidence, listing, told
from tests.unit.changes.sites import FAMILIES, counted, placing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


# --- dense days around an exact date --------------------------------------------------------------

NOVEMBER = "6 Nov, 11 Nov, 13 Nov, 20 Nov, 24 Nov, 1 Dec, 4 Dec, 7 Dec"


def turned(shown: str) -> str:
    return ", ".join(reversed(listing(shown)))


def of(year: int, shown: str) -> dict[str, int]:
    return dict.fromkeys(listing(shown), year)


def test_eight_days_within_five_weeks_have_the_year_of_the_exact_one() -> None:
    others = "6 Nov, 11 Nov, 13 Nov, 24 Nov, 1 Dec, 4 Dec, 7 Dec"
    assert told(NOVEMBER, "20 Nov 2020") == of(2020, others)
    # newest first, the topmost one may be pinned
    assert told(turned(NOVEMBER), "20 Nov 2020") == of(2020, others.removesuffix(", 7 Dec"))


def test_a_year_is_given_nowhere_beyond_the_dense_days() -> None:
    shown = f"1 Feb, 9 May, {NOVEMBER}, 30 Dec"
    assert told(shown, "20 Nov 2020").keys() == {*listing(NOVEMBER)} - {"20 Nov"}


@pytest.mark.parametrize(
    ("shown", "exact"),
    [
        # without an exact day nothing is known
        (NOVEMBER, ()),
        # seven days, or eight within more than five weeks
        (NOVEMBER.removeprefix("6 Nov, "), ("20 Nov 2020",)),
        (NOVEMBER.replace("7 Dec", "12 Dec"), ("20 Nov 2020",)),
        # years that differ among them
        (NOVEMBER, ("11 Nov 2019", "20 Nov 2020")),
        # over New Year
        ("24 Dec, 27 Dec, 29 Dec, 31 Dec, 2 Jan, 4 Jan, 6 Jan, 8 Jan", ("31 Dec 2020",)),
        # an entry on the same day may be its anniversary
        (NOVEMBER.replace("24 Nov", "20 Nov*"), ("20 Nov 2020",)),
        # more than a week apart
        (NOVEMBER.replace("1 Dec", "2 Dec"), ("20 Nov 2020",)),
        # neither up nor down
        ("6 Nov, 13 Nov, 11 Nov, 24 Nov, 20 Nov, 1 Dec, 4 Dec, 7 Dec", ("20 Nov 2020",)),
        # the exact one may be pinned, and its year is that of nothing below it
        (NOVEMBER, ("6 Nov 2015",)),
        (turned(NOVEMBER), ("4 Dec 2015",)),
        # with a full date printed among them it is another layout
        (NOVEMBER.replace("24 Nov", "24 Nov 2020"), ("20 Nov 2020",)),
    ],
)
def test_where_days_are_not_dense_no_year_is_given(shown: str, exact: tuple[str, ...]) -> None:
    assert told(shown, *exact) == {}


def test_right_under_pins_the_first_dense_day_may_be_one_more() -> None:
    shown = "3 Jan, " + turned(NOVEMBER)
    assert told(shown, "20 Nov 2020").keys() == {*listing(NOVEMBER)} - {"20 Nov", "7 Dec"}


def test_dense_days_prove_no_year_in_which_one_of_them_was_not_there_yet() -> None:
    reader = Reader()
    reader.exact("20 Nov 2020")
    assert reader.read(NOVEMBER, date(2020, 11, 25)) == {}


def test_29_february_has_no_year_without_it() -> None:
    shown = "20 Feb, 22 Feb, 24 Feb, 26 Feb, 28 Feb, 29 Feb, 2 Mar, 4 Mar"
    assert told(shown, "24 Feb 2020") == of(2020, shown.replace("24 Feb, ", ""))
    assert told(shown, "24 Feb 2021") == {}


def test_a_year_of_silence_between_two_readings_is_not_hidden_by_dense_days() -> None:
    """After 370 days the author continues as before, and only one earlier date is exact."""
    reader, before = Reader(), date(2020, 12, 7)
    shown = "20 Dec, 17 Dec, 14 Dec, 11 Dec, 7 Dec, 4 Dec, 1 Dec, 28 Nov, 25 Nov, 22 Nov"
    reader.exact("1 Dec 2020")
    reader.read("7 Dec, 4 Dec, 1 Dec, 28 Nov, 25 Nov, 22 Nov", before)
    assert 2020 not in reader.read(shown, date(2021, 12, 21)).values()


# --- between full dates, on a page that lists by date ---------------------------------------------

WEEKLY = "3 Feb, 27 Jan, 20 Jan, 13 Jan, 6 Jan, 30 Dec, 23 Dec, 16 Dec, 9 Dec, 2 Dec, 25 Nov, 18 Nov"


def test_what_stands_between_two_full_dates_has_the_only_year_between_them() -> None:
    between = of(2021, "13 Jan, 6 Jan") | of(2020, "30 Dec, 23 Dec, 16 Dec")
    assert told(WEEKLY, "20 Jan 2021", "9 Dec 2020") == between
    assert told(turned(WEEKLY), "20 Jan 2021", "9 Dec 2020") == between


def test_equal_days_stand_between_full_dates_as_any_other() -> None:
    shown = WEEKLY.replace("6 Jan", "6 Jan, 6 Jan*").replace("9 Dec,", "9 Dec, 9 Dec*, 9 Dec**,")
    found = told(shown, "20 Jan 2021", "9 Dec** 2020")
    assert (found["6 Jan"], found["6 Jan*"], found["9 Dec"], found["9 Dec*"]) == (2021, 2021, 2020, 2020)


@pytest.mark.parametrize(
    ("shown", "exact"),
    [
        # what may be pinned bounds nothing
        (WEEKLY, ("27 Jan 2021", "9 Dec 2020")),
        (WEEKLY, ("3 Feb 2021", "9 Dec 2020")),
        # two years fit each
        (WEEKLY, ("20 Jan 2022", "9 Dec 2020")),
        # the dates do not fall, or a day between them has no place
        (WEEKLY, ("20 Jan 2021", "23 Dec 2020", "16 Dec 2021", "9 Dec 2020")),
        (WEEKLY.replace("23 Dec", "23 Jul"), ("20 Jan 2021", "9 Dec 2020")),
        # five entries in order are no proof that the page is
        ("27 Jan, 20 Jan, 13 Jan, 6 Jan, 30 Dec", ("13 Jan 2021", "30 Dec 2020")),
    ],
)
def test_where_two_years_fit_or_the_order_is_not_sure_none_is_given(shown: str, exact: tuple[str, ...]) -> None:
    assert told(shown, *exact) == {}


def test_a_page_that_jumps_over_fourteen_years_has_only_the_years_that_are_exact() -> None:
    shown = "28 Mar, 28 Aug, 31 Oct, 3 Feb, 20 Jul, 11 Sep, 30 May, 9 Jan, 15 Jun, 2 Mar"
    assert told(shown, "31 Oct 2020", "30 May 2013") == {}
    assert told(shown, "28 Mar 2023", "31 Oct 2020", "20 Jul 2016", "11 Sep 2013", "2 Mar 2009") == {}


def test_pins_on_top_neither_get_a_year_nor_hide_the_order() -> None:
    shown = f"1 Jun, 9 Sep, {WEEKLY}"
    found = told(shown, "9 Sep 2015", "27 Jan 2021", "16 Dec 2020")
    assert found == of(2021, "20 Jan, 13 Jan, 6 Jan") | of(2020, "30 Dec, 23 Dec")


def test_29_february_stands_between_two_dates_in_a_leap_year_only() -> None:
    shown = "29 Mar, 22 Mar, 15 Mar, 8 Mar, 1 Mar, 29 Feb, 23 Feb, 16 Feb, 9 Feb, 2 Feb, 26 Jan"
    assert told(shown, "15 Mar 2021", "16 Feb 2018")["29 Feb"] == 2020
    assert told(shown, "15 Mar 2020", "9 Feb 2020")["29 Feb"] == 2020


# --- between two readings -------------------------------------------------------------------------

FIVE = "28 Apr, 21 Apr, 14 Apr, 7 Apr, 31 Mar"


def test_what_comes_on_top_between_two_readings_was_published_between_them() -> None:
    reader = Reader()
    assert reader.read(FIVE, date(2021, 5, 3)) == {}
    assert reader.read("5 May, 28 Apr, 21 Apr, 14 Apr, 7 Apr", date(2021, 5, 10)) == {"5 May": 2021}
    assert reader.read("19 May, 12 May, 5 May, 28 Apr, 21 Apr", date(2021, 5, 24)) == of(2021, "19 May, 12 May")


def test_over_new_year_each_has_its_own() -> None:
    reader = Reader()
    reader.read("24 Dec, 17 Dec, 10 Dec, 3 Dec, 26 Nov", date(2020, 12, 27))
    assert reader.read("7 Jan, 31 Dec, 24 Dec, 17 Dec, 10 Dec", date(2021, 1, 8)) == {"7 Jan": 2021, "31 Dec": 2020}


@pytest.mark.parametrize(("day", "found"), [("2 May", {}), ("3 May", 2021), ("10 May", 2021), ("11 May", {})])
def test_the_days_of_both_readings_are_between_them(day: str, found: object) -> None:
    reader = Reader()
    reader.read("28 Apr, 21 Apr, 14 Apr, 7 Apr, 31 Mar", date(2021, 5, 3))
    year = reader.read(f"{day}, {FIVE}", date(2021, 5, 10))
    assert year == (found and {day: found})


def test_a_second_reading_on_the_same_day_counts() -> None:
    reader, on = Reader(), date(2021, 5, 3)
    reader.read(FIVE, on)
    assert reader.read("3 May, " + FIVE, on) == {"3 May": 2021}


@pytest.mark.parametrize(
    ("before", "then", "shown"),
    [
        # after fourteen months, two years are possible
        (date(2021, 3, 4), date(2022, 5, 10), "3 May, 3 Mar, 9 Feb, 20 Jan, 12 Jan, 5 Jan, 3 Jan"),
        # and after a year none would speak against an old one
        (date(2021, 3, 4), date(2022, 3, 4), "3 May, 3 Mar, 9 Feb, 20 Jan, 12 Jan, 5 Jan, 3 Jan"),
        # a clock that was put back
        (date(2021, 3, 4), date(2021, 2, 4), "5 Feb, 3 Mar, 9 Feb, 20 Jan, 12 Jan, 5 Jan, 3 Jan"),
        # the page was rearranged
        (date(2021, 3, 4), date(2021, 3, 14), "9 Mar, 3 Mar, 20 Jan, 9 Feb, 12 Jan, 5 Jan, 3 Jan"),
        # it stands in the middle
        (date(2021, 3, 4), date(2021, 3, 14), "3 Mar, 9 Feb, 20 Jan, 9 Mar, 12 Jan, 5 Jan, 3 Jan"),
        # one on top is older than the one below it, and the day of the other is of no use
        (date(2021, 3, 4), date(2021, 3, 14), "20 May, 3 Mar, 9 Feb, 20 Jan, 12 Jan, 5 Jan, 3 Jan"),
    ],
)
def test_where_the_readings_exclude_no_year_none_is_given(before: date, then: date, shown: str) -> None:
    reader = Reader()
    reader.read("3 Mar, 9 Feb, 20 Jan, 12 Jan, 5 Jan, 3 Jan", before)
    assert reader.read(shown, then) == {}


@pytest.mark.parametrize(
    "shown", ["21 Apr, 14 Apr", "21 Apr", "14 Apr, 28 Apr, 7 Apr, 21 Apr", "7 Apr, 14 Apr, 21 Apr, 28 Apr"]
)
def test_a_page_that_need_not_list_newest_first_proves_nothing_by_its_top(shown: str) -> None:
    reader = Reader()
    reader.read(shown, date(2021, 5, 3))
    assert reader.read(f"5 May, {shown}", date(2021, 5, 10)) == {}


def test_what_was_known_before_is_no_new_entry_on_top() -> None:
    reader = Reader()
    reader.read("5 May, 1 Jan, 9 Sep, 7 Jul", date(2021, 4, 20), "search")
    reader.read(FIVE, date(2021, 5, 3))
    assert reader.read(f"5 May, {FIVE}", date(2021, 5, 10)) == {}


def test_pins_of_before_stay_above_the_new_entry() -> None:
    for pins in ("1 Sep", "1 Sep, 4 May"):
        reader = Reader()
        reader.read(f"{pins}, {FIVE}", date(2021, 5, 3))
        assert reader.read(f"{pins}, 5 May, {FIVE}", date(2021, 5, 10)) == {"5 May": 2021}
        assert reader.read(f"{pins}, 12 May, 5 May, {FIVE}", date(2021, 5, 17)) == {"12 May": 2021}


def test_three_above_are_no_pins() -> None:
    reader = Reader()
    reader.read(f"1 Sep, 4 Feb, 9 Oct, {FIVE}", date(2021, 5, 3))
    assert reader.read(f"1 Sep, 4 Feb, 9 Oct, 5 May, {FIVE}", date(2021, 5, 10)) == {}


def test_an_article_pinned_between_two_readings_has_no_year_unless_its_day_lies_between_them() -> None:
    reader = Reader()
    reader.read(FIVE, date(2021, 5, 3))
    reader.read(f"5 May, {FIVE}", date(2021, 5, 10))
    assert reader.read(f"1 Sep, 12 May, 5 May, {FIVE}", date(2021, 5, 17)) == {"12 May": 2021}
    # this one is older than what stands below it
    assert reader.read(f"18 May, 19 May, 12 May, 5 May, {FIVE}", date(2021, 5, 24)) == {"19 May": 2021}
    # and this one, of any year, cannot be distinguished from a new one
    assert reader.read(f"26 May, 25 May, 19 May, 12 May, 5 May, {FIVE}", date(2021, 5, 31)) == of(
        2021, "26 May, 25 May"
    )


def test_a_pinned_copy_of_a_listed_article_is_not_taken_for_a_new_one() -> None:
    reader = Reader()
    reader.read(FIVE, date(2021, 5, 3))
    shown = f"5 May, 9 May, 5 May, {FIVE}"
    assert reader.read(shown, date(2021, 5, 10)) == of(2021, "9 May, 5 May")


def test_an_author_who_paused_for_exactly_52_weeks_has_the_year_of_the_readings() -> None:
    reader = Reader()
    shown = "26 Apr, 19 Apr, 12 Apr, 5 Apr, 29 Mar, 22 Mar, 15 Mar, 8 Mar"
    reader.exact("12 Apr 2020", "5 Apr 2020")
    on = date(2020, 4, 27)
    reader.read(shown, on)
    while on + 7 * DAY <= date(2021, 4, 19):
        on += 7 * DAY
        assert reader.read(shown, on) == {}
    assert reader.read(f"25 Apr, {shown}", date(2021, 4, 26)) == {"25 Apr": 2021}
    assert reader.read(f"2 May, 25 Apr, {shown}", date(2021, 5, 3)) == {"2 May": 2021}


def test_of_new_entries_whose_days_lie_far_back_nothing_is_stated() -> None:
    """The second page of an index whose first one is not read: what is new on it was published long before."""
    reader = Reader()
    reader.read("14 Feb, 7 Feb, 31 Jan, 24 Jan, 17 Jan", date(2021, 5, 3))
    assert reader.read("21 Feb, 14 Feb, 7 Feb, 31 Jan, 24 Jan", date(2021, 5, 10)) == {}


def test_without_a_full_date_of_the_last_year_far_readings_may_be_of_a_later_page() -> None:
    """The second page of an author who writes an article a month: its top is a year old, and bears such a day."""
    shown = "20 Feb, 14 Jan, 3 Dec, 5 Nov, 11 Oct, 18 Sep"
    reader = Reader()
    reader.read(shown, date(2021, 3, 1))
    assert reader.read(f"11 Apr, {shown}", date(2021, 5, 1)) == {}
    reader = Reader()
    reader.exact("3 Dec 2020")
    reader.read(shown, date(2021, 3, 1))
    assert reader.read(f"11 Apr, {shown}", date(2021, 5, 1)) == {"11 Apr": 2021}


@pytest.mark.parametrize(
    ("shown", "new"),
    [
        ("1 Jan*, 1 Jan**, 1 Jan***, 1 Jan****, 1 Jan*****", "1 Jan"),
        ("25 Jan, 5 Feb, 16 Feb, 28 Jan, 8 Feb", "12 Feb"),
    ],
)
def test_a_greeting_each_year_on_a_page_of_greetings_has_no_year(shown: str, new: str) -> None:
    reader = Reader()
    reader.read(shown, date(2020, 12, 30))
    assert reader.read(f"{new}, {shown}", date(2021, 2, 15)) == {}


# --- ranges, and several rules --------------------------------------------------------------------


def test_the_operators_range_ends_with_the_first_sighting() -> None:
    shown = "28 Mar, 28 Aug, 31 Oct, 3 Feb"
    reader = Reader()
    found = reader.read(shown, date(2021, 3, 30), earliest=date(2020, 6, 1))
    assert found == {"28 Mar": 2021, "28 Aug": 2020, "31 Oct": 2020, "3 Feb": 2021}
    assert Reader().read(shown, date(2021, 9, 1), earliest=date(2020, 6, 1)) == {
        "31 Oct": 2020,
        "3 Feb": 2021,
        "28 Mar": 2021,
    }
    assert Reader().read(shown, date(2022, 9, 1), earliest=date(2020, 6, 1), latest=date(2020, 12, 31)) == of(
        2020, "28 Aug, 31 Oct"
    )
    assert Reader().read(shown, date(2021, 3, 30), latest=date(2021, 6, 1)) == {}


def test_no_year_lies_outside_of_the_range() -> None:
    reader = Reader()
    reader.exact("20 Nov 2020")
    outside = reader.read(NOVEMBER, date(2021, 3, 1), earliest=date(2010, 1, 1), latest=date(2020, 12, 3))
    assert outside == {}


def test_an_entry_that_two_pages_date_differently_stays_as_it_is() -> None:
    dates: dict[EntryId, EntryDate | None] = {}
    pages = []
    for year, name in ((2019, "a"), (2020, "b")):
        placings = []
        for at, text in enumerate(listing(NOVEMBER)):
            entry = text if text in {"13 Nov", "24 Nov"} else f"{text} {name}"
            placings.append(placing(entry, at, evidence(text)))
            dates[EntryId(entry)] = EntryDate(*evidence(text)[:2], None, PARTIAL)
        dates[EntryId(f"20 Nov {name}")] = EntryDate(11, 20, year, EXACT)
        pages.append(Page(placings))
    found = inferred(pages, dates, {})
    assert not found.keys() & {"13 Nov", "24 Nov"}
    assert {one.year for entry, one in found.items() if entry.endswith("a")} == {2019}
    assert {one.year for entry, one in found.items() if entry.endswith("b")} == {2020}


def test_an_entry_that_is_known_by_another_day_proves_nothing_and_gets_nothing() -> None:
    dates: Mapping[EntryId, EntryDate | None] = {
        EntryId("20 Nov"): EntryDate(11, 20, 2020, EXACT),
        EntryId("13 Nov"): EntryDate(11, 12, None, PARTIAL),
    }
    page = Page([placing(text, at, evidence(text)) for at, text in enumerate(listing(NOVEMBER))])
    assert inferred([page], dates, {}) == {}


def test_full_dates_are_left_alone() -> None:
    days = {EntryId(text): EntryDate(*evidence(text)[:2], 2020, INFERRED) for text in listing(NOVEMBER)}
    page = Page([placing(text, at, evidence(text)) for at, text in enumerate(listing(NOVEMBER))])
    exact = days | {EntryId("20 Nov"): EntryDate(11, 20, 2020, EXACT)}
    assert inferred([page], exact, {}, earliest=date(2020, 1, 1), latest=date(2020, 12, 31)) == {}


# --- cases that got a wrong year ------------------------------------------------------------------


def test_a_tag_page_read_again_after_a_year_proves_no_year() -> None:
    reader = Reader()
    reader.exact("3 Mar 2021", on=date(2021, 3, 4))
    reader.read("3 Mar, 9 Feb, 20 Jan", date(2021, 3, 4), "tag")
    assert reader.read("15 Apr, 3 Mar, 9 Feb, 20 Jan", date(2022, 4, 16), "tag") == {}


def test_a_page_that_rolled_over_completely_proves_its_years_if_all_lie_between_close_readings() -> None:
    def rolled(shown: str, on: date) -> dict[str, int | None]:
        reader = Reader()
        reader.read(FIVE, date(2021, 5, 3))
        return reader.read(shown, on)

    shown = "2 Jun, 26 May, 19 May, 12 May, 5 May"
    assert rolled(shown, date(2021, 6, 3)) == of(2021, shown)
    assert rolled(shown, date(2021, 6, 8)) == {}
    assert rolled(shown.removesuffix(", 5 May"), date(2021, 6, 3)) == {}
    assert rolled(shown.replace("5 May", "2 May"), date(2021, 6, 3)) == {}
    assert rolled(turned(shown), date(2021, 6, 3)) == {}


def test_a_page_that_rolled_over_between_far_readings_proves_no_year() -> None:
    reader = Reader()
    reader.read("6 Apr, 1 Apr, 27 Mar, 22 Mar, 17 Mar, 12 Mar, 7 Mar, 2 Mar", date(2021, 4, 10))
    shown = "16 May, 11 May, 6 May, 1 May, 26 Apr, 21 Apr, 16 Apr, 11 Apr"
    assert reader.read(shown, date(2021, 5, 20)) == {}
    assert reader.read(f"21 May, {shown}", date(2021, 5, 22)) == {"21 May": 2021}


def test_an_article_pinned_before_the_first_reading_gets_no_year() -> None:
    reader = Reader()
    reader.exact("20 Jul 2021", on=date(2021, 7, 27))
    assert "26 Jul" not in reader.read("26 Jul, 20 Jul, 14 Jul, 2 Jul", date(2021, 7, 27))


# --- sites with known dates -----------------------------------------------------------------------


@given(st.lists(st.integers(1, 20), min_size=12, max_size=40), st.data())
def test_a_page_that_lists_by_date_gets_no_wrong_year(gaps: Sequence[int], data: st.DataObject) -> None:
    days = [date(2020, 6, 1)]
    for gap in gaps:
        days.append(days[-1] - gap * DAY)
    if data.draw(st.booleans()):
        days.reverse()
    exact = data.draw(st.sets(st.integers(0, len(days) - 1)))
    placings = [placing(str(at), at, DateEvidence(day.month, day.day)) for at, day in enumerate(days)]
    dates = _dates(days, exact)
    found = inferred([Page(placings)], dates, {})
    assert all(one.full == days[int(entry)] for entry, one in found.items())
    if {2, len(days) - 1} <= exact and sum(gaps) < 365:
        assert {int(entry) for entry in found} | exact >= set(range(2, len(days)))


def _dates(days: Sequence[date], exact: Iterable[int]) -> dict[EntryId, EntryDate | None]:
    return {
        EntryId(str(at)): EntryDate(day.month, day.day, day.year, EXACT)
        if at in exact
        else EntryDate(day.month, day.day, None, PARTIAL)
        for at, day in enumerate(days)
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_sites_of_all_kinds_get_no_wrong_year(family: str) -> None:
    count = counted(family, range(examples(48)))
    assert count.wrong == []
    assert count.told or family == "shuffled"
    assert count.pins <= 0.005 * count.told


def test_a_weekly_blog_gets_its_years_at_once() -> None:
    count = counted("steady", range(40, 52))
    assert count.new > 1000
    assert count.at_once >= 0.95 * count.new


def test_a_page_of_many_entries_takes_no_more_time_for_each() -> None:
    def seconds(entries: int) -> float:
        days = [date(2026, 1, 1) - (at // 40) * DAY for at in range(entries)]
        placings = [placing(str(at), at, DateEvidence(day.month, day.day)) for at, day in enumerate(days)]
        dates = _dates(days, range(5, entries, 97))
        seen = dict.fromkeys(dates, date(2026, 1, 1))
        page = Page(placings, placings[3:], date(2025, 12, 30), date(2026, 1, 1))
        begin = process_time()
        assert len(inferred([page], dates, seen)) > entries // 2
        return process_time() - begin

    assert seconds(40_000) < 40 * seconds(4_000)
