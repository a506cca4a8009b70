"""How subscribers want to get mail, and what was announced to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState, DigestId, EditionKey, Format, SourceId, SubscriberId
from digest.records.editions import Recipient

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from digest.records.people import SubscriberRecord
    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

WEEKLY, DAILY = DigestId("weekly"), DigestId("daily")
KEY = EditionKey("weekly/2026-W11")


def record(store: Store, person: SubscriberId) -> SubscriberRecord:
    with store.read() as tx:
        found = tx.subscribers.get(person)
    assert found is not None
    return found


def prefer(store: Store, person: SubscriberId, paused_until: datetime | None = None) -> None:
    with store.write() as tx:
        tx.subscribers.prefer(
            person,
            language="en",
            fmt=Format.TEXT,
            timezone="Europe/Berlin",
            topics=["maths", "verse"],
            paused_until=paused_until,
        )


def test_what_a_reader_prefers_is_theirs_everywhere(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    person = hand.subscriber("ada@example.org")
    prefer(store, person, now + day)
    known = record(store, person).subscriber
    assert (known.language, known.format, known.timezone) == ("en", Format.TEXT, "Europe/Berlin")
    assert (known.topics, known.paused_until) == (("maths", "verse"), now + day)
    with store.read() as tx:
        assert tx.subscribers.active(WEEKLY) == [known]


def test_a_pause_takes_back_what_is_not_under_way(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    ada, bob = hand.subscriber("ada@example.org"), hand.subscriber("bob@example.org")
    hand.edition(to=[ada, bob])
    prefer(store, ada)
    assert [follower.behind for follower in followers(store)] == [False, False]
    prefer(store, ada, now + day)
    assert [follower.behind for follower in followers(store)] == [True, False]
    with store.read() as tx:
        states = [row.state for row in tx.deliveries.rows(KEY)]
    assert states == [DeliveryState.SUPPRESSED, DeliveryState.PLANNED]


def followers(store: Store) -> list:  # type: ignore[type-arg]
    with store.read() as tx:
        return tx.subscribers.followers(WEEKLY)


def test_a_person_who_comes_from_another_frequency_follows_since_then(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    ada, bob = hand.subscriber("ada@example.org", "daily"), hand.subscriber("bob@example.org")
    with store.write() as tx:
        assert tx.subscribers.join(ada, WEEKLY, "page", now + day, since=now, wording="w", asked_at=now)
        assert not tx.subscribers.join(ada, WEEKLY, "page", now + 2 * day)
        assert tx.subscribers.subscription(ada, WEEKLY) == (now, None)
        assert tx.subscribers.subscription(bob, DAILY) is None
    assert [(one.subscriber.id, one.since, one.behind) for one in followers(store)] == [
        (ada, now, True),
        (bob, now, False),
    ]
    act = record(store, ada).consents[-1]
    assert (act.wording, act.asked_at, act.at) == ("w", now, now + day)
    with store.write() as tx:
        tx.subscribers.set_behind(WEEKLY, [ada, bob], behind=False)
        tx.subscribers.leave(bob, WEEKLY, "page", now + day)
        assert tx.subscribers.subscription(bob, WEEKLY) == (now, now + day)
        tx.subscribers.join(bob, WEEKLY, "page", now + 3 * day)
        tx.subscribers.follows_since(bob, WEEKLY, now)
    assert [(one.since, one.behind) for one in followers(store)] == [(now, False), (now, True)]


@pytest.mark.parametrize("state", list(DeliveryState))
def test_an_entry_counts_as_announced_if_a_mail_announces_it_or_is_about_to(
    store: Store, hand: Hand, now: datetime, day: timedelta, state: DeliveryState
) -> None:
    person = hand.subscriber("ada@example.org")
    hand.read(hand.added("a"), hand.added("b", 1))
    hand.read(hand.revised("a", "A"), hand.added("c", 1), path="b.txt")
    hand.edition(new=["a", "b"], corrected=["c"], to=[person])
    with store.write() as tx:
        if state is DeliveryState.SUPPRESSED:
            tx.subscribers.leave(person, WEEKLY, "page", now)
        elif state is not DeliveryState.PLANNED:
            (leased,) = tx.deliveries.lease(now, now + day, 1)
            tx.deliveries.begin(KEY, person, leased.leased_until, now + 2 * day, now)
            if state is not DeliveryState.LEASED:
                tx.deliveries.record(KEY, person, state, now=now, next_at=now + day)
    with store.read() as tx:
        told = tx.selecting.sent_entries(person, [WEEKLY])
        assert told == (set() if state in {DeliveryState.FAILED, DeliveryState.SUPPRESSED} else {"a", "b"})
        assert tx.selecting.sent_entries(person, [DAILY]) == set()


def test_new_entries_are_those_since_a_time_of_some_sources(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    hand.read(hand.added("a"))
    hand.read(hand.added("b"), source="other", now=now + day)
    hand.edition(new=["a"])
    with store.read() as tx:
        news = tx.selecting.news
        assert [entry.id for entry in news(now, [])] == ["b", "a"]
        assert [entry.id for entry in news(now + day, [])] == ["b"]
        assert [entry.id for entry in news(now, [SourceId("blog")])] == ["a"]


def test_one_more_reader_gets_an_edition_once(store: Store, hand: Hand, now: datetime, day: timedelta) -> None:
    ada, bob = hand.subscriber("ada@example.org"), hand.subscriber("bob@example.org")
    hand.read(hand.added("a"))
    hand.edition(new=["a"], to=[ada])
    with store.write() as tx:
        assert not tx.editions.plan(KEY, Recipient(ada, "<again@example.org>", 1, now))
        assert tx.editions.plan(KEY, Recipient(bob, "<bob@example.org>", 1, now + day))
        assert [variant.body.language for variant in tx.editions.variants(KEY)] == ["zh_CN", "en"]
        assert [tx.deliveries.variant(KEY, one) for one in (ada, bob, SubscriberId(99))] == [0, 1, None]
        assert [one.subscriber.id for one in tx.deliveries.lease(now, now + day, 9)] == [ada]
        (later,) = tx.deliveries.lease(now + day, now + 2 * day, 9)[-1:]
        assert (later.subscriber.id, later.variant, later.message_id) == (bob, 1, "<bob@example.org>")
        assert (later.made_at, later.written_at) == (now, now + day)


def test_an_edition_that_was_taken_back_may_be_asked_for(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    ada = hand.subscriber("ada@example.org")
    hand.edition(to=[ada])
    prefer(store, ada, now + day)
    with store.write() as tx:
        assert tx.editions.plan(KEY, Recipient(ada, "<again@example.org>", 1, now))
        assert not tx.editions.plan(KEY, Recipient(ada, "<again@example.org>", 1, now))
        (leased,) = tx.deliveries.lease(now, now + day, 9)
        assert (leased.variant, leased.written_at) == (1, now)
        assert leased.message_id == "<again@example.org>"


def test_a_person_who_is_reached_again_is_no_longer_suppressed(store: Store, hand: Hand, now: datetime) -> None:
    person = hand.subscriber("ada@example.org")
    with store.write() as tx:
        tx.subscribers.suppress(person, "550", now)
        assert tx.subscribers.active(WEEKLY) == []
        tx.subscribers.unsuppress(person, "operator", now)
        assert [one.id for one in tx.subscribers.active(WEEKLY)] == [person]


def test_what_may_have_been_accepted_counts_as_announced_however_it_ended(
    store: Store, hand: Hand, now: datetime, day: timedelta
) -> None:
    person = hand.subscriber("ada@example.org")
    hand.read(hand.added("a"))
    hand.edition(new=["a"], to=[person])
    with store.write() as tx:
        (leased,) = tx.deliveries.lease(now, now + day, 1)
        tx.deliveries.begin(KEY, person, leased.leased_until, now + 2 * day, now)
        tx.deliveries.record(KEY, person, DeliveryState.UNKNOWN, now=now, next_at=now + day)
        tx.subscribers.leave(person, WEEKLY, "page", now)
    with store.read() as tx:
        assert [row.state for row in tx.deliveries.rows(KEY)] == [DeliveryState.SUPPRESSED]
        assert tx.selecting.sent_entries(person, [WEEKLY]) == {"a"}
    with store.write() as tx:
        assert not tx.editions.plan(KEY, Recipient(person, "<again@example.org>", 0, now))
