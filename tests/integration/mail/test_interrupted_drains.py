"""Drains that stop, die or lose their store or their leases: nobody gets a second mail, nobody is forgotten."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import ConfigurationError, StoreError
from digest.model import DeliveryState, DigestId
from digest.service.mailing.composing import MailComposer
from digest.service.mailing.drain.delivery import drain
from digest.store.mailing.deliveries import Deliveries
from tests.integration.mail.conftest import (
    ACCEPTED,
    DEFERRED,
    FAILED,
    LEASED,
    PLANNED,
    READERS,
    SOMEBODY,
    SUPPRESSED,
    UNKNOWN,
    healthy,
    only,
)
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from digest.model import Delivery
    from digest.service.mailing.drain.ledger import DrainReport
    from tests.integration.mail.conftest import Inbox, Post


def leaves(post: Post, person: Any) -> None:
    with post.store.write() as tx:
        assert tx.subscribers.leave(person, DigestId("weekly"), "link", post.now)


def is_erased(post: Post, person: Any) -> None:
    with post.store.write() as tx:
        tx.subscribers.erase(person, "hash", post.now)


def is_suppressed(post: Post, person: Any) -> None:
    with post.store.write() as tx:
        tx.subscribers.suppress(person, "bounced", post.now)


@pytest.mark.parametrize("going", [leaves, is_erased, is_suppressed])
def test_a_person_who_goes_between_lease_and_sending_gets_no_mail(
    inbox: Inbox, post_to: Callable[..., Post], port: int, going: Callable[[Post, Any], None]
) -> None:
    post = post_to(port, connections=1)
    people = dict(zip(READERS, post.people(*READERS), strict=True))
    seen: list[DeliveryState] = []

    def meanwhile(address: str) -> None:
        if address == READERS[0]:
            seen.append(post.rows()[SOMEBODY].state)
            going(post, people[SOMEBODY])

    inbox.at_recipient = meanwhile
    report = post.drain()

    assert seen == [LEASED]
    assert (report.states[ACCEPTED], report.states[SUPPRESSED]) == (49, 1)
    assert set(inbox.taken) == set(READERS) - {SOMEBODY}
    assert post.states() == {ACCEPTED: 49, SUPPRESSED: 1}
    post.now += timedelta(days=30)
    assert post.drain().attempted == 0


def test_a_stop_finishes_what_is_under_way_and_counts_no_attempt_for_the_rest(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=4)
    post.people(*READERS)

    async def stopped() -> DrainReport:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def at_the_tenth(address: str) -> None:
            if address == READERS[9]:
                asyncio.run_coroutine_threadsafe(ended(), loop).result(SECONDS)

        async def ended() -> None:
            stop.set()

        inbox.at_recipient = at_the_tenth
        return await drain(post.store, post.settings, lambda: post.now, stop=stop)

    report = asyncio.run(stopped())

    sent = report.states[ACCEPTED]
    assert READERS[9] in inbox.taken
    assert 7 <= sent <= 13
    assert report.attempted == sent
    assert inbox.counts() == {1: sent}
    assert post.states() == {ACCEPTED: sent, PLANNED: 50 - sent}
    assert {row.attempts for row in post.rows().values() if row.state is PLANNED} == {0}
    inbox.at_recipient = healthy
    post.drain()
    assert inbox.counts() == {1: 50}


def test_a_stop_before_the_start_sends_nothing(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)

    async def stopped() -> DrainReport:
        stop = asyncio.Event()
        stop.set()
        return await drain(post.store, post.settings, lambda: post.now, stop=stop)

    assert asyncio.run(stopped()).attempted == 0
    assert post.states() == {PLANNED: 50}


def test_a_drain_that_died_before_sending_is_followed_by_one_that_sends_the_same_message(
    inbox: Inbox, post: Post
) -> None:
    people = post.people(*READERS)
    lease = post.settings.mail.lease
    with post.store.write() as tx:
        held = tx.deliveries.lease(post.now, post.now + lease, 10)
    assert {delivery.subscriber.id for delivery in held} == set(people[:10])

    assert post.drain().counts()["accepted"] == 40
    post.now += lease - timedelta(microseconds=1)
    assert post.drain().attempted == 0
    post.now += timedelta(microseconds=1)
    assert post.drain().counts()["accepted"] == 10

    assert inbox.counts() == {1: 50}
    for delivery in held:
        assert inbox.ids(delivery.subscriber.address) == [delivery.message_id]
        assert post.rows()[delivery.subscriber.address].attempts == 1


def test_a_drain_that_died_after_sending_is_followed_by_one_that_sends_the_same_bytes(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(SOMEBODY)
    with monkeypatch.context() as broken:
        broken.setattr("digest.store.mailing.deliveries.Deliveries.record_all", full)
        with pytest.raises(StoreError):
            post.drain()
    assert post.states() == {LEASED: 1}

    post.now += post.settings.mail.lease
    post.drain()

    first, second = inbox.taken[SOMEBODY]
    assert first == second
    assert post.states() == {ACCEPTED: 1}


def full(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")


@pytest.mark.parametrize("connections", [1, 4])
def test_a_store_that_records_nothing_ends_the_drain_after_one_message_a_connection(
    inbox: Inbox, post_to: Callable[..., Post], port: int, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    post = post_to(port, connections=connections)
    post.people(*READERS)
    monkeypatch.setattr("digest.store.mailing.deliveries.Deliveries.record_all", full)
    monkeypatch.setattr("digest.service.mailing.drain.ledger._STORE_RESTS", (0, 0))

    with pytest.raises(StoreError, match="the disk is full"):
        post.drain()

    assert 1 <= sum(inbox.counts().values()) <= connections
    assert post.states() == {LEASED: connections, PLANNED: 50 - connections}


def test_what_one_connection_trips_over_costs_the_others_no_answer(
    inbox: Inbox, post_to: Callable[..., Post], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = post_to(port, connections=4)
    post.people(*READERS)
    compose, tripped, ended = MailComposer.compose, threading.Event(), threading.Event()

    def tripping(letters: MailComposer, delivery: Delivery) -> bytes:
        if delivery.subscriber.address == READERS[9]:
            tripped.set()
            raise LookupError("nobody thought of that")
        return compose(letters, delivery)

    async def handle_data(server: Any, session: Any, envelope: Any) -> str:
        (address,) = envelope.rcpt_tos
        if address == READERS[8]:
            assert await asyncio.to_thread(tripped.wait, 30)
            assert not await asyncio.to_thread(ended.wait, 0.5), "the drain did not wait for this answer"
        inbox.taken[address].append(envelope.original_content)
        return "250 taken"

    vars(inbox)["handle_DATA"] = handle_data
    monkeypatch.setattr(MailComposer, "compose", tripping)
    try:
        with pytest.raises(LookupError):
            post.drain()
    finally:
        ended.set()
    assert READERS[8] in inbox.taken
    assert {address for address, row in post.rows().items() if row.state is ACCEPTED} == set(inbox.taken)
    assert post.states()[LEASED] == 1  # the one that was begun for it


def test_a_store_that_fails_in_the_middle_takes_the_last_answer_when_it_is_back(
    inbox: Inbox, post_to: Callable[..., Post], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = post_to(port, connections=1)
    post.people(*READERS)
    record, calls = Deliveries.record_all, iter(range(1000))

    def failing(*arguments: Any, **options: Any) -> None:
        if next(calls) == 20:
            full()
        record(*arguments, **options)

    monkeypatch.setattr(Deliveries, "record_all", failing)
    with pytest.raises(StoreError):
        post.drain()

    assert inbox.counts() == {1: 21}
    assert post.states() == {ACCEPTED: 21, PLANNED: 29}
    post.drain()
    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}


def test_a_pause_ends_by_itself(inbox: Inbox, post: Post) -> None:
    post.people(*READERS[:8])
    inbox.at_content = lambda _: "554 no"
    assert post.drain().paused
    inbox.at_content = lambda _: None
    post.now += timedelta(hours=1)
    assert not post.drain().paused
    assert post.states() == {ACCEPTED: 8}


def test_a_server_that_is_not_there_pauses_and_fails_nobody(inbox: Inbox, post_to: Any, port: int) -> None:
    post = post_to(1)
    post.people(*READERS[:10])
    report = post.drain()
    assert report.paused
    assert set(post.states()) == {DEFERRED, PLANNED}

    back = post_to(port)
    back.now += timedelta(hours=1)
    back.drain()
    assert inbox.counts() == {1: 10}


def test_nothing_is_sent_where_nothing_can_be_leased(inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.people(*READERS)

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("digest.store.mailing.deliveries.Deliveries.lease", full)
    with pytest.raises(StoreError):
        post.drain()
    assert inbox.counts() == {}


def test_bytes_arrive_as_they_were_made(inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def kept(letters: MailComposer, delivery: Delivery) -> bytes:
        made.append(mail(letters, delivery))
        return made[-1]

    mail = MailComposer.compose
    monkeypatch.setattr(MailComposer, "compose", kept)
    post.people(*READERS[:3])
    post.drain()
    assert sorted(made) == sorted(raw for (raw,) in inbox.taken.values())


def test_a_drain_whose_lease_ran_out_sends_nothing_that_another_took(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=1)
    post.people(*READERS[:10])
    taken: list[Delivery] = []

    def slow(_: str) -> None:
        if len(inbox.taken) == 2 and not taken:
            post.now += post.settings.mail.lease
            with post.store.write() as tx:
                taken.extend(tx.deliveries.lease(post.now, post.now + post.settings.mail.lease, 100))

    inbox.at_recipient = slow
    assert post.drain().counts()["accepted"] == 3

    assert len(taken) == 8  # the one under way is unknown to the other drain, and nobody's fault
    assert inbox.counts() == {1: 3}
    assert post.states() == {ACCEPTED: 3, LEASED: 7}


def test_sending_that_outlasts_its_lease_is_not_begun_again_by_the_same_drain(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=2, batch=2)
    post.people(*READERS[:6])
    others_done = asyncio.Event()

    async def handle_data(server: Any, session: Any, envelope: Any) -> str:
        (address,) = envelope.rcpt_tos
        inbox.taken[address].append(envelope.original_content)
        if address == READERS[0]:
            await asyncio.wait_for(others_done.wait(), 30)
        elif address == READERS[1]:
            post.now += 2 * post.settings.mail.lease
        elif all(one in inbox.taken for one in READERS[:6]):
            others_done.set()
        return "250 taken"

    vars(inbox)["handle_DATA"] = handle_data
    post.drain()
    assert inbox.counts() == {1: 6}
    assert post.states() == {ACCEPTED: 6}


def test_drains_that_die_again_and_again_after_sending_send_nobody_a_third(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(SOMEBODY)
    monkeypatch.setattr("digest.store.mailing.deliveries.Deliveries.record_all", full)
    for _ in range(6):
        with suppress(StoreError):
            post.drain()
        post.now += post.settings.mail.lease
    assert inbox.counts() == {2: 1}
    assert post.states() == {UNKNOWN: 1}


def test_a_password_that_cannot_be_read_costs_nobody_an_attempt(
    inbox: Inbox, post_to: Callable[..., Post], port: int, tmp_path: Path
) -> None:
    post = post_to(port, username="digest", password_file=tmp_path / "none", security="starttls")
    post.people(*READERS)
    with pytest.raises(ConfigurationError, match="none"):
        post.drain()
    assert post.states() == {PLANNED: 50}
    assert {row.attempts for row in post.rows().values()} == {0}


def test_an_address_that_no_header_can_hold_fails_alone(inbox: Inbox, post: Post) -> None:
    post.people(*READERS[:3], "a b@example.org")
    post.drain()
    assert post.states() == {ACCEPTED: 3, FAILED: 1}


def test_one_whose_message_is_always_refused_has_failed_after_four_days(inbox: Inbox, post: Post) -> None:
    post.people(*READERS[:5])
    inbox.at_content = only(SOMEBODY, "554 5.6.0 not this one")
    for _ in range(20):
        post.drain(resume=True)
        post.now += timedelta(hours=9)
    assert post.states() == {ACCEPTED: 4, FAILED: 1}


def test_a_server_that_takes_few_mails_a_connection_gets_them_over_many(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def limited(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        session.mails = getattr(session, "mails", 0) + 1
        if session.mails > 5:
            return "421 4.7.0 too many messages in this session"
        envelope.mail_from = address
        return "250 OK"

    monkeypatch.setattr(inbox, "handle_MAIL", limited, raising=False)
    post.people(*READERS)
    report = post.drain()
    assert report.paused == ""
    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}
