"""An edition to many subscribers through a server that refuses for every reason, and has every limit.

In the end nobody has two, nobody is suppressed who exists, and everybody else has one. `make edition` sends it to
5,000 subscribers. A new kind of refusal or limit is one more behaviour in `WORLD`, or in `LIMITS` if it may come at
any moment; the invariants at the end stay as they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState
from digest.service.bounces import suppressing
from digest.service.operating import alerts
from digest.store import open_store
from tests.integration.mail.conftest import KEY, Post
from tests.integration.mail.relay import (
    Act,
    Behaviour,
    Connections,
    Moment,
    Once,
    PerSession,
    Rate,
    Relay,
    Size,
    Talk,
    To,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READERS = int(os.environ.get("DIGEST_TEST_READERS", "400"))
LARGE = ["gmail.example", "qq.example", "yahoo.example", "163.example", "outlook.example"]
BLOCKING, GREYLISTING = "blocking.example", "greylisting.example"
UNREACHABLE = ("gone", "noaccount", "full", "hopeless")
CONNECTIONS = 4
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000")


@dataclass
class Burst:
    """A reply to everybody, from the n-th on for so many of them: the relay's own trouble."""

    start: int
    length: int
    says: str | Act
    at: Moment = Moment.RECIPIENT
    seen: int = 0

    def __call__(self, moment: Moment, talk: Talk) -> str | Act | None:
        if moment is not self.at:
            return None
        self.seen += 1
        said = self.says
        if isinstance(said, str):
            said = said.format(to=talk.recipient, sender=talk.sender)
        return said if self.start < self.seen <= self.start + self.length else None


@dataclass
class FirstTime:
    """A reply to the recipients that it selects, the first so many times that each is tried."""

    whom: Callable[[str], bool]
    says: str
    times: int = 1
    tries: dict[str, int] = field(default_factory=dict)

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        if moment is not Moment.RECIPIENT or not self.whom(talk.recipient):
            return None
        self.tries[talk.recipient] = self.tries.get(talk.recipient, 0) + 1
        return self.says if self.tries[talk.recipient] <= self.times else None


@dataclass
class UntilLeftAlone:
    """A reply to each recipient at a domain of such a name until mail to it was paused."""

    name: str
    says: str
    rested: set[str] = field(default_factory=set)

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        refused = talk.domain.startswith(self.name) and talk.domain not in self.rested
        return self.says if moment is Moment.RECIPIENT and refused else None


def kind(name: str) -> Callable[[str], bool]:
    """Whose address begins so."""
    return lambda address: address.startswith(name)


def at(domain: str) -> Callable[[str], bool]:
    return lambda address: address.endswith(f"@{domain}")


def named(number: int) -> str:
    """A subscriber: the local part says what becomes of them, except for those to whom nothing happens."""
    domain = LARGE[number % 5] if number % 3 else f"small{number % 40}.example"
    rest = number % 100
    kinds = {
        "gone": ({7, 37, 67}, LARGE[number % 5]),
        "noaccount": ({13, 43}, "yahoo.example"),
        "full": ({17}, domain),
        "hopeless": ({19}, domain),
        "blocked": ({23, 24, 25}, BLOCKING),
        "greylisted": ({29, 30}, GREYLISTING),
        "refused": ({31, 32, 33}, f"refusing{number // 100}.example"),
    }
    for name, (numbers, where) in kinds.items():
        if rest in numbers:
            return f"{name}{number}@{where}"
    return f"reader{number}@{domain}"


