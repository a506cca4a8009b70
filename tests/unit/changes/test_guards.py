"""When a dump is held, and which entries of a first import count as new."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from digest.changes.backlog import first_updated_at, news, published_at, updated_as_below
from digest.changes.guards import Signs, Suspicion, agree, hold, lines
from digest.changes.prepared import prepared
from digest.model import AtomId, Content, DateKind, Entry, EntryDate, EntryId, SourceId
from tests.unit.changes.shelf import NOW, Shelf, sight

if TYPE_CHECKING:
    from digest.model import Sighting

CHINA = ZoneInfo("Asia/Shanghai")


def titles(first: int, end: int) -> list[str]:
    return [f"第{number}篇文章的题目" for number in range(first, end)]


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (titles(0, 0), titles(0, 1), ""),
        (titles(0, 10), titles(0, 10), ""),
        (titles(0, 10), titles(0, 5), ""),
        (titles(0, 10), titles(0, 4), "it shows 4 entries where it showed 10"),
        (titles(0, 10), titles(10, 20), "0 of the 10 entries that it showed are left"),
        (titles(0, 10), titles(9, 19), ""),
        (titles(0, 1), titles(1, 2), "0 of the 1 entries that it showed are left"),
        (titles(0, 10), titles(0, 40), ""),
    ],
)
def test_a_dump_is_held_where_most_is_gone_or_nothing_is_common(before: list[str], now: list[str], reason: str) -> None:
    shelf = Shelf()
    if before:
        shelf.read(*(sight(title, body=(f"{title}的正文",)) for title in before))
    changes = shelf.look(*(sight(title, body=(f"{title}的正文",)) for title in now))

    found = hold(shelf.last.get("index.txt", ()), changes, Signs(), keep=0.5, common=0.0)
    assert (found.reason if found else "") == reason


def test_the_thresholds_are_taken_as_given() -> None:
    shelf = Shelf()
    shelf.read(*(sight(title, body=(f"{title}的正文",)) for title in titles(0, 10)))
    rolled = shelf.look(*(sight(title, body=(f"{title}的正文",)) for title in titles(8, 18)))
    last = shelf.last["index.txt"]

    assert hold(last, rolled, Signs(), keep=0.3, common=0.1) is None
    shrunk = hold(last, rolled, Signs(), keep=1, common=0.2)
    assert shrunk is None  # it shows as many, and two that are known


def of(*names: str, body: str = "") -> list[Sighting]:
    return [
        sight(name, body=(body or f"{name}的正文,写得足够长,好和别的文章分开来,所以还要再添上几个字才行。",))
        for name in names
    ]


def test_a_page_of_new_entries_is_recognised_where_half_of_its_old_ones_moved_to_a_sibling() -> None:
    shelf = Shelf()
    shelf.read(*of(*titles(0, 4)))
    rolled, last = shelf.look(*of(*titles(4, 8))), shelf.last["index.txt"]
    old = [placing.entry for placing in last]

    for arrived, suspicion in ((old[:1], Suspicion.REPLACED), (old[:2], None)):
        found = hold(last, rolled, Signs(arrived=frozenset(arrived)), keep=0.5, common=0.0)
        assert (found.suspicion if found else None) is suspicion


def test_a_page_half_of_whose_entries_have_another_text_at_once_is_held() -> None:
    shelf = Shelf()
    shelf.read(*of(*titles(0, 6)))
    for changed, suspicion in ((2, None), (3, Suspicion.REWRITTEN), (6, Suspicion.REWRITTEN)):
        again = shelf.look(
            *of(*titles(0, changed), body="从头到尾换了一遍的另外一段文字,和原来写的没有任何关系。"),
            *of(*titles(changed, 6)),
        )
        found = hold(shelf.last["index.txt"], again, Signs(), keep=0.5, common=0.0)
        assert (found.suspicion if found else None) is suspicion


def test_damaged_text_is_held_on_a_new_page_too_and_an_unread_line_only_where_the_page_was_good() -> None:
    shelf = Shelf()
    first = shelf.look(*of("甲"))
    damaged = hold((), first, Signs(damage="it is garbled"), keep=0.5, common=0.0)
    assert damaged is not None
    assert (damaged.suspicion, damaged.suspicion.ends_by_itself) == (Suspicion.DAMAGED, False)
    assert hold((), first, Signs(left_out="line 3"), keep=0.5, common=0.0) is None
    shelf.read(*of("甲"))
    again = shelf.look(*of("甲"))
    left_out = hold(shelf.last["index.txt"], again, Signs(left_out="line 3"), keep=0.5, common=0.0)
    assert left_out is not None
    assert (left_out.suspicion, left_out.suspicion.ends_by_itself) == (Suspicion.LEFT_OUT, True)


@pytest.mark.parametrize(
    ("now", "agrees"), [(titles(0, 8), True), (titles(4, 12), True), (titles(5, 13), False), (titles(0, 2), True)]
)
def test_readings_agree_where_half_of_the_lines_of_the_shorter_one_are_common(now: list[str], agrees: bool) -> None:
    held = lines(prepared(of(*titles(0, 8))))
    assert agree(held, lines(prepared(of(*now)))) is agrees


def entry(name: str, day: EntryDate | None, page_order: int = 0) -> Entry:
    content = Content(name, None, (), ())
    return Entry(EntryId(name), AtomId(name), (SourceId("blog"),), content, day, None, NOW, NOW, 1, page_order)


def full(year: int, month: int, day: int, kind: DateKind = DateKind.EXACT) -> EntryDate:
    return EntryDate(month, day, year, kind)


def test_new_entries_are_the_latest_by_date_then_by_page_order() -> None:
    entries = [
        entry("partial first", EntryDate(3, 1, None, DateKind.PARTIAL), 0),
        entry("old", full(2019, 12, 31), 1),
        entry("undated", None, 2),
        entry("new", full(2020, 1, 1, DateKind.INFERRED), 3),
        entry("new too", full(2020, 1, 1), 4),
    ]
    ranked = ("new", "new too", "old", "partial first", "undated")
    for backlog in range(7):
        assert news(entries, backlog) == ranked[:backlog]


def test_an_old_article_is_not_shown_as_todays() -> None:
    old = entry("old", full(2019, 12, 31))
    assert first_updated_at(old, is_news=True, zone=CHINA) == NOW
    assert first_updated_at(old, is_news=False, zone=CHINA) == datetime(2019, 12, 30, 16, tzinfo=UTC)
    assert first_updated_at(entry("undated", None), is_news=False, zone=CHINA) == NOW


def test_an_undated_article_is_as_old_as_what_stands_below_it() -> None:
    above, between, last, alone = (EntryId(name) for name in ("above", "between", "last", "alone"))
    new, old = EntryId("new"), EntryId("old")
    dated = {new: NOW, old: NOW - timedelta(days=900)}
    pages = [[last], [above, new, between, above, old, last], [old, above], [alone]]
    assert updated_as_below({above, between, last, alone}, pages, dated) == {above: dated[old], between: dated[old]}
    assert updated_as_below({above}, [[above, between, new]], dated) == {above: NOW}
    assert updated_as_below(set(), pages, dated) == {}


def test_a_date_ahead_of_us_is_no_time_at_which_anything_was_updated() -> None:
    tomorrow = (NOW + timedelta(days=2)).date()
    ahead = entry("ahead", full(tomorrow.year, tomorrow.month, tomorrow.day))
    assert first_updated_at(ahead, is_news=False, zone=CHINA) == NOW


def test_a_date_is_noon_in_its_sources_zone() -> None:
    made = published_at(full(2020, 11, 20).full, CHINA)  # type: ignore[arg-type]
    assert made.isoformat() == "2020-11-20T12:00:00+08:00"
    assert published_at(date(1900, 1, 1), CHINA).isoformat() == "1900-01-01T12:00:00+08:06"
