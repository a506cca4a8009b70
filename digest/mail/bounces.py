"""A bounce or a complaint from bytes to what it says; never raises, whatever the bytes are, and never answers.

What is not a report (an automatic reply, a letter, spam) says OTHER. Knows nothing of whom it is about: that is in the
address that it came to. Source: RFC 3464 (delivery status), RFC 3463 (its codes), RFC 5965 (feedback).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from email.utils import getaddresses, parseaddr
from typing import TYPE_CHECKING

from flufl.bounce import all_failures

from digest.model import BounceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

# Python's parser takes time with the square of a header's length and the product of lines and open parts.
_READ = 64 * 1024  # the report stands before what it reports on
_LONGEST_HEADER = 8 * 1024
_MOST_PARTS = 10  # that hold others; an honest one has four
_MOST_SEPARATORS = 1000
_PART = re.compile(rb"(?i)\bboundary\s*(?:\*\d*\*?\s*)?=|message/(?:rfc822|global|partial|external-body)")
_LONGEST_TEXT = 300
_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ARRIVED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_SENT_FROM = ("original-mail-from", "return-path", "x-return-path", "x-envelope-from")
# Types of feedback that are no complaint of a reader. Source: RFC 6430, RFC 6591.
_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc"}
# The mildest of several words on one mail counts: a list that one of its members bounces did get it.
_MILDEST_FIRST = (
    BounceKind.OTHER,
    BounceKind.DELAYED,
    BounceKind.REFUSED,
    BounceKind.SOFT,
    BounceKind.HARD,
)
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)  # it logs each message that puzzles it


@dataclass(frozen=True, slots=True)
class Report:
    """What a message says. `status` is an enhanced status code or empty, `text` the words of a server in one line.

    `about` holds the envelope senders of the reported mail as far as a complaint tells them, `arrived_at` the
    addresses that the message names as its own recipients, `message_id` its own id.
    """

    kind: BounceKind
    status: str = ""
    text: str = ""
    about: tuple[str, ...] = ()
    arrived_at: tuple[str, ...] = ()
    message_id: str = ""


def report(raw: bytes) -> Report:
    """What a message says."""
    try:
        return _report(raw)
    except Exception:  # noqa: BLE001 - it is a stranger's text, and no fault in reading it may end more than itself
        return Report(BounceKind.OTHER, text="cannot be read")


def kind_of(action: str, status: str) -> BounceKind:
    """What an action with a status means for the address.

    5.1.x is an address that does not exist, but for 5.1.7 and 5.1.8, which speak of the sender's. 5.7.x is a policy:
    the fault is ours, or a filter's.
    """
    if action.startswith("delayed") or (action.startswith(("fail", "error")) and status.startswith("4")):
        return BounceKind.DELAYED
    if not action.startswith(("fail", "error")) or status.startswith("2"):
        return BounceKind.OTHER
    if status.startswith("5.7.") or status in {"5.1.7", "5.1.8"}:
        return BounceKind.REFUSED
    return BounceKind.HARD if status.startswith("5.1.") else BounceKind.SOFT


def _report(raw: bytes) -> Report:
    tame = _tame(raw[:_READ])
    if len(_PART.findall(tame)) > _MOST_PARTS or tame.count(b"\n--") > _MOST_SEPARATORS:
        return Report(BounceKind.OTHER, text="too many parts")
    message = BytesParser(policy=compat32).parsebytes(tame)
    said = _feedback(message) or _status(message) or _guessed(message)
    return Report(
        kind=said.kind,
        status=said.status,
        text=_line(said.text),
        about=said.about,
        arrived_at=tuple(_addresses(message, _ARRIVED)),
        message_id=_line(str(message.get("Message-ID", ""))),
    )


def _tame(raw: bytes) -> bytes:
    """The same message with its longest headers cut: a line with those that continue it holds no more than so much."""
    kept, run = [], 0
    for line in raw.splitlines(keepends=True):
        run = run + len(line) if line[:1] in {b" ", b"\t"} else len(line)
        if run <= _LONGEST_HEADER:
            kept.append(line)
        elif run == len(line):
            kept.append(line[:_LONGEST_HEADER] + b"\n")
    return b"".join(kept)


def _parts(message: Message, kind: str) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == kind:
            yield part


def _feedback(message: Message) -> Report | None:
    """What an ARF report says: somebody called a mail of ours unwanted, or says that it is wanted."""
    for part in _parts(message, "message/feedback-report"):
        fields = _fields(part)
        kind = str(fields.get("Feedback-Type", "")).strip().lower()
        if not kind:
            continue
        original = next((p for p in message.walk() if p is not message and p.get("List-Unsubscribe")), None)
        senders = [*_addresses(fields, _SENT_FROM), *(_addresses(original, _SENT_FROM) if original else ())]
        meant = BounceKind.OTHER if kind in _NO_COMPLAINT else BounceKind.COMPLAINT
        return Report(meant, text=f"feedback: {kind}", about=tuple(senders))
    return None


def _status(message: Message) -> Report | None:
    """What a delivery status notification says, the mildest of its words on several recipients."""
    found = []
    for part in _parts(message, "message/delivery-status"):
        blocks = part.get_payload()
        listed = blocks if isinstance(blocks, list) else [_fields(part)]
        found += [_recipient(block) for block in listed if isinstance(block, Message) and block.get("Action")]
    return min(found, key=lambda one: _MILDEST_FIRST.index(one.kind)) if found else None


def _recipient(block: Message) -> Report:
    action = str(block.get("Action", "")).strip().lower()
    diagnostic = str(block.get("Diagnostic-Code", ""))
    status = _code(str(block.get("Status", "")))
    if not status or status.endswith(".0.0"):  # a gateway that knows no better; the server's own words may
        status = _code(diagnostic) or status
    return Report(kind_of(action, status), status, diagnostic.partition(";")[2].strip() or diagnostic)


def _guessed(message: Message) -> Report:
    """What a bounce in a form of its own says, by the patterns of flufl.bounce."""
    temporary, permanent = all_failures(message)
    if not temporary and not permanent:
        return Report(BounceKind.OTHER)
    words = _words(message)
    status = _code(words)
    text = next((line for line in words.splitlines() if status and status in line), "")
    action = "failed" if permanent else "delayed"
    if permanent and not status.startswith("5"):
        status = ""
    return Report(kind_of(action, status), status, text)


def _words(message: Message) -> str:
    """The first plain text, as much of it as a person would read."""
    for part in _parts(message, "text/plain"):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            return content[:4096].decode("ascii", "replace")
    return ""


def _fields(part: Message) -> Message:
    """The fields of a part that holds some, whatever the parser made of it."""
    content = part.get_payload()
    if isinstance(content, list):
        return next((block for block in content if isinstance(block, Message)), Message())
    decoded = part.get_payload(decode=True)
    text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else ""
    return HeaderParser(policy=compat32).parsestr(text.lstrip())


def _addresses(message: Message, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        values = [str(value) for value in message.get_all(name, [])]
        if name in {"to", "cc"}:
            yield from (address for _, address in getaddresses(values) if "@" in address)
        else:
            yield from (address for value in values if "@" in (address := parseaddr(value)[1]))


def _code(text: str) -> str:
    found = _CODE.search(text)
    return ".".join(str(int(number)) for number in found.groups()) if found else ""


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())[:_LONGEST_TEXT]