def world() -> list[Behaviour]:
    """Section by section: about one subscriber, about a domain, about us."""
    return [
        To(kind("gone"), "550 5.1.1 <x>: Recipient address rejected: User unknown in virtual mailbox table"),
        To(kind("noaccount"), "554 delivery error: dd This user doesn't have a yahoo.example account", Moment.CONTENT),
        To(kind("full"), "552 5.2.2 The recipient's inbox is out of storage space"),
        To(kind("hopeless"), "550 5.7.1 your message was rejected by this user's filter"),
        FirstTime(at(BLOCKING), "550 5.7.1 messages from your server are blocked (S3140)"),
        FirstTime(at(GREYLISTING), "450 4.2.0 greylisted, come again", times=2),
        UntilLeftAlone("refusing", "550 not today"),
        Burst(READERS // 8, 5, "550 relay not permitted"),
        Burst(READERS // 6, 5, "550 5.1.0 <{sender}>: Sender address rejected: User unknown"),
        Burst(READERS // 4, 5, "550 Connection frequency limited"),
        Burst(READERS // 3, 5, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
        Burst(READERS // 2, 5, "550 5.1.90 Your message can't be sent because you've reached your daily limit"),
        Burst(READERS // 2 + 40, 12, "550 no"),
        Burst(READERS // 5, 5, "554 5.7.1 looks like spam", Moment.CONTENT),
        Burst(READERS // 7, 5, "530 5.7.0 log in first", Moment.SENDER),
    ]


def limits() -> list[Behaviour]:
    """What a relay does at any moment: it disappears, asks for a new connection, asks for a pause."""
    often = frozenset(range(11, 10 * READERS, 97))
    return [
        Connections(CONNECTIONS - 1),
        PerSession(40),
        PerSession(30, at=Moment.RECIPIENT),
        Size(1_000_000),
        Once(Moment.RECIPIENT, "421 4.3.2 closing", often),
        Once(Moment.SENDER, "421 4.4.2 idle for too long", frozenset(range(23, 10 * READERS, 101))),
        Once(Moment.RECIPIENT, Act.DROP, frozenset(range(31, 10 * READERS, 211))),
        Once(Moment.DATA, Act.DROP, frozenset(range(41, 10 * READERS, 223))),
        Once(Moment.CONTENT, Act.DROP, frozenset(range(53, 10 * READERS, 227))),
        Once(Moment.RECIPIENT, "451 4.3.0 try later", frozenset(range(61, 10 * READERS, 89))),
        Once(Moment.CONTENT, "452 4.3.1 insufficient storage", frozenset(range(71, 10 * READERS, 103))),
    ]


def rates(post: Post) -> list[Behaviour]:
    """How much a relay takes in a time: for one domain, and in all."""
    return [
        Rate(20, 60, lambda: post.now, "qq.example"),
        Rate(200, 600, lambda: post.now, reply="450 4.7.1 too much mail from you"),
    ]


@pytest.fixture
def post_of(post_to: Callable[..., Post], tmp_path: Path) -> Iterator[Callable[[int], Post]]:
    """A post office on a disk, as the real one is."""
    store = open_store(f"sqlite:///{tmp_path / 'digest.db'}")
    yield lambda port: Post(store, post_to(port, connections=CONNECTIONS).settings)
    store.close()


def sent_to_the_end(post: Post, relay: Relay) -> set[str]:
    """Drain, alert and let time pass until nothing waits; the subjects of all alerts."""
    (patient,) = (one for one in relay.behaviours if isinstance(one, UntilLeftAlone))
    subjects: set[str] = set()
    for _ in range(2000):
        post.drain(wait=post.wait)
        alerts.decide(post.store, post.settings, post.now)
        with post.store.read() as tx:
            subjects |= set(tx.alerts.all())
            patient.rested |= {one.domain for one in tx.resting.all()}
            paused, left = tx.deliveries.paused(post.now), tx.deliveries.open()
            held = suppressing.held_editions(tx, post.settings.bounces, post.now)
        if held or not left:
            return subjects
        waits = [row.next_at for row in post.rows().values() if row.next_at]
        post.now = max(post.now + timedelta(minutes=1), paused[1] if paused else min(waits))
    raise AssertionError("it never ends")


def test_everybody_who_can_be_reached_has_one_and_nobody_else_is_blamed(post_of: Callable[[int], Post]) -> None:
    people = [named(number) for number in range(READERS)]
    with Relay(*limits(), *world(), extensions=EXTENSIONS) as relay:
        post = post_of(relay.port)
        relay.behaviours += rates(post)
        post.people(*people)
        subjects = sent_to_the_end(post, relay)
        copies = relay.copies()

    unreachable = {one for one in people if one.startswith(UNREACHABLE)}
    assert {one: count for one, count in copies.items() if count > 1} == {}
    assert set(people) - set(copies) == unreachable
    assert not unreachable & set(copies)
    with post.store.read() as tx:
        suppressed = {one.address for one in tx.subscribers.suppressed()}
    assert suppressed == {one for one in people if one.startswith("gone")}
    states = {address: row.state for address, row in post.rows().items()}
    assert {one for one, state in states.items() if state is not DeliveryState.ACCEPTED} == unreachable
    assert {states[one] for one in unreachable} == {DeliveryState.FAILED}
    assert {"sending", f"mail to {BLOCKING}"} <= subjects


def test_a_list_that_is_as_bad_as_that_suppresses_nobody_before_it_is_confirmed(post_of: Callable[[int], Post]) -> None:
    people = [named(number) for number in range(READERS)]
    for number in range(0, READERS, 9):
        if people[number].startswith("reader"):
            people[number] = f"gone{number}@{LARGE[number % 5]}"
    with Relay(*limits(), *world(), extensions=EXTENSIONS) as relay:
        post = post_of(relay.port)
        relay.behaviours += rates(post)
        post.people(*people)
        subjects = sent_to_the_end(post, relay)
        with post.store.read() as tx:
            assert tx.subscribers.suppressed() == []
        assert "sending" in subjects
        assert "--confirm" in post.drain(resume=True).paused
        suppressing.decide_requests(post.store, KEY, confirm=True, now=post.now)
        sent_to_the_end(post, relay)
        copies = relay.copies()
    assert set(copies.values()) == {1}
    unreachable = {one for one in people if one.startswith(UNREACHABLE)}
    assert set(people) - set(copies) == unreachable
    with post.store.read() as tx:
        suppressed = {one.address for one in tx.subscribers.suppressed()}
    assert suppressed == {one for one in people if one.startswith("gone")}
