"""A drain against a real server, case by case: what reaches whom, and what the ledger says of the rest."""

from __future__ import annotations

import asyncio
import email
import re
import threading
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import ConfigurationError, StoreError, TransportError
from digest.mail.sending.smtp import SmtpSession
from digest.mail.tokens import read_leave_token
from digest.model import DeliveryState, DigestId, Format
from digest.records.editions import Recipient
from digest.service.mailing.composing import Letters
from digest.service.mailing.drain.delivery import drain
from digest.store.deliveries import Deliveries
from digest.web.metrics import Metrics
from tests.exposition import numbers
from tests.integration.mail.conftest import KEY
from tests.waiting import SECONDS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from digest.model import Delivery
    from digest.service.mailing.drain.report import DrainReport
    from tests.integration.mail.conftest import Inbox, Post

READERS = [f"reader{number}@example.org" for number in range(50)]
ACCEPTED, DEFERRED, FAILED = DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.FAILED
PLANNED, SUPPRESSED, UNKNOWN = DeliveryState.PLANNED, DeliveryState.SUPPRESSED, DeliveryState.UNKNOWN
LEASED = DeliveryState.LEASED
SOMEBODY = READERS[2]
RAW = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\nwords\r\n"


def only(person: str, reply: str) -> Callable[[str], str | None]:
    return lambda address: reply if address == person else None


def healthy(_: str) -> None:
    """A server's answer to everybody: none out of the ordinary."""


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


def test_who_asks_for_an_old_edition_gets_a_mail_of_today(inbox: Inbox, post: Post) -> None:
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


def test_one_who_is_deferred_waits_alone_and_gets_the_same_message_later(inbox: Inbox, post: Post) -> None:
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


def test_one_who_stays_busy_has_failed_after_four_days_and_is_not_suppressed(inbox: Inbox, post: Post) -> None:
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


def test_one_who_stays_busy_has_failed_when_the_next_edition_comes(inbox: Inbox, post: Post) -> None:
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


