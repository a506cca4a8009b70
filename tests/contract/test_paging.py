"""Lists that are read page by page, and counts of people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import BounceKind, DeliveryState, DigestId, EditionKey, Format, SubscriberId
from digest.records.mailing import Bounce

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store.transaction import Store
    from tests.contract.conftest import Hand

WEEKLY = DigestId("weekly")


@pytest.fixture
def people(store: Store, hand: Hand, now: datetime) -> dict[str, SubscriberId]:
    """One person in each state."""
    found = {
        state: hand.subscriber(f"{state}@example.org", "weekly") for state in ("active", "paused", "left", "suppressed")
    }
    with store.write() as tx:
        tx.subscribers.leave(found["left"], WEEKLY, "test", now)
        tx.subscribers.suppress(found["suppressed"], "550 no", now)
        tx.subscribers.prefer(
            found["paused"],
            language="en",
            fmt=Format.BOTH,
            timezone="",
            topics=("ai", "maths"),
            paused_until=now + timedelta(days=9),
        )
    return found


def test_people_are_found_by_state_words_and_page(store: Store, people: dict[str, SubscriberId], now: datetime) -> None:
    with store.read() as tx:
        for digest in (None, "weekly"):
            for state, person in people.items():
                found = tx.roster.page(now, after=0, limit=9, state=state, digest=digest)
                assert [one.subscriber.id for one in found] == [person]
        assert [one.subscriber.id for one in tx.roster.page(now, after=0, limit=9, search="ACTI")] == [people["active"]]
        assert tx.roster.page(now, after=0, limit=9, search="a_tive") == []
        assert tx.roster.page(now, after=0, limit=9, search="a%tive") == []
        first = tx.roster.page(now, after=0, limit=2)
        rest = tx.roster.page(now, after=first[-1].subscriber.id, limit=9)
        assert [one.subscriber.id for one in (*first, *rest)] == list(people.values())
        assert [one.subscriber.id for one in tx.roster.records(first[-1].subscriber.id, 1)] == [people["left"]]
        assert tx.roster.page(now, after=0, limit=9, digest="other") == []


def test_people_are_counted(store: Store, people: dict[str, SubscriberId], now: datetime) -> None:
    with store.read() as tx:
        assert tx.roster.numbers(now) == dict.fromkeys(people, 1)
        joined = tx.roster.growth(now - timedelta(days=1))
        assert joined == tx.roster.growth(now - timedelta(days=1), WEEKLY)
        assert joined == [(f"{now:%Y-%m-%d}", "joined", 4), (f"{now:%Y-%m-%d}", "left", 1)]
        assert tx.roster.growth(now + timedelta(days=1)) == []
        kinds = tx.roster.kinds(WEEKLY)
    assert sorted((topics, number) for _, _, topics, number in kinds) == [((), 1), (("ai", "maths"), 1)]


def test_editions_and_their_mails_are_read_page_by_page(
    store: Store, hand: Hand, people: dict[str, SubscriberId], now: datetime
) -> None:
    keys = [EditionKey(f"weekly/{number}") for number in range(3)]
    for number, key in enumerate(keys):
        hand.edition(key, to=[people["active"], people["paused"]], closes_at=now + timedelta(days=number))
    with store.read() as tx:
        newest = tx.editions.page(None, None, 2)
        assert [one.edition.key for one in newest] == keys[:0:-1]
        assert newest[0].deliveries == {DeliveryState.PLANNED: 2}
        rest = tx.editions.page(WEEKLY, newest[-1].edition, 9)
        assert [one.edition.key for one in rest] == keys[:1]
        assert tx.editions.page(DigestId("other"), None, 9) == []
        whole = tx.dead_letters.page([], None, None, None, 99)
        assert len(whole) == 6
        assert [row.edition for row in whole[::2]] == keys[::-1]
        read, after = [], None
        while page := tx.dead_letters.page([DeliveryState.PLANNED], None, None, after, 4):
            read += page
            after = (page[-1].edition, page[-1].subscriber)
        assert read == whole
        one = tx.dead_letters.page([], keys[1], None, None, 9)
        assert [row.subscriber for row in one] == [people["active"], people["paused"]]
        assert tx.dead_letters.page([], keys[1], None, (keys[1], people["active"]), 9) == one[1:]
        mine = tx.dead_letters.page([], None, people["paused"], None, 9)
        assert [row.edition for row in mine] == keys[::-1]
        assert tx.dead_letters.page([], None, people["paused"], (mine[0].edition, people["paused"]), 9) == mine[1:]
        assert tx.dead_letters.page([DeliveryState.FAILED], None, None, None, 9) == []


def test_bounces_are_read_page_by_page(
    store: Store, hand: Hand, people: dict[str, SubscriberId], now: datetime
) -> None:
    key, person = EditionKey("weekly/1"), people["active"]
    hand.edition(key, to=[person])
    with store.write() as tx:
        for number in range(3):
            tx.bounces.add(Bounce(person, key, f"m{number}", BounceKind.SOFT, "", f"text {number}", now))
    with store.read() as tx:
        first = tx.bounces.listed(None, 2, key)
        rest = tx.bounces.listed(first[-1][0], 9)
        assert tx.bounces.listed(None, 9, EditionKey("weekly/2")) == []
    assert [(address, one.text) for _, address, one in (*first, *rest)] == [
        ("active@example.org", f"text {number}") for number in (2, 1, 0)
    ]
