"""A second relay: when it gets a mail, when it never does, and what is recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from digest.mail.sending.session import Outgoing
from digest.mail.sending.transport import open_session
from digest.model import DeliveryState, DigestId
from digest.settings import Fallback
from tests.integration.mail.conftest import Inbox, _Local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiosmtpd.controller import Controller

    from tests.integration.mail.conftest import Post

READERS = [f"reader{number}@example.org" for number in range(20)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED, UNKNOWN = DeliveryState.PLANNED, DeliveryState.UNKNOWN


@pytest.fixture
def other() -> Inbox:
    """What the second relay takes."""
    return Inbox()


@pytest.fixture
def second(other: Inbox) -> Iterator[Controller]:
    controller = _Local(other)
    controller.start()
    yield controller
    if controller.server:
        controller.stop()


@pytest.fixture
def two(post_to: Callable[..., Post], second: Controller) -> Callable[..., Post]:
    """A post office with both; the first at a port."""

    def made(port: int, **mail: Any) -> Post:
        post = post_to(port, **{"connections": 1, **mail})
        back = Fallback(host="localhost", port=second.port, security="none")
        post.settings = post.settings.model_copy(update={"fallback": back})
        return post

    return made


def test_a_first_relay_that_is_there_gets_all(inbox: Inbox, other: Inbox, two: Callable[..., Post], port: int) -> None:
    post = two(port)
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 20
    assert (len(inbox.taken), len(other.taken)) == (20, 0)
    assert {(row.code, row.text) for row in post.rows().values()} == {(250, "127.0.0.1: 2.0.0 taken")}


def test_the_second_takes_what_the_first_cannot_be_asked(other: Inbox, two: Callable[..., Post]) -> None:
    post = two(1)
    post.people(*READERS)
    report = post.drain()
    assert (report.paused, report.counts()["accepted"]) == ("", 20)
    assert other.counts() == {1: 20}
    assert {(row.code, row.text) for row in post.rows().values()} == {(250, "localhost: 2.0.0 taken")}


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_second_takes_over_where_the_first_lets_nobody_in(
    inbox: Inbox, other: Inbox, two: Callable[..., Post], serve: Callable[..., int], password: Callable[..., Any]
) -> None:
    guarded = serve(authenticator=password, auth_required=True, auth_require_tls=False)
    post = two(guarded, username="digest", password="wrong")
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 20
    assert (len(inbox.taken), len(other.taken)) == (0, 20)
    assert inbox.connections == 1  # it is not asked again for each mail


def test_the_next_drain_asks_the_first_again(inbox: Inbox, other: Inbox, two: Callable[..., Post], port: int) -> None:
    post = two(1)
    post.people(*READERS)
    inbox.at_recipient = other.at_recipient = lambda address: "450 busy" if address == READERS[0] else None
    post.drain()
    assert (len(inbox.taken), len(other.taken)) == (0, 19)

    there = post.settings.mail.model_copy(update={"port": port})
    post.settings = post.settings.model_copy(update={"mail": there})
    inbox.at_recipient = lambda _: None
    post.now = post.rows()[READERS[0]].next_at or post.now
    post.drain()
    assert (len(inbox.taken), len(other.taken)) == (1, 19)


@pytest.mark.parametrize(
    ("reply", "state"),
    [("450 4.2.1 busy", DEFERRED), ("550 5.1.1 no such user", FAILED), ("550 5.7.1 not you", DEFERRED)],
)
def test_the_second_relay_never_gets_a_mail_that_the_first_refused(
    inbox: Inbox, other: Inbox, two: Callable[..., Post], port: int, reply: str, state: DeliveryState
) -> None:
    post = two(port)
    post.people(*READERS)
    inbox.at_recipient = lambda address: reply if address == READERS[3] else None
    post.drain()
    assert post.states() == {ACCEPTED: 19, state: 1}
    assert post.rows()[READERS[3]].text.startswith("recipient: 127.0.0.1: ")
    assert not other.taken
    with post.store.read() as tx:
        assert len(tx.subscribers.active(DigestId("weekly"))) == 20 - ("5.1.1" in reply)


def test_what_the_first_may_have_taken_the_second_never_gets_not_even_later(
    inbox: Inbox, other: Inbox, two: Callable[..., Post], port: int
) -> None:
    post = two(port)
    post.people(READERS[0])
    inbox.drop = lambda _: True
    post.drain()
    row = post.rows()[READERS[0]]
    assert (row.state, len(inbox.taken[READERS[0]])) == (UNKNOWN, 1)
    assert row.next_at

    gone = post.settings.mail.model_copy(update={"port": 1})
    post.settings = post.settings.model_copy(update={"mail": gone})
    post.now = row.next_at
    post.drain()

    assert not other.taken
    assert post.states() == {DEFERRED: 1}


def test_if_both_relays_are_gone_all_sending_is_paused_and_both_are_named(
    two: Callable[..., Post], second: Controller
) -> None:
    post = two(1)
    post.people(*READERS)
    second.stop()
    report = post.drain()
    assert report.paused.startswith("connect: ")
    assert "localhost" in report.paused
    assert "127.0.0.1" in report.paused
    assert set(post.states()) == {DEFERRED, PLANNED}
    assert post.rows()[READERS[0]].attempts == 1


def test_a_first_relay_that_dies_between_two_mails_is_followed_by_the_second(
    inbox: Inbox, other: Inbox, two: Callable[..., Post]
) -> None:
    first = _Local(inbox)
    first.start()
    post = two(first.port)
    post.people(*READERS)

    async def dies(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if len(inbox.taken) == 5:
            assert first.server
            first.server.close()
            asyncio.get_running_loop().call_soon(server.transport.abort)
            return "421 closing"
        envelope.mail_from = address
        return "250 OK"

    vars(inbox)["handle_MAIL"] = dies
    report = post.drain()
    first.stop()

    assert report.paused == ""
    assert post.states() == {ACCEPTED: 20}
    assert (inbox.counts(), other.counts()) == ({1: 5}, {1: 15})


@pytest.mark.parametrize("first_is_there", [True, False])
def test_neither_relay_gets_what_is_not_begun(
    inbox: Inbox, other: Inbox, two: Callable[..., Post], port: int, *, first_is_there: bool
) -> None:
    async def once() -> None:
        async with open_session(two(port if first_is_there else 1).settings) as way:
            await way.prepare(Outgoing("digest@example.org", READERS[0], b"Subject: x\r\n\r\nHello.\r\n"))

    asyncio.run(once())
    assert (len(inbox.taken), len(other.taken)) == (0, 0)
