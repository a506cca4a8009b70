"""A digest under another name: the promises of `DigestNames`, in every table that names a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from digest.model import ConfirmationKind, DigestId, EditionKey, EntryId, Section
from digest.records.editions import EditionAct, EditionActKind
from digest.records.operating import Alert
from digest.service.upkeep.invariants import violations
from digest.store.database.tables import metadata
from digest.store.database.tables.editions import (
    digests,
    edition_acts,
    edition_plans,
    editions,
    left_out,
    renamed_digests,
)
from digest.store.database.tables.people import confirmations, consents, subscriptions

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Column

    from digest.model import SubscriberId
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

OLD, NEW, THIRD = DigestId("weekly"), DigestId("news"), DigestId("third")
DECIDED = {edition_acts.c.digest, edition_plans.c.digest, left_out.c.digest}
HOLD_A_DIGEST = {digests.c.id, editions.c.digest, subscriptions.c.digest, consents.c.digest, *DECIDED}


def rename(store: Store, now: datetime, old: DigestId = OLD, new: DigestId = NEW) -> tuple[int, int]:
    with store.write() as tx:
        return tx.digest_names.rename(old, new, now)


def followers(store: Store, digest: DigestId) -> dict[SubscriberId, bool]:
    with store.read() as tx:
        return {one.subscriber.id: one.behind for one in tx.subscribers.followers(digest)}


def test_every_column_that_names_a_digest_is_known() -> None:
    named: set[Column[object]] = {
        column for table in metadata.tables.values() for column in table.c if column.name.startswith("digest")
    }
    assert named == {editions.c.digest, subscriptions.c.digest, consents.c.digest, confirmations.c.digests, *DECIDED}
    referring = {key.parent for table in metadata.tables.values() for column in table.c for key in column.foreign_keys
                 if key.column is digests.c.id}  # fmt: skip
    assert referring == {editions.c.digest, renamed_digests.c.new, *DECIDED}


def test_nothing_is_left_under_the_old_name(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.read(hand.added("甲"))
    ada, bob = hand.subscriber("ada@example.org"), hand.subscriber("bob@example.org")
    hand.edition("weekly/1", new=["甲"], to=[ada, bob])
    with store.write() as tx:
        tx.subscribers.leave(bob, OLD, "them", now)
        tx.alerts.put(Alert("digest weekly", "late", now))
        tx.control.set_note(OLD, "a note")
        tx.control.leave_out(OLD, EntryId("甲"), now, once=True)
        tx.control.record(EditionAct(now, "somebody", OLD, None, EditionActKind.NOTE, "a note"))
        tx.confirmations.ask(
            ConfirmationKind.JOIN, "eve@example.org", subscriber=None, digests=[OLD, THIRD], language="en",
            latest=False, network="n", mail=False, now=now, expires_at=now + day,
        )  # fmt: skip
    before = list(violations(store))  # a store that was made by hand breaks some invariants
    assert rename(store, now) == (1, 1)
    with store.reading() as connection:
        for column in HOLD_A_DIGEST:
            assert set(connection.execute(select(column)).scalars()) == {NEW}, column
        assert connection.execute(select(confirmations.c.digests)).scalar_one() == [NEW, THIRD]
    with store.read() as tx:
        assert list(tx.alerts.all()) == ["digest news"]
        assert tx.control.plan(NEW).note == "a note"
        assert tx.editions.edition(EditionKey("weekly/1")) is not None
        assert [one.edition.digest for one in tx.editions.editions(NEW)] == [NEW]
        assert tx.selecting.untold(NEW, None, ()) == []
        record = tx.subscribers.get(bob)
        assert record is not None
        assert record.digests == ()
        assert [(c.digest, c.act) for c in record.consents] == [(NEW, "joined"), (NEW, "left")]
        assert [state for _, state, _ in record.deliveries] == ["suppressed"]
    assert followers(store, NEW) == {ada: False}
    assert list(violations(store)) == before


def test_former_names_lead_on(store: Store, hand: Hand, now: datetime) -> None:
    hand.subscriber("ada@example.org")
    with store.write() as tx:
        tx.editions.register_digest(OLD, now)
    rename(store, now)
    rename(store, now, NEW, THIRD)
    with store.read() as tx:
        assert {one.old: one.new for one in tx.digest_names.all().values()} == {OLD: THIRD, NEW: THIRD}
    rename(store, now, THIRD, OLD)
    with store.read() as tx:
        assert {one.old: one.new for one in tx.digest_names.all().values()} == {NEW: OLD, THIRD: OLD}
    assert list(violations(store)) == []


def both(store: Store, hand: Hand, now: datetime) -> tuple[SubscriberId, SubscriberId]:
    """Two digests that each announced the same entry: ada follows the old one, bob both."""
    hand.read(hand.added("甲"))
    ada, bob = hand.subscriber("ada@example.org"), hand.subscriber("bob@example.org")
    with store.write() as tx:
        tx.subscribers.join(bob, NEW, "them", now)
    hand.edition("weekly/1", new=["甲"], to=[ada, bob])
    hand.edition("news/1", new=["甲"], to=[bob])
    return ada, bob


def test_two_digests_become_one_and_nobody_is_lost(store: Store, hand: Hand, now: datetime) -> None:
    ada, bob = both(store, hand, now)
    old, new = EditionKey("weekly/1"), EditionKey("news/1")
    before = list(violations(store))
    assert rename(store, now) == (2, 1)
    assert followers(store, NEW) == {ada: True, bob: True}
    with store.read() as tx:
        assert [one.section for one in tx.editions.selected(old)] == [Section.NEW]
        assert [one.section for one in tx.editions.selected(new)] == [Section.CATCH_UP]
        assert {one.entry.id for one in tx.editions.selected(new)} == tx.selecting.sent_entries(bob, [NEW])
    assert list(violations(store)) == before


def test_two_editions_for_one_slot_are_both_kept(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.read(hand.added("甲"))
    hand.edition("weekly/1", new=["甲"], slot_at=now)
    hand.edition("news/1", new=["甲"], slot_at=now)
    rename(store, now + day)
    with store.read() as tx:
        assert sorted(str(one.edition.slot_at or "") for one in tx.editions.editions(NEW)) == ["", str(now)]
        state = tx.editions.digest(NEW)
    assert state is not None
    assert state.last_slot_at == now


def test_of_two_subscriptions_the_newer_act_counts(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    with store.write() as tx:
        tx.editions.register_digest(OLD, now)
    went, came, chose = (hand.subscriber(f"{name}@example.org") for name in ("went", "came", "chose"))
    with store.write() as tx:
        for person in (went, came, chose):
            tx.subscribers.join(person, NEW, "them", now)
        tx.subscribers.leave(came, NEW, "them", now)
        tx.subscribers.leave(came, OLD, "them", now)
        tx.subscribers.join(came, OLD, "them", now + day)
        tx.subscribers.leave(went, NEW, "them", now + 2 * day)
        tx.subscribers.leave(chose, OLD, "them", now + day)
    rename(store, now + 3 * day)
    assert sorted(followers(store, NEW)) == sorted([came, chose])
