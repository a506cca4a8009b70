"""A source under another name: the promises of `Renames`, in every table that names a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from digest.changes.values import Ambiguous
from digest.errors import StoreError
from digest.model import EntryId, SourceId
from digest.records.intake import Renamed
from digest.service.upkeep.invariants import violations
from digest.store import move_store, open_store
from digest.store.database.tables import metadata
from digest.store.database.tables.intake import dumps, renamed_sources, sources
from digest.store.database.tables.people import consents
from digest.store.upkeep.renames import columns

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

BLOG, MIRROR, NEW, THIRD = SourceId("blog"), SourceId("mirror"), SourceId("new"), SourceId("third")


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of what a source owns or takes part in, in an order that no name decides."""
    with store.reading() as connection:
        return {
            table.name: sorted((row._asdict() for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in {"meta", "renamed_sources"}
        }


def fill(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    """Two sources with entries in common, in feeds, with reports and announcements."""
    unclear = Ambiguous(0, "甲", (EntryId("甲"),), "could be either")
    hand.read(hand.added("甲"), hand.added("乙", 1), readers={"甲": 3}, ambiguous=[unclear])
    hand.read(hand.added("丙"), source="mirror", placings=[hand.placing("甲", 0), hand.placing("丙", 1)], path="m.txt")
    hand.read(hand.revised("甲", "甲改"), readers={"甲": 5}, now=now + day)
    with store.write() as tx:
        tx.readings.refreshed(BLOG, now, "a.txt: cannot be opened")
        for feed in ("", "source/blog", "topic/t/1"):
            tx.feeds.enlist(feed, [EntryId("乙"), EntryId("甲")])
        tx.feeds.enlist("", [EntryId("丙")])
    hand.edition(new=["甲", "乙"], to=[hand.subscriber("ada@example.org")])


def rename(store: Store, old: SourceId, new: SourceId, now: datetime, **feeds: str) -> None:
    with store.write() as tx:
        tx.renames.rename(old, new, {f"source/{old}": f"source/{new}"} | feeds, now)


def former(store: Store) -> dict[str, tuple[str, str]]:
    with store.read() as tx:
        return {one.old: (one.new, one.first) for one in tx.renames.all().values()}


def test_every_column_that_names_a_source_is_known() -> None:
    meant = {column for table in metadata.sorted_tables for column in table.c if column.name.endswith("source")}
    others = {consents.c.source, dumps.c.source}  # by which means somebody consented; what is copied
    assert meant - others == {column for column in columns() if column is not renamed_sources.c.new}
    assert renamed_sources.c.new in set(columns())


def test_all_of_a_source_goes_by_the_new_name_and_nothing_else_changes(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    fill(store, hand, now, day)
    before = contents(store)
    with store.read() as tx:
        count = tx.entries.published_state()[0]

    rename(store, BLOG, NEW, now, **{"topic/t/1": "topic/t/2"})

    told = {"blog": "new", "source/blog": "source/new", "topic/t/1": "topic/t/2"}
    expected = {
        table: sorted(({name: told.get(str(one), one) for name, one in row.items()} for row in rows), key=repr)
        for table, rows in before.items()
    }
    assert contents(store) == expected
    assert former(store) == {"blog": ("new", "blog")}
    assert [one.law for one in violations(store) if "AtomId" not in one.law and "answer" not in one.law] == []
    with store.read() as tx:
        assert tx.entries.published_state()[0] == count + 1
        state = tx.readings.source(NEW)
        assert (state and state.problem, tx.readings.source(BLOG)) == ("a.txt: cannot be opened", None)
        assert [entry.id for entry in tx.feeds.members("source/new", 1, 9)] == ["甲", "乙"]


def test_later_names_lead_on_and_the_first_one_stays(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    fill(store, hand, now, day)
    rename(store, BLOG, NEW, now)
    rename(store, NEW, THIRD, now)
    assert former(store) == {"blog": ("third", "blog"), "new": ("third", "blog")}
    rename(store, THIRD, BLOG, now - day)  # back again, and the clock stepped back
    assert former(store) == {"new": ("blog", "blog"), "third": ("blog", "blog")}
    rename(store, MIRROR, SourceId("m"), now)
    assert former(store)["mirror"] == ("m", "mirror")


def test_a_former_name_is_nobody_elses(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    fill(store, hand, now, day)
    rename(store, BLOG, NEW, now)
    with pytest.raises(StoreError, match=r"the source blog is new now .*configuration"), store.write() as tx:
        tx.readings.register_source(BLOG, now)
    with store.write() as tx:
        tx.readings.register_source(NEW, now)
        tx.readings.register_source(THIRD, now)
        assert [tx.renames.holds(name) for name in (NEW, BLOG, THIRD, MIRROR)] == [True, False, False, True]


def test_a_name_that_holds_nothing_gives_way(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    fill(store, hand, now, day)
    with store.write() as tx:
        tx.readings.register_source(NEW, now + day)
        tx.feeds.enlist("topic/t/2", [EntryId("丙")])
        tx.feeds.enlist("topic/s/2", [EntryId("丙")])
    rename(store, BLOG, NEW, now, **{"topic/t/1": "topic/t/2", "topic/s/1": "topic/s/2"})
    with store.read() as tx:
        assert [entry.id for entry in tx.feeds.members("topic/t/2", 1, 9)] == ["甲", "乙"]
        assert [entry.id for entry in tx.feeds.members("topic/s/2", 1, 9)] == ["丙"]  # there was none to go with it
    with store.reading() as connection:
        registered = select(sources.c.registered_at).where(sources.c.id == NEW)
        assert connection.execute(registered).scalar_one() == now


def test_a_copy_knows_the_former_names(store: Store, hand: Hand, now: datetime, day: timedelta, tmp_path: Path) -> None:
    place, copy = f"sqlite:///{tmp_path / 'old.db'}", f"sqlite:///{tmp_path / 'copy.db'}"
    old = open_store(place)
    fill(old, type(hand)(old), now, day)
    rename(old, BLOG, NEW, now)
    old.close()
    move_store(place, copy, lambda *_: None)
    moved = open_store(copy)
    with moved.read() as tx:
        assert tx.renames.all() == {BLOG: Renamed(BLOG, NEW, BLOG, now)}
    moved.close()


def test_a_former_name_that_is_a_source_breaks_a_law(store: Store, hand: Hand, now: datetime) -> None:
    hand.read(hand.added("甲"))
    with store.write() as tx:
        tx.renames.remember(Renamed(BLOG, BLOG, BLOG, now))
    assert "a former name of a source is a source: old=blog, new=blog" in [str(one) for one in violations(store)]
