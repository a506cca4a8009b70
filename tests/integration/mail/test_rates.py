"""Limits: mails a second, mails a day, connections to one domain; on the test's own clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from digest.model import DeliveryState
from digest.service.mailing.drain.delivery import drain

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.service.mailing.drain.ledger import DrainReport
    from tests.conftest import Article, Blog
    from tests.integration.mail.conftest import Inbox, Post

READERS = [f"reader{number}@example.org" for number in range(50)]
ACCEPTED, FAILED, PLANNED = DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.PLANNED


# --- a second -------------------------------------------------------------------------------------


def test_mails_go_out_no_faster_than_so_many_a_second(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_second=4, connections=1)
    post.people(*READERS)
    began = post.now

    assert post.drain(wait=post.wait).counts()["accepted"] == 50

    with post.store.read() as tx:
        by_second = [tx.deliveries.handed_over(began + n * timedelta(seconds=1)) for n in range(14)]
    assert by_second[0] == 49  # the first began at once
    assert {before - after for before, after in pairwise(by_second)} <= {4, 1, 0}
    assert post.now - began == 49 * timedelta(seconds=0.25)


def test_several_connections_share_one_pace(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_second=4, connections=4)
    post.people(*READERS)
    began = post.now
    post.drain(wait=post.wait)
    assert post.states() == {ACCEPTED: 50}
    assert post.now - began >= 49 * timedelta(seconds=0.25)


def test_nothing_waits_unrecorded_or_begun_for_its_second(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, per_second=0.1, connections=1)
    post.people(*READERS[:6])
    seen: list[dict[int, int]] = []

    async def wait(until: datetime) -> None:
        seen.append({number: row.attempts for number, row in enumerate(post.rows().values())})
        assert sum(row.state is ACCEPTED for row in post.rows().values()) == sum(seen[-1].values())
        post.now = max(post.now, until)

    post.drain(wait=wait)
    assert post.states() == {ACCEPTED: 6}
    assert len(seen) >= 5


def test_a_clock_that_steps_back_holds_nobody_up(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_second=1, connections=1)
    post.people(*READERS[:10])
    waits: list[timedelta] = []

    def stepping(_: str) -> None:
        post.now -= timedelta(hours=5)

    async def wait(until: datetime) -> None:
        waits.append(until - post.now)
        post.now = until

    inbox.at_recipient = stepping
    post.drain(wait=wait)
    assert post.states() == {ACCEPTED: 10}
    assert max(waits) <= timedelta(seconds=1)


def test_a_stop_ends_the_waiting(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_second=0.0001)
    post.people(*READERS)

    async def stopped() -> DrainReport:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def at_the_first(_: str) -> None:
            loop.call_soon_threadsafe(stop.set)

        inbox.at_recipient = at_the_first
        return await asyncio.wait_for(drain(post.store, post.settings, lambda: post.now, stop=stop), 60)

    assert asyncio.run(stopped()).counts()["accepted"] == 1
    assert post.states() == {ACCEPTED: 1, PLANNED: 49}


# --- a day ----------------------------------------------------------------------------------------


def test_so_many_a_day_go_out_whatever_drains_there_are(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_day=20, batch=7)
    post.people(*READERS)
    began = post.now

    first = post.drain()
    assert (first.counts()["accepted"], first.full, first.paused) == (20, True, "")
    post.now += timedelta(hours=23)
    assert (post.drain().attempted, post.states()) == (0, {ACCEPTED: 20, PLANNED: 30})

    post.now = began + timedelta(days=1)
    assert post.drain().counts()["accepted"] == 20
    post.now += timedelta(days=1)
    last = post.drain()
    assert (last.counts()["accepted"], last.full) == (10, False)
    assert inbox.counts() == {1: 50}


def test_two_drains_at_once_do_not_pass_the_days_limit(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_day=20, batch=5)
    post.people(*READERS)

    async def both() -> list[DrainReport]:
        return await asyncio.gather(*(drain(post.store, post.settings, lambda: post.now) for _ in range(2)))

    assert sum(report.states[ACCEPTED] for report in asyncio.run(both())) == 20
    assert inbox.counts() == {1: 20}


def test_what_was_refused_counts_too(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_day=20)
    post.people(*READERS)
    inbox.at_recipient = lambda address: "550 5.1.1 no such user" if READERS.index(address) < 5 else None
    post.drain()
    assert post.states() == {FAILED: 5, ACCEPTED: 15, PLANNED: 30}


def test_a_full_day_with_nothing_left_is_not_announced(inbox: Inbox, post_to: Callable[..., Post], port: int) -> None:
    post = post_to(port, per_day=20)
    post.people(*READERS[:20])
    assert (post.drain().full, post.drain().full) == (False, False)


def test_the_command_says_that_the_day_is_full(blog: Blog, article: type[Article]) -> None:
    file = blog.home / "digest.toml"
    file.write_text(file.read_text("utf-8") + "per_day = 1\n", "utf-8")
    blog.index("a.txt", article("一"))
    for name in ("ada", "bob"):
        blog.run("subscribers", "add", f"{name}@example.org")
    blog.refresh()
    blog.run("edition", "cut")
    assert "mail.per_day" in blog.run("edition", "send")
    assert len(blog.mails()) == 1


# --- a domain -------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [100, 5])
def test_a_slow_domain_holds_up_nobody_else(inbox: Inbox, post_to: Callable[..., Post], port: int, batch: int) -> None:
    """The slow one answers only when everybody else has their mail."""
    post = post_to(port, per_domain=2, connections=4, batch=batch)
    slow = [f"reader{number}@slow.example" for number in range(12)]
    post.people(*slow, *READERS)
    others_done, busy, most = asyncio.Event(), Counter[str](), Counter[str]()

    async def handle_rcpt(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        domain = address.rpartition("@")[2]
        busy[domain] += 1
        most[domain] = max(most[domain], busy[domain])
        if domain == "slow.example":
            try:
                await asyncio.wait_for(others_done.wait(), 30)
            except TimeoutError:
                return "450 4.2.0 nobody else came"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_data(server: Any, session: Any, envelope: Any) -> str:
        (address,) = envelope.rcpt_tos
        inbox.taken[address].append(envelope.original_content)
        busy[address.rpartition("@")[2]] -= 1
        if all(one in inbox.taken for one in READERS):
            others_done.set()
        return "250 taken"

    vars(inbox).update(handle_RCPT=handle_rcpt, handle_DATA=handle_data)
    post.drain()

    assert post.states() == {ACCEPTED: 62}
    assert inbox.counts() == {1: 62}
    assert most == {"slow.example": 2, "example.org": 2}


def test_without_a_limit_all_connections_serve_one_domain(inbox: Inbox, post: Post) -> None:
    post.people(*READERS)
    post.drain()
    assert inbox.connections == 4
