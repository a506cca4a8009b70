"""Reads complaints that providers pass on: standard reports (ARF), or a notice with our mail attached.

Source: RFC 5965, RFC 6430, RFC 6591; Microsoft's junk mail reports, which have no report part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.mail.parts import address_in, addresses, attached, fields, header, own_parts

if TYPE_CHECKING:
    from email.message import Message

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
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"'=]{1,64}@[A-Za-z0-9.-]{1,189}")
_LINK = re.compile(r"https?://[^\s<>\"']{1,900}")


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


def feedback(message: Message) -> Feedback | None:
    """The content of a standard report; None if the message is not one."""
    for part in own_parts(message):
        if part.get_content_type() == "message/feedback-report":
            report = fields(part)
            kind = header(report, "Feedback-Type").lower()
            if kind:
                return _feedback(f"feedback: {kind}", [report, *attached(message)], wanted=kind in _NO_COMPLAINT)
    return None


def bare_complaint(message: Message) -> Feedback | None:
    """A complaint without a report part: a feedback loop sends it, or its subject says so, and our mail is attached."""
    mails = list(attached(message))
    marked = any(one.get(name) for one in (message, *mails) for name in _MARKS)
    subject = header(message, "Subject")
    of_a_loop = _OF_A_LOOP.match(address_in(message, "From").partition("@")[0]) and _COMPLAINS.search(subject)
    if mails and (marked or of_a_loop or _COMPLAINS.match(subject)):
        return _feedback("feedback: complaint", mails)
    return None


def _feedback(text: str, mails: list[Message], *, wanted: bool = False) -> Feedback:
    envelope = [address for one in mails for address in addresses(one, _SENT_FROM)]
    values = [str(value) for one in mails for value in one.values()]
    mentioned = [address for value in values for address in _ADDRESS.findall(value) if "+" in address]
    recipients = [address.casefold() for one in mails for address in addresses(one, _SENT_TO)]
    return Feedback(
        text,
        wanted=wanted,
        senders=_first([*envelope, *mentioned]),
        recipients=_first(recipients),
        links=_first([link for one in mails for link in _LINK.findall(str(one.get("List-Unsubscribe", "")))]),
        message_ids=_first([header(one, "Message-ID") for one in mails if one.get("Message-ID")]),
    )


def _first(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:_MOST]
