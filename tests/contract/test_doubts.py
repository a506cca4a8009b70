"""Mails that may be lost, leases that are freed, times that lie ahead: the promises of `Doubts` and `Clocks`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import Body, DeliveryState, DigestId, Edition, EditionKey, Section, Selected, SubscriberId, Variant
from digest.records.editions import Recipient
from digest.records.operating import ClockFault
from digest.store.mailing.dead_letters import Doubts
from tests.contract.plans import plans

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Entry
    from digest.store.transaction import Store, Transaction
    from tests.contract.conftest import Hand

FIRST, SECOND = EditionKey("weekly/2026-W11"), EditionKey("weekly/2026-W12")
WEEKLY = DigestId("weekly")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNKNOWN, FAILED = DeliveryState.UNKNOWN, DeliveryState.FAILED


@pytest.fixture
def person(hand: Hand, now: datetime) -> SubscriberId:
    """A subscriber whose mail announces 甲 as new."""
    hand.read(hand.added("甲"), hand.added("乙", 1))
    person = hand.subscriber("a@example.org")
    hand.edition(FIRST, new=["甲"], to=[person])
    return person


def attempt(store: Store, now: datetime, *states: DeliveryState) -> None:
    """Send what is due, so often; the last state is how it ends."""
    for at, state in enumerate(states, 1):
        with store.write() as tx:
            for one in tx.deliveries.lease(now, now + HOUR, 9):
                who = one.edition, one.subscriber.id
                tx.deliveries.begin(*who, one.leased_until, now + HOUR, now)
                tx.deliveries.record(*who, state, now=now, next_at=now if at < len(states) else None)


def owed(tx: Transaction) -> dict[SubscriberId, tuple[list[str], list[str]]]:
    found = tx.doubts.owed(WEEKLY, [WEEKLY])
    return {who: ([entry.id for entry in one.entries], list(one.editions)) for who, one in found.items()}


@pytest.mark.parametrize("ends", [(UNKNOWN, UNKNOWN), (UNKNOWN, FAILED)])
def test_what_a_doubtful_mail_reported_is_owed_until_another_lists_it(
    store: Store, hand: Hand, person: SubscriberId, now: datetime, ends: tuple[DeliveryState, ...]
) -> None:
    attempt(store, now, *ends)
    with store.write() as tx:
        assert owed(tx) == {person: (["甲"], [FIRST])}
        listing = Selected(Section.AGAIN, hand_entry(tx, "甲"))
        words = Variant(Body("en", "s", "<p>h</p>", "t"), (), (0,))
        mail = Recipient(person, "<2@example.org>", 0, now + DAY)
        assert tx.editions.make(Edition(SECOND, WEEKLY, None, None, now + DAY, empty=True), [listing], [words], [mail])
        assert tx.editions.variants(SECOND) == [words]
        assert owed(tx) == {}
        assert tx.doubts.listed_in(FIRST, person) == [SECOND]
        assert broken(tx) == []
    attempt(store, now + DAY, FAILED)  # which surely did not arrive
    with store.read() as tx:
        assert owed(tx) == {person: (["甲"], [FIRST])}
        assert tx.doubts.listed_in(FIRST, person) == []


def broken(tx: Transaction) -> list[str]:
    """The violated invariants of mails and subscribers."""
    return [one.law for one in tx.audit.broken() if "deliver" in one.law or "subscriber" in one.law]


def hand_entry(tx: Transaction, name: str) -> Entry:
    return next(entry for entry in tx.entries.newest(limit=9) if entry.id == name)


@pytest.mark.parametrize("ends", [(DeliveryState.ACCEPTED,), (UNKNOWN, DeliveryState.ACCEPTED), (FAILED,)])
def test_what_surely_arrived_or_surely_did_not_is_owed_to_nobody(
    store: Store, person: SubscriberId, now: datetime, ends: tuple[DeliveryState, ...]
) -> None:
    attempt(store, now, *ends)
    with store.read() as tx:
        assert owed(tx) == {}
        assert tx.doubts.listed_in(FIRST, person) == []


def test_a_list_that_comes_twice_breaks_a_law(store: Store, hand: Hand, person: SubscriberId, now: datetime) -> None:
    attempt(store, now, UNKNOWN, UNKNOWN)
    with store.write() as tx:
        for number in (12, 13):
            key = EditionKey(f"weekly/2026-W{number}")
            listing = Selected(Section.AGAIN, hand_entry(tx, "甲"))
            words = Variant(Body("en", f"{number}", "<p>h</p>", "t"), (), (0,))
            mail = Recipient(person, f"<{number}@example.org>", 0, now)
            tx.editions.make(Edition(key, WEEKLY, None, None, now, empty=True), [listing], [words], [mail])
        assert broken(tx) == ["an entry is listed once more twice to a subscriber"]


def test_doubts_are_found_by_an_index_over_them(store: Store, person: SubscriberId) -> None:
    asked = plans(store, lambda connection: Doubts(connection).owed(WEEKLY, [WEEKLY]))
    assert "ix_deliveries_uncertain" in asked[0]


@pytest.mark.parametrize("begun", [False, True])
def test_a_lease_is_freed_where_it_still_stands(
    store: Store, person: SubscriberId, now: datetime, *, begun: bool
) -> None:
    with store.write() as tx:
        (one,) = tx.deliveries.lease(now, now + 9 * DAY, 9)
        lease = (FIRST, person, one.leased_until)
        if begun:
            tx.deliveries.begin(*lease, now + 9 * DAY, now)
        assert [(row.leased_until, row.begun) for row in tx.deliveries.leased(FIRST)] == [(now + 9 * DAY, begun)]
        assert tx.deliveries.leased(EditionKey("weekly/other")) == []
        assert tx.deliveries.free([(FIRST, person, now)], now) == (0, 0)
        assert tx.deliveries.free([lease], now) == (int(not begun), int(begun))
        assert tx.deliveries.leased() == []
        assert tx.deliveries.begin(*lease, now + DAY, now) is None
        (again,) = tx.deliveries.lease(now, now + HOUR, 9)
    assert again.uncertain == int(begun)


def test_what_lies_ahead_is_found_by_kind(store: Store, hand: Hand, person: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        assert tx.clocks.ahead(now, HOUR, 10 * HOUR) == []
        assert tx.clocks.ahead(now - HOUR, HOUR, 10 * HOUR) == []
        tx.deliveries.lease(now, now + DAY, 9)
        tx.deliveries.pause("no route", now + 9 * DAY)
        found = {one.what: (one.number, one.newest) for one in tx.clocks.ahead(now - 3 * DAY, HOUR, 10 * HOUR)}
    assert found == {
        "the end of an edition's window": (1, now),
        "the end of a pause of all sending": (1, now + 9 * DAY),
        "a lease of a mail": (1, now + DAY),
    }


def test_a_fault_of_a_clock_stands_until_it_is_calm(store: Store, now: datetime) -> None:
    fault = ClockFault("a lease of a mail", 2, "2028-01-01 00:00 UTC", "it is ended", now)
    with store.write() as tx:
        tx.clocks.note([fault])
        tx.clocks.end(now + HOUR / 2, HOUR)
        assert tx.clocks.standing() == [fault]
        tx.clocks.end(now + HOUR, HOUR)
        assert tx.clocks.standing() == []


def test_the_installation_is_remembered(store: Store) -> None:
    with store.write() as tx:
        assert tx.backups.installation() is None
        tx.backups.set_installation({"file": "/a", "sources": {"甲": "/b"}})
        assert tx.backups.installation() == {"file": "/a", "sources": {"甲": "/b"}}
