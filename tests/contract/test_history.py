"""The recorded history of a store, read and stored again: the promises of `Audit.history`."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.changes.values import Added, Cause
from digest.model import Content, EntryId, SourceId
from digest.records.upkeep import Counted, Removed, Settled, Sighted, Stated
from digest.service.publishing.feeds import enlist
from digest.service.upkeep.replaying import Replay, acts
from digest.settings import Settings, Source
from digest.store import open_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from digest.records.upkeep import Fact
    from digest.store.transaction import Store, Transaction
    from tests.contract.conftest import Hand

BLOG, OTHER = SourceId("blog"), SourceId("other")
MIB = 1 << 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        sources=tuple(Source(id=name, title=name, path=tmp_path, backlog=1) for name in ("blog", "other")),
        data_dir=tmp_path,
    )


@pytest.fixture
def scratch(now: datetime) -> Iterator[Store]:
    opened = open_scratch(datetime(1970, 1, 1, tzinfo=UTC), b"secret")
    yield opened
    opened.close()


def lived(store: Store, hand: Hand, settings: Settings, now: datetime, day: timedelta) -> None:
    """A first import, revisions of every weight, another source, counts, a removal, a clock that stepped back."""
    hand.read(hand.added("甲"), hand.added("乙", 1), readers={"甲": 5}, first_import=True)
    with store.write() as tx:
        tx.readings.settle(BLOG, {EntryId("甲")}, {EntryId("甲"): now, EntryId("乙"): now}, now)
        enlist(tx, settings, {EntryId("甲"), EntryId("乙")})
    hand.read(hand.revised("甲", "甲甲"), hand.added("丙"), now=now + 2 * day, readers={"甲": 9, "丙": 1})
    hand.read(dates={"甲": hand.exact(2026, 3, 1)}, now=now + 2 * day)
    hand.read(hand.revised("甲", "甲 甲", Cause.SPACING), now=now + day)  # the clock stepped back
    hand.read(source="other", path="b.txt", placings=[hand.placing("丙", 0)], now=now + day)
    with store.write() as tx:
        tx.readings.upgrade_dates({EntryId("乙"): hand.partial(3, 2)}, now + 3 * day)
        enlist(tx, settings, {EntryId("丙")})
        tx.feeds.remove(EntryId("乙"), now + 4 * day)


def history(store: Store) -> list[Fact]:
    with store.read() as tx:
        return list(tx.audit.history())


def test_facts_come_in_an_order_in_which_they_can_be_stored_again(
    store: Store, hand: Hand, settings: Settings, now: datetime, day: timedelta
) -> None:
    lived(store, hand, settings, now, day)
    facts = history(store)

    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    stated = [(fact.entry, fact.number, fact.cause) for fact in facts if isinstance(fact, Stated)]
    assert stated == [
        ("甲", 1, "first"),
        ("乙", 1, "first"),
        ("丙", 1, "first"),
        ("甲", 2, "title"),
        ("甲", 3, "date"),
        ("甲", 4, "spacing"),
        ("乙", 2, "date"),
    ]
    assert [type(fact) for fact in facts if fact.at == now] == [Stated, Stated, Counted, Settled]
    (sighted,) = [fact for fact in facts if isinstance(fact, Sighted)]
    assert (sighted.entry, sighted.source, sighted.at) == ("丙", OTHER, now + 2 * day)  # not before it was there
    assert [fact for fact in facts if isinstance(fact, Removed)] == [Removed(now + 4 * day, EntryId("乙"))]
    with store.read() as tx:
        assert tx.audit.moments() == 4


def test_stored_again_the_history_gives_the_same_state(
    store: Store, scratch: Store, hand: Hand, settings: Settings, now: datetime, day: timedelta
) -> None:
    lived(store, hand, settings, now, day)
    replay = Replay(scratch, settings)
    for act in acts(history(store)):
        replay.take(act)

    def state(tx: Transaction) -> object:
        entries = tx.entries.newest()
        return (
            entries,
            [
                (r.number, r.cause, r.significant, r.content, r.date)
                for e in entries
                for r in tx.entries.revisions(e.id)
            ],
            [tx.entries.counts(entry.id) for entry in entries],
            [entry.id for entry in tx.selecting.news(now, [])],
            [tx.feeds.members(feed, 1, 9) for feed in ("", "source/blog", "source/other")],
            tx.feeds.removed("", 1, 9),
        )

    with store.read() as old, scratch.read() as new:
        assert state(new) == state(old)


def test_what_is_of_one_dump_is_stored_in_bounded_parts(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(*(hand.added(f"{number}", number) for number in range(1001)))
    made = list(acts(history(store)))
    assert [(len(act.facts), act.last) for act in made] == [(500, False), (500, False), (1, True)]
    assert {act.at for act in made} == {now}


def test_a_store_without_requests_and_pauses_is_opened_and_used(store: Store, hand: Hand) -> None:
    word = "x" * (MIB // 8)  # one word, so that the index of words costs little
    changes = [Added(EntryId(f"{n}"), n, Content(f"{n}", None, (word,), ()), None) for n in range(200)]
    for change in changes:
        hand.read(change)
    tracemalloc.start()
    try:
        with store.read() as tx:
            count = sum(1 for _ in tx.audit.history())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == len(changes)
    assert peak < len(changes) * len(word) / 2
