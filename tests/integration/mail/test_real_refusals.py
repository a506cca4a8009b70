"""How a real Postfix refuses our sender and its recipients, and what it bounces: nobody pays for our fault."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.mail.receiving import listener
from digest.model import BounceKind, DeliveryState
from digest.service.bounces import messages
from digest.service.operating import alerts
from tests.integration.mail.gate import gate
from tests.integration.mail.relay import Moment, Relay, To
from tests.integration.mail.test_coming_back import configured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.service.bounces.messages import BounceResult
    from tests.integration.mail.conftest import Post
    from tests.integration.mail.gate import Gate

READERS = [f"reader{number}@reader.test" for number in range(10)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED


@pytest.fixture(autouse=True)
def _postfix(needs: Callable[[str], str]) -> None:
    needs("postfix")


def office(post_to: Callable[..., Post], servers: Gate) -> Post:
    """Sends through it, and takes what comes back."""
    post = post_to(servers.port, sender="Digest <digest@digest.test>")
    listen = f"127.0.0.1:{servers.bounces}"
    return configured(post, address="bounces@digest.test", listen=listen, protocol="lmtp")


def suppressed(post: Post) -> list[str]:
    with post.store.read() as tx:
        return [one.address for one in tx.subscribers.suppressed()]


def told(post: Post) -> dict[str, str]:
    alerts.decide(post.store, post.settings, post.now)
    with post.store.read() as tx:
        return {one.subject: one.problem for one in tx.alerts.all().values()}


def test_a_relay_that_does_not_know_our_sender_suppresses_nobody_and_serves_all_when_it_does(
    post_to: Callable[..., Post],
) -> None:
    with Relay() as onward, gate(*READERS, onward=onward.port) as servers:
        post = office(post_to, servers)
        post.people(*READERS)

        report = post.drain()

        assert report.paused.startswith("recipient: 550 5.1.0 <bounces+")
        assert "Sender address rejected: User unknown" in report.paused
        assert set(post.states()) <= {DEFERRED, DeliveryState.PLANNED}
        assert (suppressed(post), onward.taken) == ([], [])
        assert "Sender address rejected" in told(post)["sending"]

        servers.reload(recipient_delimiter="+")
        post.now += timedelta(hours=1)
        assert post.drain().paused == ""
        assert post.states() == {ACCEPTED: 10}
        post.now += timedelta(hours=1)
        told(post)
        post.now += timedelta(hours=1)
        assert told(post) == {}


def test_one_whom_their_server_does_not_know_is_suppressed_alone(post_to: Callable[..., Post]) -> None:
    with Relay() as onward, gate(*READERS, onward=onward.port, recipient_delimiter="+") as servers:
        post = office(post_to, servers)
        post.people(*READERS[:5], "nobody@reader.test", *READERS[5:])
        post.drain()
        assert post.states() == {ACCEPTED: 10, FAILED: 1}
        assert "User unknown in relay recipient table" in post.rows()["nobody@reader.test"].text
        assert suppressed(post) == ["nobody@reader.test"]


@pytest.mark.parametrize(
    ("reply", "kind", "off"),
    [
        ("550 5.1.0 <bounces@digest.test>: Sender address rejected", BounceKind.REFUSED, False),
        ("550 5.1.90 Your message can't be sent because you've reached your daily limit", BounceKind.REFUSED, False),
        ("550 5.1.20 Multiple From addresses are not allowed", BounceKind.REFUSED, False),
        ("550 5.1.1 no such user here", BounceKind.HARD, True),
    ],
)
def test_what_the_next_server_says_is_read_back_as_a_real_bounce_and_means_the_same(
    post_to: Callable[..., Post], reply: str, kind: BounceKind, *, off: bool
) -> None:
    refused = READERS[:8] if kind is BounceKind.REFUSED else READERS[:1]
    with (
        Relay(To(lambda to: to in refused, reply)) as onward,
        gate(*READERS, onward=onward.port, recipient_delimiter="+") as servers,
    ):
        post = office(post_to, servers)
        post.people(*READERS)
        taken = asyncio.run(came_back(post, len(refused)))
    assert [one.what for one in taken] == [kind] * len(refused)
    assert suppressed(post) == (refused if off else [])
    assert ("refused mail" in told(post)) is (kind is BounceKind.REFUSED)
    assert Moment.RECIPIENT in {moment for moment, _, _ in onward.said}


async def came_back(post: Post, count: int) -> Sequence[BounceResult]:
    """Send the edition, and wait for so many bounces of it."""
    taken: asyncio.Queue[BounceResult] = asyncio.Queue()

    async def take(raw: bytes, recipients: Sequence[str], sender: str) -> None:
        done = await asyncio.to_thread(
            messages.handle_message, post.store, post.settings, raw, recipients, now=post.now, sender=sender
        )
        await taken.put(done)

    server = listener.Listener(post.settings.bounces, take)
    await server.start()
    try:
        assert (await asyncio.to_thread(post.drain)).paused == ""
        return [await asyncio.wait_for(taken.get(), 60) for _ in range(count)]
    finally:
        await server.stop()
