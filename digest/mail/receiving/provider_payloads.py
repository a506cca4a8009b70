"""Reads each provider's events, and names the header with which a mail makes a provider report its Message-ID.

Payloads that differ from the documented shape yield nothing. Sources: see `mail.receiving.provider_events`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Provider(StrEnum):
    """The provider that reports."""

    SES = "ses"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"
    SENDGRID = "sendgrid"
    BREVO = "brevo"
    RESEND = "resend"


_HEADER = "X-Digest-Message"
_KEY = "digest"
# The header whose value a provider repeats in its events; {id} is the Message-ID.
_CARRIERS = {
    Provider.SES: (_HEADER, "{id}"),
    Provider.MAILGUN: ("X-Mailgun-Variables", f'{{"{_KEY}": "{{id}}"}}'),
    Provider.POSTMARK: (f"X-PM-Metadata-{_KEY}", "{id}"),
    Provider.SENDGRID: ("X-SMTPAPI", f'{{"unique_args": {{"{_KEY}": "{{id}}"}}}}'),
    Provider.BREVO: ("X-Mailin-custom", f'{{"{_KEY}": "{{id}}"}}'),
    Provider.RESEND: (_HEADER, "{id}"),
}
_NO_COMPLAINT = {"not-spam", "auth-failure", "virus"}
_MOST = 100  # recipients in one event


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """An event about one mail to one subscriber. The table of meanings is keyed by `name` and `detail`.

    `number` is the event's own id, empty if it has none. `senders` may contain the envelope sender of the mail, and
    `message_ids` its Message-ID.
    """

    name: str
    detail: str
    number: str
    recipient: str
    status: str = ""
    reply: str = ""
    server: str = ""
    senders: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


def carriers(providers: Sequence[Provider], message_id: str) -> dict[str, str]:
    """The headers that a mail needs so that these providers report its Message-ID in their events."""
    return {name: value.replace("{id}", message_id) for name, value in (_CARRIERS[one] for one in providers)}


def parse_events(provider: Provider, payload: object, number: str) -> Iterator[ProviderEvent]:
    """The events in a payload. `number` is the request's id, for providers whose events have none."""
    return _PARSERS[provider](payload, number)


