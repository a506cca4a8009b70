"""Reads the bounces and complaints that providers report over HTTP. One table gives the meaning of all their events.

Source, as documented and read in November 2026: Amazon SES, "Contents of event notifications"; Mailgun, "Webhooks";
Postmark, "Bounce webhook" and "Spam complaint webhook"; Twilio SendGrid, "Event Webhook reference"; Brevo,
"Transactional webhooks"; Resend, "Event types". Decision 178.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from digest.mail.receiving.message_parts import printable_line
from digest.mail.receiving.provider_payloads import Provider, ProviderEvent, parse_events
from digest.mail.receiving.reports import Report, bounce_kind, permanent_failure
from digest.mail.replies.diagnosis import named_host
from digest.model import BounceKind


class Meaning(StrEnum):
    """The meaning of an event, as far as its name shows it.

    - `failed`: a permanent failure; the code and the text show whom it is about.
    - `no address`: the provider says that the address does not exist, and no code contradicts that.
    - `again`: it failed, but the address may work the next time, or was not tried.
    - `maybe`: like `again` if a server replied with a code; otherwise it may have been an away note.
    """

    COMPLAINT = "complaint"
    FAILED = "failed"
    NO_ADDRESS = "no address"
    AGAIN = "again"
    MAYBE = "maybe"
    REFUSED = "refused"
    DELAYED = "delayed"


_C, _F, _N, _A, _M, _R, _D = Meaning
# By provider: the event and the provider's detail, in lower case; `*` matches any other detail. Events that are not
# listed (opened, delivered, unsubscribed, an automatic answer) are ignored.
MEANINGS: dict[Provider, dict[str, Meaning]] = {
    Provider.SES: {
        "bounce permanent/*": _F, "bounce permanent/noemail": _N, "bounce permanent/suppressed": _A,
        "bounce permanent/onaccountsuppressionlist": _A, "bounce permanent/unsubscribedrecipient": _A,
        "bounce transient/*": _M, "bounce transient/mailboxfull": _A, "bounce transient/messagetoolarge": _R,
        "bounce transient/contentrejected": _R, "bounce transient/attachmentrejected": _R, "bounce undetermined/*": _M,
        "complaint/*": _C, "deliverydelay/*": _D, "reject/*": _R,
    },
    Provider.MAILGUN: {
        "failed permanent/*": _F, "failed permanent/suppress-bounce": _A, "failed permanent/suppress-unsubscribe": _A,
        "failed permanent/suppress-complaint": _C, "failed permanent/espblock": _R, "failed temporary/*": _D,
        "complained/*": _C, "rejected/*": _R,
    },
    Provider.POSTMARK: {
        "bounce/hardbounce": _F, "bounce/bademailaddress": _N, "bounce/softbounce": _A, "bounce/dnserror": _A,
        "bounce/manuallydeactivated": _A, "bounce/unknown": _A, "bounce/transient": _D, "bounce/blocked": _R,
        "bounce/spamnotification": _R, "bounce/virusnotification": _R, "bounce/dmarcpolicy": _R,
        "bounce/smtpapierror": _R, "bounce/spamcomplaint": _C, "spamcomplaint/*": _C,
    },
    Provider.SENDGRID: {
        "bounce bounce/*": _F, "bounce bounce/invalid address": _N, "bounce blocked/*": _A,
        "bounce blocked/reputation": _R,
        "bounce blocked/content": _R, "bounce blocked/frequency or volume too high": _R, "bounce/*": _F,
        "dropped/spam reporting address": _C, "dropped/bounced address": _A, "dropped/invalid": _A, "deferred/*": _D,
        "spamreport/*": _C,
    },
    Provider.BREVO: {
        "hard_bounce/*": _F, "hardbounce/*": _F, "soft_bounce/*": _A, "softbounce/*": _A, "invalid_email/*": _N,
        "invalid/*": _N, "blocked/*": _A, "deferred/*": _D, "error/*": _R, "spam/*": _C, "complaint/*": _C,
    },
    Provider.RESEND: {
        "email.bounced permanent/*": _F, "email.bounced permanent/noemail": _N,
        "email.bounced permanent/suppressed": _A,
        "email.bounced permanent/onaccountsuppressionlist": _A, "email.bounced transient/*": _M,
        "email.bounced transient/mailboxfull": _A, "email.bounced transient/messagetoolarge": _R,
        "email.bounced transient/contentrejected": _R, "email.bounced transient/attachmentrejected": _R,
        "email.bounced undetermined/*": _M, "email.bounced/*": _F, "email.suppressed/*": _A, "email.complained/*": _C,
        "email.delivery_delayed/*": _D, "email.failed/*": _R,
    },
}  # fmt: skip

_MOST_EVENTS = 2000
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Event:
    """A provider's event about one mail to one subscriber.

    `number` is the event's own id; it is the same if the provider reports the event again. `senders` may contain the
    envelope sender of the mail, and `message_ids` its Message-ID.
    """

    number: str
    report: Report
    recipient: str
    senders: tuple[str, ...]
    message_ids: tuple[str, ...]


def events(provider: Provider, payload: object, number: str = "", ours: Sequence[str] = ()) -> list[Event]:
    """The bounces and complaints in a payload whose origin is proven.

    `number` is the request's id, for providers that number requests. `ours` is as in `reports.read_report`. Payloads
    that differ from the documented shape are ignored.
    """
    found = []
    for one in parse_events(provider, payload, number):
        table, name = MEANINGS[provider], one.name.strip().lower()
        meaning = table.get(f"{name}/{one.detail.strip().lower()}") or table.get(f"{name}/*")
        if meaning and one.number and one.recipient:
            report = _report(provider, meaning, one, ours)
            found.append(Event(one.number[:_LONGEST_ID], report, one.recipient, one.senders, one.message_ids))
        if len(found) >= _MOST_EVENTS:
            break
    return found


def _report(provider: Provider, meaning: Meaning, one: ProviderEvent, ours: Sequence[str]) -> Report:
    reply = one.reply.partition(";")[2].strip() if one.reply.lower().startswith("smtp;") else one.reply
    reply = printable_line(reply)
    if meaning is Meaning.COMPLAINT:
        return Report(BounceKind.COMPLAINT, text=f"feedback: by {provider}")
    judged, status = permanent_failure(one.status, reply, recipient=one.recipient, ours=ours)
    text = reply or f"{one.name} {one.detail}".strip()
    return Report(_kind(meaning, judged, status), status, printable_line(text), server=one.server or named_host(reply))


def _kind(meaning: Meaning, judged: BounceKind, status: str) -> BounceKind:
    match meaning:
        case Meaning.DELAYED:
            return BounceKind.DELAYED
        case Meaning.REFUSED:
            return BounceKind.REFUSED
        case Meaning.MAYBE if not status.startswith("5"):
            return BounceKind.DELAYED
        case Meaning.AGAIN | Meaning.MAYBE:
            return BounceKind.REFUSED if judged is BounceKind.REFUSED else BounceKind.SOFT
        case Meaning.NO_ADDRESS if not status and judged is not BounceKind.REFUSED:
            return BounceKind.HARD
        case _:
            return bounce_kind("failed", status, judged)
