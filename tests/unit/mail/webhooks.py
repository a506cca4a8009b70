"""Providers' requests in the form that they document, signed as they sign; invented people."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from digest.mail.receiving.provider_payloads import Provider

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
READER = "ada@example.org"
MAILGUN_KEY = "0123456789abcdef0123456789abcdef"
PATH_SECRET = "a-secret-of-our-own-4711"
RESEND_SECRET = "whsec_" + base64.b64encode(b"a signing secret of resend").decode()
TOPIC = "arn:aws:sns:eu-west-1:123456789012:digest"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE_URL = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
GMAIL = "550 5.1.1 The email account that you tried to reach does not exist."
FULL = "552 5.2.2 The email account that you tried to reach is over quota."
UNSIGNED = "550 5.7.26 This mail has been blocked because the sender is unauthenticated."


@dataclass
class Request:
    """What a provider sends: to which path, with which headers, and the body."""

    path: str
    raw: bytes
    headers: dict[str, str] = field(default_factory=dict)


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """A key as Amazon's, and its certificate."""
    key = rsa.generate_private_key(65537, 2048)
    return key, certificate(key)


def certificate(key: rsa.RSAPrivateKey, *, until: datetime = NOW + timedelta(days=30)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=300))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@cache
def sendgrid() -> tuple[ec.EllipticCurvePrivateKey, str]:
    """A key as SendGrid's, and its public part as their page shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, base64.b64encode(public).decode()


# --- payloads -------------------------------------------------------------------------------------


def ses(
    event: str = "Bounce",
    kind: str = "Permanent",
    sub: str = "General",
    words: str = f"smtp; {GMAIL}",
    status: str = "5.1.1",
    *,
    message_id: str = "<1@example.org>",
    source: str = "digest@example.org",
    feedback: str = "abuse",
    name: str = "notificationType",
) -> dict[str, Any]:
    person = {"emailAddress": READER}
    bounced = person | {"action": "failed", "status": status, "diagnosticCode": words} if status else person
    parts: dict[str, Any] = {
        "Bounce": {
            "bounce": {
                "bounceType": kind,
                "bounceSubType": sub,
                "bouncedRecipients": [bounced],
                "timestamp": "2026-07-01T07:59:44.101Z",
                "feedbackId": "00000138111222aa-44455566-cccc-cccc-cccc-ddddaaaa068a-000000",
                "remoteMtaIp": "192.0.2.26",
                "reportingMTA": "dns; a8-70.smtp-out.example",
            }
        },
        "Complaint": {
            "complaint": {
                "complainedRecipients": [person],
                "timestamp": "2026-07-01T07:59:44.101Z",
                "feedbackId": "000001378603177f-18c07c78-fa81-4a58-9dd1-fedc3cb8f49a-000000",
                "userAgent": "Some Feedback Loop (V0.01)",
                "complaintFeedbackType": feedback,
            }
        },
        "DeliveryDelay": {
            "deliveryDelay": {
                "timestamp": "2026-07-01T07:59:44.101Z",
                "delayType": "TransientCommunicationFailure",
                "delayedRecipients": [person | {"status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 time out"}],
            }
        },
        "Reject": {"reject": {"reason": "Bad content"}},
        "Delivery": {"delivery": {"recipients": [READER], "smtpResponse": "250 ok"}},
    }
    mail = {
        "timestamp": "2026-07-01T07:59:38.237Z",
        "source": source,
        "messageId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000",
        "destination": [READER],
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": "Digest <digest@example.org>"},
            {"name": "X-Digest-Message", "value": message_id},
        ],
        "commonHeaders": {"from": ["Digest <digest@example.org>"], "subject": "Weekly"},
    }
    return {name: event, **parts[event], "mail": mail}


def mailgun(
    event: str = "failed",
    severity: str = "permanent",
    reason: str = "bounce",
    words: str = GMAIL.removeprefix("550 "),
    enhanced: str = "5.1.1",
    *,
    message_id: str = "<1@example.org>",
) -> dict[str, Any]:
    told = {
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": 1782892784.389832,
        "event": event,
        "recipient": READER,
        "recipient-domain": "example.org",
        "envelope": {"sender": "digest@example.org", "transport": "smtp", "targets": READER},
        "user-variables": {"digest": message_id},
        "message": {"headers": {"to": READER, "message-id": "20260701.1@mg.example", "subject": "Weekly"}, "size": 809},
        "tags": [],
    }
    if event == "failed":
        told |= {
            "severity": severity,
            "reason": reason,
            "delivery-status": {
                "code": 550,
                "message": words,
                "description": "",
                "enhanced-code": enhanced,
                "mx-host": "mx.example.org",
                "attempt-no": 1,
            },
        }
    return {"event-data": told}


def postmark(
    kind: str = "HardBounce",
    words: str = f"smtp;{GMAIL}",
    record: str = "Bounce",
    *,
    message_id: str = "<1@example.org>",
) -> dict[str, Any]:
    return {
        "RecordType": record,
        "ID": 42,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "ServerID": 23,
        "MessageStream": "broadcast",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": words,
        "Email": READER,
        "From": "digest@example.org",
        "BouncedAt": "2026-07-01T07:59:19.0000000Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Weekly",
        "Metadata": {"digest": message_id},
    }


def sendgrid_event(event: str = "bounce", *, message_id: str = "<1@example.org>", **more: str) -> list[dict[str, Any]]:
    told = {
        "email": READER,
        "timestamp": 1782892784,
        "event": event,
        "sg_event_id": "lC0Rc-FuQmKbnxCWxX1jRQ",
        "sg_message_id": "Lli-03HcQ5-JLybO9fXsJg.filter0077p1las1.21536.5717FC482.0",
        "smtp-id": "<wrfRRvF7Q0GgwUo2CvDmEA@geopod-ismtpd-1-0.example>",
        "digest": message_id,
    }
    usual = {"type": "bounce", "status": "5.1.1", "reason": GMAIL, "bounce_classification": "Invalid Address"}
    return [told | ((usual | more) if event == "bounce" else more)]


def brevo(event: str = "hard_bounce", words: str = GMAIL, *, message_id: str = "<1@example.org>") -> dict[str, Any]:
    return {
        "event": event,
        "email": READER,
        "id": 26224,
        "date": "2026-07-01 09:59:44",
        "ts": 1782892784,
        "message-id": "<202607010759.87306012@smtp-relay.example>",
        "ts_event": 1782892784,
        "subject": "Weekly",
        "X-Mailin-custom": json.dumps({"digest": message_id}),
        "sending_ip": "192.0.2.9",
        "ts_epoch": 1782892784000,
        "reason": words,
    }


def resend(
    event: str = "email.bounced",
    kind: str = "Permanent",
    sub: str = "General",
    words: str = GMAIL,
    *,
    message_id: str = "<1@example.org>",
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "created_at": "2026-07-01T07:59:43.982Z",
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "from": "Digest <digest@example.org>",
        "to": [f"Ada <{READER}>"],
        "subject": "Weekly",
        "headers": [{"name": "X-Digest-Message", "value": message_id}],
    }
    if event == "email.bounced":
        told["bounce"] = {"message": words, "type": kind, "subType": sub}
    return {"type": event, "created_at": "2026-07-01T07:59:44.126Z", "data": told}


# --- signed ---------------------------------------------------------------------------------------


def by_ses(payload: Any, *, version: str = "1", **changed: str) -> Request:
    """In an envelope of SNS; `changed` holds other fields of it, signed with the rest."""
    message = {
        "Type": "Notification",
        "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(payload) + "\n" if not isinstance(payload, str) else payload,
        "Timestamp": "2026-07-01T07:59:59.675Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    } | changed
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if message["Type"] != "Notification":
        message.pop("Subject")
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - as Amazon does
    signature = amazon()[0].sign(text.encode(), padding.PKCS1v15(), algorithm)
    message["Signature"] = base64.b64encode(signature).decode()
    return Request("/hooks/ses", json.dumps(message).encode(), {"content-type": "text/plain; charset=UTF-8"})


def by_mailgun(payload: Any, *, key: str = MAILGUN_KEY, at: datetime = NOW, token: str = "t" * 50) -> Request:
    stamp = str(int(at.timestamp()))
    made = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": stamp, "token": token, "signature": made}
    return Request("/hooks/mailgun", json.dumps({"signature": signature, **payload}).encode())


def by_postmark(payload: Any, *, secret: str = PATH_SECRET) -> Request:
    return Request(f"/hooks/postmark/{secret}", json.dumps(payload).encode())


def by_brevo(payload: Any, *, secret: str = PATH_SECRET) -> Request:
    return Request(f"/hooks/brevo/{secret}", json.dumps(payload).encode())


def by_sendgrid(payload: Any) -> Request:
    raw, stamp = json.dumps(payload).encode() + b"\r\n", "1782892784"
    signature = base64.b64encode(sendgrid()[0].sign(stamp.encode() + raw, ec.ECDSA(hashes.SHA256()))).decode()
    name = "x-twilio-email-event-webhook"
    return Request("/hooks/sendgrid", raw, {f"{name}-signature": signature, f"{name}-timestamp": stamp})


def by_resend(payload: Any, *, number: str = "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB", at: datetime = NOW) -> Request:
    raw, stamp = json.dumps(payload).encode(), str(int(at.timestamp()))
    key = base64.b64decode(RESEND_SECRET.removeprefix("whsec_"))
    made = base64.b64encode(hmac.new(key, f"{number}.{stamp}.".encode() + raw, hashlib.sha256).digest()).decode()
    signatures = f"v1,{base64.b64encode(b'x' * 32).decode()} v1,{made}"  # the old secret's, and ours
    return Request("/hooks/resend", raw, {"svix-id": number, "svix-timestamp": stamp, "svix-signature": signatures})


BY: dict[Provider, Callable[..., Request]] = {
    Provider.SES: by_ses,
    Provider.MAILGUN: by_mailgun,
    Provider.POSTMARK: by_postmark,
    Provider.SENDGRID: by_sendgrid,
    Provider.BREVO: by_brevo,
    Provider.RESEND: by_resend,
}
BOUNCED: dict[Provider, Callable[..., Any]] = {
    Provider.SES: ses,
    Provider.MAILGUN: mailgun,
    Provider.POSTMARK: postmark,
    Provider.SENDGRID: sendgrid_event,
    Provider.BREVO: brevo,
    Provider.RESEND: resend,
}


def complained(provider: Provider, message_id: str) -> Any:
    """A provider's event about a recipient who called a mail unwanted."""
    match provider:
        case Provider.SES:
            return ses("Complaint", message_id=message_id)
        case Provider.MAILGUN:
            return mailgun("complained", message_id=message_id)
        case Provider.POSTMARK:
            return postmark("SpamComplaint", "", "SpamComplaint", message_id=message_id)
        case Provider.SENDGRID:
            return sendgrid_event("spamreport", message_id=message_id)
        case Provider.BREVO:
            return brevo("spam", "", message_id=message_id)
        case Provider.RESEND:
            return resend("email.complained", message_id=message_id)
