"""What is published and when it last changed: the promises of `Entries`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from digest.changes.values import Cause, Questions
from digest.model import Content, DateKind, EntryDate, EntryId, SourceId
from digest.store.database.tables.publishing import entries

if TYPE_CHECKING:
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand


def state(store: Store) -> tuple[int, datetime]:
    with store.read() as tx:
        return tx.entries.published_state()


def remove(store: Store, entry: str, now: datetime) -> None:
    """Set the tombstone, which no port does yet."""
    with store._writing.begin() as connection:
        connection.execute(update(entries).where(entries.c.id == entry).values(removed_at=now))


def test_an_entry_is_read_back_as_it_was_stored(store: Store, hand: Hand, now: datetime) -> None:
    content = Content("题 𝄞", None, ("第一段\n第二行", "$x$"), ("$x$",), complete=False)
    change = hand.added("甲", 4, hand.exact(2020, 2, 29))
    hand.read(type(change)(change.entry, change.position, content, change.date), readers={"甲": 12})
    entry = hand.entry("甲")
    assert (entry.content, entry.date, entry.readers) == (content, hand.exact(2020, 2, 29), 12)
    assert (entry.atom_id, entry.sources, entry.revision, entry.page_order) == ("tag:x,2026:甲", ("blog",), 1, 4)
    assert (entry.first_seen_at, entry.updated_at) == (now, now)
    assert entry.first_seen_at.utcoffset() == timedelta(0)


def test_newest_goes_by_first_sighting_then_known_day_then_page_order_then_id(
    hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(
        hand.added("partial-9", 9, hand.partial(12, 31)),
        hand.added("undated-2", 2),
        hand.added("old", 0, hand.exact(2001, 1, 1)),
        hand.added("inferred", 5, EntryDate(5, 5, 2020, DateKind.INFERRED)),
        hand.added("b", 1, hand.partial(1, 1)),
        hand.added("a", 1, hand.partial(1, 2)),
        hand.added("new", 7, hand.exact(2026, 1, 1)),
    )
    hand.read(hand.added("later", 3, hand.exact(1999, 1, 1)), path="b.txt", now=now + day)
    order = ["later", "new", "inferred", "old", "a", "b", "undated-2", "partial-9"]
    assert hand.newest() == order
    assert hand.newest(limit=3) == order[:3]


def test_newest_of_a_source_is_what_it_ever_showed(hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1))
    hand.read(hand.added("丙", 2), source="other", placings=[hand.placing("甲", 0), hand.placing("丙", 1)])
    assert hand.newest(source=SourceId("other")) == ["甲", "丙"]
    assert hand.newest(source=SourceId("blog")) == ["甲", "乙"]
    assert hand.newest(source=SourceId("none")) == []


def test_counts_are_measurements_over_time(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.read(hand.added("甲"), readers={"甲": 10})
    before = state(store)
    hand.read(placings=[hand.placing("甲", 0)], readers={"甲": 15}, now=now + day)
    hand.read(placings=[hand.placing("甲", 0)], path="b.txt", readers={"甲": 17}, now=now + day)
    with store.read() as tx:
        assert [(one.at, one.readers) for one in tx.entries.counts(EntryId("甲"))] == [(now, 10), (now + day, 17)]
    entry = hand.entry("甲")
    assert (entry.readers, entry.revision, entry.updated_at) == (17, 1, now)
    assert state(store) == before


def test_a_removed_entry_never_shows_and_still_is_known(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲", date=hand.exact(2026, 3, 1)), readers={"甲": 1})
    remove(store, "甲", now)
    assert hand.newest() == []
    with store.read() as tx:
        assert tx.entries.entry(EntryId("甲")) is None
        assert tx.entries.revisions(EntryId("甲")) == []
        assert tx.entries.counts(EntryId("甲")) == []
        (known,) = tx.readings.known(Questions(frozenset({"title 甲"})))
        assert known.removed
        assert tx.readings.shown_by(SourceId("blog")) == 0
    count, _ = state(store)
    hand.read(placings=[hand.placing("甲", 0)], source="other", dates={"甲": hand.exact(2026, 3, 2)})
    assert state(store)[0] == count


def test_the_published_state_grows_with_what_readers_see_and_with_nothing_else(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    grown: list[int] = []

    def note() -> None:
        grown.append(state(store)[0])

    note()
    hand.read(hand.added("甲", date=hand.partial(1, 1)), first_import=True)
    hand.read(hand.revised("甲", "甲改"), first_import=True)
    note()
    with store.write() as tx:
        tx.readings.settle(SourceId("blog"), [], {}, now)
    note()
    with store.write() as tx:
        tx.readings.settle(SourceId("blog"), [], {}, now)
        tx.readings.refreshed(SourceId("blog"), now, "")
    hand.read(placings=[hand.placing("甲", 0)])
    note()
    hand.read(hand.added("乙"))
    note()
    hand.read(hand.revised("甲", "甲改改", Cause.SPACING))
    note()
    with store.write() as tx:
        tx.readings.upgrade_dates({EntryId("甲"): hand.exact(2026, 1, 1)}, now)
    note()
    hand.read(placings=[hand.placing("甲", 0)], source="other")
    note()
    with pytest.raises(LookupError), store.write() as tx:  # noqa: PT012 - what came before the exception is the point
        tx.readings.upgrade_dates({EntryId("乙"): hand.exact(2026, 1, 1)}, now + day)
        raise LookupError
    note()
    assert grown == [0, 0, 1, 1, 2, 3, 4, 5, 5]


def test_the_published_state_never_goes_backwards_in_time(store: Store, hand: Hand, now: datetime) -> None:
    made_at = state(store)[1]
    hand.read(hand.added("甲"), now=datetime(1999, 1, 1, tzinfo=UTC))
    assert state(store) == (1, made_at)
    hand.read(hand.added("乙"), now=made_at + timedelta(seconds=1))
    assert state(store) == (2, made_at + timedelta(seconds=1))


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_of_any_zone_is_read_back_as_the_same_time_in_utc(store: Store, hand: Hand, fold: int) -> None:
    overlap = datetime(2026, 10, 25, 2, 30, 0, 1, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    hand.read(hand.added("甲"), now=overlap)
    seen = hand.entry("甲").first_seen_at
    assert seen == overlap.astimezone(UTC)
    assert seen.tzinfo is UTC
