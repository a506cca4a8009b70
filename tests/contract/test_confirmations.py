"""Requests that wait for the owner of an address: counted, mailed when due, deleted in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.model import ConfirmationId, ConfirmationKind, DigestId, SubscriberId

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

HOUR = timedelta(hours=1)


@pytest.fixture
def ask(store: Store, now: datetime) -> Callable[..., ConfirmationId]:
    def asked(address: str = "Ada@example.org", at: datetime = now, **given: Any) -> ConfirmationId:
        values = {
            "subscriber": None,
            "digests": [DigestId("weekly")],
            "language": "en",
            "latest": True,
            "network": "n1",
            "mail": True,
            "expires_at": at + 2 * HOUR,
        }
        with store.write() as tx:
            return tx.confirmations.ask(given.pop("kind", ConfirmationKind.JOIN), address, now=at, **values | given)

    return asked


def test_what_was_asked_for_is_what_is_confirmed(
    store: Store, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    number = ask()
    with store.write() as tx:
        asked = tx.confirmations.get(number)
        assert asked is not None
        assert (asked.kind, asked.address, asked.subscriber) == (ConfirmationKind.JOIN, "Ada@example.org", None)
        assert (asked.digests, asked.language, asked.latest) == (("weekly",), "en", True)
        assert (asked.asked_at, asked.expires_at, asked.done_at) == (now, now + 2 * HOUR, None)
        tx.confirmations.done(number, now + HOUR)
        done = tx.confirmations.get(number)
        assert done is not None
        assert done.done_at == now + HOUR
        assert not tx.confirmations.due(now)
        assert tx.confirmations.get(ConfirmationId(number + 1)) is None


def test_a_request_is_counted_by_network_and_by_address(
    store: Store, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    ask()
    ask("ADA@EXAMPLE.ORG", now + HOUR, network="n2")
    ask("bob@example.org", now + HOUR, mail=False)
    with store.read() as tx:
        count = tx.confirmations
        assert (count.asked(now - HOUR), count.asked(now), count.asked(now - HOUR, "n1")) == (3, 2, 2)
        assert count.mailed(ConfirmationKind.JOIN, "ada@example.org", now - HOUR) == 2
        assert count.mailed(ConfirmationKind.JOIN, "ada@example.org", now) == 1
        assert count.mailed(ConfirmationKind.JOIN, "bob@example.org", now - HOUR) == 0
        assert count.mailed(ConfirmationKind.ACCESS, "ada@example.org", now - HOUR) == 0


def test_mails_are_counted_by_mailbox(store: Store, ask: Callable[..., ConfirmationId], now: datetime) -> None:
    mailbox = ["ada.l@example.org", "AdaL+a@Example.org", "a.d.a.l+b+c@example.org"]
    for address in [
        *mailbox,
        "adals@example.org",
        "adal@sub.example.org",
        "adal+a@example.org.net",
        "a_al@example.org",
    ]:
        ask(address)
    ask("adal@example.org", mail=False)
    with store.read() as tx:
        count = tx.confirmations.mailed_to_aliases
        for address in mailbox:
            assert count(ConfirmationKind.JOIN, address, now - HOUR) == 3
            assert count(ConfirmationKind.MOVE, address, now - HOUR) == 3
            assert count(ConfirmationKind.JOIN, address, now) == 0
            assert count(ConfirmationKind.ACCESS, address, now - HOUR) == 0
        assert count(ConfirmationKind.JOIN, "a%@example.org", now - HOUR) == 0
        assert count(ConfirmationKind.JOIN, "a_al@example.org", now - HOUR) == 1


def test_mails_are_counted_by_domain(store: Store, ask: Callable[..., ConfirmationId], now: datetime) -> None:
    ask("ada@Example.ORG")
    ask("bob@example.org", now + HOUR)
    ask("eve@example.org", mail=False)
    ask("x@notexample.org")
    ask("x@sub.example.org")
    ask("x@example.org.net")
    ask("x@under_score.org")
    with store.read() as tx:
        within = tx.confirmations.mailed_within
        assert (
            within("example.org", "", now - HOUR),
            within("EXAMPLE.org", "", now),
            within("sub.example.org", "", now - HOUR),
        ) == (
            2,
            1,
            1,
        )
        assert within("under%score.org", "", now - HOUR) == within("underXscore.org", "", now - HOUR) == 0
        assert within("under_score.org", "", now - HOUR) == 1


def test_domains_with_one_mail_host_are_counted_together(
    store: Store, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    ask("a@one.example", mail_host="mx.example.net")
    ask("b@two.example", mail_host="mx.example.net")
    ask("c@two.example", mail=False, mail_host="mx.example.net")
    ask("d@three.example", mail_host="mx.example.org")
    ask("e@four.example")
    with store.read() as tx:
        within = tx.confirmations.mailed_within
        assert within("new.example", "mx.example.net", now - HOUR) == 2
        assert within("three.example", "mx.example.net", now - HOUR) == 3
        assert within("five.example", "", now - HOUR) == 0
        assert within("new.example", "mx.example.net", now) == 0


def test_a_mail_is_leased_once_and_again_when_its_lease_has_ended(
    store: Store, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    first, second = ask(), ask("bob@example.org")
    ask("cleo@example.org", mail=False)
    with store.write() as tx:
        assert [one.id for one in tx.confirmations.lease(now, now + HOUR, 1)] == [first]
        assert [(one.id, one.attempts) for one in tx.confirmations.lease(now, now + HOUR, 9)] == [(second, 1)]
        assert tx.confirmations.lease(now, now + HOUR, 9) == []
        tx.confirmations.record(first, next_at=None, text="mailed")
    with store.write() as tx:
        assert tx.confirmations.due(now + HOUR)
        assert [(one.id, one.attempts) for one in tx.confirmations.lease(now + HOUR, now + 2 * HOUR, 9)] == [
            (second, 2)
        ]
        tx.confirmations.record(second, next_at=now + 3 * HOUR, text="450 later")
        assert not tx.confirmations.due(now + 2 * HOUR)
        assert tx.confirmations.due(now + 3 * HOUR)


def test_what_has_expired_is_deleted_when_it_counts_no_more(
    store: Store, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    old, young = ask(), ask("bob@example.org", now + HOUR)
    with store.write() as tx:
        assert tx.confirmations.expired(now + 3 * HOUR, now + HOUR) == 1
        assert tx.confirmations.expire(now + 3 * HOUR, now + HOUR) == 1
        assert tx.confirmations.get(old) is None
        assert tx.confirmations.get(young) is not None
        assert tx.confirmations.expire(now + HOUR, now + 9 * HOUR) == 0


def test_erasing_a_person_erases_what_they_asked_for(
    store: Store, hand: Hand, ask: Callable[..., ConfirmationId], now: datetime
) -> None:
    person = hand.subscriber("ada@example.org")
    kept = ask("bob@example.org")
    gone = [ask("ADA@example.org"), ask(kind=ConfirmationKind.ACCESS, subscriber=person)]
    with store.write() as tx:
        tx.subscribers.erase(person, "hash", now)
        assert [tx.confirmations.get(number) for number in gone] == [None, None]
        assert tx.confirmations.get(kept) is not None


@pytest.mark.parametrize("kind", list(ConfirmationKind))
def test_access_is_of_a_subscriber_and_joining_is_not(
    store: Store, hand: Hand, ask: Callable[..., ConfirmationId], kind: ConfirmationKind
) -> None:
    person = hand.subscriber("ada@example.org")
    wrong = person if kind is ConfirmationKind.JOIN else None
    with pytest.raises(Exception, match="subscriber"):
        ask(kind=kind, subscriber=wrong)
    assert ask(kind=kind, subscriber=None if wrong else SubscriberId(person))
