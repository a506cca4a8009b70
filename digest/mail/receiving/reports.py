"""Reads a bounce or a complaint from its bytes.

It never raises, whatever the bytes are, and it never answers. A message that is not a report (an automatic reply, a
letter, spam) is OTHER. The report does not say which subscriber it concerns: the address that received it shows that.
Complaints come as standard reports (ARF), or as notices with our mail attached. Source: RFC 3464 (delivery status),
RFC 3463 (its codes), RFC 5965, 6430 and 6591 (feedback), RFC 6533; Microsoft's junk mail reports, which have no report
part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

from digest.mail.receiving.heuristics import guess_bounce, is_automatic
from digest.mail.receiving.message_parts import (
    addresses,
    attached_messages,
    first_address,
    has_null_path,
    header_fields,
    header_value,
    own_parts,
    parse_message,
    part_text,
    printable_line,
)
from digest.mail.replies.diagnosis import About, diagnose, named_host
from digest.model import BounceKind

AUTOMATIC = "automatic reply"  # the text of a report on an automatic reply
_ARRIVED = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"']{1,64}@[^\s<>,;:()\[\]\"']{1,190}")
# If a report has several results for one mail, the mildest counts: when one member of a mailing list bounces, the list
# itself did receive the mail.
_MILDEST_FIRST = (
    BounceKind.OTHER,
    BounceKind.DELAYED,
    BounceKind.REFUSED,
    BounceKind.SOFT,
    BounceKind.HARD,
)
_SENT_FROM = ("original-mail-from", "return-path", "x-return-path", "x-envelope-from")
_SENT_TO = ("original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient", "x-original-to", "to")
# Types of feedback that are not complaints. Source: RFC 6430, RFC 6591.
_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc"}
_OF_A_LOOP = re.compile(r"(?i)^(?:staff|abuse|fbl|feedback|feedback-?loop|complaints?|scomp|jmrp|spam|arf)\b")
_COMPLAINS = re.compile(
    r"(?i)\bcomplaint about\b|\b(?:abuse|spam|complaint|feedback|junk)(?: e?-?mail)? (?:report|complaint|notification)"
    r"|feedback loop|投诉|舉報|举报|垃圾邮件报告"
)
_MARKS = ("X-HmXmrOriginalRecipient", "X-Original-Feedback-Type", "X-Feedback-Loop-Recipient", "Complaint-Type")
_MOST = 10
_MENTIONED_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"'=]{1,64}@[A-Za-z0-9.-]{1,189}")
_LINK = re.compile(r"https?://[^\s<>\"']{1,900}")


@dataclass(frozen=True, slots=True)
class Report:
    """The content of an incoming message.

    `text` is the server's text in one line; `status` is the enhanced status code.

    `status` may be empty. `arrived_at` holds the addresses that the message names as its own recipients, `message_id`
    its own id, and `sender` the address that it came from, in lower case. `null_path` means that its envelope had no
    sender, as far as its headers show. `guessed` marks a result of `heuristics`; then `failed` holds the addresses that
    the message may be about. `complaint` is set for feedback, and shows which mail it concerns. `server` is the
    server that wrote the text where a relay passes it on; it is empty if unknown.
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


def read_report(raw: bytes, ours: Sequence[str] = ()) -> Report:
    """The content of a message. `ours` are our sender addresses: a refusal that names one of them is about us."""
    try:
        return _report(raw, ours)
    except Exception:  # noqa: BLE001 - the text is a stranger's, and an error in reading it must not stop anything else
        return Report(BounceKind.OTHER, text="cannot be read")


def permanent_failure(
    status: str, text: str, *, recipient: str = "", ours: Sequence[str] = ()
) -> tuple[BounceKind, str]:
    """What a permanent failure means for the address, and its status code, which may be in the text only.

    A code X.1 that does not describe the address, such as 5.1.0, counts as a refusal of our mail.
    """
    candidates = [diagnose(text, status=status, sender=sender, recipient=recipient) for sender in ours or ("",)]
    found = next((one for one in candidates if one.about is About.US), candidates[0])
    if found.about is About.US or (found.about is About.UNKNOWN and found.status.startswith("5.1.")):
        return BounceKind.REFUSED, found.status
    return (BounceKind.HARD if found.proven else BounceKind.SOFT), found.status


def _report(raw: bytes, ours: Sequence[str]) -> Report:
    message = parse_message(raw)
    if message is None:
        return Report(BounceKind.OTHER, text="too many parts")
    read = _classified(message, ours)
    return replace(
        read,
        text=printable_line(read.text),
        arrived_at=tuple(addresses(message, _ARRIVED)),
        message_id=printable_line(str(message.get("Message-ID", ""))),
        sender=first_address(message, "From"),
        null_path=has_null_path(message),
    )


