"""Which refusals are limits, in the words of real servers."""

from __future__ import annotations

import pytest

from digest.errors import TransportError
from digest.mail.replies.outcome import RateLimit, is_too_large, rate_limit, session_is_used_up

RATES = [
    ("recipient", 450, "4.7.1 Error: too much mail from 192.0.2.1"),
    ("recipient", 450, "4.7.1 too many requests"),
    ("recipient", 450, "4.7.1 later"),
    ("sender", 450, "4.7.1 Error: too many recipients from unknown[192.0.2.1]"),
    ("connect", 421, "4.7.0 mx.example.org Error: too many connections from 192.0.2.1"),
    ("content", 454, "Throttling failure: Maximum sending rate exceeded."),
    ("content", 454, "Throttling failure: Daily message quota exceeded."),
    ("content", 421, "4.7.28 Gmail has detected an unusual rate of mail; temporarily rate limited"),
    ("sender", 421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume"),
    ("recipient", 451, "4.7.500 Server busy. Please try again later from [192.0.2.1]"),
    ("recipient", 451, "Connection frequency limited"),
    ("sender", 451, "RP:CEL 发送频率过快"),
    ("login", 454, "4.7.0 Too many login attempts, please try again later"),
    ("recipient", 452, "4.5.3 your message exceeded the limit of this hour"),
    ("sender", 450, "4.7.0 Quota exceeded for sender"),
    ("recipient", 451, "4.7.1 Sending quota exceeded, wait 10 minutes"),
    ("recipient", 452, "4.7.1 Hourly quota exceeded"),
    ("recipient", 450, "4.7.1 mail limit for your mailbox reached: 100 per hour"),
    ("recipient", 451, "RP:TRL 126 smtp3,DMmowAC3"),
    ("recipient", 451, "MI:CEL 163"),
    ("recipient", 451, "超出发送限额"),
    ("recipient", 450, "Слишком много писем"),
    ("recipient", 451, "4.7.0 slow-down"),
]
OTHERS = [
    ("recipient", 450, "4.2.1 The user you are trying to contact is receiving mail too quickly"),
    ("recipient", 450, "4.2.0 <a@example.net>: Recipient address rejected: Greylisted, see http://example.net"),
    ("recipient", 451, "4.7.1 greylisted, try again in 300 seconds"),
    ("recipient", 451, "4.7.1 Graylisting in action"),
    ("recipient", 452, "4.2.2 mailbox full, quota exceeded"),
    ("content", 452, "requested action not taken: exceeded storage allocation"),
    ("recipient", 450, "4.7.1 Client host rejected: cannot find your reverse hostname"),
    ("login", 454, "4.7.0 Temporary authentication failure"),
    ("recipient", 451, "4.3.0 temporary lookup failure"),
    ("content", 451, "4.3.0 not now"),
    ("recipient", 550, "5.7.1 too many mails from you"),
    ("connect", None, "no reply"),
    ("content", 421, "4.4.2 mx Error: timeout exceeded"),
    ("recipient", 451, "4.4.0 DNS lookup limit exceeded"),
    ("recipient", 450, "4.4.3 hop limit exceeded"),
    ("sender", 452, "4.3.1 queue file size limit exceeded"),
]


@pytest.mark.parametrize(("phase", "code", "text"), RATES)
def test_these_ask_for_fewer_mails_in_a_time(phase: str, code: int, text: str) -> None:
    assert rate_limit(TransportError(text, phase=phase, code=code)) is not RateLimit.NO


@pytest.mark.parametrize(("phase", "code", "text"), OTHERS)
def test_these_do_not(phase: str, code: int | None, text: str) -> None:
    assert rate_limit(TransportError(text, phase=phase, code=code)) is RateLimit.NO


def test_what_may_have_been_taken_is_no_limit() -> None:
    lost = TransportError("too many", phase="answer", code=421, uncertain=True)
    assert rate_limit(lost) is RateLimit.NO
    assert not session_is_used_up(lost)


@pytest.mark.parametrize("phase", ["sender", "recipient", "content"])
@pytest.mark.parametrize(
    ("code", "text"), [(421, "4.3.2 closing"), (421, "4.7.0 too many messages in this session"), (None, "lost")]
)
def test_a_connection_that_is_closed_is_used_up(phase: str, code: int | None, text: str) -> None:
    assert session_is_used_up(TransportError(text, phase=phase, code=code))


@pytest.mark.parametrize(
    ("code", "text", "used_up"),
    [
        (452, "4.5.3 too many recipients in this session", True),
        (452, "too many messages", True),
        (450, "4.7.1 too many messages over this connection", True),
        (452, "4.2.2 mailbox full", False),
        (450, "4.7.1 too many messages", False),
        (550, "5.7.1 too many messages in this session", True),
        (550, "5.7.1 too many messages", False),
    ],
)
def test_so_is_one_that_had_its_mails(code: int, text: str, *, used_up: bool) -> None:
    for phase in ("sender", "recipient"):
        assert session_is_used_up(TransportError(text, phase=phase, code=code)) is used_up
    assert not session_is_used_up(TransportError("4.3.1 full", phase="content", code=452))


def test_silence_is_not_heard_twice_but_at_the_beginning() -> None:
    for phase, again in (("sender", True), ("recipient", False), ("content", False)):
        silent = TransportError("no reply", phase=phase)
        silent.__cause__ = TimeoutError()
        assert session_is_used_up(silent) is again


@pytest.mark.parametrize(
    ("phase", "code", "text"),
    [
        ("sender", 552, "5.5.3 too many messages in this session"),
        ("recipient", 554, "5.7.1 too many messages per connection"),
        ("content", 452, "too many messages in this session"),
        ("content", 451, "4.5.0 session message limit"),
    ],
)
def test_words_of_a_session_count_whatever_the_class_and_the_moment(phase: str, code: int, text: str) -> None:
    assert session_is_used_up(TransportError(text, phase=phase, code=code))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (552, "5.3.4 Message size exceeds fixed limit"),
        (552, "message exceeds maximum size"),
        (552, "Too much mail data"),
        (550, "Message too large"),
        (554, "Message is too large"),
        (550, "Message size exceeds limit"),
        (552, "信件大小超过限制"),
        (552, "邮件过大"),
        (552, "Die Nachricht ist zu groß"),
    ],
)
def test_these_say_that_a_mail_is_too_large(code: int, text: str) -> None:
    assert is_too_large(TransportError(text, phase="content", code=code))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (552, "5.2.2 the user's mailbox has exceeded its size limit"),
        (552, "Mailbox size limit exceeded"),
        (552, "5.2.2 over quota; mail size limit"),
        (452, "4.3.4 too large"),
        (550, "5.1.1 user unknown"),
        (552, "5.7.0 an illegal attachment on your message"),
    ],
)
def test_these_do_not_say_that_a_mail_is_too_large(code: int, text: str) -> None:
    assert not is_too_large(TransportError(text, phase="content", code=code))