def test_refusals_of_us_at_rcpt_rest_all_sending_and_fail_nobody(
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
def test_one_who_is_refused_for_good_fails_alone(inbox: Inbox, post: Post, reply: str, *, suppressed: bool) -> None:
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
    assert behind == {SOMEBODY} - gone  # the next edition tells them
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


def test_the_metrics_tell_deliveries_by_the_class_of_the_last_reply(inbox: Inbox, post: Post) -> None:
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


def hand_over(post: Post, context: ssl.SSLContext, password: str = "") -> str:
    async def once() -> str:
        async with SmtpSession(post.settings.mail, password, context=context) as way:
            return await way.send("digest@example.org", SOMEBODY, RAW)

    return asyncio.run(once())


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts our authority, as it trusts those of the world."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


SECURITIES = pytest.mark.parametrize(("security", "option"), [("starttls", "tls_context"), ("tls", "ssl_context")])


@SECURITIES
@pytest.mark.usefixtures("trusted")
def test_a_drain_sends_over_tls_where_the_certificate_is_the_hosts(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 50
    assert inbox.counts() == {1: 50}


@SECURITIES
def test_a_session_sends_over_tls_with_the_context_that_it_is_given(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    assert hand_over(post, client_tls) == "2.0.0 taken"
    assert inbox.taken == {SOMEBODY: [RAW]}


@SECURITIES
def test_a_session_refuses_a_certificate_of_another_name(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    client_tls: ssl.SSLContext,
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("other.example")}), security=security)
    with pytest.raises(TransportError, match=r"(?i)certificate") as refused:
        hand_over(post, client_tls)
    assert refused.value.phase == "connect"
    assert not inbox.taken


@SECURITIES
def test_a_drain_to_a_host_that_nobody_vouches_for_pauses_and_sends_nothing(
    inbox: Inbox,
    serve: Callable[..., int],
    post_to: Callable[..., Post],
    server_tls: Callable[[str], ssl.SSLContext],
    security: str,
    option: str,
) -> None:
    post = post_to(serve(**{option: server_tls("127.0.0.1")}), security=security)
    post.people(*READERS)
    report = post.drain()
    assert report.paused.startswith("connect: ")
    assert "certificate" in report.paused.lower()
    assert set(post.states()) == {DEFERRED, PLANNED}
    assert not inbox.taken


@pytest.mark.usefixtures("trusted")
def test_a_server_that_offers_no_starttls_gets_no_mail_and_no_password(
    inbox: Inbox, serve: Callable[..., int], post_to: Callable[..., Post]
) -> None:
    told: list[object] = []

    def listening(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        told.append(data)
        raise AssertionError

    open_port = serve(authenticator=listening, auth_require_tls=False)
    post = post_to(open_port, security="starttls", username="digest", password="secret")
    post.people(*READERS)
    assert post.drain().paused.startswith("connect: ")
    assert set(post.states()) == {DEFERRED, PLANNED}
    assert not inbox.taken
    assert not told


# What aiosmtpd says of a server that takes passwords in the clear, as this one does on loopback.
WITHOUT_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture
def guarded(serve: Callable[..., int], password: Callable[..., Any]) -> int:
    """A server that takes mail of `digest`, whose password is `secret`."""
    return serve(authenticator=password, auth_required=True, auth_require_tls=False)


@WITHOUT_TLS
def test_a_drain_that_logs_in_sends(inbox: Inbox, post_to: Callable[..., Post], guarded: int, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n", "utf-8")
    post = post_to(guarded, username="digest", password_file=tmp_path / "password")
    post.people(*READERS)
    assert post.drain().counts()["accepted"] == 50
    assert inbox.counts() == {1: 50}


@WITHOUT_TLS
def test_a_wrong_password_pauses_at_once(inbox: Inbox, post_to: Callable[..., Post], guarded: int) -> None:
    post = post_to(guarded, username="digest", password="guessed", connections=1)
    post.people(*READERS)

    report = post.drain()

    assert report.paused.startswith("login: 535 ")
    assert "guessed" not in report.paused
    assert post.states() == {DEFERRED: 1, PLANNED: 49}
    assert not inbox.taken
    connections = inbox.connections
    assert post.drain().paused == report.paused
    assert inbox.connections == connections


@WITHOUT_TLS
def test_after_a_wrong_password_the_operators_resume_sends_everybody_one_mail(
    inbox: Inbox, post_to: Callable[..., Post], guarded: int, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("guessed\n", "utf-8")
    post = post_to(guarded, username="digest", password_file=tmp_path / "password", connections=1)
    post.people(*READERS)
    assert post.drain().paused.startswith("login: 535 ")

    (tmp_path / "password").write_text("secret\n", "utf-8")
    assert post.drain().paused.startswith("login: 535 ")  # nobody asked yet
    assert not inbox.taken
    resumed = post.drain(resume=True)
    assert (resumed.paused, resumed.counts()["accepted"]) == ("", 49)
    post.now += timedelta(hours=1)  # whose turn it was when the server refused us waits like after any refusal
    assert post.drain().counts()["accepted"] == 1
    assert post.states() == {ACCEPTED: 50}
    assert inbox.counts() == {1: 50}


def test_a_server_that_asks_for_no_password_pauses_who_would_give_one(
    inbox: Inbox, post_to: Callable[..., Post], port: int
) -> None:
    post = post_to(port, username="digest", password="secret", connections=1)
    post.people(*READERS)
    assert post.drain().paused.startswith("login: ")
    assert post.states() == {DEFERRED: 1, PLANNED: 49}


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
def test_who_goes_between_lease_and_sending_gets_no_mail(
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
        broken.setattr("digest.store.deliveries.Deliveries.record_all", full)
        with pytest.raises(StoreError):
            post.drain()
    assert post.states() == {LEASED: 1}

    post.now += post.settings.mail.lease
    post.drain()

    first, second = inbox.taken[SOMEBODY]
    assert first == second
    assert post.states() == {ACCEPTED: 1}


# --- a store that fails ---------------------------------------------------------------------------


def full(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")


@pytest.mark.parametrize("connections", [1, 4])
def test_a_store_that_records_nothing_ends_the_drain_after_one_message_a_connection(
    inbox: Inbox, post_to: Callable[..., Post], port: int, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    post = post_to(port, connections=connections)
    post.people(*READERS)
    monkeypatch.setattr("digest.store.deliveries.Deliveries.record_all", full)
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
    compose, tripped, ended = Letters.mail, threading.Event(), threading.Event()

    def tripping(letters: Letters, delivery: Delivery) -> bytes:
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
    monkeypatch.setattr(Letters, "mail", tripping)
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


def test_nothing_is_handed_over_where_nothing_can_be_leased(
    inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.people(*READERS)

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("digest.store.deliveries.Deliveries.lease", full)
    with pytest.raises(StoreError):
        post.drain()
    assert inbox.counts() == {}


def test_bytes_arrive_as_they_were_made(inbox: Inbox, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def kept(letters: Letters, delivery: Delivery) -> bytes:
        made.append(mail(letters, delivery))
        return made[-1]

    mail = Letters.mail
    monkeypatch.setattr(Letters, "mail", kept)
    post.people(*READERS[:3])
    post.drain()
    assert sorted(made) == sorted(raw for (raw,) in inbox.taken.values())


# --- drains that die, leases that end, relays with limits ------------------------------------------


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


def test_a_hand_over_that_outlasts_its_lease_is_not_begun_again_by_the_same_drain(
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
    monkeypatch.setattr("digest.store.deliveries.Deliveries.record_all", full)
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
