"""A drain against a real server, case by case: what reaches whom, and what the ledger says of the rest."""

from __future__ import annotations

import asyncio
import email
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from digest.mail.tokens import read_leave_token
from digest.model import DigestId, Format
from digest.records.editions import Recipient
from digest.service.mailing.drain.delivery import drain
from digest.web.metrics import Metrics
from tests.exposition import numbers
from tests.integration.mail.conftest import (
    ACCEPTED,
    DEFERRED,
    FAILED,
    KEY,
    PLANNED,
    READERS,
    SOMEBODY,
    UNKNOWN,
    healthy,
    only,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.service.mailing.drain.ledger import DrainReport
    from tests.integration.mail.conftest import Inbox, Post


# --- everybody gets one ---------------------------------------------------------------------------


def test_fifty_people_each_get_one_message_with_their_own_address_link_and_id(inbox: Inbox, post: Post) -> None:
    people = dict(zip(READERS, post.people(*READERS), strict=True))

    assert post.drain().counts()["accepted"] == 50

    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}
    ids = set()
    for address, (raw,) in inbox.taken.items():
        parsed = email.message_from_bytes(raw)
        assert parsed.get_all("To") == [address]
        ids.add(parsed["Message-ID"])
        (token,) = re.findall(r"<https://digest\.example\.org/leave/(\S+)>", parsed["List-Unsubscribe"])
        assert read_leave_token(post.store.secret(), token) == (people[address], "weekly")
    assert len(ids) == 50


def test_a_person_who_requests_an_old_edition_gets_a_mail_of_today(inbox: Inbox, post: Post) -> None:
    """Filters distrust what is days old when it comes."""
    (person,) = post.people(SOMEBODY)
    post.drain()
    with post.store.write() as tx:
        bob = tx.subscribers.add(
            READERS[0],
            name="",
            language="zh_CN",
            fmt=Format.BOTH,
            digests=[DigestId("weekly")],
            source="page",
            now=post.now,
        )
        assert bob is not None
        asked = post.now + timedelta(days=20)
        assert tx.editions.plan(KEY, Recipient(bob.subscriber.id, f"<{person}@example.org>", 0, asked))
    post.now = asked + timedelta(minutes=1)
    post.drain()
    (raw,) = inbox.taken[READERS[0]]
    assert parsedate_to_datetime(email.message_from_bytes(raw)["Date"]) == asked.replace(microsecond=0)


