"""Draining into a real server that misbehaves: everybody gets one mail, or the ledger says why not."""

from __future__ import annotations

import asyncio
import email
import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import StoreError
from digest.mail.message import message
from digest.model import DeliveryState, DigestId
from digest.service.delivery import drain

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.service.delivery import Progress
    from tests.integration.mail.conftest import Inbox, Post

EVERYBODY = [f"reader{number}@example.org" for number in range(50)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED, SUPPRESSED, UNKNOWN = DeliveryState.PLANNED, DeliveryState.SUPPRESSED, DeliveryState.UNKNOWN


def except_for(person: str, reply: str) -> Callable[[str], str | None]:
    return lambda address: reply if address == person else None


def test_everybody_gets_one_mail_of_their_own(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY)
    seen: list[Progress] = []

    report = post.drain(progress=seen.append)

    assert report.counts() == {"accepted": 50, "deferred": 0, "failed": 0, "unknown": 0, "suppressed": 0}
    assert inbox.counts() == {1: 50}
    assert set(inbox.taken) == set(EVERYBODY)
    assert [progress.done for progress in seen] == list(range(1, 51))
    assert {progress.total for progress in seen} == {50}
    assert inbox.connections == 4
    links = set()
    for address, (raw,) in inbox.taken.items():
        parsed = email.message_from_bytes(raw)
        assert parsed["To"] == address
        (link,) = re.findall(rb"List-Unsubscribe: <(https://\S+)>\r\n", raw)
        links.add(link)
        parts = [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
        assert all(isinstance(part, bytes) and link in part for part in parts)
    assert len(links) == 50

    assert post.drain().attempted == 0
    assert inbox.counts() == {1: 50}


def test_one_who_is_busy_is_tried_later_with_the_same_message(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY[:5])
    inbox.at_recipient = except_for(EVERYBODY[2], "450 4.2.1 busy")

    assert post.drain().counts()["deferred"] == 1
    waiting = post.rows()[EVERYBODY[2]]
    assert (waiting.state, waiting.code, waiting.text) == (DEFERRED, 450, "recipient: 4.2.1 busy")
    assert post.drain().attempted == 0

    inbox.at_recipient = lambda _: None
    assert waiting.next_at is not None
    post.now = waiting.next_at
    post.drain()

    assert inbox.counts() == {1: 5}
    assert inbox.ids(EVERYBODY[2]) == ["<2026-W47.3@example.org>"]
    assert post.rows()[EVERYBODY[2]].attempts == 2


@pytest.mark.parametrize(
    ("reply", "suppressed"),
    [("550 5.1.1 no such user", True), ("550 5.7.1 not wanted", False), ("552 5.2.2 full", False)],
)
def test_one_who_cannot_be_reached_fails_alone(inbox: Inbox, post: Post, reply: str, *, suppressed: bool) -> None:
    people = post.people(*EVERYBODY[:5])
    inbox.at_recipient = except_for(EVERYBODY[1], reply)

    post.drain()

    assert post.states() == {ACCEPTED: 4, FAILED: 1}
    with post.store.read() as tx:
        record = tx.subscribers.get(people[1])
        assert record is not None
        assert bool(record.suppressed) is suppressed
        assert (people[1] in {one.id for one in tx.subscribers.active(DigestId("weekly"))}) is not suppressed


def test_a_server_that_refuses_all_pauses_sending_and_fails_nobody(inbox: Inbox, post_to: Any, port: int) -> None:
    post = post_to(port, connections=1)
    post.people(*EVERYBODY)
    inbox.at_content = lambda _: "554 5.7.1 we do not like you"

    report = post.drain()

    assert "554 5.7.1 we do not like you" in report.paused
    assert post.states() == {DEFERRED: 3, PLANNED: 47}
    assert post.drain().attempted == 0

    inbox.at_content = lambda _: None
    assert post.drain(resume=True).counts()["accepted"] == 47
    post.now += timedelta(hours=1)
    post.drain()
    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}


def test_a_pause_ends_by_itself(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY[:8])
    inbox.at_content = lambda _: "554 no"
    assert post.drain().paused
    inbox.at_content = lambda _: None
    post.now += timedelta(hours=1)
    assert not post.drain().paused
    assert post.states() == {ACCEPTED: 8}


def test_a_server_that_closes_in_the_middle_loses_nobody(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY)
    count = iter(range(1000))
    inbox.at_recipient = lambda _: "421 4.3.2 closing" if next(count) % 7 == 3 else None

    while post.states()[ACCEPTED] < 50:
        post.drain(resume=True)
        post.now += timedelta(hours=9)
        assert post.now < post.settings.mail.give_up + post.now

    assert inbox.counts() == {1: 50}


def test_a_message_that_may_have_been_taken_is_tried_once_more_and_then_left(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY[:4])
    inbox.drop = lambda address: address == EVERYBODY[0]

    post.drain()
    assert post.rows()[EVERYBODY[0]].state is UNKNOWN
    assert post.states() == {ACCEPTED: 3, UNKNOWN: 1}
    for _ in range(3):
        post.now += timedelta(days=1)
        post.drain(resume=True)

    first, second = inbox.taken[EVERYBODY[0]]
    assert first == second
    assert post.states() == {ACCEPTED: 3, UNKNOWN: 1}
    assert inbox.counts() == {1: 3, 2: 1}


def test_a_message_that_got_through_the_second_time_is_accepted(inbox: Inbox, post: Post) -> None:
    post.people(EVERYBODY[0])
    inbox.drop = lambda _: not inbox.taken[EVERYBODY[0]][1:]
    post.drain()
    post.now += timedelta(days=1)
    post.drain(resume=True)
    assert post.states() == {ACCEPTED: 1}
    assert len(set(inbox.ids(EVERYBODY[0]))) == 1


def test_a_server_that_is_not_there_pauses_and_fails_nobody(inbox: Inbox, post_to: Any, port: int) -> None:
    post = post_to(1)
    post.people(*EVERYBODY[:10])
    report = post.drain()
    assert report.paused
    assert set(post.states()) == {DEFERRED, PLANNED}

    back = post_to(port)
    back.now += timedelta(hours=1)
    back.drain()
    assert inbox.counts() == {1: 10}


def test_an_address_outside_ascii_fails_alone_where_the_server_cannot(
    inbox: Inbox, serve: Callable[..., int], post_to: Any
) -> None:
    post = post_to(serve(enable_SMTPUTF8=False))
    post.people("读者@例子.example", EVERYBODY[0])
    post.drain()
    assert {address: row.state for address, row in post.rows().items()} == {
        "读者@例子.example": FAILED,
        EVERYBODY[0]: ACCEPTED,
    }
    with post.store.read() as tx:
        assert not any(record.suppressed for record in tx.subscribers.all())


def test_an_address_outside_ascii_is_reached_where_the_server_can(inbox: Inbox, post: Post) -> None:
    post.people("读者@例子.example")
    post.drain()
    assert post.states() == {ACCEPTED: 1}
    (raw,) = inbox.taken["读者@例子.example"]
    assert "读者@例子.example".encode() in raw


def test_who_leaves_while_mails_go_out_gets_none(inbox: Inbox, post_to: Any, port: int) -> None:
    post = post_to(port, connections=1)
    people = post.people(*EVERYBODY[:3])

    def leave(address: str) -> None:
        with post.store.write() as tx:
            tx.subscribers.leave(people[2], DigestId("weekly"), "link", post.now)

    inbox.at_recipient = leave
    report = post.drain()

    assert report.counts()["suppressed"] == 1
    assert post.rows()[EVERYBODY[2]].state is SUPPRESSED
    assert EVERYBODY[2] not in inbox.taken


def test_a_stop_finishes_what_is_under_way_and_leaves_the_rest_planned(inbox: Inbox, post_to: Any, port: int) -> None:
    post = post_to(port, connections=2)
    post.people(*EVERYBODY)

    async def stopped() -> None:
        stop = asyncio.Event()

        def look(progress: Progress) -> None:
            if progress.done >= 10:
                stop.set()

        await drain(post.store, post.settings, lambda: post.now, stop=stop, progress=look)

    asyncio.run(stopped())
    done = post.states()[ACCEPTED]
    assert 10 <= done <= 12
    assert post.states() == {ACCEPTED: done, PLANNED: 50 - done}
    assert {row.attempts for row in post.rows().values() if row.state is PLANNED} == {0}

    post.drain()
    assert inbox.counts() == {1: 50}


def test_what_a_dead_drain_held_is_sent_when_its_lease_has_ended(inbox: Inbox, post: Post) -> None:
    post.people(*EVERYBODY[:3])
    with post.store.write() as tx:
        assert len(tx.deliveries.lease(post.now, post.now + timedelta(minutes=20), 2)) == 2
    post.drain()
    assert inbox.counts() == {1: 1}
    post.now += timedelta(minutes=20)
    post.drain()
    assert inbox.counts() == {1: 3}
    assert inbox.ids(EVERYBODY[0]) == ["<2026-W47.1@example.org>"]


def test_where_nothing_can_be_recorded_nothing_more_is_handed_over(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(*EVERYBODY)

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("digest.store.deliveries.SqlDeliveries.record", full)
    with pytest.raises(StoreError, match="disk is full"):
        post.drain()

    assert sum(inbox.counts().values()) <= post.settings.mail.connections
    assert post.states()[ACCEPTED] == 0


def test_nothing_is_handed_over_where_nothing_can_be_leased(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(*EVERYBODY)

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("digest.store.deliveries.SqlDeliveries.lease", full)
    with pytest.raises(StoreError):
        post.drain()
    assert inbox.counts() == Counter()


def test_bytes_arrive_as_they_were_made(inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def kept(letter: Any) -> bytes:
        made.append(message(letter))
        return made[-1]

    monkeypatch.setattr("digest.service.delivery.message", kept)
    post.people(*EVERYBODY[:3])
    post.drain()
    assert sorted(made) == sorted(raw for (raw,) in inbox.taken.values())
