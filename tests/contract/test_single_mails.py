"""Mails to one person: begun before they are sent, never tried a third time in doubt, forgotten in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.model import ConfirmationKind, DigestId, SingleMailKind, SubscriberId

if TYPE_CHECKING:
    from digest.model import SingleMail
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKLY = DigestId("weekly")
OLD = "old@example.org"


@pytest.fixture
def ada(hand: Hand) -> SubscriberId:
    return SubscriberId(hand.subscriber("ada@example.org"))


def begun(store: Store, now: datetime) -> SingleMail | None:
    with store.write() as tx:
        return tx.single_mails.begin(now, now + HOUR)


def test_a_person_is_welcomed_once(store: Store, ada: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        assert tx.single_mails.welcome(ada, now)
        assert not tx.single_mails.welcome(ada, now)
        assert tx.single_mails.awaits(ada)
        assert tx.single_mails.due(now)
        assert not tx.single_mails.due(now - HOUR)
    mail = begun(store, now)
    assert mail is not None
    assert (mail.kind, mail.subscriber.id, mail.digests) == (SingleMailKind.WELCOME, ada, (WEEKLY,))
    assert (mail.address, mail.written_at, mail.attempts) == ("ada@example.org", now, 1)
    with store.write() as tx:
        tx.single_mails.record(mail.id, next_at=None, text="mailed")
        assert not tx.single_mails.welcome(ada, now + DAY)
        assert not tx.single_mails.awaits(ada)
        assert not tx.single_mails.due(now + 9 * DAY)


def test_one_at_a_time_is_begun_and_what_failed_comes_again_when_it_is_due(
    store: Store, ada: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        tx.single_mails.welcome(ada, now)
        tx.single_mails.tell_moved(ada, OLD, now, guards_until=None)
    first, second = begun(store, now), begun(store, now)
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind, second.address) == (SingleMailKind.WELCOME, SingleMailKind.MOVED, OLD)
    assert begun(store, now) is None
    with store.write() as tx:
        tx.single_mails.record(first.id, next_at=now + DAY, text="450 later")
        tx.single_mails.record(second.id, next_at=None, text="mailed")
    assert begun(store, now + DAY - HOUR) is None
    again = begun(store, now + DAY)
    assert again is not None
    assert (again.id, again.attempts, again.written_at) == (first.id, 2, now)


@pytest.mark.parametrize("told", [False, True], ids=["died", "lost answer"])
def test_what_may_have_arrived_is_tried_once_more_and_never_again(
    store: Store, ada: SubscriberId, now: datetime, *, told: bool
) -> None:
    with store.write() as tx:
        tx.single_mails.welcome(ada, now)
    for attempt in (1, 2):
        mail = begun(store, now)
        assert mail is not None
        assert mail.attempts == attempt
        if told:
            with store.write() as tx:
                tx.single_mails.record(mail.id, next_at=now + HOUR, text="no reply", uncertain=True)
        now += HOUR
    assert begun(store, now) is None
    assert begun(store, now + 9 * DAY) is None
    with store.read() as tx:
        assert not tx.single_mails.awaits(ada)


def test_a_welcome_is_dropped_for_a_person_who_left_or_is_suppressed(store: Store, hand: Hand, now: datetime) -> None:
    people = [SubscriberId(hand.subscriber(f"{name}@example.org")) for name in ("left", "suppressed", "reached")]
    with store.write() as tx:
        for person in people:
            tx.single_mails.welcome(person, now)
        tx.subscribers.leave(people[0], WEEKLY, "test", now)
        tx.subscribers.suppress(people[1], "550 5.1.1", now)
    mail = begun(store, now)
    assert mail is not None
    assert mail.subscriber.id == people[2]
    assert begun(store, now) is None


def test_former_addresses_are_forgotten_when_notified_and_no_longer_guarded(
    store: Store, ada: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        tx.single_mails.tell_moved(ada, OLD, now, guards_until=now + 7 * DAY)
        assert tx.single_mails.guarded(ada, now + 7 * DAY - HOUR)
        assert not tx.single_mails.guarded(ada, now + 7 * DAY)
        assert tx.single_mails.expire(now + 9 * DAY) == 0
    mail = begun(store, now)
    assert mail is not None
    with store.write() as tx:
        tx.single_mails.record(mail.id, next_at=None, text="mailed")
        assert not tx.single_mails.expired(now + DAY)
        assert tx.single_mails.expire(now + DAY) == 0
        assert tx.single_mails.expired(now + 7 * DAY)
        assert tx.single_mails.expire(now + 7 * DAY) == 1
        assert not tx.single_mails.expired(now + 7 * DAY)
        assert tx.single_mails.expire(now + 7 * DAY) == 0


def test_an_address_that_no_mail_reaches_is_guarded_and_not_mailed(
    store: Store, ada: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        tx.single_mails.tell_moved(ada, None, now, guards_until=now + DAY)
        assert tx.single_mails.guarded(ada, now)
    assert begun(store, now) is None


def test_erasing_a_person_leaves_no_mail_to_them_and_no_former_address(
    store: Store, ada: SubscriberId, now: datetime
) -> None:
    with store.write() as tx:
        tx.single_mails.welcome(ada, now)
        tx.single_mails.tell_moved(ada, OLD, now, guards_until=now + DAY)
        assert not tx.subscribers.is_erased(ada)
        tx.subscribers.erase(ada, "hash", now)
        assert tx.subscribers.is_erased(ada)
        assert not tx.subscribers.is_erased(SubscriberId(ada + 1))
        assert not tx.single_mails.guarded(ada, now)
    assert begun(store, now) is None


def test_a_moved_person_is_found_at_the_new_address_alone(store: Store, ada: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        tx.subscribers.suppress(ada, "550 5.1.1", now)
        tx.subscribers.move(ada, "é@example.org", "test", now + HOUR, asked_at=now)
        assert tx.subscribers.find("ada@example.org") is None
        record = tx.subscribers.find("E\u0301@EXAMPLE.org")
    assert record is not None
    assert (record.subscriber.id, record.subscriber.address, record.suppressed) == (ada, "é@example.org", "")
    assert [(act.act, act.source, act.asked_at, act.at) for act in record.consents[-1:]] == [
        ("joined", "test", now, now + HOUR)
    ]
    with store.read() as tx:
        assert [act.act for act in tx.bounces.of([ada])[ada].suppressions] == ["suppressed", "unsuppressed"]


def test_an_address_that_is_kept_out_is_known_by_its_hash(store: Store, now: datetime) -> None:
    with store.write() as tx:
        tx.subscribers.keep_out("hash", now)
        tx.subscribers.keep_out("hash", now + DAY)
        assert tx.newcomers.erased(["hash"]) == {"hash"}
        assert not tx.newcomers.erased(["other"])


def test_what_was_confirmed_stays_without_its_address(store: Store, ada: SubscriberId, now: datetime) -> None:
    with store.write() as tx:
        values: dict[str, Any] = {"digests": [WEEKLY], "language": "en", "latest": False, "network": "n", "mail": True}
        joined = tx.confirmations.ask(
            ConfirmationKind.JOIN, "ada@example.org", subscriber=None, now=now, expires_at=now + DAY, **values
        )
        moved = tx.confirmations.ask(
            ConfirmationKind.MOVE, OLD, subscriber=ada, now=now, expires_at=now + DAY, proven=True, **values
        )
        assert tx.confirmations.mailed(ConfirmationKind.JOIN, OLD, now - HOUR) == 1
        assert tx.confirmations.mailed(ConfirmationKind.ACCESS, OLD, now - HOUR) == 0
        found = tx.confirmations.get(moved)
        assert found is not None
        assert (found.subscriber, found.proven) == (ada, True)
        tx.confirmations.done(joined, now + HOUR, ada)
        assert tx.confirmations.expired(now + 2 * DAY, now + DAY) == 2
        assert tx.confirmations.expire(now + 2 * DAY, now + DAY) == 2
        assert tx.confirmations.expired(now + 2 * DAY, now + DAY) == 0
        assert tx.confirmations.get(moved) is None
        kept = tx.confirmations.get(joined)
    assert kept is not None
    assert (kept.subscriber, kept.address, kept.digests, kept.done_at) == (ada, "", (), now + HOUR)
