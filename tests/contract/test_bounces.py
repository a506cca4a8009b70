"""Which mails bounced, and who is suppressed: the promises of `Bounces`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from digest.model import BounceKind, DeliveryState, EditionKey
from digest.records.mailing import Bounce, Suppression, Trouble
from digest.store.database.tables.mailing import bounces, suppressions

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.model import SubscriberId
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

KEY = EditionKey("weekly/2026-W11")
SOFT, HARD, REFUSED = BounceKind.SOFT, BounceKind.HARD, BounceKind.REFUSED


@pytest.fixture
def person(hand: Hand) -> SubscriberId:
    """Somebody whose mail is planned."""
    person = hand.subscriber("a@example.org")
    hand.edition(KEY, to=[person])
    return person


def bounce(person: SubscriberId, now: datetime, message: str = "one", kind: BounceKind = SOFT) -> Bounce:
    return Bounce(person, KEY, message, kind, "5.2.2", "552 mailbox full", now)


def accepted(store: Store, person: SubscriberId, key: EditionKey, now: datetime) -> None:
    with store.write() as tx:
        for delivery in tx.deliveries.lease(now, now, 9, key):
            if delivery.subscriber.id == person:
                tx.deliveries.record(key, person, DeliveryState.ACCEPTED, now=now)


def test_a_message_is_recorded_once(store: Store, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        assert tx.bounces.editions(person) == [KEY]
        assert tx.bounces.add(bounce(person, now))
        assert not tx.bounces.add(bounce(person, now, kind=HARD))
        assert tx.bounces.add(bounce(person, now, "two", HARD))
        assert tx.bounces.counts() == {SOFT: 1, HARD: 1}
        assert tx.bounces.of([person]) == {person: Trouble((bounce(person, now), bounce(person, now, "two", HARD)))}


def test_of_one_delivery_so_many_are_kept(store: Store, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        kept = [tx.bounces.add(bounce(person, now, str(number))) for number in range(60)]
    assert (sum(kept), kept[0], kept[-1]) == (50, True, False)


def test_the_editions_that_were_sent_are_listed_with_their_bounces(
    store: Store, hand: Hand, person: SubscriberId, now: datetime, day: timedelta
) -> None:
    later = EditionKey("weekly/2026-W12")
    hand.edition(later, to=[person], closes_at=now + day)
    hand.edition("weekly/2026-W13", to=[person], closes_at=now + 2 * day)  # on its way yet
    accepted(store, person, later, now + day)
    with store.write() as tx:
        tx.bounces.add(bounce(person, now))
        tx.bounces.add(bounce(person, now, "two", HARD))
        assert tx.bounces.counted(person) == [(KEY, {SOFT, HARD}), (later, frozenset())]


def test_an_address_taken_back_starts_anew(
    store: Store, hand: Hand, person: SubscriberId, now: datetime, day: timedelta
) -> None:
    later = EditionKey("weekly/2026-W12")
    accepted(store, person, KEY, now)
    with store.write() as tx:
        tx.bounces.add(bounce(person, now))
        tx.subscribers.suppress(person, "550 no such user", now)
        assert tx.bounces.suppressed() == 1
        assert tx.subscribers.unsuppress(person, "operator", now + day)
        assert not tx.subscribers.unsuppress(person, "operator", now + day)
        assert tx.bounces.suppressed() == 0
        assert [one.id for one in tx.subscribers.active("weekly")] == [person]  # type: ignore[arg-type] # a name of a digest
    hand.edition(later, to=[person], closes_at=now + 2 * day)
    accepted(store, person, later, now + 2 * day)
    with store.read() as tx:
        assert tx.bounces.counted(person) == [(later, frozenset())]
        acts = Suppression("suppressed", "550 no such user", now), Suppression("unsuppressed", "operator", now + day)
        assert tx.bounces.of([person])[person].suppressions == acts


def test_people_refused_by_policy_are_counted_once_each(
    store: Store, hand: Hand, person: SubscriberId, now: datetime, day: timedelta
) -> None:
    other = hand.subscriber("b@example.org")
    hand.edition("weekly/2", to=[other])
    with store.write() as tx:
        tx.bounces.add(bounce(person, now, "one", REFUSED))
        tx.bounces.add(bounce(person, now, "two", REFUSED))
        tx.bounces.add(Bounce(other, EditionKey("weekly/2"), "three", REFUSED, "5.7.1", "spam", now - 2 * day))
        assert tx.bounces.refused(now - day) == 1
        assert tx.bounces.refused(now - 3 * day) == 2


def test_what_says_nothing_of_a_delivery_is_counted_by_reason(store: Store, now: datetime) -> None:
    with store.write() as tx:
        for reason in ("no token", "token not ours", "no token"):
            tx.bounces.ignore(reason, now)
        assert tx.bounces.ignored() == {"no token": 2, "token not ours": 1}


def test_an_erased_person_leaves_nothing_of_their_bounces(store: Store, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        tx.bounces.add(bounce(person, now))
        tx.subscribers.suppress(person, "550 a@example.org unknown", now)
        tx.subscribers.erase(person, "hash", now)
        assert tx.bounces.of([person]) == {}
    with store._engine.begin() as connection:
        assert connection.execute(select(bounces)).all() == []
        assert connection.execute(select(suppressions)).all() == []


def test_the_newest_words_of_refusals_are_reported_once_each(store: Store, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        for number, (kind, text) in enumerate(
            [
                (REFUSED, "old"),
                (REFUSED, "550 policy"),
                (SOFT, "full"),
                (REFUSED, ""),
                (REFUSED, "old"),
                (REFUSED, "new"),
            ]
        ):
            tx.bounces.add(Bounce(person, KEY, str(number), kind, "5.7.1", text, now))
        assert tx.bounces.refusals(9) == ["new", "old", "550 policy"]
        assert tx.bounces.refusals(1) == ["new"]