def _classified(message: Message, ours: Sequence[str]) -> Report:
    complaint = standard_complaint(message)
    if complaint is None:
        status_report = _delivery_status(message, ours)
        if status_report is not None:
            return status_report
        complaint = bare_complaint(message)
    if complaint is not None:
        kind = BounceKind.OTHER if complaint.wanted else BounceKind.COMPLAINT
        return Report(kind, text=complaint.text, complaint=complaint)
    if is_automatic(message):
        return Report(BounceKind.OTHER, text=AUTOMATIC)
    return _guess(message, ours)


def _delivery_status(message: Message, ours: Sequence[str]) -> Report | None:
    """The content of a delivery status notification; if it names several recipients, the mildest result counts.

    A notification that a program attached to its own answer, as one part beside others, does not count.
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
    """The groups of fields in a delivery status.

    The parser splits only the older type, and only where it is not encoded.
    """
    content = part.get_payload()
    blocks = [block for block in content if isinstance(block, Message)] if isinstance(content, list) else []
    if any(block.get("Action") for block in blocks):
        yield from blocks
        return
    fields_of = HeaderParser(policy=compat32).parsestr
    head = "".join(f"{name}: {value}\n" for block in blocks[:1] for name, value in block.items())
    for group in re.split(r"\r?\n[ \t]*\r?\n", f"{head}\n{part_text(part)}"):
        yield fields_of(group.strip())


def _recipient(block: Message, ours: Sequence[str]) -> Report:
    action = str(block.get("Action", "")).strip().lower()
    diagnostic = str(block.get("Diagnostic-Code", ""))
    text = diagnostic.partition(";")[2].strip() or diagnostic
    about = _ADDRESS.search(str(block.get("Final-Recipient", block.get("Original-Recipient", ""))))
    kind, status = permanent_failure(str(block.get("Status", "")), text, recipient=about[0] if about else "", ours=ours)
    server = printable_line(str(block.get("Remote-MTA", ""))).rpartition(";")[2].strip().casefold()
    return Report(bounce_kind(action, status, kind), status, text, server=server or named_host(text))


def bounce_kind(action: str, status: str, if_lasting: BounceKind) -> BounceKind:
    """What an action with a status means for the address; `if_lasting` is the result for a permanent failure."""
    if action.startswith("delayed") or (action.startswith(("fail", "error")) and status.startswith("4")):
        return BounceKind.DELAYED
    if not action.startswith(("fail", "error")) or status.startswith("2"):
        return BounceKind.OTHER
    return if_lasting


def _guess(message: Message, ours: Sequence[str]) -> Report:
    """The content of a bounce that follows no standard."""
    guess = guess_bounce(message)
    if guess is None:
        return Report(BounceKind.OTHER)
    kind, status = permanent_failure("", guess.text, ours=ours)
    if not guess.lasting:
        kind = BounceKind.DELAYED
    elif status.startswith("4"):  # it quotes an earlier reply, but the failure is final all the same
        kind = BounceKind.SOFT if kind is BounceKind.HARD else kind
        status = ""
    return Report(kind, status, guess.text, guessed=True, failed=guess.failed)


@dataclass(frozen=True, slots=True)
class Feedback:
    """A complaint, or feedback that is not one (`wanted`), with details of the mail that it is about.

    `senders` are the addresses in the mail's headers, with those of its envelope first. `recipients` are the addresses
    that it was sent to. `links` and `message_ids` come from its headers.
    """

    text: str
    wanted: bool = False
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


def standard_complaint(message: Message) -> Feedback | None:
    """The content of a standard report; None if the message is not one."""
    for part in own_parts(message):
        if part.get_content_type() == "message/feedback-report":
            report = header_fields(part)
            kind = header_value(report, "Feedback-Type").lower()
            if kind:
                return _feedback(
                    f"feedback: {kind}", [report, *attached_messages(message)], wanted=kind in _NO_COMPLAINT
                )
    return None


def bare_complaint(message: Message) -> Feedback | None:
    """A complaint without a report part: a feedback loop sends it, or its subject says so, and our mail is attached."""
    mails = list(attached_messages(message))
    marked = any(one.get(name) for one in (message, *mails) for name in _MARKS)
    subject = header_value(message, "Subject")
    of_a_loop = _OF_A_LOOP.match(first_address(message, "From").partition("@")[0]) and _COMPLAINS.search(subject)
    if mails and (marked or of_a_loop or _COMPLAINS.match(subject)):
        return _feedback("feedback: complaint", mails)
    return None


def _feedback(text: str, mails: list[Message], *, wanted: bool = False) -> Feedback:
    envelope = [address for one in mails for address in addresses(one, _SENT_FROM)]
    values = [str(value) for one in mails for value in one.values()]
    mentioned = [address for value in values for address in _MENTIONED_ADDRESS.findall(value) if "+" in address]
    recipients = [address.casefold() for one in mails for address in addresses(one, _SENT_TO)]
    return Feedback(
        text,
        wanted=wanted,
        senders=_unique([*envelope, *mentioned]),
        recipients=_unique(recipients),
        links=_unique([link for one in mails for link in _LINK.findall(str(one.get("List-Unsubscribe", "")))]),
        message_ids=_unique([header_value(one, "Message-ID") for one in mails if one.get("Message-ID")]),
    )


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:_MOST]
