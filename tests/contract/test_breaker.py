"""Suppressions that wait for an operator, and paused domains: the promises of `Breaker` and `Resting`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import BounceKind, DeliveryState, DigestId, EditionKey, SubscriberId
from digest.records.mailing import Bounce, Evidence, RequestState, RestingDomain

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

KEY = EditionKey("weekly/2026-W11")
ACCEPTED, FAILED = DeliveryState.ACCEPTED, DeliveryState.FAILED
ASKED, APPLIED, CONFIRMED = RequestState.ASKED, RequestState.APPLIED, RequestState.CONFIRMED


@pytest.fixture
def people(hand: Hand) -> list[SubscriberId]:
    """Subscribers of an edition at two domains."""
    made = [hand.subscriber(address) for address in ("a@one.example", "b@One.example", "c@two.example")]
    hand.edition(KEY, to=made)
    return made


def recorded(store: Store, person: SubscriberId, state: DeliveryState, now: datetime) -> None:
    with store.write() as tx:
        leased = tx.deliveries.lease(now, now, 9)
        for one in leased:
            if one.subscriber.id == person:
                tx.deliveries.record(KEY, person, state, now=now, code=550, text="550 no")
            else:
                tx.deliveries.release(one.edition, one.subscriber.id)


def test_a_request_is_kept_once_and_stronger_evidence_counts(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    first, second, _ = people
    with store.write() as tx:
        assert tx.breaker.waiting() == []
        tx.breaker.ask(KEY, second, Evidence.EDITIONS, "two editions", now)
        tx.breaker.ask(KEY, first, Evidence.SERVER, "550 5.1.1", now)
        tx.breaker.ask(KEY, first, Evidence.EDITIONS, "550 again", now)
        tx.breaker.ask(KEY, second, Evidence.SERVER, "weaker", now)
        assert tx.breaker.waiting() == [KEY]
        assert [
            (one.subscriber, one.address, one.evidence, one.reason, one.state) for one in tx.breaker.requests(KEY)
        ] == [
            (first, "a@one.example", Evidence.EDITIONS, "550 again", ASKED),
            (second, "b@One.example", Evidence.EDITIONS, "two editions", ASKED),
        ]


def test_what_was_decided_stays_whatever_is_asked_or_forgotten(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    with store.write() as tx:
        for person in people:
            tx.breaker.ask(KEY, person, Evidence.SERVER, "550", now)
        tx.breaker.put(KEY, people[:2], APPLIED)
        tx.breaker.put(KEY, people[1:2], CONFIRMED)
        tx.breaker.ask(KEY, people[0], Evidence.EDITIONS, "again", now)
        tx.breaker.drop(KEY, people)
        assert [one.state for one in tx.breaker.requests(KEY)] == [APPLIED, CONFIRMED]
        assert tx.breaker.waiting() == []


def test_failures_of_an_edition_are_excused_and_no_other(
    store: Store, people: list[SubscriberId], now: datetime, hand: Hand
) -> None:
    later = EditionKey("weekly/2026-W12")
    hand.edition(later, closes_at=now + timedelta(days=7), to=people)
    with store.write() as tx:
        for number, (person, key) in enumerate([(people[0], KEY), (people[1], KEY), (people[0], later)]):
            tx.bounces.add(Bounce(person, key, f"m{number}", BounceKind.HARD, "5.1.1", "550", now))
        tx.bounces.add(Bounce(people[0], KEY, "delayed", BounceKind.DELAYED, "4.2.0", "450", now))
        tx.breaker.excuse(KEY, people[:1])
    with store.read() as tx:
        back = tx.bounces.of(people)
    kinds = {person: [one.kind for one in trouble.bounces] for person, trouble in back.items()}
    assert kinds == {
        people[0]: [BounceKind.REFUSED, BounceKind.HARD, BounceKind.DELAYED],
        people[1]: [BounceKind.HARD],
    }


def test_an_edition_is_tallied_without_the_mails_that_were_called_off(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    with store.write() as tx:
        assert (tx.breaker.tally(KEY).mails, tx.breaker.tally(KEY).open) == (3, 3)
        tx.subscribers.leave(people[0], DigestId("weekly"), "link", now)
        assert (tx.breaker.tally(KEY).mails, tx.breaker.tally(KEY).open) == (2, 2)
    recorded(store, people[1], ACCEPTED, now)
    with store.read() as tx:
        tally = tx.breaker.tally(KEY)
    assert (tally.mails, tally.open, tally.made_at) == (2, 1, now)


def test_a_domain_is_reached_where_it_took_a_mail_that_did_not_come_back(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    recorded(store, people[1], ACCEPTED, now)
    recorded(store, people[2], ACCEPTED, now)
    with store.write() as tx:
        assert tx.breaker.reached_domains(KEY) == {"one.example", "two.example"}
        tx.bounces.add(Bounce(people[2], KEY, "m", BounceKind.HARD, "5.1.1", "no", now))
        tx.bounces.add(Bounce(people[1], KEY, "n", BounceKind.SOFT, "5.2.2", "full", now))
        assert tx.breaker.reached_domains(KEY) == {"one.example"}


def test_a_refusal_that_was_not_about_its_reader_is_taken_back_whole(
    store: Store, people: list[SubscriberId], now: datetime, day: timedelta
) -> None:
    first, second, _ = people
    recorded(store, first, FAILED, now)
    with store.write() as tx:
        tx.bounces.add(Bounce(first, KEY, "refused one", BounceKind.HARD, "5.1.1", "no", now))
        tx.bounces.add(Bounce(first, KEY, "a mail", BounceKind.SOFT, "5.2.2", "full", now))
        tx.breaker.ask(KEY, first, Evidence.SERVER, "550", now)
    with store.write() as tx:
        tx.deliveries.reopen(KEY, [first, second], now + day)
        tx.breaker.forget(KEY, [first, second])
    with store.read() as tx:
        assert tx.breaker.requests(KEY) == []
        assert [one.message for one in tx.bounces.of([first])[first].bounces] == ["a mail"]
        rows = {row.subscriber: (row.state, row.next_at) for row in tx.deliveries.rows(KEY)}
    assert rows[first] == (DeliveryState.DEFERRED, now + day)
    assert rows[second][0] is DeliveryState.PLANNED


def test_a_person_who_left_meanwhile_is_not_changed_though_the_refusal_is_withdrawn(
    store: Store, people: list[SubscriberId], now: datetime, day: timedelta
) -> None:
    recorded(store, people[0], FAILED, now)
    with store.write() as tx:
        tx.subscribers.leave(people[0], DigestId("weekly"), "link", now)
        tx.deliveries.reopen(KEY, people[:1], now + day)
        assert next(row.state for row in tx.deliveries.rows(KEY)) is DeliveryState.SUPPRESSED


def test_no_suppression_is_requested_any_more_for_an_erased_or_lifted_person(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    with store.write() as tx:
        for person in people:
            tx.breaker.ask(KEY, person, Evidence.SERVER, "550", now)
        tx.subscribers.erase(people[0], "hash", now)
        tx.subscribers.unsuppress(people[1], "operator", now)
        assert [one.subscriber for one in tx.breaker.requests(KEY)] == people[2:]


def test_a_suppressed_person_is_listed_with_reason_and_time(
    store: Store, people: list[SubscriberId], now: datetime
) -> None:
    with store.write() as tx:
        tx.subscribers.suppress(people[1], "550 no", now)
        assert [(one.id, one.address, one.reason, one.at) for one in tx.subscribers.suppressed()] == [
            (people[1], "b@One.example", "550 no", now)
        ]


def test_mail_to_a_paused_domain_is_deferred_and_no_other(
    store: Store, people: list[SubscriberId], now: datetime, day: timedelta
) -> None:
    with store.write() as tx:
        tx.resting.rest("one.example", "450 later", now + day, now)
        assert [one.subscriber.id for one in tx.deliveries.lease(now, now + day, 9)] == people[2:]
        assert tx.resting.all() == [RestingDomain("one.example", "450 later", 1, now, now + day)]
        tx.resting.rest("one.example", "550 no", now + 2 * day, now + day)
        assert tx.resting.all() == [RestingDomain("one.example", "550 no", 2, now, now + 2 * day)]
        assert [row.next_at for row in tx.deliveries.rows(KEY)][:2] == [now + 2 * day] * 2
        tx.resting.put_off([], now + 9 * day)
        tx.resting.got_through(["two.example", "one.example"])
        assert tx.resting.all() == []


def test_a_domain_is_not_taken_for_one_that_ends_alike(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    hand.edition(KEY, to=[hand.subscriber("a@not-one.example"), hand.subscriber("a@mail.one.example")])
    with store.write() as tx:
        tx.resting.rest("one.example", "x", now + day, now)
        tx.resting.rest("___-one.example", "x", now + day, now)
        assert len(tx.deliveries.lease(now, now + day, 9)) == 2


def test_a_domain_is_paused_no_longer_than_the_longest_pause(store: Store, now: datetime) -> None:
    with store.write() as tx:
        tx.resting.rest("one.example", "450", now + timedelta(hours=1), now)
        tx.resting.rest("two.example", "450", now + timedelta(days=3650), now)
        assert tx.resting.bring_back(now + timedelta(hours=8)) == 1
        assert [(one.until - now, one.times) for one in tx.resting.all()] == [
            (timedelta(hours=1), 1),
            (timedelta(hours=8), 1),
        ]