def _at(payload: object, *path: str) -> str:
    """The value at a path, as text; empty if there is none."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return _text(payload) if isinstance(payload, str | int | float) and not isinstance(payload, bool) else ""


def _text(value: object) -> str:
    """A value as text that every store accepts: JSON may contain half a surrogate pair, and NUL."""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "?")


def _list(payload: object, *path: str) -> list[Any]:
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload if isinstance(payload, list) else []


def _headers(headers: list[Any], *names: str) -> list[str]:
    """The values of these headers in a list of names and values."""
    return [_at(one, "value") for one in headers if _at(one, "name").lower() in names]


def _present(*values: str) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def _ses(payload: object, number: str) -> Iterator[ProviderEvent]:
    """Read the message inside the envelope of SNS."""
    event = _at(payload, "notificationType") or _at(payload, "eventType")
    mail = payload.get("mail") if isinstance(payload, dict) else None
    headers = _list(mail, "headers")
    about = {
        "senders": _present(_at(mail, "source"), *_headers(headers, "return-path")),
        "message_ids": _present(
            *_headers(headers, _HEADER.lower(), "message-id"), _at(mail, "commonHeaders", "messageId")
        ),
    }
    part = {"Bounce": "bounce", "Complaint": "complaint", "DeliveryDelay": "deliveryDelay"}.get(event, "")
    people = {
        "Bounce": _list(payload, "bounce", "bouncedRecipients"),
        "Complaint": _list(payload, "complaint", "complainedRecipients"),
        "DeliveryDelay": _list(payload, "deliveryDelay", "delayedRecipients"),
        "Reject": [{"emailAddress": one} for one in _list(mail, "destination")],
    }.get(event, [])
    name = f"Bounce {_at(payload, 'bounce', 'bounceType')}" if event == "Bounce" else event
    detail = _at(payload, "bounce", "bounceSubType")
    if event == "Complaint" and _at(payload, "complaint", "complaintFeedbackType").lower() in _NO_COMPLAINT:
        return
    for person in people[:_MOST]:
        recipient = _at(person, "emailAddress")
        status, reply = _at(person, "status"), _at(person, "diagnosticCode")
        reply = reply or _at(payload, "reject", "reason")
        own = f"{_at(payload, part, 'feedbackId') or number} {recipient}"
        server = _at(payload, "bounce", "remoteMtaIp")
        yield ProviderEvent(name, detail, own, recipient, status, reply, server, **about)


def _mailgun(payload: object, number: str) -> Iterator[ProviderEvent]:
    event = payload.get("event-data") if isinstance(payload, dict) else None
    name, severity = _at(event, "event"), _at(event, "severity")
    variables = _at(event, "user-variables", _KEY)
    yield ProviderEvent(
        f"{name} {severity}" if name == "failed" else name,
        _at(event, "reason"),
        f"{name} {_at(event, 'id') or number} {_at(event, 'timestamp')}",
        _at(event, "recipient"),
        _at(event, "delivery-status", "enhanced-code"),
        _at(event, "delivery-status", "message") or _at(event, "delivery-status", "description"),
        _at(event, "delivery-status", "mx-host"),
        _present(_at(event, "envelope", "sender")),
        _present(variables, _bracketed(_at(event, "message", "headers", "message-id"))),
    )


def _postmark(payload: object, number: str) -> Iterator[ProviderEvent]:  # noqa: ARG001 - the same signature as the others
    kind = _at(payload, "RecordType")
    yield ProviderEvent(
        kind,
        _at(payload, "Type"),
        f"{kind} {_at(payload, 'ID')}" if _at(payload, "ID") else "",
        _at(payload, "Email"),
        reply=_at(payload, "Details"),
        message_ids=_present(_at(payload, "Metadata", _KEY)),
    )


def _sendgrid(payload: object, number: str) -> Iterator[ProviderEvent]:  # noqa: ARG001 - the same signature as the others
    for event in payload if isinstance(payload, list) else []:
        name, kind = _at(event, "event"), _at(event, "type")
        dropped = name == "dropped"
        yield ProviderEvent(
            f"{name} {kind}" if kind else name,
            _at(event, "reason" if dropped else "bounce_classification"),
            _at(event, "sg_event_id"),
            _at(event, "email"),
            _at(event, "status"),
            _at(event, "reason") or _at(event, "response"),
            message_ids=_present(_at(event, _KEY), _at(event, "smtp-id")),
        )


def _brevo(payload: object, number: str) -> Iterator[ProviderEvent]:  # noqa: ARG001 - the same signature as the others
    name, recipient, message_id = _at(payload, "event"), _at(payload, "email"), _at(payload, "message-id")
    time = _at(payload, "ts_epoch") or _at(payload, "ts_event") or _at(payload, "ts")
    yield ProviderEvent(
        name,
        "",
        f"{name} {message_id} {recipient} {time}",
        recipient,
        reply=_at(payload, "reason"),
        message_ids=_present(_carried(_at(payload, "X-Mailin-custom")), message_id),
    )


def _resend(payload: object, number: str) -> Iterator[ProviderEvent]:
    name, kind = _at(payload, "type"), _at(payload, "data", "bounce", "type")
    headers = _list(payload, "data", "headers")
    for person in _list(payload, "data", "to")[:_MOST]:
        recipient = _text(person).rpartition("<")[2].strip(" >") if isinstance(person, str) else ""
        yield ProviderEvent(
            f"{name} {kind}" if kind else name,
            _at(payload, "data", "bounce", "subType"),
            f"{number} {recipient}" if number else "",
            recipient,
            reply=_at(payload, "data", "bounce", "message") or _at(payload, "data", "failed", "reason"),
            message_ids=_present(
                *_headers(headers, _HEADER.lower(), "message-id"), _bracketed(_at(payload, "data", "message_id"))
            ),
        )


def _bracketed(message_id: str) -> str:
    return message_id if not message_id or message_id.startswith("<") else f"<{message_id}>"


def _carried(text: str) -> str:
    """The value of our header, which Brevo repeats as it was sent, or as the bare text."""
    try:
        carried = json.loads(text)
    except ValueError:
        return text
    return _at(carried, _KEY)


_PARSERS: Mapping[Provider, Callable[[object, str], Iterator[ProviderEvent]]] = {
    Provider.SES: _ses,
    Provider.MAILGUN: _mailgun,
    Provider.POSTMARK: _postmark,
    Provider.SENDGRID: _sendgrid,
    Provider.BREVO: _brevo,
    Provider.RESEND: _resend,
}
