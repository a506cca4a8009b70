"""How old rows are thinned out: the promises of `Retention`, and that a store stops growing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from digest.model import DeliveryState, DigestId, EditionKey, EntryId, SubscriberId
from digest.service.upkeep.retention import tidy
from digest.settings import Settings
from digest.store.database.tables import metadata
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscriptions

if TYPE_CHECKING:
    from digest.model import Delivery
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 1, 1, 6, tzinfo=UTC)
WEEKLY = DigestId("weekly")


def settings(**retention: timedelta) -> Settings:
    return Settings(retention=dict(retention))


def counts(store: Store, entry: str = "甲") -> list[tuple[datetime, int]]:
    with store.read() as tx:
        return [(one.at, one.readers) for one in tx.entries.counts(EntryId(entry))]


def count(hand: Hand, at: datetime, readers: int) -> None:
    hand.read(readers={"甲": readers}, placings=[hand.placing("甲", 0)], now=at)


def accept(store: Store, taken: list[Delivery], now: datetime) -> None:
    with store.write(exclusive=False) as tx:
        for one in taken:
            tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, now + HOUR, now)
            tx.deliveries.record(one.edition, one.subscriber.id, DeliveryState.ACCEPTED, now=now, text="250 ok")


def lease(store: Store, now: datetime) -> list[Delivery]:
    with store.write(exclusive=False) as tx:
        return tx.deliveries.lease(now, now + HOUR, 10_000)


def test_of_old_counts_one_a_day_stays_and_of_very_old_ones_one_a_month(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), now=START)
    for step in range(120 * 4):
        count(hand, START + step * 6 * HOUR, step)
    now = START + 120 * DAY
    tidy(store, settings(readers=10 * DAY, readers_daily=60 * DAY).retention, now)
    left = counts(store)
    days = [at.date() for at, _ in left if now - 60 * DAY <= at < now - 10 * DAY]
    assert len(days) == len(set(days)) == 50
    months = [(at.year, at.month) for at, _ in left[1:] if at < now - 60 * DAY]
    assert len(months) == len(set(months)) == 2
    assert len([at for at, _ in left if at >= now - 10 * DAY]) == 40
    assert left[0] == (START, 0)
    assert all(readers == (at - START) // (6 * HOUR) for at, readers in left)
    assert not tidy(store, settings(readers=10 * DAY, readers_daily=60 * DAY).retention, now)


def test_most_read_is_the_same_after_thinning(store: Store, hand: Hand) -> None:
    hand.read(hand.added("甲"), hand.added("乙", 1), now=START)
    for step in range(60 * 4):
        hand.read(readers={"甲": step, "乙": step * step}, placings=[], now=START + step * 6 * HOUR)
    now = START + 60 * DAY

    def won() -> list[list[tuple[str, int]]]:
        with store.read() as tx:
            return [
                [(entry.id, gained) for entry, gained in tx.selecting.most_read(now - days * DAY, (), 5)]
                for days in (1, 7, 31, 44)
            ]

    before = won()
    assert tidy(store, settings().retention, now)
    assert won() == before


def edition(store: Store, hand: Hand, week: int, people: list[SubscriberId], entry: str) -> EditionKey:
    at = START + week * 7 * DAY
    hand.read(hand.added(entry, week), path=f"{week}.txt", now=at - HOUR)
    key = EditionKey(f"weekly/{week}")
    assert hand.edition(key, slot_at=at, closes_at=at, new=[entry], to=people)
    return key


@pytest.fixture
def people(hand: Hand) -> list[SubscriberId]:
    return [hand.subscriber(f"{n}@example.org", now=START) for n in range(3)]


def test_an_old_edition_keeps_its_numbers_and_not_its_rows(
    store: Store, hand: Hand, people: list[SubscriberId]
) -> None:
    keys = [edition(store, hand, week, people, f"题{week}") for week in range(3)]
    accept(store, lease(store, START + 20 * DAY)[:-1], START + 20 * DAY)
    with store.write() as tx:
        tx.subscribers.suppress(people[0], "550 unknown", START)
    now = START + 500 * DAY
    done = tidy(store, settings().retention, now)
    with store.read() as tx:
        rows = [len(tx.deliveries.rows(key)) for key in keys]
        told = [tx.editions.edition(key) for key in keys]
    assert rows == [0, 0, 3]  # the newest stays: it may still be asked for
    assert done["deliveries"] == 6
    assert [one.deliveries for one in told if one] == [
        {DeliveryState.ACCEPTED: 3},
        {DeliveryState.ACCEPTED: 3},
        {DeliveryState.ACCEPTED: 2, DeliveryState.LEASED: 1},
    ]
    assert tidy(store, settings().retention, now) == {}


def test_what_is_open_is_never_folded(store: Store, hand: Hand, people: list[SubscriberId]) -> None:
    key = edition(store, hand, 0, people, "甲")
    edition(store, hand, 1, people, "乙")
    tidy(store, settings().retention, START + 500 * DAY)
    with store.read() as tx:
        assert [row.state for row in tx.deliveries.rows(key)] == [DeliveryState.PLANNED] * 3


def test_nobody_gets_again_what_a_folded_delivery_announced(
    store: Store, hand: Hand, people: list[SubscriberId]
) -> None:
    """A subscriber who pauses later catches up from behind the folded editions; one who is paused keeps their rows."""
    for week in range(3):
        edition(store, hand, week, people, f"题{week}")
    accept(store, lease(store, START + 20 * DAY), START + 20 * DAY)
    resting, later = people[0], people[1]
    with store.writing() as connection:
        mine = subscriptions.c.subscriber_id == resting
        connection.execute(update(subscriptions).where(mine).values(behind=True))
    tidy(store, settings().retention, START + 500 * DAY)
    with store.read() as tx:
        assert tx.selecting.sent_entries(resting, [WEEKLY]) == {"题0", "题1", "题2"}
        assert tx.selecting.sent_entries(later, [WEEKLY]) == {"题2"}
        followers = {one.subscriber.id: one for one in tx.subscribers.followers(WEEKLY)}
        news = {entry.id for entry in tx.selecting.news(followers[later].since, ())}
    assert news - {"题2"} == set()
    assert followers[resting].since == START


def test_details_of_what_has_ended_go_before_the_rows(store: Store, hand: Hand, people: list[SubscriberId]) -> None:
    edition(store, hand, 0, people, "甲")
    edition(store, hand, 14, people, "乙")
    accept(store, lease(store, START + 99 * DAY), START + 99 * DAY)
    assert tidy(store, settings().retention, START + 100 * DAY) == {"details": 3}
    with store.reading() as connection:
        rows = connection.execute(select(deliveries.c.edition, deliveries.c.message_id, deliveries.c.text)).all()
    assert {(row.edition, bool(row.message_id), row.text) for row in rows} == {
        ("weekly/0", False, ""),
        ("weekly/14", True, "250 ok"),
    }


def size(store: Store) -> int:
    """Bytes that the tables take; a file that has free pages fills them before it grows."""
    with store.reading() as connection:
        if connection.dialect.name == "sqlite":
            return int(connection.execute(text("SELECT sum(pgsize) FROM dbstat")).scalar_one())
        sizes = (f"pg_total_relation_size('{table.name}')" for table in metadata.sorted_tables)
        return int(connection.execute(text(f"SELECT {' + '.join(sizes)}")).scalar_one())


def vacuum(store: Store) -> None:
    """What a server does by itself, but not the server of the tests."""
    with store._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.connection.driver_connection.read_only = False  # type: ignore[union-attr]
            connection.execute(text("VACUUM"))


def test_a_store_stops_growing(store: Store, hand: Hand) -> None:
    """Weeks of counts and mails: after the kept time has passed, as much goes as comes."""
    kept = settings(readers=14 * DAY, readers_daily=28 * DAY, details=14 * DAY, deliveries=28 * DAY)
    people = [hand.subscriber(f"{n}@example.org", now=START) for n in range(40)]
    names = [f"题{n}" for n in range(10)]
    hand.read(*(hand.added(name, n) for n, name in enumerate(names)), now=START - DAY)
    sizes, rows = [], []
    for week in range(20):
        at = START + week * 7 * DAY
        for step in range(14):
            readers = dict.fromkeys(names, week * 14 + step)
            hand.read(readers=readers, placings=[], now=at + step * 12 * HOUR)
        hand.edition(f"weekly/{week}", slot_at=at, closes_at=at, new=names[:1], to=people)
        accept(store, lease(store, at), at)
        tidy(store, kept.retention, at)
        vacuum(store)
        sizes.append(size(store))
        with store.reading() as connection:
            rows.append(len(connection.execute(select(deliveries.c.edition)).all()))
    assert rows[-1] == rows[-8] == 5 * len(people)
    assert max(sizes[13:]) <= 1.05 * max(sizes[6:13])
