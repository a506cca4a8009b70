"""A drain through a relay with limits: everybody is served, nobody twice, as fast as the relay lets us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.mail.replies.outcome import LONGEST_WAIT
from digest.model import DeliveryState, DigestId
from digest.service.bounces import dead_letters
from digest.service.operating import alerts
from digest.service.operating.status import status
from digest.web.metrics import Metrics
from tests.exposition import numbers
from tests.integration.mail.conftest import KEY
from tests.integration.mail.relay import Act, Connections, Moment, Once, PerSession, Rate, Relay, Size, To

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.model import EditionKey
    from tests.integration.mail.conftest import Post

ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED = DeliveryState.PLANNED
READERS = [f"reader{number}@d{number % 40}.example" for number in range(80)]
SLOW = [f"reader{number}@slow.example" for number in range(80)]


def attempts(post: Post) -> set[int]:
    return {row.attempts for row in post.rows().values()}


# --- connections ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refuses",
    [
        Connections(1),
        Connections(2, "421 4.3.2 no more"),
        Connections(1, "554 5.7.1 too many sessions"),
        Connections(1, "421 4.7.0 too many", Moment.HELLO),
    ],
    ids=lambda one: f"{one.most} {one.reply[:3]} {one.at.name}",
)
def test_a_relay_with_few_connections_gets_all_mails_over_those(
    post_to: Callable[..., Post], refuses: Connections
) -> None:
    with Relay(refuses) as relay:
        post = post_to(relay.port, connections=6)
        post.people(*READERS)
        report = post.drain()
    assert (report.paused, report.counts()["accepted"]) == ("", 80)
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert post.states() == {ACCEPTED: 80}
    assert attempts(post) == {1}, "nobody's mail was blamed"


def test_a_relay_that_closes_extra_connections_without_a_word_as_well(post_to: Callable[..., Post]) -> None:
    def extra(moment: Moment, talk: Any) -> Act | None:
        return Act.DROP if moment is Moment.CONNECT and talk.relay.open > 1 else None

    with Relay(extra) as relay:
        post = post_to(relay.port, connections=4)
        post.people(*READERS)
        assert post.drain().paused == ""
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert attempts(post) == {1}


def test_connections_are_tried_again_when_many_mails_went_through(post_to: Callable[..., Post]) -> None:
    limit = Connections(1)

    def loosened(moment: Moment, talk: Any) -> str | None:
        if len(talk.relay.taken) >= 60:
            limit.most = 4
        return limit(moment, talk)

    with Relay(loosened) as relay:
        post = post_to(relay.port, connections=2)
        post.people(*READERS, *SLOW)
        post.drain()
    assert relay.copies() == dict.fromkeys((*READERS, *SLOW), 1)
    assert relay.most_open == 2
    assert relay.connections == 3, "the first, one too many, and one more that was tried again"


def test_a_relay_that_takes_no_connection_at_all_pauses_all_sending(post_to: Callable[..., Post]) -> None:
    with Relay(Connections(0)) as relay:
        post = post_to(relay.port, connections=4)
        post.people(*READERS)
        assert post.drain().paused.startswith("connect: 421")
    assert set(post.states()) <= {DEFERRED, PLANNED}
    assert post.states()[DEFERRED] == 1, "the others' mails were not tried"


# --- mails a session ------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [Moment.SENDER, Moment.RECIPIENT], ids=lambda moment: moment.name)
@pytest.mark.parametrize("reply", ["452 4.5.3 too many recipients this session", "421 4.7.0 too many messages"])
def test_few_mails_a_session_and_few_sessions_at_once(post_to: Callable[..., Post], at: Moment, reply: str) -> None:
    with Relay(Connections(1), PerSession(7, reply, at)) as relay:
        post = post_to(relay.port, connections=3)
        post.people(*READERS)
        report = post.drain(wait=post.wait)
    assert report.paused == ""
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert post.states() == {ACCEPTED: 80}
    assert attempts(post) == {1}


CLOSING = [(at, "421 4.3.2 closing") for at in (Moment.SENDER, Moment.RECIPIENT, Moment.DATA, Moment.CONTENT)]
DROPPING = [(at, Act.DROP) for at in (Moment.SENDER, Moment.RECIPIENT, Moment.DATA)]


@pytest.mark.parametrize(("at", "says"), [*CLOSING, *DROPPING])
def test_closing_now_and_then_costs_nobody_an_attempt(
    post_to: Callable[..., Post], at: Moment, says: str | Act
) -> None:
    with Relay(Once(at, says, frozenset(range(9, 5000, 9)))) as relay:
        post = post_to(relay.port, connections=1)
        post.people(*READERS)
        assert post.drain().paused == ""
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert attempts(post) == {1}


# --- rates ----------------------------------------------------------------------------------------

WORDS = [
    "450 4.7.1 too many requests",
    "454 4.7.0 Throttling failure: maximum sending rate exceeded",
    "451 4.7.500 Server busy. Please try again later",
    "450 4.7.1 come again",
]


@pytest.mark.parametrize("reply", WORDS)
@pytest.mark.parametrize("at", [Moment.RECIPIENT, Moment.CONTENT], ids=lambda moment: moment.name)
def test_a_domain_with_a_rate_is_served_at_it_and_the_others_at_once(
    post_to: Callable[..., Post], reply: str, at: Moment
) -> None:
    with Relay() as relay:
        post = post_to(relay.port, connections=4)
        began = post.now
        rate = Rate(10, 20, lambda: post.now, "slow.example", reply, at)
        relay.behaviours.append(rate)
        post.people(*SLOW, *READERS)
        report = post.drain(wait=post.wait)
    assert relay.copies() == dict.fromkeys((*SLOW, *READERS), 1)
    assert report.counts() == {"accepted": 160, "deferred": 0, "failed": 0, "unknown": 0, "suppressed": 0}
    assert attempts(post) == {1}, "a refusal for the pace is no attempt"
    assert post.now - began < timedelta(minutes=30), "3.5 minutes would be the limit itself"
    assert rate.refused < 60, "it is asked seldom for more than it takes"


def test_a_rate_for_all_slows_the_whole_run(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port, connections=4)
        began = post.now
        rate = Rate(10, 30, lambda: post.now, reply="450 4.7.1 too much mail from you")
        relay.behaviours.append(rate)
        post.people(*READERS)
        report = post.drain(wait=post.wait)
        with post.store.read() as tx:
            paces = {one.domain: one.per_minute for one in tx.pacing.all(began)}
    assert (report.paused, post.states()) == ("", {ACCEPTED: 80})
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert attempts(post) == {1}
    assert "" in paces
    assert post.now - began < timedelta(minutes=30), "2.4 minutes would be the limit itself"
    assert rate.refused < 60


def test_a_rate_that_a_server_states_at_mail_slows_the_whole_run(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port, connections=4)
        relay.behaviours.append(Rate(10, 30, lambda: post.now, at=Moment.SENDER))
        post.people(*READERS)
        report = post.drain(wait=post.wait)
        with post.store.read() as tx:
            assert [one.domain for one in tx.pacing.all(post.now - timedelta(hours=1))] == [""]
    assert (report.paused, post.states(), attempts(post)) == ("", {ACCEPTED: 80}, {1})


def test_the_next_drain_goes_on_at_the_pace_of_the_last(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port, connections=4)
        rate = Rate(10, 20, lambda: post.now, "slow.example")
        relay.behaviours.append(rate)
        people = post.people(*SLOW)
        post.drain(wait=post.wait)
        refused, edition = rate.refused, post.edition("weekly/2026-W48", *people[:30])
        post.drain(wait=post.wait)
        with post.store.read() as tx:
            assert {row.state for row in tx.deliveries.rows(edition)} == {ACCEPTED}
        assert rate.refused - refused < 6, "a fresh start would begin with all at once"

        post.now += timedelta(days=2)
        post.edition("weekly/2026-W49", *people[:8])
        began = post.now
        post.drain(wait=post.wait)
    assert post.now == began, "a pace that nobody used for a day is forgotten"


def test_a_domain_that_accepts_nothing_is_paused_and_the_others_are_served(post_to: Callable[..., Post]) -> None:
    """As slow as it gets, and still refused: nearly all of its mails are not even tried."""
    closed = To(lambda one: one.endswith("slow.example"), "450 4.7.1 too many requests")
    with Relay(closed) as relay:
        post = post_to(relay.port, connections=4)
        post.people(*SLOW, *READERS)
        report = post.drain(wait=post.wait)
    assert relay.copies() == dict.fromkeys(READERS, 1)
    assert report.paused == ""
    assert report.counts()["deferred"] <= 4
    rows = post.rows()
    assert sum(rows[one].attempts for one in SLOW) <= 4
    assert sum(relay.mails_offered[one] for one in SLOW) < 30, "80 would be to hammer it"
    latest = max(rows[one].next_at or post.now for one in SLOW)
    assert latest - post.now <= timedelta(minutes=45), "and none waits for hours"


def test_one_subscriber_who_is_always_refused_does_not_slow_the_domain_for_ever(post_to: Callable[..., Post]) -> None:
    with Relay(To(lambda one: one == SLOW[5], "450 4.7.1 not so fast, too many requests")) as relay:
        post = post_to(relay.port, connections=2)
        post.people(*SLOW)
        report = post.drain(wait=post.wait)
    assert post.rows()[SLOW[5]].state is DEFERRED
    assert (report.counts()["accepted"], report.counts()["deferred"]) == (79, 1)
    assert relay.copies() == dict.fromkeys(set(SLOW) - {SLOW[5]}, 1)


def test_a_grey_list_is_no_rate(post_to: Callable[..., Post]) -> None:
    seen: set[str] = set()

    def grey(moment: Moment, talk: Any) -> str | None:
        if moment is not Moment.RECIPIENT or talk.recipient in seen:
            return None
        seen.add(talk.recipient)
        return "451 4.7.1 Greylisted, try again in 5 minutes"

    with Relay(grey) as relay:
        post = post_to(relay.port)
        post.people(*SLOW)
        began = post.now
        assert post.drain(wait=post.wait).counts()["deferred"] == 80
        assert post.now == began
        post.now += timedelta(hours=1)
        assert post.drain(wait=post.wait).counts()["accepted"] == 80
    assert relay.copies() == dict.fromkeys(SLOW, 1)


def test_new_mail_is_sent_while_a_slow_domain_is_served(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port, connections=2)
        relay.behaviours.append(Rate(5, 5, lambda: post.now, "slow.example"))
        people = post.people(*SLOW[:60])
        later = post.wait
        made: list[EditionKey] = []

        async def wait(until: datetime) -> None:
            await later(until)
            if not made and sum(row.state is ACCEPTED for row in post.rows().values()) >= 20:
                made.append(post.edition("weekly/2026-W48", *people[:3]))  # at once: a wait may be cut short

        post.drain(wait=wait)
        with post.store.read() as tx:
            assert made
            assert {row.state for row in tx.deliveries.rows(made[0])} == {ACCEPTED}
        while any(row.next_at for row in post.rows().values()):
            post.now += timedelta(hours=1)  # one that was refused before the pace was known may wait for a later drain
            post.drain()
    assert sum(relay.copies().values()) == 63


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", [("PIPELINING", "SIZE 2000"), ("SIZE 2000",), ("PIPELINING",), ()])
def test_mails_over_the_size_fail_at_once_and_are_named(
    post_to: Callable[..., Post], extensions: tuple[str, ...]
) -> None:
    """Whether the limit is announced, or only stated when a mail comes."""
    with Relay(Size(100), extensions=tuple(one.replace("2000", "100") for one in extensions)) as relay:
        post = post_to(relay.port)
        post.people(*READERS[:20])
        report = post.drain()
        post.now += timedelta(days=1)
        assert post.drain().attempted == 0
        with post.store.read() as tx:
            assert len(tx.subscribers.active(DigestId("weekly"))) == 20, "nobody is suppressed for it"
    assert (report.paused, post.states(), attempts(post)) == ("", {FAILED: 20}, {1})
    assert report.too_large.startswith("5.3.4 ")
    assert sum(relay.mails_offered.values()) == (0 if "SIZE 2000" in extensions else 20)
    assert not relay.taken


def test_the_operator_hears_of_mails_over_the_size_until_they_are_tried_again(post_to: Callable[..., Post]) -> None:
    with Relay(Size(100), extensions=()) as relay:
        post = post_to(relay.port)
        post.people(*READERS[:20])
        post.drain()
        alerts.decide(post.store, post.settings, post.now)
        with post.store.read() as tx:
            alert = tx.alerts.all()["mail size"]
        assert alert.told_at == post.now
        assert "weekly/2026-W47: 20 mails are larger than the server takes (content: 5.3.4" in alert.problem
        assert "digest deliveries retry" in alert.problem

        relay.behaviours.clear()
        letters = dead_letters.dead_letters(post.store, [FAILED], KEY, [])
        assert len(dead_letters.retry(post.store, post.settings, letters, now=post.now)) == 20
        post.drain()
        post.now += post.settings.alerts.calm
        for _ in range(2):
            alerts.decide(post.store, post.settings, post.now)
            post.now += post.settings.alerts.calm
    with post.store.read() as tx:
        assert "mail size" not in tx.alerts.all()


# --- waits ----------------------------------------------------------------------------------------


def test_waiting_mails_are_tried_at_once_if_the_operator_says_so(post_to: Callable[..., Post]) -> None:
    with Relay(To(lambda one: one in READERS[:5], "450 4.2.1 busy")) as relay:
        post = post_to(relay.port)
        post.people(*READERS)
        post.drain()
        assert post.states() == {ACCEPTED: 75, DEFERRED: 5}
        relay.behaviours.clear()
        assert post.drain(resume=True).attempted == 0
        assert post.drain(hurry=True).counts()["accepted"] == 5
    assert relay.copies() == dict.fromkeys(READERS, 1)


def test_a_domain_that_is_paused_is_tried_at_once_as_well(post_to: Callable[..., Post]) -> None:
    with Relay(To(lambda one: one.endswith("slow.example"), "450 4.7.1 too many requests")) as relay:
        post = post_to(relay.port)
        post.people(*SLOW[:30])
        post.drain(wait=post.wait)
        relay.behaviours.clear()
        assert post.drain(wait=post.wait).attempted == 0
        assert post.drain(hurry=True, wait=post.wait).counts()["accepted"] == 30


def test_a_wait_of_a_wrong_clock_is_brought_back_to_the_longest(post_to: Callable[..., Post]) -> None:
    with Relay(To(lambda one: one == READERS[0], "450 4.2.1 busy")) as relay:
        post = post_to(relay.port)
        post.people(*READERS[:3])
        right = post.now
        post.now += timedelta(days=3650)
        post.drain()
        assert post.states() == {ACCEPTED: 2, DEFERRED: 1}
        post.now = right
        relay.behaviours.clear()
        assert post.drain().attempted == 0
        assert post.rows()[READERS[0]].next_at == right + LONGEST_WAIT
        post.now += LONGEST_WAIT
        assert post.drain().counts()["accepted"] == 1


def test_a_pause_of_a_wrong_clock_is_over(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port)
        post.people(*READERS[:3])
        with post.store.write() as tx:
            tx.deliveries.pause("content: 554 no", post.now + timedelta(days=3650))
        assert post.drain().counts()["accepted"] == 3


def test_so_are_the_other_mails_of_a_domain(post_to: Callable[..., Post]) -> None:
    with Relay() as relay:
        post = post_to(relay.port)
        post.people(*SLOW[:3])
        with post.store.write() as tx:
            tx.resting.rest("slow.example", "recipient: 550 no", post.now + timedelta(days=3650), post.now)
        assert post.drain().counts()["accepted"] == 3


# --- what operators see ---------------------------------------------------------------------------


def test_the_pace_stands_in_the_status_and_in_the_metrics(post_to: Callable[..., Post]) -> None:
    def told(name: str) -> float | None:
        page = Metrics(post.store, post.settings, lambda: post.now).exposition("")[0].decode()
        return numbers(page).get(name)

    with Relay() as relay:
        post = post_to(relay.port)
        assert (told("digest_sending_slowed_domains"), told("digest_sending_per_minute")) == (0, 0)
        slow = Rate(10, 20, lambda: post.now, "slow.example")
        relay.behaviours += [Rate(10, 30, lambda: post.now, at=Moment.SENDER), slow]
        post.people(*SLOW[:40], *READERS)
        post.drain(wait=post.wait)
    slowed = status(post.store, post.settings, post.now).slowed
    assert slowed
    assert slowed[0].domain == ""
    assert slowed[0].per_minute >= 1
    assert told("digest_sending_per_minute") == slowed[0].per_minute
    assert told("digest_sending_slowed_domains") == len(slowed) - 1
    assert status(post.store, post.settings, post.now + timedelta(days=2)).slowed == ()
