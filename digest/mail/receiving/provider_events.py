"""Reads the bounces and complaints that providers report over HTTP. One table gives the meaning of all their events.

Source, as documented and read in November 2026: Amazon SES, "Contents of event notifications"; Mailgun, "Webhooks";
Postmark, "Bounce webhook" and "Spam complaint webhook"; Twilio SendGrid, "Event Webhook reference"; Brevo,
"Transactional webhooks"; Resend, "Event types".

Verifies that a provider signed what it reports over HTTP.

Source: Amazon SNS, "Verifying the signatures of Amazon SNS messages"; Mailgun, "Securing webhooks"; Twilio SendGrid,
"Event Webhook security features"; Svix (Resend), "Verifying webhooks manually". Postmark and Brevo do not sign.

Decision 178.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from digest.mail.receiving import message_parts, reports
from digest.mail.receiving.provider_payloads import Provider, ProviderEvent, parse_events
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
    report: reports.Report
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


def _report(provider: Provider, meaning: Meaning, one: ProviderEvent, ours: Sequence[str]) -> reports.Report:
    reply = one.reply.partition(";")[2].strip() if one.reply.lower().startswith("smtp;") else one.reply
    reply = message_parts.printable_line(reply)
    if meaning is Meaning.COMPLAINT:
        return reports.Report(BounceKind.COMPLAINT, text=f"feedback: by {provider}")
    judged, status = reports.permanent_failure(one.status, reply, recipient=one.recipient, ours=ours)
    text = reply or f"{one.name} {one.detail}".strip()
    return reports.Report(
        _kind(meaning, judged, status),
        status,
        message_parts.printable_line(text),
        server=one.server or named_host(reply),
    )


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
            return reports.bounce_kind("failed", status, judged)


_STALE = timedelta(minutes=5)  # Svix signs each attempt anew
_OLDEST = timedelta(days=1)  # Mailgun tries for eight hours
_AMAZON = re.compile(r"sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem")
_TOPIC = re.compile(r"arn:aws:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - Amazon's default


def equal_secrets(given: str, wanted: str) -> bool:
    """Whether a secret is correct, compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def signed_by_mailgun(signature: Mapping[str, str], key: str, now: datetime) -> bool:
    """Whether the `signature` of a payload was made with our key, at most a day ago.

    An event of a subaccount has two signatures: one with its own key, and one with the key of its parent account.
    """
    stamp, token = signature.get("timestamp", ""), signature.get("token", "")
    made = hmac.new(key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    given = (signature.get("signature", ""), signature.get("parent-signature", ""))
    return bool(token) and any(equal_secrets(one, made) for one in given) and _is_near(stamp, now, _OLDEST)


def signed_by_svix(headers: Mapping[str, str], raw: bytes, secret: str, now: datetime) -> bool:
    """Whether a signature of the request was made with our secret. There are two while the secret is being changed."""
    number, stamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return False
    made = hmac.new(key, f"{number}.{stamp}.".encode("utf-8", "replace") + raw, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(made).decode()
    given = headers.get("svix-signature", "").split()[:10]
    return bool(number) and any(equal_secrets(one, wanted) for one in given) and _is_near(stamp, now, _STALE)


def signed_by_sendgrid(headers: Mapping[str, str], raw: bytes, public_key: str) -> bool:
    """Whether the request is signed with the private key that belongs to this public key (base64 of DER)."""
    stamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        key = serialization.load_der_public_key(base64.b64decode("".join(public_key.split()), validate=True))
        signature = base64.b64decode(headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        if not stamp or not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, stamp.encode() + raw, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def certificate_url(message: Mapping[str, str]) -> str | None:
    """The URL of an SNS message's certificate; None unless it is at Amazon, in the region of the topic."""
    url = message.get("SigningCertURL", "")
    return url if _is_of_amazon(url, message) and _CERTIFICATE.fullmatch(urlsplit(url).path) else None


def subscribe_url(message: Mapping[str, str]) -> str | None:
    """The URL that confirms a subscription to the topic of an SNS message; None if it does anything else."""
    url = message.get("SubscribeURL", "")
    if not _is_of_amazon(url, message, query=True):
        return None
    query = parse_qs(urlsplit(url).query)
    confirms = query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [message.get("TopicArn")]
    return url if confirms and query.get("Token") == [message.get("Token")] else None


def signed_by_amazon(message: Mapping[str, str], certificate: bytes, now: datetime) -> bool:
    """Whether an SNS message is signed with the key of this certificate, which must be valid now."""
    names, algorithm = _SIGNED.get(message.get("Type", "")), _HASHES.get(message.get("SignatureVersion", ""))
    if names is None or algorithm is None:
        return False
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    try:
        parsed = x509.load_pem_x509_certificate(certificate)
        key, signature = parsed.public_key(), base64.b64decode(message.get("Signature", ""), validate=True)
        if (
            not isinstance(key, rsa.RSAPublicKey)
            or not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc
        ):
            return False
        key.verify(signature, text.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_of_amazon(url: str, message: Mapping[str, str], *, query: bool = False) -> bool:
    topic = _TOPIC.fullmatch(message.get("TopicArn", ""))
    try:
        parts = urlsplit(url)
        host = _AMAZON.fullmatch(parts.netloc)  # without port and user
    except ValueError:
        return False
    plain = parts.scheme == "https" and not parts.fragment and (query or not parts.query) and url.isascii()
    return bool(plain and host and topic and host[1] == topic[1] and not re.search(r"[\s\x00-\x1f\\]", url))


def _is_near(stamp: str, now: datetime, most: timedelta) -> bool:
    """Whether a time in seconds is close to now, in the past or the future."""
    if not re.fullmatch(r"\d{1,11}", stamp):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= most
