"""People and their consent: the promises of `Subscribers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from digest.model import DeliveryState, DigestId, EditionKey, Format, Subscriber, SubscriberId
from digest.records.people import Consent
from digest.store.database.tables import metadata

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

WEEKLY, DAILY = DigestId("weekly"), DigestId("daily")
KEY = EditionKey("weekly/2026-W11")


def states(store: Store, key: EditionKey = KEY) -> list[str]:
    with store.read() as tx:
        return [row.state.value for row in tx.deliveries.rows(key)]


def test_an_added_person_is_active_with_a_consent_for_each_digest(store: Store, now: datetime) -> None:
    with store.write() as tx:
        record = tx.subscribers.add(
            "Wáng@Example.org",
            name="王",
            language="en",
            fmt=Format.TEXT,
            digests=[WEEKLY, DAILY],
            source="operator: import",
            now=now,
        )
        assert record is not None
        assert record.subscriber == Subscriber(record.subscriber.id, "Wáng@Example.org", "王", "en", Format.TEXT, now)
        assert set(record.digests) == {WEEKLY, DAILY}
        assert (record.suppressed, record.deliveries) == ("", ())
        assert record.consents == tuple(
            Consent(digest, "joined", "operator: import", now) for digest in (WEEKLY, DAILY)
        )
        assert tx.subscribers.find("wÁng@eXample.ORG") == record
        assert tx.subscribers.get(record.subscriber.id) == record
        assert tx.subscribers.active(WEEKLY) == [record.subscriber]


def test_an_address_is_one_person_whatever_its_case(store: Store, hand: Hand, now: datetime) -> None:
    hand.subscriber("a@example.org")
    with store.write() as tx:
        again = tx.subscribers.add(
            "A@Example.ORG", name="", language="en", fmt=Format.BOTH, digests=[DAILY], source="operator", now=now
        )
        assert again is None
        assert len(tx.subscribers.all()) == 1
        assert tx.subscribers.active(DAILY) == []


def test_nobody_is_found_where_nobody_is(store: Store) -> None:
    with store.read() as tx:
        assert tx.subscribers.find("a@example.org") is None
        assert tx.subscribers.get(SubscriberId(7)) is None
        assert tx.subscribers.all() == []


def test_consent_is_a_history_that_only_grows(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    person = hand.subscriber("a@example.org")
    with store.write() as tx:
        assert not tx.subscribers.join(person, WEEKLY, "operator", now)
        assert tx.subscribers.leave(person, WEEKLY, "mail link", now + day)
        assert not tx.subscribers.leave(person, WEEKLY, "mail link", now + day)
        assert not tx.subscribers.leave(person, DAILY, "mail link", now + day)
        assert tx.subscribers.active(WEEKLY) == []
        assert tx.subscribers.join(person, WEEKLY, "operator", now + 2 * day)
        record = tx.subscribers.get(person)
        (everybody,) = tx.subscribers.all()
    assert record == everybody
    assert record is not None
    assert record.digests == (WEEKLY,)
    assert record.consents == (
        Consent(WEEKLY, "joined", "operator", now),
        Consent(WEEKLY, "left", "mail link", now + day),
        Consent(WEEKLY, "joined", "operator", now + 2 * day),
    )


def test_leaving_suppresses_what_is_not_begun_of_that_digest_only(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    stays, leaves = hand.subscriber("a@example.org"), hand.subscriber("b@example.org", "weekly", "daily")
    for key in (KEY, "weekly/2", "weekly/3", "daily/1"):
        hand.edition(key, to=[stays, leaves])
    with store.write() as tx:
        for leased in tx.deliveries.lease(now, now + day, 9, KEY):
            tx.deliveries.begin(KEY, leased.subscriber.id, leased.leased_until, now + day, now)
        tx.deliveries.lease(now, now + day, 9, EditionKey("weekly/2"))
        tx.deliveries.record(EditionKey("weekly/2"), leaves, DeliveryState.DEFERRED, now=now, next_at=now + day)
        tx.subscribers.leave(leaves, WEEKLY, "mail link", now)
    assert states(store) == ["leased", "leased"]
    assert states(store, EditionKey("weekly/2")) == ["leased", "suppressed"]
    assert states(store, EditionKey("weekly/3")) == ["planned", "suppressed"]
    assert states(store, EditionKey("daily/1")) == ["planned", "planned"]


def test_a_person_who_is_suppressed_gets_nothing_more(store: Store, hand: Hand, now: datetime) -> None:
    person = hand.subscriber("a@example.org")
    hand.edition(KEY, to=[person])
    with store.write() as tx:
        tx.subscribers.suppress(person, "550 5.1.1 no such user", now)
        assert tx.subscribers.active(WEEKLY) == []
        record = tx.subscribers.find("a@example.org")
    assert record is not None
    assert record.suppressed == "550 5.1.1 no such user"
    assert record.digests == (WEEKLY,)
    assert record.deliveries == ((KEY, DeliveryState.SUPPRESSED, None),)


def test_a_record_holds_its_deliveries_oldest_first(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    person = hand.subscriber("a@example.org")
    hand.edition("weekly/2", closes_at=now + day, to=[person])
    hand.edition("weekly/1", to=[person])
    with store.write() as tx:
        tx.deliveries.lease(now, now + day, 1)
        tx.deliveries.record(EditionKey("weekly/1"), person, DeliveryState.ACCEPTED, now=now + day)
        record = tx.subscribers.get(person)
    assert record is not None
    assert record.deliveries == (
        ("weekly/1", DeliveryState.ACCEPTED, now + day),
        ("weekly/2", DeliveryState.PLANNED, None),
    )


def test_everybody_is_listed_in_the_order_of_joining(store: Store, now: datetime) -> None:
    with store.write() as tx:
        for n in range(501):
            tx.subscribers.add(
                f"{n}@example.org", name="", language="en", fmt=Format.BOTH, digests=[WEEKLY], source="import", now=now
            )
        everybody = tx.subscribers.all()
        assert [record.subscriber.address for record in everybody] == [f"{n}@example.org" for n in range(501)]
        assert all(record.digests == (WEEKLY,) and len(record.consents) == 1 for record in everybody)
        assert tx.subscribers.active(WEEKLY) == [record.subscriber for record in everybody]


@pytest.fixture
def erased(store: Store, hand: Hand, now: datetime, day: timedelta) -> SubscriberId:
    """A person with a past, erased while one mail to them is under way."""
    person = hand.subscriber("Somebody@Example.org")
    for key in (KEY, "weekly/2", "weekly/3"):
        hand.edition(key, to=[person])
    with store.write() as tx:
        tx.deliveries.lease(now, now + day, 2)
        tx.deliveries.record(KEY, person, DeliveryState.FAILED, now=now, code=550, text="no somebody@example.org here")
        tx.subscribers.suppress(person, "550 no somebody@example.org here", now)
    with store.write() as tx:
        tx.subscribers.erase(person, "hash-of-somebody", now)
    with store.write() as tx:
        tx.deliveries.record(
            EditionKey("weekly/2"),
            person,
            DeliveryState.DEFERRED,
            now=now,
            next_at=now,
            code=450,
            text="somebody@example.org: later",
        )
    return person


def test_an_erased_person_is_gone_and_only_the_counts_stay(
    store: Store, erased: SubscriberId, now: datetime, day: timedelta
) -> None:
    with store.write() as tx:
        assert tx.subscribers.find("somebody@example.org") is None
        assert tx.subscribers.get(erased) is None
        assert tx.subscribers.all() == []
        assert tx.subscribers.active(WEEKLY) == []
        assert tx.newcomers.erased(["hash-of-somebody"]) == {"hash-of-somebody"}
        assert not tx.newcomers.erased(["hash-of-another"])
        assert tx.deliveries.lease(now + 2 * day, now + 3 * day, 9) == []
        rows = [tx.deliveries.rows(EditionKey(key))[0] for key in (KEY, "weekly/2", "weekly/3")]
    assert [(row.state, row.address, row.text) for row in rows] == [
        (DeliveryState.FAILED, "", ""),
        (DeliveryState.SUPPRESSED, "", ""),
        (DeliveryState.SUPPRESSED, "", ""),
    ]


def test_no_table_holds_a_trace_of_an_erased_address(store: Store, erased: SubscriberId) -> None:
    with store._engine.begin() as connection:
        everything = [str(row) for table in metadata.tables.values() for row in connection.execute(select(table))]
    assert everything
    assert not [row for row in everything if "somebody@" in row.casefold() or "某人" in row]


def test_no_byte_on_disk_holds_a_trace_of_an_erased_address(store: Store, erased: SubscriberId, tmp_path: Path) -> None:
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"somebody@" in path.read_bytes().lower()]


def test_an_erased_address_may_join_again_as_another_person(
    store: Store, hand: Hand, erased: SubscriberId, now: datetime
) -> None:
    again = hand.subscriber("somebody@example.org")
    assert again != erased
    with store.write() as tx:
        tx.subscribers.erase(again, "hash-of-somebody", now)
        assert tx.newcomers.erased(["hash-of-somebody"]) == {"hash-of-somebody"}
