"""Bounces and complaints as mail servers write them, and what is read from them."""

from __future__ import annotations

import time

import pytest

from digest.mail.receiving.reports import AUTOMATIC, read_report
from digest.model import BounceKind

HARD, SOFT, REFUSED, DELAYED = BounceKind.HARD, BounceKind.SOFT, BounceKind.REFUSED, BounceKind.DELAYED
COMPLAINT, OTHER = BounceKind.COMPLAINT, BounceKind.OTHER


def dsn(*recipients: str, to: str = "bounces+abc@digest.example.org") -> bytes:
    """As Postfix writes it; each recipient is its block of fields."""
    blocks = "\n\n".join(
        ("Reporting-MTA: dns; mx.example.org\nArrival-Date: Mon, 16 Nov 2026 00:00:00 +0000", *recipients)
    )
    return (
        "Return-Path: <>\n"
        "From: MAILER-DAEMON@mx.example.org (Mail Delivery System)\n"
        f"To: {to}\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        "Auto-Submitted: auto-replied\n"
        "Message-Id: <20261116000000.1@mx.example.org>\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n boundary="B/x"\n\n'
        "--B/x\nContent-Type: text/plain; charset=us-ascii\n\nI'm sorry to have to inform you ...\n\n"
        f"--B/x\nContent-Type: message/delivery-status\n\n{blocks}\n\n"
        "--B/x\nContent-Type: message/rfc822\n\nFrom: digest@example.org\nSubject: x\n\nbody\n--B/x--\n"
    ).encode()


def block(action: str, status: str, diagnostic: str = "smtp; 550 no", recipient: str = "a@example.org") -> str:
    fields = f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}"
    return f"{fields}\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: {diagnostic}"


def arf(kind: str, *, sender: str = "bounces+abc@digest.example.org") -> bytes:
    return (
        "From: <abuse@isp.example>\nTo: <bounces@digest.example.org>\nSubject: FW: digest\n"
        "MIME-Version: 1.0\nMessage-ID: <1@isp.example>\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="p"\n\n'
        "--p\nContent-Type: text/plain\n\nThis is an abuse report.\n"
        "--p\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: Some/1.0\nVersion: 1\nOriginal-Mail-From: <{sender}>\n"
        "--p\nContent-Type: message/rfc822\n\n"
        f"Return-Path: <{sender}>\nList-Unsubscribe: <https://digest.example.org/leave/x>\nSubject: digest\n\nbody\n"
        "--p--\n"
    ).encode()


QMAIL = b"""From: MAILER-DAEMON@mail.example.org
To: bounces+abc@digest.example.org
Subject: failure notice

Hi. This is the qmail-send program at mail.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<nobody@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.
"""
EXIM = b"""X-Failed-Recipients: nobody@example.org
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: bounces+abc@digest.example.org
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

  nobody@example.org
    SMTP error from remote mail server after RCPT TO:<nobody@example.org>:
    host mx.example.org [192.0.2.1]: 550 Unrouteable address
"""
VACATION = b"""From: Ada <ada@example.org>
To: bounces+abc@digest.example.org
Subject: Out of office
Auto-Submitted: auto-replied

I am away until 5.12.2026. Build 5.1.1 of the program is on the server 5.1.1.1.
"""


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", HARD),
        ("failed", "5.1.10", HARD),
        ("Failed (no such user)", "5.1.2", HARD),
        ("error", "5.1.1", HARD),
        ("failed", "5.1.7", REFUSED),  # the sender's address: ours
        ("failed", "5.1.8", REFUSED),
        ("failed", "5.2.2", SOFT),
        ("failed", "5.4.4", SOFT),
        ("failed", "5.0.0", SOFT),
        ("failed", "", SOFT),
        ("failed", "5.7.1", REFUSED),
        ("failed", "5.7.26", REFUSED),
        ("failed", "4.4.1", DELAYED),
        ("delayed", "4.4.1", DELAYED),
        ("delayed", "5.1.1", DELAYED),
        ("delivered", "2.0.0", OTHER),
        ("relayed", "2.0.0", OTHER),
        ("expanded", "2.0.0", OTHER),
        ("failed", "2.1.5", OTHER),
        ("failed", "5.1.3", HARD),
        ("failed", "5.1.6", HARD),
        ("failed", "5.1.0", REFUSED),
        ("failed", "5.1.4", REFUSED),
        ("failed", "5.1.20", REFUSED),
        ("failed", "5.1.90", REFUSED),
    ],
)
def test_an_action_and_a_status_are_one_kind(action: str, status: str, kind: BounceKind) -> None:
    assert read_report(dsn(block(action, status))).kind is kind


