"""What declared layouts show, in every store: dates without a day, extras, counts, entries without a title."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from digest.changes.keys import entry_key, lead_key
from digest.changes.values import Added, Body, Cause, ChangeSet, Questions, Revised
from digest.model import (
    NO_EXTRAS,
    AtomId,
    Content,
    DateEvidence,
    DateKind,
    EntryDate,
    EntryId,
    Extras,
    PrintedDate,
    SourceId,
)
from digest.records.intake import ApplyFacts
from digest.service.upkeep.invariants import violations

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.changes.values import Placing
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

BLOG = SourceId("blog")
A = EntryId("a")
TAGGED = Extras(tags=("几何", "Topology"), link="https://a.example/1", fields=(("mood", "calm"),))
CRANE = "All the big harbours want a new crane. Even I, who like the old one, want a new crane."


def part(year: int | None, month: int | None = None) -> EntryDate:
    return EntryDate(month, None, year, DateKind.PARTIAL)


def read(
    hand: Hand,
    now: datetime,
    *changes: Added | Revised,
    placings: tuple[Placing, ...] = (),
    counts: dict[str, dict[str, int]] | None = None,
    before: dict[str, dict[str, int]] | None = None,
    last: tuple[Placing, ...] | None = None,
) -> None:
    """A dump read, with the keys of its contents."""
    contents = {change.entry: change.content for change in changes}
    placings = placings or tuple(hand.placing(change.entry, at) for at, change in enumerate(changes))
    change_set = ChangeSet(
        changes,
        placings,
        (),
        tuple((one.entry, one.date) for one in changes if isinstance(one, Added) and one.date),
        (),
        counts=tuple((EntryId(entry), tuple(shown.items())) for entry, shown in (counts or {}).items()),
        counted_before={EntryId(entry): tuple(shown.items()) for entry, shown in (before or {}).items()},
    )
    facts = ApplyFacts(
        now=now,
        first_import=False,
        atom_ids={one.entry: AtomId(f"tag:x,2026:entry/{one.entry}") for one in changes if isinstance(one, Added)},
        title_keys={entry: entry_key(content) for entry, content in contents.items()},
        lead_keys={entry: lead_key(content) for entry, content in contents.items()},
        last=last,
    )
    with hand.store.write() as tx:
        tx.readings.register_source(BLOG, now)
        tx.readings.store_dump(hand.dump())
        tx.readings.apply(BLOG, "a.txt", change_set, facts)
        tx.feeds.enlist("", [one.entry for one in changes if isinstance(one, Added)])


@pytest.mark.parametrize("date", [part(2021, 6), part(2021), part(None, 6)], ids=["month", "year", "no year"])
def test_a_date_without_a_day_comes_back_as_it_was(hand: Hand, now: datetime, date: EntryDate) -> None:
    read(hand, now, Added(A, 0, hand.content("a"), date))
    assert hand.entry("a").date == date
    with hand.store.read() as tx:
        assert tx.entries.revisions(A)[0].date == date
        (known,) = tx.readings.known(Questions(entries=frozenset([A])))
        assert known.date == date
        assert tx.readings.dates([A])[A][0] == date
    full = EntryDate(6, 11, 2021, DateKind.EXACT)
    with hand.store.write() as tx:
        tx.readings.upgrade_dates({A: full}, now)
    assert (hand.entry("a").date, hand.entry("a").updated_at) == (full, now)


def test_entries_without_a_day_stand_in_their_order(hand: Hand, now: datetime, day: timedelta) -> None:
    dates = [part(2020), None, hand.exact(2019, 6, 11), part(2021), part(2021, 3), part(2021, 11)]
    read(hand, now, *(Added(EntryId(str(at)), at, hand.content(str(at)), date) for at, date in enumerate(dates)))
    read(hand, now + day, Added(EntryId("new"), 0, hand.content("new"), None))
    assert hand.newest() == ["new", "2", "5", "4", "3", "0", "1"]


def test_tags_link_and_fields_are_of_a_revision(hand: Hand, now: datetime, day: timedelta) -> None:
    plain = hand.content("a")
    read(hand, now, Added(A, 0, replace(plain, extras=TAGGED), None))
    assert hand.entry("a").content.extras == TAGGED
    read(hand, now + day, Revised(A, plain, Cause.DETAILS))
    entry = hand.entry("a")
    assert (entry.content.extras is NO_EXTRAS, entry.revision, entry.updated_at) == (True, 2, now)
    with hand.store.read() as tx:
        assert [one.content.extras for one in tx.entries.revisions(A)] == [TAGGED, NO_EXTRAS]
        (known,) = tx.readings.known(Questions(entries=frozenset([A])))
        assert (known.content.extras, known.earlier[0].content.extras) == (NO_EXTRAS, TAGGED)


def test_a_search_finds_tags_while_an_entry_has_them(hand: Hand, now: datetime, day: timedelta) -> None:
    plain = hand.content("a")
    read(hand, now, Added(A, 0, replace(plain, extras=TAGGED), None), Added(EntryId("b"), 1, hand.content("b"), None))
    with hand.store.read() as tx:
        assert [[one.id for one in tx.entries.search(word)] for word in ("几何", "topology", "几何 的正文")] == [
            ["a"]
        ] * 3
    assert list(violations(hand.store)) == []
    read(hand, now + day, Revised(A, plain, Cause.DETAILS))
    with hand.store.read() as tx:
        assert tx.entries.search("几何") == []
    assert list(violations(hand.store)) == []


def test_counts_are_the_newest_and_no_revision(hand: Hand, now: datetime, day: timedelta) -> None:
    read(hand, now, Added(A, 0, hand.content("a"), None), counts={"a": {"likes": 2, "comments": 1}})
    assert hand.entry("a").counts == (("likes", 2), ("comments", 1))
    shown = (hand.placing("a", 0),)
    read(hand, now + day, placings=shown, counts={"a": {"likes": 1}}, before={"a": {"likes": 2}}, last=shown)
    entry = hand.entry("a")
    assert (entry.counts, entry.revision, entry.updated_at) == ((("likes", 1), ("comments", 1)), 1, now)
    read(hand, now + day, placings=shown, counts={"a": {"comments": 0, "shares": 4}}, last=shown)
    assert dict(hand.entry("a").counts) == {"likes": 1, "comments": 1, "shares": 4}


def test_a_reading_keeps_what_its_lines_showed_and_so_does_what_left_it(
    hand: Hand, now: datetime, day: timedelta
) -> None:
    extras = replace(TAGGED, printed=PrintedDate(2021, 6), counts=(("likes", 2),))
    lines = (
        replace(hand.placing("a", 0), extras=extras),
        replace(hand.placing("b", 1), title="", key="¶ somewords", evidence=DateEvidence(6, 11)),
        replace(hand.placing("c", 2), body=Body(("x",), ())),
    )
    added = [Added(EntryId(name), at, hand.content(name), None) for at, name in enumerate("abc")]
    read(hand, now, *added, placings=lines)
    with hand.store.read() as tx:
        last = tx.readings.last_reading(BLOG, "a.txt")
    assert last == lines
    assert [one.extras is NO_EXTRAS for one in last] == [False, True, True]
    hand.read(placings=lines[2:], last=last, now=now + day)
    with hand.store.read() as tx:
        left = tx.readings.departed(BLOG, "a.txt", [A, EntryId("b")])
    assert (left[A].extras, left[EntryId("b")].key) == (extras, "¶ somewords")


def test_an_entry_without_a_title_is_found_by_its_first_sentence(hand: Hand, now: datetime) -> None:
    content = Content("", None, (CRANE,), ())
    read(hand, now, Added(A, 0, content, None), Added(EntryId("b"), 1, hand.content("b"), None))
    with hand.store.read() as tx:
        assert [one.id for one in tx.readings.known(Questions(titles=frozenset([entry_key(content)])))] == ["a"]
        assert tx.readings.known(Questions(titles=frozenset([""]))) == []
        story = tx.audit.story(A)
        found = [tx.audit.matching(words, 5) for words in ("want a NEW crane", "a", "like the old one")]
    assert story is not None
    assert story.title == "All the big harbours want a new crane."
    assert found == [[("a", story.title)], [("a", story.title)], []]
    assert list(violations(hand.store)) == []


def test_a_date_of_two_kinds_is_a_broken_law(store: Store, hand: Hand, now: datetime) -> None:
    read(hand, now, Added(A, 0, hand.content("a"), part(2021)))
    assert list(violations(store)) == []
    with store.writing() as connection:
        connection.execute(text("UPDATE entries SET date_kind = 'partial', date_month = 6, date_day = 11"))
    assert [one.law for one in violations(store)] == ["a date has a day and stands as one without"]
