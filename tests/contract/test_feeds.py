"""The order of feeds, removed entries, and pictures: the promises of `Feeds` and `Pictures`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from digest.model import EntryId

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand


@pytest.fixture
def three(hand: Hand) -> list[EntryId]:
    hand.read(hand.added("a"), hand.added("b", 1), hand.added("c", 2))
    return [EntryId(name) for name in "abc"]


def members(store: Store, feed: str, first: int = 1, last: int = 99) -> list[str]:
    with store.read() as tx:
        return [entry.id for entry in tx.feeds.members(feed, first, last)]


def test_entries_are_numbered_in_the_order_of_joining_and_once(store: Store, three: list[EntryId]) -> None:
    with store.write() as tx:
        assert tx.feeds.size("") == 0
        assert tx.feeds.enlist("", [three[1], three[0]]) == 2
        assert tx.feeds.enlist("", three) == 1
        assert tx.feeds.enlist("", [*three, three[0]]) == 0
        assert tx.feeds.size("") == 3
        assert tx.feeds.empty(["topic", ""]) == ["topic"]
        assert tx.feeds.enlist("topic", three[:1]) == 1
        assert tx.feeds.empty(["topic", ""]) == []
    assert members(store, "") == ["c", "a", "b"]
    assert members(store, "", 2, 2) == ["a"]
    assert members(store, "topic") == ["a"]
    assert members(store, "none") == []


def test_neighbours_are_those_that_are_published(store: Store, three: list[EntryId], now: datetime) -> None:
    def beside(name: str) -> list[str | None]:
        with store.read() as tx:
            return [one.id if one else None for one in tx.feeds.neighbours("", EntryId(name))]

    with store.write() as tx:
        tx.feeds.enlist("", three)
    assert (beside("a"), beside("b"), beside("c")) == (["b", None], ["c", "a"], [None, "b"])
    with store.write() as tx:
        tx.feeds.remove(EntryId("b"), now)
    assert (beside("a"), beside("c")) == (["c", None], [None, "a"])
    assert beside("unknown") == [None, None]


def test_a_removed_entry_is_nowhere_and_its_tombstone_keeps_its_number(
    store: Store, hand: Hand, three: list[EntryId], now: datetime, day: timedelta
) -> None:
    with store.write() as tx:
        tx.feeds.enlist("", three)
        before = tx.entries.published_state()
        assert tx.feeds.remove(EntryId("b"), now)
        assert not tx.feeds.remove(EntryId("b"), now)
        assert not tx.feeds.remove(EntryId("unknown"), now)
        assert tx.entries.published_state()[0] == before[0] + 1
        assert tx.feeds.removed_at(EntryId("b")) == now
        assert tx.feeds.removed_at(EntryId("a")) is tx.feeds.removed_at(EntryId("unknown")) is None
        assert tx.feeds.removed("", 1, 3) == [("tag:x,2026:b", now)]
        assert tx.feeds.removed("", 3, 3) == []
        assert [entry.id for entry in tx.feeds.published(three)] == ["a", "c"]
        assert tx.entries.entry(EntryId("b")) is None
    assert members(store, "") == ["c", "a"]

    with store.write() as tx:
        assert tx.feeds.restore(EntryId("b"), now + day)
        assert not tx.feeds.restore(EntryId("b"), now + day)
    assert members(store, "") == ["c", "b", "a"]
    assert hand.entry("b").updated_at == now + day


def test_an_entry_that_is_not_published_cannot_be_removed(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("a"), first_import=True)
    with store.write() as tx:
        assert not tx.feeds.remove(EntryId("a"), now)
        assert tx.feeds.published([EntryId("a")]) == []


def test_the_hub_was_notified_of_a_state(store: Store) -> None:
    with store.write() as tx:
        assert tx.feeds.pinged() == 0
        tx.feeds.set_pinged(7)
        assert tx.feeds.pinged() == 7


class Drawing(NamedTuple):
    png: bytes
    width: int
    height: int
    depth: int


def test_a_picture_is_drawn_once_and_never_changed(store: Store) -> None:
    with store.write() as tx:
        assert tx.pictures.unknown(["one", "two", "one"]) == {"one", "two"}
        tx.pictures.add({"one": Drawing(b"png", 30, 20, 5), "two": None})
        tx.pictures.add({"one": Drawing(b"other", 1, 1, 1)})
        tx.pictures.add({})
        assert tx.pictures.unknown(["one", "two", "three"]) == {"three"}
        assert tx.pictures.sizes(["one", "two", "three"]) == {"one": (30, 20, 5)}
        assert tx.pictures.png("one") == b"png"
        assert tx.pictures.png("two") is tx.pictures.png("three") is None
        assert tx.pictures.failed() == 1