def test_a_second_drain_sends_nothing_and_does_not_connect(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    post.drain()
    connections = inbox.connections

    post.now += timedelta(days=30)
    report = post.drain()

    assert (report.attempted, report.paused) == (0, "")
    assert inbox.counts() == {1: 50}
    assert inbox.connections == connections


def test_more_people_than_a_batch_holds_are_all_reached(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, batch=7)
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 50
    assert inbox.counts() == {1: 50}


def test_two_drains_at_once_send_nobody_two(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, batch=5)
    post.people(*READERS)

    async def both() -> list[DrainReport]:
        return await asyncio.gather(*(drain(post.store, post.settings, lambda: post.now) for _ in range(2)))

    assert sum(report.states[ACCEPTED] for report in asyncio.run(both())) == 50
    assert inbox.counts() == {1: 50}


# --- one person's trouble -------------------------------------------------------------------------


def test_a_subscriber_who_is_deferred_waits_alone_and_gets_the_same_message_later(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_recipient = only(SOMEBODY, "450 4.2.1 busy")
    planned = post.now

    post.drain()

    waiting = post.rows()[SOMEBODY]
    assert post.states() == {ACCEPTED: 49, DEFERRED: 1}
    assert waiting.next_at is not None
    assert post.settings.mail.retry <= waiting.next_at - planned <= post.settings.mail.retry * 1.25
    inbox.at_recipient = healthy
    post.now = waiting.next_at - timedelta(microseconds=1)
    assert post.drain().attempted == 0
    post.now = waiting.next_at
    assert post.drain().counts()["accepted"] == 1
    assert inbox.ids(SOMEBODY) == [f"<2026-W47.{waiting.subscriber}@example.org>"]
    assert inbox.counts() == {1: 50}


def test_a_subscriber_who_stays_busy_has_failed_after_four_days_and_is_not_suppressed(inbox: Inbox, post: Post) -> None:
    (person,) = post.people(SOMEBODY)
    inbox.at_recipient = only(SOMEBODY, "450 4.2.1 busy")
    began, waits = post.now, []

    post.drain()
    while next_at := post.rows()[SOMEBODY].next_at:
        waits.append(next_at - post.now)
        post.now = next_at
        post.drain()

    assert post.rows()[SOMEBODY].state is FAILED
    assert timedelta(days=3) < post.now - began <= timedelta(days=4)
    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert max(waits) <= timedelta(hours=10)
    with post.store.read() as tx:
        assert [one.id for one in tx.subscribers.active(DigestId("weekly"))] == [person]
    assert not inbox.taken


def test_a_subscriber_who_stays_busy_has_failed_when_the_next_edition_comes(inbox: Inbox, post: Post) -> None:
    digest = post.settings.digests[0].model_copy(update={"schedule": "daily 00:00"})
    post.settings = post.settings.model_copy(update={"digests": (digest,)})
    post.people(*READERS[:5])
    inbox.at_recipient = only(SOMEBODY, "450 4.2.1 busy")
    began = post.now

    post.drain()
    while next_at := post.rows()[SOMEBODY].next_at:
        post.now = next_at
        post.drain()

    assert post.states() == {ACCEPTED: 4, FAILED: 1}
    assert timedelta(hours=12) < post.now - began <= timedelta(days=1)


def test_policy_refusals_at_rcpt_pause_all_sending_and_fail_nobody(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=1)
    people = post.people(*READERS)
    inbox.at_recipient = lambda _: "554 5.7.1 relay access denied"
    assert post.drain().paused == "recipient: 554 5.7.1 relay access denied"
    assert post.states() == {DEFERRED: 3, PLANNED: 47}
    inbox.at_recipient = healthy
    post.now += timedelta(hours=1)
    post.drain()
    assert inbox.counts() == {1: len(people)}


def test_a_server_that_drops_each_mail_costs_few_people_a_second_copy(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=1)
    post.people(*READERS)
    inbox.drop = lambda _: True
    assert post.drain().paused.startswith("answer: no reply")
    assert post.states() == {UNKNOWN: 3, PLANNED: 47}
    inbox.drop = lambda _: False
    post.now += timedelta(hours=1)
    post.drain()
    assert inbox.counts() == {1: 47, 2: 3}


@pytest.mark.parametrize(("reply", "suppressed"), [("550 5.1.1 no such user", True), ("550 5.2.1 not any more", False)])
def test_a_subscriber_who_is_refused_permanently_fails_alone(
    inbox: Inbox, post: Post, reply: str, *, suppressed: bool
) -> None:
    people = post.people(*READERS)
    inbox.at_recipient = only(SOMEBODY, reply)

    report = post.drain()

    assert report.paused == ""
    assert post.states() == {ACCEPTED: 49, FAILED: 1}
    assert post.rows()[SOMEBODY].code == 550
    with post.store.read() as tx:
        gone = {record.subscriber.address for record in tx.subscribers.all() if record.suppressed}
        assert len(tx.subscribers.active(DigestId("weekly"))) == len(people) - suppressed
        behind = {one.subscriber.address for one in tx.subscribers.followers(DigestId("weekly")) if one.behind}
    assert gone == ({SOMEBODY} if suppressed else set())
    assert behind == {SOMEBODY} - gone  # the next edition announces them
    post.now += timedelta(days=30)
    assert post.drain().attempted == 0


# --- the server's trouble -------------------------------------------------------------------------


def test_three_refusals_of_the_content_in_a_row_pause_and_fail_nobody(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, connections=1)
    people = post.people(*READERS)
    inbox.at_content = lambda _: "554 5.7.1 looks like spam"

    report = post.drain()

    assert report.paused == "content: 554 5.7.1 looks like spam"
    assert (report.attempted, report.failed) == (3, 0)
    assert post.states() == {DEFERRED: 3, PLANNED: 47}
    assert {row.attempts for row in post.rows().values() if row.state is PLANNED} == {0}
    assert post.drain().paused == report.paused
    with post.store.read() as tx:
        assert len(tx.subscribers.active(DigestId("weekly"))) == len(people)


def test_after_a_pause_a_healthy_server_gets_each_mail_once(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.at_content = lambda _: "554 5.7.1 looks like spam"
    refused = post.drain()
    assert refused.paused
    assert post.states() == {DEFERRED: refused.attempted, PLANNED: 50 - refused.attempted}
    assert refused.attempted < 3 + post.settings.mail.connections

    inbox.at_content = healthy
    resumed = post.drain(resume=True)
    assert (resumed.paused, resumed.attempted) == ("", 50 - refused.attempted)
    post.now += timedelta(hours=1)
    post.drain()

    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}


def test_refusals_that_are_not_in_a_row_do_not_pause(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, connections=1)
    post.people(*READERS)
    inbox.at_content = lambda address: "554 no" if READERS.index(address) % 3 else None
    assert post.drain().paused == ""
    assert post.states() == {ACCEPTED: 17, DEFERRED: 33}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_says_421_and_closes_gets_the_rest_over_new_connections(
    inbox: Inbox, post_to: Callable[..., Post], port: int, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    post = post_to(port, connections=1)
    post.people(*READERS)
    usual, calls = getattr(inbox, f"handle_{command}", None), iter(range(1000))

    async def closing(server: Any, session: Any, envelope: Any, *arguments: Any) -> str:
        if next(calls) in {10, 30}:
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 4.3.2 closing"
        if usual:
            return str(await usual(server, session, envelope, *arguments))
        envelope.mail_from = arguments[0]
        return "250 OK"

    monkeypatch.setattr(inbox, f"handle_{command}", closing, raising=False)
    report = post.drain()

    assert report.paused == ""
    assert post.states() == {ACCEPTED: 50}
    assert {row.attempts for row in post.rows().values()} == {1}
    assert inbox.connections == 3
    assert inbox.counts() == {1: 50}


# --- messages that may have arrived ---------------------------------------------------------------


def test_a_message_taken_without_a_reply_is_unknown_and_sent_once_more_the_same(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    inbox.drop = lambda address: address == SOMEBODY

    post.drain()

    lost = post.rows()[SOMEBODY]
    assert post.states() == {ACCEPTED: 49, UNKNOWN: 1}
    assert lost.next_at is not None
    inbox.drop = lambda _: False
    post.now = lost.next_at
    assert post.drain().counts()["accepted"] == 1
    first, second = inbox.taken[SOMEBODY]
    assert first == second
    assert inbox.ids(SOMEBODY) == [f"<2026-W47.{lost.subscriber}@example.org>"] * 2
    assert inbox.counts() == {1: 49, 2: 1}


def test_a_message_taken_twice_without_a_reply_stays_unknown_for_ever(inbox: Inbox, post: Post) -> None:
    post.people(SOMEBODY)
    inbox.drop = lambda _: True
    for _ in range(30):
        post.drain(resume=True)
        post.now += timedelta(days=1)

    row = post.rows()[SOMEBODY]
    assert (row.state, row.next_at, row.attempts) == (UNKNOWN, None, 2)
    first, second = inbox.taken[SOMEBODY]
    assert first == second


def test_the_metrics_count_deliveries_by_the_class_of_the_last_reply(inbox: Inbox, post: Post) -> None:
    post.people(*READERS[:5])
    inbox.at_recipient = {READERS[1]: "450 4.2.0 later", READERS[2]: "550 5.1.1 no such user"}.get
    inbox.at_content = only(READERS[3], "451 4.3.0 not now")
    post.drain()

    assert {post.rows()[address].code for address in (READERS[0], READERS[4])} == {250}
    told = numbers(Metrics(post.store, post.settings, lambda: post.now).exposition("")[0].decode())
    assert {name: number for name, number in told.items() if name.startswith("digest_deliveries")} == {
        "digest_deliveries weekly 2xx accepted": 2,
        "digest_deliveries weekly 4xx deferred": 2,
        "digest_deliveries weekly 5xx failed": 1,
    }
    assert told["digest_queue_depth"] == 2


# --- encryption and logging in --------------------------------------------------------------------


# --- addresses outside ASCII ----------------------------------------------------------------------


@pytest.mark.parametrize("address", ["读者@例子.example", "jürgen@example.org"])
def test_an_address_outside_ascii_fails_alone_at_a_server_that_cannot_take_it(
    inbox: Inbox, serve: Callable[..., int], post_to: Callable[..., Post], address: str
) -> None:
    post = post_to(serve(enable_SMTPUTF8=False))
    post.people(*READERS[:25], address, *READERS[25:])
    report = post.drain()
    assert report.paused == ""
    assert post.states() == {ACCEPTED: 50, FAILED: 1}
    assert post.rows()[address].code == 553
    assert set(inbox.taken) == set(READERS)
    with post.store.read() as tx:
        assert len(tx.subscribers.active(DigestId("weekly"))) == 51


@pytest.mark.parametrize("address", ["读者@例子.example", "jürgen@example.org"])
def test_an_address_outside_ascii_is_delivered_by_a_server_that_can(inbox: Inbox, post: Post, address: str) -> None:
    post.people(*READERS, address)
    assert post.drain().counts()["accepted"] == 51
    (raw,) = inbox.taken[address]
    assert f"To: {address}\r\n".encode() in raw


# --- people who go, and drains that end -----------------------------------------------------------


# --- a store that fails ---------------------------------------------------------------------------


# --- drains that die, leases that end, relays with limits ------------------------------------------
