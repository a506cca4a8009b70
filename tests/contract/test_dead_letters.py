"""Mails that did not arrive, or not yet: the promises of `DeadLetters`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState, DigestId, EditionKey
from digest.records.mailing import Overdue

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import SubscriberId
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

KEY = EditionKey("weekly/2026-W11")
LEASE, HOUR = timedelta(minutes=20), timedelta(hours=1)
FAILED, UNKNOWN, ACCEPTED = DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED
DEFERRED, SUPPRESSED, PLANNED = DeliveryState.DEFERRED, DeliveryState.SUPPRESSED, DeliveryState.PLANNED


@pytest.fixture
def person(hand: Hand) -> SubscriberId:
    """Somebody whose mail is planned."""
    person = hand.subscriber("a@example.org")
    hand.edition(KEY, to=[person])
    return person


def ended(store: Store, now: datetime, state: DeliveryState, next_at: datetime | None = None) -> None:
    """Send all that is due, with one outcome."""
    with store.write() as tx:
        for leased in tx.deliveries.lease(now, now + LEASE, 100):
            tx.deliveries.begin(leased.edition, leased.subscriber.id, leased.leased_until, now + LEASE, now)
            tx.deliveries.record(leased.edition, leased.subscriber.id, state, now=now, next_at=next_at, text="no")


@pytest.mark.parametrize("state", [FAILED, UNKNOWN])
def test_a_dead_letter_is_planned_again_with_its_message_id(
    store: Store, person: SubscriberId, now: datetime, state: DeliveryState
) -> None:
    ended(store, now, state)
    with store.write() as tx:
        (row,) = tx.dead_letters.listed([state])
        assert (row.edition, row.subscriber, row.state, row.text) == (KEY, person, state, "no")
        assert tx.dead_letters.count() == 1
        assert tx.dead_letters.plan_again(KEY, person, state, now + HOUR)
        assert not tx.dead_letters.plan_again(KEY, person, state, now + HOUR)
        assert tx.dead_letters.count() == 0
        (leased,) = tx.deliveries.lease(now + HOUR, now + HOUR + LEASE, 9)
    assert (leased.message_id, leased.attempts) == (f"<{KEY}-{person}@example.org>", 2)
    assert leased.written_at == (now if state is UNKNOWN else now + HOUR)  # what may have arrived keeps its bytes


@pytest.mark.parametrize(
    ("state", "waits"), [(ACCEPTED, False), (DEFERRED, True), (UNKNOWN, True), (SUPPRESSED, False)]
)
def test_what_arrived_waits_or_was_given_up_is_never_planned_again(
    store: Store, person: SubscriberId, now: datetime, state: DeliveryState, *, waits: bool
) -> None:
    ended(store, now, state, now + HOUR if waits else None)
    with store.write() as tx:
        before = tx.deliveries.rows(KEY)
        assert tx.dead_letters.count() == 0
        for wanted in DeliveryState:
            assert not tx.dead_letters.plan_again(KEY, person, wanted, now)
        assert tx.deliveries.rows(KEY) == before


@pytest.mark.parametrize("goes", ["leaves", "is suppressed", "is erased", "pauses"])
def test_nothing_is_planned_again_for_a_person_who_is_gone(
    store: Store, person: SubscriberId, now: datetime, goes: str
) -> None:
    ended(store, now, FAILED)
    with store.write() as tx:
        if goes == "leaves":
            tx.subscribers.leave(person, DigestId("weekly"), "mail link", now)
        elif goes == "is suppressed":
            tx.subscribers.suppress(person, "gone", now)
        elif goes == "is erased":
            tx.subscribers.erase(person, "hash", now)
        else:
            record = tx.subscribers.get(person)
            assert record
            known = record.subscriber
            tx.subscribers.prefer(
                person, language="en", fmt=known.format, timezone="", topics=(), paused_until=now + HOUR
            )
    with store.write() as tx:
        assert not tx.dead_letters.plan_again(KEY, person, FAILED, now)
        assert tx.deliveries.rows(KEY)[0].state is FAILED


@pytest.mark.parametrize("state", [FAILED, UNKNOWN])
def test_no_dead_letter_is_left_of_a_person_who_is_erased(
    store: Store, person: SubscriberId, now: datetime, state: DeliveryState
) -> None:
    ended(store, now, state)
    with store.write() as tx:
        tx.subscribers.erase(person, "hash", now)
        assert tx.dead_letters.listed([state]) == []
        assert tx.dead_letters.count() == 0


def test_the_newest_edition_is_listed_first_and_one_may_be_asked_for(store: Store, hand: Hand, now: datetime) -> None:
    people = [hand.subscriber(f"{n}@example.org") for n in range(2)]
    hand.edition("weekly/a", closes_at=now - HOUR, to=people)
    hand.edition("weekly/b", closes_at=now, to=people)
    ended(store, now, FAILED)
    with store.read() as tx:
        order = [(row.edition, row.address) for row in tx.dead_letters.listed([FAILED, UNKNOWN])]
        assert order == [
            ("weekly/b", "0@example.org"),
            ("weekly/b", "1@example.org"),
            ("weekly/a", "0@example.org"),
            ("weekly/a", "1@example.org"),
        ]
        assert len(tx.dead_letters.listed([FAILED], EditionKey("weekly/a"))) == 2
        assert tx.dead_letters.listed([DEFERRED]) == []


def test_an_edition_is_overdue_while_a_mail_of_it_is_untried_or_put_off(
    store: Store, hand: Hand, now: datetime
) -> None:
    people = [hand.subscriber(f"{n}@example.org") for n in range(3)]
    hand.edition(KEY, to=people)
    with store.read() as tx:
        assert tx.dead_letters.overdue(now) == []
        assert tx.dead_letters.overdue(now + HOUR) == [Overdue(KEY, DigestId("weekly"), 3, 0, 3)]
    ended(store, now, DEFERRED, now + HOUR)
    with store.read() as tx:
        assert tx.dead_letters.overdue(now + 2 * HOUR) == [Overdue(KEY, DigestId("weekly"), 0, 3, 3)]
    ended(store, now + HOUR, ACCEPTED)
    with store.read() as tx:
        assert tx.dead_letters.overdue(now + 9 * HOUR) == []


def test_mails_refused_for_their_content_are_distinguished_from_others(
    store: Store, person: SubscriberId, hand: Hand, now: datetime
) -> None:
    others = [hand.subscriber(f"{letter}@example.org") for letter in "bc"]
    hand.edition(later := EditionKey("weekly/2026-W12"), closes_at=now + 24 * HOUR, to=others)
    with store.write() as tx:
        for text, leased in zip(
            ["content: 552 too large", "sender: 552 too large", "recipient: 550 no"],
            tx.deliveries.lease(now + 25 * HOUR, now + 26 * HOUR, 9),
            strict=True,
        ):
            tx.deliveries.record(leased.edition, leased.subscriber.id, FAILED, now=now, code=552, text=text)
    with store.read() as tx:
        both, newer = tx.dead_letters.refused_mails(now), tx.dead_letters.refused_mails(now + HOUR)
    assert [(one.edition, one.subscriber, one.text) for one in both] == [
        (later, others[0], "sender: 552 too large"),
        (KEY, person, "content: 552 too large"),
    ]
    assert newer == both[:1]
