"""Verifies that a provider signed what it reports over HTTP.

Source: Amazon SNS, "Verifying the signatures of Amazon SNS messages"; Mailgun, "Securing webhooks"; Twilio SendGrid,
"Event Webhook security features"; Svix (Resend), "Verifying webhooks manually". Postmark and Brevo do not sign.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

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
