"""Paces, waits, and attempts that do not count: the promises of `Pacing`, and of mails that are given back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import HandedOver, Slowed

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Delivery
    from digest.records.mailing import DeliveryRow
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

KEY, OTHER = EditionKey("weekly/2026-W11"), EditionKey("weekly/2026-W12")
LEASE, HOUR = timedelta(minutes=20), timedelta(hours=1)
LEASED, PLANNED, DEFERRED = DeliveryState.LEASED, DeliveryState.PLANNED, DeliveryState.DEFERRED


@pytest.fixture
def people(hand: Hand) -> list[SubscriberId]:
    """Three people whose mail is planned."""
    people = [hand.subscriber(f"{name}@example.org") for name in "abc"]
    hand.edition(KEY, to=people)
    return people


def leased(store: Store, now: datetime, *, begun: bool) -> list[Delivery]:
    with store.write() as tx:
        deliveries = tx.deliveries.lease(now, now + LEASE, 100)
        for one in deliveries if begun else ():
            assert tx.deliveries.begin(one.edition, one.subscriber.id, one.leased_until, now + LEASE, now) is LEASED
    return deliveries


def rows(store: Store) -> list[DeliveryRow]:
    with store.read() as tx:
        return tx.deliveries.rows(KEY)


def give_back(store: Store, deliveries: list[Delivery], now: datetime) -> None:
    with store.write() as tx:
        tx.deliveries.record_all(
            [
                HandedOver(one.edition, one.subscriber.id, PLANNED, None, 450, "slow down", one.attempts)
                for one in deliveries
            ],
            now,
        )


def test_what_is_given_back_is_as_before_and_says_why(store: Store, people: list[SubscriberId], now: datetime) -> None:
    before = rows(store)
    give_back(store, leased(store, now, begun=True), now)
    after = rows(store)
    assert [(row.state, row.attempts, row.next_at) for row in after] == [
        (row.state, row.attempts, row.next_at) for row in before
    ]
    assert {(row.code, row.text) for row in after} == {(450, "slow down")}
    assert [one.attempts for one in leased(store, now, begun=False)] == [1, 1, 1]


def test_a_deferred_one_that_is_given_back_is_deferred(store: Store, people: list[SubscriberId], now: datetime) -> None:
    for one in leased(store, now, begun=True):
        with store.write() as tx:
            tx.deliveries.record(one.edition, one.subscriber.id, DEFERRED, now=now, next_at=now + HOUR)
    give_back(store, leased(store, now + HOUR, begun=True), now + HOUR)
    assert {(row.state, row.attempts) for row in rows(store)} == {(DEFERRED, 1)}


def test_what_another_drain_has_begun_since_is_not_given_back(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    late = leased(store, now, begun=True)
    leased(store, now + LEASE, begun=True)
    give_back(store, late, now + LEASE)
    assert {(row.state, row.attempts) for row in rows(store)} == {(LEASED, 2)}


def test_what_an_erased_person_is_given_back_says_nothing(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    begun = leased(store, now, begun=True)
    with store.write() as tx:
        tx.subscribers.erase(people[0], "hash", now)
    give_back(store, begun, now)
    assert [row.text for row in rows(store)] == ["", "slow down", "slow down"]


def test_leases_are_put_off_where_nothing_was_begun_and_they_are_still_ours(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    first, second, third = leased(store, now, begun=False)
    with store.write() as tx:
        assert tx.deliveries.begin(KEY, first.subscriber.id, first.leased_until, now + LEASE, now) is LEASED
        of_others = third.leased_until - timedelta(seconds=1)
        tx.pacing.put_off(
            [
                (KEY, first.subscriber.id, first.leased_until),
                (KEY, second.subscriber.id, second.leased_until),
                (KEY, third.subscriber.id, of_others),
            ],
            now + HOUR,
        )
    assert [row.state for row in rows(store)] == [LEASED, PLANNED, LEASED]
    assert rows(store)[1].next_at == now + HOUR
    with store.write() as tx:
        assert tx.deliveries.lease(now + HOUR - timedelta(seconds=1), now + 2 * HOUR, 100) != []
    with store.write() as tx:
        taken = tx.deliveries.lease(now + HOUR, now + 3 * HOUR, 100)
    assert second.subscriber.id in {one.subscriber.id for one in taken}


def test_waits_are_listed_hurried_and_brought_back(
    store: Store, hand: Hand, people: list[SubscriberId], now: datetime
) -> None:
    hand.edition(OTHER, to=people[:1])
    for one in leased(store, now, begun=True):
        wait = HOUR if one.edition == OTHER else 3 * HOUR
        with store.write() as tx:
            tx.deliveries.record(one.edition, one.subscriber.id, DEFERRED, now=now, next_at=now + wait, text="busy")
    with store.write() as tx:
        assert [row.edition for row in tx.pacing.waiting(now)] == [OTHER, KEY, KEY, KEY]
        assert [row.address for row in tx.pacing.waiting(now, KEY)] == [f"{name}@example.org" for name in "abc"]
        assert tx.pacing.waiting(now + 3 * HOUR) == []

        assert tx.pacing.bring_back(now + 2 * HOUR) == 3
        assert {row.next_at for row in tx.pacing.waiting(now, KEY)} == {now + 2 * HOUR}
        assert {row.next_at for row in tx.pacing.waiting(now, OTHER)} == {now + HOUR}

        assert tx.pacing.hurry(OTHER, now) == 1
        assert len(tx.pacing.waiting(now)) == 3
        assert tx.pacing.hurry(None, now) == 3
        assert tx.pacing.waiting(now) == []
    assert len(leased(store, now, begun=False)) == 4


def test_a_leased_mail_is_neither_hurried_nor_reported_to_wait(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    leased(store, now, begun=True)
    with store.write() as tx:
        assert (tx.pacing.hurry(None, now - HOUR), tx.pacing.waiting(now - HOUR)) == (0, [])


def test_paces_are_kept_changed_and_forgotten(store: Store, now: datetime) -> None:
    everybody = Slowed("", 30.0, now, now, now + timedelta(seconds=2))
    slow = Slowed("slow.example", 1.5, now, now, now + timedelta(seconds=40))
    old = Slowed("old.example", 5.0, now - 30 * HOUR, now - 25 * HOUR, now - 25 * HOUR)
    with store.write() as tx:
        tx.pacing.put([slow, everybody, old], [], now - 26 * HOUR)
        assert tx.pacing.all(now - 26 * HOUR) == [everybody, old, slow]
        assert tx.pacing.all(now - 24 * HOUR) == [everybody, slow]

        faster = Slowed("slow.example", 2.5, now, now + HOUR, now + HOUR)
        tx.pacing.put([faster], [""], now - 24 * HOUR)
        assert tx.pacing.all(now - 26 * HOUR) == [faster]
