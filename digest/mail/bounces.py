"""A bounce or a complaint from bytes to what it says; never raises, whatever the bytes are, and never answers.

What is not a report (an automatic reply, a letter, spam) says OTHER. Knows nothing of whom it is about: that is in the
address that it came to. Source: RFC 3464 (delivery status), RFC 3463 (its codes), RFC 5965 (feedback), RFC 6533.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from typing import TYPE_CHECKING

from digest.mail.automatic import is_automatic
from digest.mail.blame import About, blame, named_host
from digest.mail.feedback import bare_complaint, feedback
from digest.mail.guessing import guessed
from digest.mail.parts import address_in, addresses, has_null_path, held, line, own_parts, parsed
from digest.model import BounceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.mail.feedback import Feedback

AUTOMATIC = "automatic reply"  # the text of a report that says so
_ARRIVED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"']{1,64}@[^\s<>,;:()\[\]\"']{1,190}")
# The mildest of several words on one mail counts: a list that one of its members bounces did get it.
_MILDEST_FIRST = (
    BounceKind.OTHER,
    BounceKind.DELAYED,
    BounceKind.REFUSED,
    BounceKind.SOFT,
    BounceKind.HARD,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a message says. `status` is an enhanced status code or empty, `text` the words of a server in one line.

    `arrived_at` holds the addresses that the message names as its own recipients, `message_id` its own id, `sender`
    the address that it is from, in small letters. `null_path`: its envelope had no sender, as far as its headers tell.
    `failed`, for what was `guessed` (see `mail.guessing`), are the addresses that it may be about. `complaint` is set
    for feedback, and tells which mail it is about. `server` is the one whose words they are where a relay passes them
    on, empty where that is not known.
    """

    kind: BounceKind
    status: str = ""
    text: str = ""
    arrived_at: tuple[str, ...] = ()
    message_id: str = ""
    sender: str = ""
    null_path: bool = False
    guessed: bool = False
    failed: frozenset[str] = frozenset()
    complaint: Feedback | None = None
    server: str = ""


def report(raw: bytes, ours: Sequence[str] = ()) -> Report:
    """What a message says. `ours` are the addresses that we send from: a refusal that names one is about us."""
    try:
        return _report(raw, ours)
    except Exception:  # noqa: BLE001 - it is a stranger's text, and no fault in reading it may end more than itself
        return Report(BounceKind.OTHER, text="cannot be read")


def lasting(status: str, text: str, *, recipient: str = "", ours: Sequence[str] = ()) -> tuple[BounceKind, str]:
    """What a failure for good means for the address, and its status code, which may stand in the words only.

    A code of X.1 that says nothing of the address, such as 5.1.0, is taken for a refusal of our mail.
    """
    blamed = [blame(text, status=status, sender=sender, recipient=recipient) for sender in ours or ("",)]
    found = next((one for one in blamed if one.about is About.US), blamed[0])
    if found.about is About.US or (found.about is About.UNKNOWN and found.status.startswith("5.1.")):
        return BounceKind.REFUSED, found.status
    return (BounceKind.HARD if found.proven else BounceKind.SOFT), found.status


def _report(raw: bytes, ours: Sequence[str]) -> Report:
    message = parsed(raw)
    if message is None:
        return Report(BounceKind.OTHER, text="too many parts")
    said = _read(message, ours)
    return replace(
        said,
        text=line(said.text),
        arrived_at=tuple(addresses(message, _ARRIVED)),
        message_id=line(str(message.get("Message-ID", ""))),
        sender=address_in(message, "From"),
        null_path=has_null_path(message),
    )


def _read(message: Message, ours: Sequence[str]) -> Report:
    complaint = feedback(message)
    if complaint is None:
        notified = _status(message, ours)
        if notified is not None:
            return notified
        complaint = bare_complaint(message)
    if complaint is not None:
        kind = BounceKind.OTHER if complaint.wanted else BounceKind.COMPLAINT
        return Report(kind, text=complaint.text, complaint=complaint)
    if is_automatic(message):
        return Report(BounceKind.OTHER, text=AUTOMATIC)
    return _guess(message, ours)


def _status(message: Message, ours: Sequence[str]) -> Report | None:
    """What a delivery status notification says, the mildest of its words on several recipients.

    One that somebody's program attached to an answer of its own, as a part beside others, is none.
    """
    whole = any(part.get_content_type() == "multipart/report" for part in own_parts(message))
    if not whole and is_automatic(message):
        return None
    found = []
    for part in own_parts(message):
        if part.get_content_type() in _STATUS_PARTS:
            found += [_recipient(block, ours) for block in _blocks(part) if block.get("Action")]
    return min(found, key=lambda one: _MILDEST_FIRST.index(one.kind)) if found else None


def _blocks(part: Message) -> Iterator[Message]:
    """Its groups of fields; the parser knows those of the older type only, and only where they are not encoded."""
    content = part.get_payload()
    blocks = [block for block in content if isinstance(block, Message)] if isinstance(content, list) else []
    if any(block.get("Action") for block in blocks):
        yield from blocks
        return
    fields_of = HeaderParser(policy=compat32).parsestr
    head = "".join(f"{name}: {value}\n" for block in blocks[:1] for name, value in block.items())
    for group in re.split(r"\r?\n[ \t]*\r?\n", f"{head}\n{held(part)}"):
        yield fields_of(group.strip())


def _recipient(block: Message, ours: Sequence[str]) -> Report:
    action = str(block.get("Action", "")).strip().lower()
    diagnostic = str(block.get("Diagnostic-Code", ""))
    words = diagnostic.partition(";")[2].strip() or diagnostic
    about = _ADDRESS.search(str(block.get("Final-Recipient", block.get("Original-Recipient", ""))))
    kind, status = lasting(str(block.get("Status", "")), words, recipient=about[0] if about else "", ours=ours)
    server = line(str(block.get("Remote-MTA", ""))).rpartition(";")[2].strip().casefold()
    return Report(kind_of(action, status, kind), status, words, server=server or named_host(words))


def kind_of(action: str, status: str, if_lasting: BounceKind) -> BounceKind:
    """What an action with a status means for the address, and `if_lasting` if it is a failure for good."""
    if action.startswith("delayed") or (action.startswith(("fail", "error")) and status.startswith("4")):
        return BounceKind.DELAYED
    if not action.startswith(("fail", "error")) or status.startswith("2"):
        return BounceKind.OTHER
    return if_lasting


def _guess(message: Message, ours: Sequence[str]) -> Report:
    """What a bounce in a form of its own says."""
    guess = guessed(message)
    if guess is None:
        return Report(BounceKind.OTHER)
    kind, status = lasting("", guess.text, ours=ours)
    if not guess.lasting:
        kind = BounceKind.DELAYED
    elif status.startswith("4"):  # it cites what was said before, and is a failure all the same
        kind = BounceKind.SOFT if kind is BounceKind.HARD else kind
        status = ""
    return Report(kind, status, guess.text, guessed=True, failed=guess.failed)
