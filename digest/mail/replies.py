"""What follows from a server's reply: for the delivery, for the person, for the whole run. Pure.

Source: RFC 5321, sections 4.2.1 and 4.5.4.1; RFC 3463.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.model import MAY_HAVE_IT, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from digest.errors import TransportError

_STATUS = re.compile(r"(?:^|\s)5\.(\d{1,3})\.(\d{1,3})\b")
_OF_A_MAILBOX = {550, 551, 552, 553, 556}
_OF_THE_SENDER = {("1", "7"), ("1", "8")}  # which many servers say at RCPT
_FEWEST_ATTEMPTS = 4
_TEMPORARY, _PERMANENT = 4, 5
_LONGEST_WAIT = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on: the first wait, and the age at which a delivery has failed."""

    retry: timedelta
    give_up: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to record. `suppress`: the address does not exist. `pause`: the fault is ours or the relay's."""

    state: DeliveryState
    wait: timedelta | None = None
    suppress: bool = False
    pause: bool = False


def outcome(
    error: TransportError,
    *,
    attempts: int,
    uncertain: int,
    made_at: datetime,
    now: datetime,
    seed: str,
    patience: Patience,
) -> Outcome:
    """What a refusal means. It is told by the reply code, whatever class of exception brought it.

    `attempts` counts this one, `uncertain` those before it of which nobody knows what became; a mail that is old when
    it is first offered is offered a few times all the same; `seed` spreads the
    waits of a batch, so that they do not return together.
    """
    if error.uncertain:
        # The server may have the message. It is tried once more, with the same Message-ID; then it stays visible.
        # A server that does so again and again costs everybody a second copy: it counts as its fault.
        wait = _wait(1, seed, patience) if uncertain + 1 < MAY_HAVE_IT else None
        return Outcome(DeliveryState.UNKNOWN, wait, pause=True)
    kind = error.code // 100 if error.code else _TEMPORARY
    if kind == _PERMANENT and error.phase == "recipient" and _of_one_person(error):
        return Outcome(DeliveryState.FAILED, suppress=_status(error)[0] == "1")
    ours = error.code is None or error.phase in {"connect", "login", "sender"}
    wait = _wait(attempts, seed, patience)
    if not ours and attempts >= _FEWEST_ATTEMPTS and now + wait > made_at + patience.give_up:
        return Outcome(DeliveryState.FAILED)
    return Outcome(DeliveryState.DEFERRED, wait, pause=ours or kind == _PERMANENT)


def _of_one_person(error: TransportError) -> bool:
    """Whether a lasting refusal at RCPT is of this mailbox.

    Most servers keep what they have against us or our sender (5.7.1, 5.1.8, 530) until RCPT: said to everybody, it
    must not fail everybody.
    """
    subject, detail = _status(error)
    if not subject:
        return error.code in _OF_A_MAILBOX
    return subject in {"1", "2", "6"} and (subject, detail) not in _OF_THE_SENDER


def _status(error: TransportError) -> tuple[str, str]:
    """Subject and detail of the enhanced status code; empty where there is none. Source: RFC 3463."""
    found = _STATUS.search(error.text)
    return (found[1], found[2]) if found else ("", "")


def _wait(attempts: int, seed: str, patience: Patience) -> timedelta:
    """The first wait, doubled with each attempt, and up to a quarter more."""
    spread = int.from_bytes(hashlib.sha256(f"{seed}\0{attempts}".encode()).digest()[:4]) / 2**32
    doubled: timedelta = patience.retry * 2 ** min(attempts - 1, 10)
    return min(doubled, _LONGEST_WAIT) * (1 + spread / 4)
