"""The outcome of a server's reply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.errors import TransportError
from digest.mail.replies.outcome import Outcome, Patience, outcome
from digest.model import DeliveryState

MADE = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
PATIENCE = Patience(timedelta(minutes=30), timedelta(days=4))


def judged(
    error: TransportError, *, attempts: int = 1, uncertain: int = 0, age: timedelta = timedelta(), seed: str = "<id>"
) -> Outcome:
    return outcome(
        error,
        attempts=attempts,
        uncertain=uncertain,
        made_at=MADE,
        now=MADE + age,
        seed=seed,
        patience=PATIENCE,
    )


@pytest.mark.parametrize(
    ("phase", "code", "text", "state", "gone", "pause"),
    [
        ("recipient", 450, "4.2.1 busy", "deferred", False, False),
        ("recipient", 550, "5.1.1 no such user", "failed", True, False),
        ("recipient", 550, "<a@b>: 5.1.10 gone", "failed", True, False),
        ("recipient", 550, "5.7.1 refused", "deferred", False, True),
        ("recipient", 552, "5.2.2 mailbox full", "failed", False, False),
        ("recipient", 553, "5.6.7 not in ASCII", "failed", False, False),
        ("recipient", 550, "version 15.1.1 says no", "failed", False, False),
        ("recipient", 550, "no such user", "failed", False, False),
        ("recipient", 550, "relay not permitted", "deferred", False, True),
        ("recipient", 550, "Connection frequency limited", "deferred", False, True),
        (
            "recipient",
            553,
            "sorry, that domain isn't in my allowed rcpthosts (#5.7.1)",
            "deferred",
            False,
            True,
        ),
        ("recipient", 550, "5.1.0 <digest@example.org>: Sender address rejected", "deferred", False, True),
        ("recipient", 550, "5.1.90 Your message can't be sent: daily limit", "deferred", False, True),
        ("recipient", 550, "5.1.0 rejected", "failed", False, False),
        ("recipient", 554, "This user doesn't have a yahoo.com account", "failed", False, False),
        ("recipient", 556, "does not accept mail", "failed", False, False),
        ("recipient", 553, "5.1.8 <digest@example.org>: sender's domain not found", "deferred", False, True),
        ("recipient", 550, "5.1.7 sender's address", "deferred", False, True),
        ("recipient", 530, "5.7.0 must authenticate", "deferred", False, True),
        ("recipient", 554, "relay access denied", "deferred", False, True),
        ("recipient", 500, "command failed", "deferred", False, True),
        ("content", 554, "5.7.1 spam", "deferred", False, True),
        ("content", 451, "4.3.0 try later", "deferred", False, False),
        ("content", 421, "4.3.2 closing", "deferred", False, False),
        ("sender", 550, "5.1.8 sender unknown", "deferred", False, True),
        ("sender", 451, "later", "deferred", False, True),
        ("login", 535, "5.7.8 wrong", "deferred", False, True),
        ("connect", 421, "too many", "deferred", False, True),
        ("connect", None, "refused", "deferred", False, True),
        ("recipient", None, "lost", "deferred", False, True),
    ],
)
def test_each_reply_has_its_outcome(
    phase: str,
    code: int | None,
    text: str,
    state: str,
    gone: bool,
    pause: bool,
) -> None:
    told = judged(TransportError(text, phase=phase, code=code))
    assert (told.state, told.diagnosis.proven, told.pause) == (state, gone, pause)
    assert (told.wait is not None) == (state == "deferred")


def test_what_may_have_been_taken_is_tried_once_more_and_then_left() -> None:
    lost = TransportError("gone", phase="answer", uncertain=True)
    first, second = judged(lost, attempts=5), judged(lost, attempts=6, uncertain=1)
    assert first.state is second.state is DeliveryState.UNKNOWN
    assert first.wait is not None
    assert second.wait is None


def test_waits_double_and_spread_and_end() -> None:
    busy = TransportError("4.2.1", phase="recipient", code=450)
    waits = [judged(busy, attempts=attempts).wait or timedelta() for attempts in range(1, 9)]
    for attempts, wait in enumerate(waits):
        base = min(timedelta(minutes=30) * 2**attempts, timedelta(hours=8))
        assert base <= wait <= base * 1.25
    assert len({judged(busy, seed=str(n)).wait for n in range(9)}) > 1
    assert judged(busy, attempts=4, age=timedelta(days=3, hours=18)).state is DeliveryState.DEFERRED
    assert judged(busy, attempts=4, age=timedelta(days=3, hours=20, minutes=1)).state is DeliveryState.FAILED


def test_a_mail_that_is_late_when_it_is_first_offered_is_offered_four_times() -> None:
    busy = TransportError("4.2.1", phase="recipient", code=450)
    told = [judged(busy, attempts=attempts, age=timedelta(days=9)).state.value for attempts in (1, 2, 3, 4)]
    assert told == ["deferred", "deferred", "deferred", "failed"]


def test_our_own_fault_never_fails_a_person_however_old_the_mail() -> None:
    ours = TransportError("refused", phase="connect")
    assert judged(ours, age=timedelta(days=30)).state is DeliveryState.DEFERRED
