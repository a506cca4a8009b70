"""The ledger of mail: the promises of `Deliveries`, one test for each transition."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from digest.model import DeliveryState, DigestId, EditionKey, Format, SubscriberId
from digest.records.mailing import DeliveryRow, HandedOver
from digest.store.database.tables import metadata
from digest.store.database.tables.columns import UtcTime
from digest.store.database.tables.people import subscriptions
from digest.store.mailing.deliveries import Deliveries
from digest.store.operating import clocks
from tests.contract.plans import plans
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

KEY = EditionKey("weekly/2026-W11")
LEASE = timedelta(minutes=20)


@pytest.fixture
def person(hand: Hand) -> SubscriberId:
    """Somebody whose mail is planned."""
    person = hand.subscriber("a@example.org")
    hand.edition(KEY, to=[person])
    return person


def lease(store: Store, now: datetime, limit: int = 100, key: EditionKey | None = None) -> list[tuple[str, int, int]]:
    """Lease and begin."""
    with store.write() as tx:
        leased = tx.deliveries.lease(now, now + LEASE, limit, key)
        for d in leased:
            begun = tx.deliveries.begin(d.edition, d.subscriber.id, d.leased_until, now + LEASE, now)
            assert begun is DeliveryState.LEASED
        return [(d.edition, d.subscriber.id, d.attempts) for d in leased]


def row(store: Store) -> DeliveryRow:
    with store.read() as tx:
        (one,) = tx.deliveries.rows(KEY)
    return one


def test_a_planned_delivery_is_leased_with_all_that_sending_needs(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        (delivery,) = tx.deliveries.lease(now, now + LEASE, 10)
        record = tx.subscribers.get(person)
    assert record is not None
    assert delivery.subscriber == record.subscriber
    assert (delivery.edition, delivery.digest) == (KEY, "weekly")
    assert delivery.agreed_at == record.consents[0].at
    assert (delivery.message_id, delivery.attempts, delivery.made_at) == (f"<{KEY}-{person}@example.org>", 1, now)
    assert row(store).state is DeliveryState.LEASED
    assert lease(store, now + LEASE - timedelta(microseconds=1)) == []


def test_a_planned_delivery_is_due_though_the_clock_stepped_back(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    assert lease(store, now - timedelta(days=8)) == [(KEY, person, 1)]


@pytest.mark.parametrize("days", [1.5, 3000])
def test_what_was_planned_under_a_clock_ahead_is_due_when_that_is_mended(
    store: Store, person: SubscriberId, now: datetime, days: float
) -> None:
    before = now - timedelta(days=days)
    with store.write() as tx:
        tx.readings.clock_stepped_back(before)
    assert lease(store, before) == [(KEY, person, 1)]


def test_every_moment_of_the_store_has_its_place_where_a_clock_is_mended() -> None:
    moments = {column for table in metadata.sorted_tables for column in table.c if isinstance(column.type, UtcTime)}
    assert moments == {*clocks.HAPPENED, *clocks.WAITS, *clocks.MAY_LIE_AHEAD}


def test_what_was_begun_under_a_clock_ahead_is_unknown_an_hour_after_that_is_mended(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    before = now - timedelta(days=3000)
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now, now + LEASE, 1)
        tx.deliveries.begin_all([(KEY, person, leased.leased_until)], now + LEASE, now)
        tx.readings.clock_stepped_back(before)
    assert lease(store, before + timedelta(minutes=59)) == []
    assert lease(store, before + timedelta(minutes=61)) == [(KEY, person, 2)]


def test_a_lease_under_a_clock_ahead_ends(store: Store, person: SubscriberId, now: datetime) -> None:
    before = now - timedelta(days=3000)
    with store.write() as tx:
        tx.deliveries.lease(now, now + LEASE, 1)
        tx.deliveries.pause("no route", now + LEASE)
        tx.readings.clock_stepped_back(before)
        assert tx.deliveries.paused(before) is None
    assert lease(store, before) == [(KEY, person, 1)]


def test_an_ended_lease_is_unknown_and_leased_again(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now + LEASE, now + 2 * LEASE, 1)
        tx.deliveries.release(KEY, person)
    assert (leased.attempts, leased.uncertain) == (2, 1)
    assert (row(store).state, row(store).attempts) == (DeliveryState.UNKNOWN, 1)


def test_an_accepted_delivery_is_done(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, DeliveryState.ACCEPTED, now=now, code=250, text="queued")
        assert tx.deliveries.open() == 0
    assert row(store) == DeliveryRow(KEY, person, "a@example.org", DeliveryState.ACCEPTED, 1, None, 250, "queued")
    assert lease(store, now + timedelta(days=9)) == []


def test_a_deferred_delivery_waits_for_its_time(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    later = now + timedelta(hours=1)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, DeliveryState.DEFERRED, now=now, next_at=later, code=451, text="later")
        assert tx.deliveries.open(KEY) == 1
    assert (row(store).state, row(store).next_at, row(store).code) == (DeliveryState.DEFERRED, later, 451)
    assert lease(store, later - timedelta(microseconds=1)) == []
    assert lease(store, later) == [(KEY, person, 2)]


def test_an_unknown_delivery_is_tried_again_in_its_time(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, DeliveryState.UNKNOWN, now=now, next_at=now, text="silence after the dot")
    assert (row(store).state, row(store).next_at) == (DeliveryState.UNKNOWN, now)
    assert lease(store, now) == [(KEY, person, 2)]


def test_an_unknown_delivery_without_a_time_is_never_tried_again(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, DeliveryState.UNKNOWN, now=now, text="silence again")
        assert tx.deliveries.open() == 0
    assert (row(store).state, row(store).next_at) == (DeliveryState.UNKNOWN, None)
    assert lease(store, now + timedelta(days=9)) == []


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.SUPPRESSED])
def test_a_failed_or_suppressed_delivery_never_comes_again(
    store: Store, person: SubscriberId, now: datetime, state: DeliveryState
) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, state, now=now, next_at=now, code=550, text="no such user")
        assert tx.deliveries.open() == 0
    assert lease(store, now + timedelta(days=9)) == []


def test_a_released_delivery_is_as_if_never_leased(store: Store, person: SubscriberId, now: datetime) -> None:
    before = row(store)
    with store.write() as tx:
        assert tx.deliveries.lease(now, now + LEASE, 1)
        tx.deliveries.release(KEY, person)
        tx.deliveries.release(KEY, person)
    assert row(store) == before
    assert lease(store, now) == [(KEY, person, 1)]


def test_what_was_begun_is_not_released(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.release(KEY, person)
    assert row(store).state is DeliveryState.LEASED


def test_a_lease_that_ends_unused_is_as_if_it_had_never_been(store: Store, person: SubscriberId, now: datetime) -> None:
    for again in range(5):
        with store.write() as tx:
            (leased,) = tx.deliveries.lease(now + again * LEASE, now + (again + 1) * LEASE, 1)
        assert (leased.attempts, leased.uncertain) == (1, 0)


def test_what_was_begun_and_never_answered_comes_once_more(store: Store, person: SubscriberId, now: datetime) -> None:
    assert lease(store, now) == [(KEY, person, 1)]
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now + LEASE, now + 2 * LEASE, 1)
        assert (leased.attempts, leased.uncertain) == (2, 1)
        tx.deliveries.begin(KEY, person, leased.leased_until, now + 2 * LEASE, now)
    assert lease(store, now + 9 * LEASE) == []
    assert (row(store).state, row(store).next_at, row(store).attempts) == (DeliveryState.UNKNOWN, None, 2)


def test_a_lost_lease_begins_nothing(store: Store, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        (first,) = tx.deliveries.lease(now, now + LEASE, 1)
    with store.write() as tx:
        (second,) = tx.deliveries.lease(now + LEASE, now + 2 * LEASE, 1)
    with store.write() as tx:
        assert tx.deliveries.begin(KEY, person, first.leased_until, now + 3 * LEASE, now) is None
        assert tx.deliveries.begin(KEY, person, second.leased_until, now + 3 * LEASE, now) is DeliveryState.LEASED
        assert tx.deliveries.begin(KEY, person, second.leased_until, now + 3 * LEASE, now) is None
    assert row(store).attempts == 1


@pytest.mark.parametrize("goes", ["leaves", "is suppressed", "is erased"])
def test_nothing_is_begun_for_a_person_who_is_gone_since_the_lease(
    store: Store, person: SubscriberId, now: datetime, goes: str
) -> None:
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now, now + LEASE, 1)
    with store.write() as tx:
        if goes == "leaves":
            tx.subscribers.leave(person, DigestId("weekly"), "mail link", now)
        elif goes == "is erased":
            tx.subscribers.erase(person, "hash", now)
        else:
            tx.subscribers.suppress(person, "gone", now)
    with store.write() as tx:
        assert tx.deliveries.begin(KEY, person, leased.leased_until, now + LEASE, now) is DeliveryState.SUPPRESSED
    assert row(store).state is DeliveryState.SUPPRESSED


def test_nothing_is_begun_for_a_person_who_is_gone_in_a_way_that_took_nothing_back(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now, now + LEASE, 1)
    with store.write() as tx:
        assert isinstance(tx.deliveries, Deliveries)
        tx.deliveries._connection.execute(update(subscriptions).values(left_at=now))
    with store.write() as tx:
        assert tx.deliveries.begin(KEY, person, leased.leased_until, now + LEASE, now) is DeliveryState.SUPPRESSED
    assert (row(store).state, row(store).attempts) == (DeliveryState.SUPPRESSED, 0)


def test_of_late_answers_only_acceptance_counts(store: Store, person: SubscriberId, now: datetime) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.deliveries.record(KEY, person, DeliveryState.DEFERRED, now=now, next_at=now + LEASE)
        tx.deliveries.record(KEY, person, DeliveryState.FAILED, now=now, code=550)
        assert tx.deliveries.rows(KEY)[0].state is DeliveryState.DEFERRED
        tx.deliveries.record(KEY, person, DeliveryState.ACCEPTED, now=now, code=250)
        tx.deliveries.record(KEY, person, DeliveryState.DEFERRED, now=now, next_at=now)
        assert tx.deliveries.rows(KEY)[0].state is DeliveryState.ACCEPTED
        record = tx.subscribers.get(person)
        tx.deliveries.record(KEY, person, DeliveryState.ACCEPTED, now=now + LEASE)
        assert tx.subscribers.get(person) == record


def test_many_are_begun_as_one_by_one_whatever_became_of_some(store: Store, hand: Hand, now: datetime) -> None:
    people = [hand.subscriber(f"{name}@example.org") for name in "abcd"]
    other = EditionKey("weekly/2026-W12")
    hand.edition(KEY, to=people)
    hand.edition(other, to=people)
    with store.write() as tx:
        first = tx.deliveries.lease(now, now + LEASE, 5)
        later = tx.deliveries.lease(now, now + 2 * LEASE, 5)
        tx.subscribers.leave(people[1], DigestId("weekly"), "link", now)
    leases = [(one.edition, one.subscriber.id, one.leased_until) for one in (*later, *first)]
    lost = [(KEY, people[2], now + 9 * LEASE)]
    with store.write() as tx:
        states = tx.deliveries.begin_all([*leases, *lost], now + 3 * LEASE, now)
        again = tx.deliveries.begin_all(leases, now + 3 * LEASE, now)
    expected = [DeliveryState.SUPPRESSED if person == people[1] else DeliveryState.LEASED for _, person, _ in leases]
    assert states == [*expected, None]
    assert again == [DeliveryState.SUPPRESSED if person == people[1] else None for _, person, _ in leases]
    with store.read() as tx:
        assert [(row.state, row.attempts) for key in (KEY, other) for row in tx.deliveries.rows(key)] == [
            (DeliveryState.SUPPRESSED, 0) if row == 1 else (DeliveryState.LEASED, 1) for _ in (1, 2) for row in range(4)
        ]


def test_many_answers_are_recorded_each_as_its_own(store: Store, hand: Hand, now: datetime) -> None:
    people = [hand.subscriber(f"{name}@example.org") for name in "abcd"]
    hand.edition(KEY, to=people)
    lease(store, now)
    later = now + timedelta(hours=1)
    with store.write() as tx:
        tx.subscribers.erase(people[3], "hash", now)
        tx.deliveries.record_all(
            [
                HandedOver(KEY, people[0], DeliveryState.ACCEPTED, code=250, text="queued"),
                HandedOver(KEY, people[1], DeliveryState.DEFERRED, later, 451, "later"),
                HandedOver(KEY, people[2], DeliveryState.UNKNOWN, None, None, "silence"),
                HandedOver(KEY, people[3], DeliveryState.FAILED, None, 550, "no d@example.org here"),
            ],
            now,
        )
    with store.read() as tx:
        assert [(row.state, row.next_at, row.code, row.text) for row in tx.deliveries.rows(KEY)] == [
            (DeliveryState.ACCEPTED, None, 250, "queued"),
            (DeliveryState.DEFERRED, later, 451, "later"),
            (DeliveryState.UNKNOWN, None, None, "silence"),
            (DeliveryState.FAILED, None, 550, ""),
        ]


def test_the_oldest_edition_goes_first_and_within_it_the_oldest_subscriber(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    first, second = hand.subscriber("z@example.org"), hand.subscriber("a@example.org")
    hand.edition("weekly/a", closes_at=now + day, to=[second, first])
    hand.edition("weekly/b", closes_at=now, to=[second, first])
    assert lease(store, now + day, 1) == [("weekly/b", first, 1)]
    assert lease(store, now + day, 2) == [("weekly/b", second, 1), ("weekly/a", first, 1)]
    assert lease(store, now + day, 0) == []


def test_a_drain_may_keep_to_one_edition(store: Store, hand: Hand, person: SubscriberId, now: datetime) -> None:
    hand.edition("weekly/2", to=[person])
    assert lease(store, now, key=EditionKey("weekly/2")) == [("weekly/2", person, 1)]
    with store.read() as tx:
        assert (tx.deliveries.open(), tx.deliveries.open(KEY)) == (2, 1)
    assert lease(store, now, key=EditionKey("weekly/none")) == []


def test_a_person_who_left_or_is_suppressed_is_passed_over_and_the_batch_still_filled(
    store: Store, hand: Hand, now: datetime
) -> None:
    people = [hand.subscriber(f"{n}@example.org") for n in range(6)]
    hand.edition(KEY, to=people)
    lease(store, now)  # under way, so that leaving does not suppress
    with store.write() as tx:
        tx.subscribers.leave(people[0], DigestId("weekly"), "mail link", now)
        tx.subscribers.suppress(people[1], "gone", now)
        tx.subscribers.erase(people[2], "hash", now)
    assert lease(store, now + LEASE, 2) == [(KEY, people[3], 2), (KEY, people[4], 2)]
    with store.read() as tx:
        states = [one.state.value for one in tx.deliveries.rows(KEY)]
    assert states == ["suppressed"] * 3 + ["leased"] * 2 + ["unknown"]


def test_two_drains_never_get_the_same_delivery(store: Store, hand: Hand, now: datetime) -> None:
    people = [hand.subscriber(f"{n}@example.org") for n in range(60)]
    hand.edition(KEY, to=people)

    def drain() -> list[int]:
        taken: list[int] = []
        while batch := lease(store, now, 7):
            taken += [subscriber for _, subscriber, _ in batch]
        return taken

    with ThreadPoolExecutor(4) as pool:
        drains = [pool.submit(drain) for _ in range(4)]
        taken = [subscriber for done in drains for subscriber in done.result(SECONDS)]
    assert sorted(taken) == people


def test_sent_mails_are_counted_from_the_ledger_with_the_leased_ones(store: Store, hand: Hand, now: datetime) -> None:
    hand.edition(KEY, to=[hand.subscriber(f"{n}@example.org") for n in range(9)])
    hour = timedelta(hours=1)

    def counted(since: datetime) -> int:
        with store.read() as tx:
            return tx.deliveries.handed_over(since)

    assert counted(now - hour) == 0
    for _, person, _ in lease(store, now, 4):
        with store.write() as tx:
            state = DeliveryState.ACCEPTED if person % 2 else DeliveryState.FAILED
            tx.deliveries.record(KEY, SubscriberId(person), state, now=now, code=250)
    assert (counted(now - hour), counted(now)) == (4, 0)
    with store.write() as tx:
        unused = tx.deliveries.lease(now + hour, now + 2 * hour, 2)
    assert (counted(now - hour), counted(now)) == (6, 2)
    lease(store, now + hour, 1)
    assert (counted(now - hour), counted(now), counted(now + hour)) == (7, 3, 2)
    with store.write() as tx:
        for one in unused:
            tx.deliveries.release(KEY, one.subscriber.id)
    assert (counted(now - hour), counted(now)) == (5, 1)


def test_sent_mails_are_counted_over_an_index(store: Store, now: datetime) -> None:
    begun, leased = plans(store, lambda connection: Deliveries(connection).handed_over(now))
    assert "ix_deliveries_begun_at" in begun
    assert "ix_deliveries_leased" in leased


def test_a_pause_holds_until_its_time_or_until_it_is_ended(store: Store, now: datetime) -> None:
    until = now + LEASE
    with store.write() as tx:
        assert tx.deliveries.paused(now) is None
        tx.deliveries.pause("535 login refused", until)
        assert tx.deliveries.paused(now) == ("535 login refused", until)
        assert tx.deliveries.paused(until) is None
        tx.deliveries.resume()
        assert tx.deliveries.paused(now) is None


@pytest.mark.parametrize("goes", ["leaves", "pauses"])
def test_what_is_leased_and_not_begun_is_taken_back_at_once(
    store: Store, person: SubscriberId, now: datetime, goes: str
) -> None:
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now, now + LEASE, 1)
    with store.write() as tx:
        if goes == "leaves":
            tx.subscribers.leave(person, DigestId("weekly"), "mail link", now)
            tx.subscribers.join(person, DigestId("weekly"), "undone", now)
        else:
            tx.subscribers.prefer(
                person, language="en", fmt=Format.BOTH, timezone="", topics=(), paused_until=now + LEASE
            )
    assert row(store).state is DeliveryState.SUPPRESSED  # so that the next edition announces it
    with store.write() as tx:
        assert tx.deliveries.begin(KEY, person, leased.leased_until, now + LEASE, now) is DeliveryState.SUPPRESSED
        tx.deliveries.release(KEY, person)
    assert row(store).state is DeliveryState.SUPPRESSED


def test_what_comes_back_for_later_goes_to_nobody_who_left_meanwhile(
    store: Store, person: SubscriberId, now: datetime
) -> None:
    lease(store, now)
    with store.write() as tx:
        tx.subscribers.leave(person, DigestId("weekly"), "mail link", now)
        tx.deliveries.record(KEY, person, DeliveryState.DEFERRED, now=now, next_at=now + LEASE)
    assert row(store).state is DeliveryState.SUPPRESSED