def test_a_status_notification_has_code_words_and_where_it_arrived() -> None:
    said = read_report(dsn(block("failed", "5.1.1", "smtp; 550 5.1.1 <a@example.org>: user\n unknown")))
    assert (said.kind, said.status) == (HARD, "5.1.1")
    assert said.text == "550 5.1.1 <a@example.org>: user unknown"
    assert said.arrived_at == ("bounces+abc@digest.example.org",)
    assert said.message_id == "<20261116000000.1@mx.example.org>"


def test_a_gateway_that_knows_no_better_is_overruled_by_the_words_of_the_server() -> None:
    assert read_report(dsn(block("failed", "5.0.0", "smtp; 550 5.1.1 no such user"))).kind is HARD
    assert read_report(dsn(block("failed", "5.2.2", "smtp; 552 5.1.1 full"))).kind is SOFT


def test_of_several_recipients_the_mildest_word_counts() -> None:
    """The recipient's address was a list: some of it did get the mail."""
    assert read_report(dsn(block("failed", "5.1.1"), block("delivered", "2.0.0"))).kind is OTHER
    assert read_report(dsn(block("failed", "5.1.1"), block("failed", "5.2.2"))).kind is SOFT
    assert read_report(dsn(block("failed", "5.1.1"), block("failed", "5.1.1"))).kind is HARD


@pytest.mark.parametrize(("raw", "kind"), [(QMAIL, HARD), (EXIM, SOFT), (VACATION, OTHER), (b"", OTHER)])
def test_bounces_in_forms_of_their_own_are_known_and_letters_are_none(raw: bytes, kind: BounceKind) -> None:
    assert read_report(raw).kind is kind


@pytest.mark.parametrize("kind", ["abuse", "fraud", "other", "opt-out", "Abuse "])
def test_feedback_is_a_complaint_that_contains_the_envelope_of_the_mail(kind: str) -> None:
    said = read_report(arf(kind))
    assert said.kind is COMPLAINT
    assert said.complaint
    assert "bounces+abc@digest.example.org" in said.complaint.senders
    assert said.arrived_at == ("bounces@digest.example.org",)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_feedback_that_calls_nothing_unwanted_is_no_complaint(kind: str) -> None:
    assert read_report(arf(kind)).kind is OTHER


def test_a_status_notification_that_quotes_a_token_speaks_only_of_where_it_arrived() -> None:
    raw = dsn(block("failed", "5.1.1")).replace(b"Subject: x", b"Return-Path: <bounces+other@digest.example.org>")
    assert read_report(raw).complaint is None
    assert read_report(raw).arrived_at == ("bounces+abc@digest.example.org",)


SAMPLES = [dsn(block("failed", "5.1.1")), arf("abuse"), QMAIL, EXIM, VACATION]


def nested(depth: int) -> bytes:
    opened = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(depth))
    return opened + b"x\n" * 90_000


@pytest.mark.parametrize(
    "raw",
    [
        nested(10),
        nested(20),
        nested(5000),
        b"Content-Type: message/rfc822\n\n" * 9000,
        b"Content-Type: multipart/report; " + b"a=b;" * 65_000 + b"\n\nx",
        b'Content-Type: multipart/report; x="' + b";" * 260_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 50_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 900,
        b"To: " + b"(" * 100_000 + b"\n\n",
        b"To: " + b"a@b.example, " * 20_000 + b"\n\n",
        b"Subject: x\n" + b" folded\n" * 30_000,
        b"X-Header: y\n" * 20_000,
        dsn(block("failed", "5.1.1")) + b"x" * 5_000_000,
        b"Content-Type: text/plain; charset=\xff\xfe\n\n" + b"\x00\xff" * 100_000,
        b"Message-ID: =?utf-8?q?" + b"=" * 8000 + b"?=\n\n",
    ],
    ids=lambda raw: f"{raw[:24]!r}{len(raw)}",
)
def test_a_message_made_to_hurt_is_read_in_short_time(raw: bytes) -> None:
    start = time.process_time()
    read_report(raw)
    assert time.process_time() - start < 60  # seconds; without its bounds the parser takes minutes


@pytest.mark.parametrize(
    "subject",
    [
        "Urlaub bis Montag",
        "Je suis en congés",
        "En vacances jusqu'au 5",
        "Estoy de vacaciones",
        "Estou de férias",
        "Sono in ferie",
        "Ik ben met vakantie",
        "Jag är på semester",
        "Я в отпуске",
        "我在休假中",
    ],
)
def test_an_away_note_without_a_mark_is_no_bounce_whatever_it_quotes(subject: str) -> None:
    """Its envelope has no sender, as RFC 3834 asks, and it need not come from the address that we wrote to."""
    head = f"Return-Path: <>\nFrom: Ada <ada@elsewhere.example>\nTo: bounces+abc@digest.example.org\nSubject: {subject}"
    body = "Your mail to ada@example.org is undeliverable for now: 550 5.1.1 user unknown"
    raw = f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n".encode()

    assert read_report(raw).text == AUTOMATIC
