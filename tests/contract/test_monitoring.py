"""What monitors query: the promises of `Monitoring`, the passes behind an edition, and trouble with a relay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event

from digest.model import DateKind, DeliveryState, DigestId, EditionKey, EntryDate, EntryId, SourceId
from digest.records.intake import DumpState
from digest.records.mailing import DeliveryQueue
from digest.service.operating.health import troubles
from digest.settings import Settings
from digest.store import open_store
from digest.store.transaction import Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from digest.model import SubscriberId
    from tests.contract.conftest import Hand

KEY = EditionKey("weekly/2026-W11")
WEEKLY = DigestId("weekly")


def answered(
    store: Store, now: datetime, people: dict[SubscriberId, tuple[DeliveryState, int | None]], key: EditionKey = KEY
) -> None:
    with store.write() as tx:
        for delivery in tx.deliveries.lease(now, now + timedelta(minutes=1), 100, key):
            state, code = people[delivery.subscriber.id]
            later = now + timedelta(hours=1) if state is DeliveryState.DEFERRED else None
            tx.deliveries.record(key, delivery.subscriber.id, state, now=now, next_at=later, code=code)


def test_dumps_that_are_not_good_are_counted_by_trouble(store: Store, hand: Hand, now: datetime) -> None:
    with store.write() as tx:
        tx.readings.register_source(SourceId("blog"), now)
        for path, state in (
            ("a", DumpState.GOOD),
            ("b", DumpState.HELD),
            ("c", DumpState.FAILED),
            ("d", DumpState.HELD),
        ):
            tx.readings.store_dump(replace(hand.dump(path=path), state=state))
    with store.read() as tx:
        assert tx.monitoring.troubled_dumps([SourceId("blog")]) == {DumpState.HELD: 2, DumpState.FAILED: 1}
        assert tx.monitoring.troubled_dumps([SourceId("another")]) == {}


def test_a_source_shows_its_last_pass_and_how_many_in_a_row_failed(store: Store, now: datetime) -> None:
    passes: dict[str, list[tuple[str, bool]]] = {
        "new": [],
        "good": [("", False)],
        "failed": [("no dump", False)],
        "held": [("", True), ("", True)],
    }
    passes["mended"] = [("no dump", False), ("", False)]
    with store.write() as tx:
        for name, ends in passes.items():
            tx.readings.register_source(SourceId(name), now)
            for problem, held in ends:
                tx.readings.refreshed(SourceId(name), now, problem, held=held)
    with store.read() as tx:
        states = tx.readings.sources()
    assert {name: state.failures for name, state in states.items()} == {
        "new": 0,
        "good": 0,
        "failed": 1,
        "held": 2,
        "mended": 0,
    }
    assert {name for name, state in states.items() if state.refreshed_at is None} == {"new"}
    assert {state.registered_at for state in states.values()} == {now}


def test_deliveries_of_the_newest_edition_are_counted_by_state_and_reply(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"))
    people = [hand.subscriber(f"{name}@example.org") for name in "abcde"]
    older = EditionKey("weekly/2026-W10")
    hand.edition(older, closes_at=now - day, new=["甲"], to=people)
    hand.edition(KEY, closes_at=now, new=["甲"], to=people)
    hand.edition("weekly/2026-W12", closes_at=now + day)
    states = [
        *[(DeliveryState.ACCEPTED, None), (DeliveryState.DEFERRED, 450), (DeliveryState.DEFERRED, 421)],
        *[(DeliveryState.FAILED, 550), (DeliveryState.UNKNOWN, None)],
    ]
    answered(store, now, dict(zip(people, states, strict=True)))
    with store.read() as tx:
        assert tx.monitoring.newest_deliveries(WEEKLY) == {
            (DeliveryState.ACCEPTED, None): 1,
            (DeliveryState.DEFERRED, 4): 2,
            (DeliveryState.FAILED, 5): 1,
            (DeliveryState.UNKNOWN, None): 1,
        }
        assert tx.monitoring.newest_deliveries(DigestId("other")) == {}


def test_a_source_grows_by_what_it_showed_until_each_time(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    with store.write() as tx:
        for name in ("blog", "other", "empty"):
            tx.readings.register_source(SourceId(name), now)
    hand.read(hand.added("a"), hand.added("b", 1), now=now)
    hand.read(hand.added("c"), path="c.txt", now=now + day)
    hand.read(hand.added("d"), source="other", now=now + 2 * day)
    with store.read() as tx:
        grown = tx.monitoring.grown([now - day, now, now + day, now + 3 * day])
    assert grown == {"blog": [0, 2, 3, 3], "other": [0, 0, 0, 1]}


def test_the_queue_holds_what_will_be_tried_and_says_when_the_first_is(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"))
    a, b = (hand.subscriber(f"{name}@example.org") for name in "ab")
    with store.read() as tx:
        assert tx.monitoring.queue() == DeliveryQueue(0, None)
    hand.edition(KEY, closes_at=now - day, new=["甲"], to=[a, b])
    with store.read() as tx:
        assert tx.monitoring.queue() == DeliveryQueue(2, now - day)
    answered(store, now, {a: (DeliveryState.ACCEPTED, None), b: (DeliveryState.DEFERRED, 450)})
    with store.read() as tx:
        assert tx.monitoring.queue() == DeliveryQueue(1, now + timedelta(hours=1))


def test_formulas_without_a_picture_are_counted(store: Store) -> None:
    with store.write() as tx:
        tx.pictures.add({"x": None, "y": None})
    with store.read() as tx:
        assert tx.pictures.failed() == 2


def test_what_a_monitor_asks_walks_no_ledger(tmp_path: Path, hand_of: type[Hand], now: datetime) -> None:
    """Each question is answered by an index, or from tables with a row for each source or edition."""
    store = open_store(f"sqlite:///{tmp_path / 'digest.db'}")
    assert isinstance(store, Store)
    asked: list[tuple[str, object]] = []

    def listen(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", listen)
    with store.read() as tx:
        tx.monitoring.troubled_dumps([]), tx.pictures.failed(), tx.monitoring.queue()
        tx.monitoring.newest_deliveries(WEEKLY)
        troubles(tx, Settings(digests=[{"id": "weekly", "title": "x"}]), now)
    event.remove(store._engine, "before_cursor_execute", listen)
    plans = []
    with store._engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type] # as it was called
            plans += [row.detail for row in rows]
    store.close()
    walked = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert len(asked) > 4
    small = {
        *("editions", "sources", "digests", "meta", "clock_faults"),
        *("alerts", "alert_notices", "resting_domains", "suppression_requests"),
    }
    assert {plan.removeprefix("SCAN ") for plan in walked} - small == set()


def test_an_edition_names_the_passes_behind_all_that_it_shows(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("甲"), now=now)
    hand.read(hand.added("乙"), now=now + day, path="b.txt")
    hand.read(hand.added("丙"), now=now + 2 * day, path="c.txt")
    with store.write() as tx:
        tx.readings.upgrade_dates({EntryId("甲"): EntryDate(1, 1, 2026, DateKind.EXACT)}, now + 3 * day)
    hand.edition(KEY, closes_at=now + 4 * day, new=["甲", "乙"])
    hand.read(hand.revised("乙", "新"), now=now + 5 * day, path="b.txt")
    with store.read() as tx:
        assert tx.editions.read_at(KEY) == [now, now + day, now + 3 * day]


def test_trouble_outlives_its_pause_until_a_mail_gets_through(store: Store, now: datetime, day: timedelta) -> None:
    with store.write() as tx:
        assert tx.deliveries.trouble() == ""
        tx.deliveries.pause("connect: no reply", now + day)
        tx.deliveries.got_through(now)
        assert tx.deliveries.paused(now)
        assert tx.deliveries.trouble() == "connect: no reply"
    with store.write() as tx:
        assert tx.deliveries.paused(now + day) is None
        assert tx.deliveries.trouble() == "connect: no reply"
        tx.deliveries.got_through(now + day)
        assert tx.deliveries.trouble() == ""
