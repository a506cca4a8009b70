"""Which entries of a page kept their place, and what is in the place of one that is gone."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from digest.changes.places import Places, Reordering, in_order, leads, new_on_top
from digest.changes.prepared import Prepared, prepared
from digest.changes.values import Placing
from digest.model import DateEvidence, EntryId, Fingerprint
from tests.unit.changes.shelf import sight


def page(titles: str, day: int = 20) -> tuple[Prepared, ...]:
    """A page of entries of one letter each, newest first."""
    return prepared(replace(sight(name, (3, day - at), ()), position=at) for at, name in enumerate(titles))


def placings(titles: str, day: int = 20) -> list[Placing]:
    return [
        Placing(EntryId(name), at, 0, name, DateEvidence(3, day - at), None, Fingerprint(name), complete=True)
        for at, name in enumerate(titles)
    ]


def places(now: str, before: str) -> Places:
    """Small letters are known by their titles; others are not."""
    matched = {at: EntryId(name) for at, name in enumerate(now) if name.islower()}
    return Places(page(now), placings(before), matched)


def test_a_line_stands_in_the_place_of_one_that_is_gone_between_the_same_neighbours() -> None:
    both = places("abXd", "abcd")
    assert both.is_gone(EntryId("c"))
    assert not both.is_gone(EntryId("a"))
    assert both.at_place_of(2) == ["c"]
    assert not both.may_have_rolled_off(EntryId("c"))


def test_a_new_line_on_top_stands_in_nobodys_place_and_the_last_one_may_have_rolled_off() -> None:
    rolled = places("Xabc", "abcd")
    assert rolled.at_place_of(0) == []
    assert rolled.may_have_rolled_off(EntryId("d"))


def test_where_nothing_stayed_there_is_no_place() -> None:
    assert places("XY", "ab").at_place_of(0) == []


def test_an_entry_that_moved_to_the_top_is_no_neighbour() -> None:
    assert places("cabXd", "abecd").at_place_of(3) == ["e"]


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.permutations(list("abcdefgh")))
def test_as_many_entries_stay_as_can_be_in_order(now: list[str], before: list[str]) -> None:
    rank = {EntryId(name): at for at, name in enumerate(before)}
    entries = list(map(EntryId, now))
    found = in_order(entries, rank)
    rows = [row for size in range(len(entries) + 1) for row in combinations(entries, size)]
    longest = max(len(row) for row in rows if list(row) == sorted(row, key=lambda entry: rank[entry]))
    kept = [entry for entry in entries if entry in found]
    assert kept == sorted(kept, key=lambda entry: rank[entry])
    assert len(kept) == longest


def test_what_is_new_on_top_stands_above_all_but_two_that_stayed() -> None:
    last = placings("abcd", day=18)
    for now, new in (("XYabc", {0, 1}), ("abcd", set()), ("WXYZ", {0, 1, 2, 3})):
        start = 18 + now.find("a") if "a" in now else 25
        assert new_on_top(page(now, day=start), last) == new
    assert new_on_top(page("abcd"), []) == frozenset()
    pinned = (*page("a", day=18), *(replace_position(one, at + 1) for at, one in enumerate(page("Xbc", day=18))))
    assert new_on_top(pinned, last) == {1}


def replace_position(one: Prepared, at: int) -> Prepared:
    return prepared([replace(one.sighting, position=at)])[0]


def test_a_line_leads_its_page_unless_the_one_below_is_of_a_day_shortly_after() -> None:
    assert leads(page("ab")[0], page("ab"))
    below = prepared(
        replace(sight(name, day, ()), position=at) for at, (name, day) in enumerate([("a", (3, 1)), ("b", (3, 9))])
    )
    assert not leads(below[0], below)
    new_year = prepared(
        replace(sight(name, day, ()), position=at) for at, (name, day) in enumerate([("a", (1, 1)), ("b", (12, 28))])
    )
    assert leads(new_year[0], new_year)


def test_a_line_moved_up_where_one_stands_below_it_that_stood_above() -> None:
    last = placings("ab")
    swapped = prepared(replace(one.sighting, position=1 - at) for at, one in enumerate(page("ab")))[::-1]
    assert Reordering(swapped, last).moved_up(swapped[0])
    assert not Reordering(page("ab"), last).moved_up(page("ab")[1])


def test_a_line_has_not_moved_where_a_pin_went_back_to_its_place() -> None:
    def reordered(before: str, now: str) -> tuple[Prepared, ...]:
        lines = {one.content.title: one.sighting for one in page(before)}
        return prepared(replace(lines[title], position=at) for at, title in enumerate(now))

    now = reordered("pabcd", "abcpd")
    assert not any(map(Reordering(now, placings("pabcd")).moved_up, now))
    on_top = reordered("abcdg", "gabcd")
    assert list(map(Reordering(on_top, placings("abcdg")).moved_up, on_top)) == [True, False, False, False, False]
