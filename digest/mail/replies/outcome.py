"""Decides what follows from a server's reply: for the delivery, for the subscriber and for the whole run.

Source: RFC 5321, sections 4.2.1 and 4.5.4.1; RFC 3463.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.errors import TransportError
from digest.mail.replies.diagnosis import OF_ONE_PERSON, About, Diagnosis, diagnose
from digest.mail.replies.limits import is_too_large
from digest.model import MAY_HAVE_IT, DeliveryState

_OF_A_MAILBOX = {521, 550, 551, 552, 553, 556}
BEFORE_THE_RECIPIENT = frozenset({"connect", "login", "sender"})  # phases of a session
_US = Diagnosis(About.US)
_FEWEST_ATTEMPTS = 4
_TEMPORARY, _PERMANENT = 4, 5
_LONGEST_DOUBLED, _SPREAD = timedelta(hours=8), 0.25
LONGEST_WAIT = _LONGEST_DOUBLED * (1 + _SPREAD)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: the first wait, and the age at which a delivery fails permanently."""

    retry: timedelta
    give_up: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to record, and whom it is about.

    `pause` marks a failure that may be ours or the relay's; several of them in a row pause the run.
    """

    state: DeliveryState
    wait: timedelta | None = None
    diagnosis: Diagnosis = _US
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
    sender: str = "",
    recipient: str = "",
) -> Outcome:
    """What a refusal means. The reply decides, not the class of the exception.

    `attempts` includes this attempt. `uncertain` counts the earlier attempts with an unknown outcome. A mail that is
    already old at its first attempt still gets a few attempts. `seed` spreads the waits of a batch, so that they do not
    all end at the same time.
    """
    if error.uncertain:
        # The server may have the message. It is sent once more with the same Message-ID; after that, the delivery stays
        # visible as unknown. A server that does this again and again causes second copies for everybody, so it counts
        # as a fault of the server.
        wait = _wait(1, seed, patience) if uncertain + 1 < MAY_HAVE_IT else None
        return Outcome(DeliveryState.UNKNOWN, wait, pause=True)
    kind = error.code // 100 if error.code else _TEMPORARY
    ours = error.code is None or error.phase in BEFORE_THE_RECIPIENT
    blamed = _US if ours else diagnose(error.text, code=error.code, sender=sender, recipient=recipient)
    if is_too_large(error):
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)  # the mail will not be smaller next time
    if kind == _PERMANENT and _of_one_person(error, blamed):
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)
    wait = _wait(attempts, seed, patience)
    if not ours and attempts >= _FEWEST_ATTEMPTS and now + wait > made_at + patience.give_up:
        return Outcome(DeliveryState.FAILED, diagnosis=blamed)
    return Outcome(DeliveryState.DEFERRED, wait, blamed, pause=ours or kind == _PERMANENT)


def _of_one_person(error: TransportError, blamed: Diagnosis) -> bool:
    """Whether a permanent refusal is about this mailbox only, as far as a single refusal can show.

    A refusal that names the mailbox may also come after the content, because each of our mails has one recipient. Many
    servers delay policy rejections (5.7.1, 5.1.8, 530) until RCPT. They concern us or our sender, and must not count as
    bad recipients.
    """
    if blamed.about in OF_ONE_PERSON:
        return True
    subject = blamed.status.split(".")[1:2]
    nothing_of_us = error.phase == "recipient" and blamed.about is not About.US and subject in ([], ["0"], ["1"])
    return nothing_of_us and error.code in _OF_A_MAILBOX


def _wait(attempts: int, seed: str, patience: Patience) -> timedelta:
    """The first wait, doubled with each attempt, plus up to a quarter."""
    spread = int.from_bytes(hashlib.sha256(f"{seed}\0{attempts}".encode()).digest()[:4]) / 2**32
    doubled: timedelta = patience.retry * 2 ** min(attempts - 1, 10)
    return min(doubled, _LONGEST_DOUBLED) * (1 + spread * _SPREAD)
