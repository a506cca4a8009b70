"""Creates and verifies the tokens in links and envelope senders. A keyed hash proves what they allow, and to whom.

Tokens are not stored, and contain no address. The envelope sender of a delivery names it by a token (VERP), so that a
bounce shows its subscriber and edition. This token is 32 characters of lower-case base32, because mail servers change
the case of a local part. It contains four bytes for the subscriber's id, and 16 bytes of a keyed hash over the
subscriber and the edition. The edition itself is not part of it: to verify a token, try the editions that the
subscriber was sent. Decisions 109, 119 and 175.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from digest.model import Confirmation, ConfirmationId, ConfirmationKind, DigestId, EditionKey, SubscriberId

_MARK_BYTES, _SHORT_MARK_BYTES = 20, 16
_MOMENT_BYTES = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY = SubscriberId(0)  # the person in the links of test mails, who never exists
TOKEN_LENGTH = 32
_ID_BYTES, _DELIVERY_MARK_BYTES = 4, 16


def leave_token(secret: bytes, subscriber: SubscriberId, digest: DigestId) -> str:
    """The token that unsubscribes a subscriber from a digest. It never expires: links in old mails must work."""
    return _token(secret, "leave", f"{subscriber}.{digest}")


def read_leave_token(secret: bytes, token: str) -> tuple[SubscriberId, DigestId] | None:
    """The subscriber and digest of an unsubscribe token; None for any token that we did not make. Never raises."""
    subscriber, _, digest = (_content(secret, "leave", token) or "").partition(".")
    return (SubscriberId(int(subscriber)), DigestId(digest)) if subscriber else None


def preferences_token(secret: bytes, subscriber: SubscriberId) -> str:
    """The token for a link to a subscriber's preferences."""
    return _token(secret, "preferences", f"{subscriber}")


def read_preferences_token(secret: bytes, token: str) -> SubscriberId | None:
    """The subscriber of a preferences token; None for any token that we did not make. Never raises."""
    content = _content(secret, "preferences", token)
    return SubscriberId(int(content)) if content else None


def private_feed_token(secret: bytes, subscriber: SubscriberId, number: int) -> str:
    """The token in the address of a subscriber's private feed; another number makes another token."""
    return _token(secret, "private feed", f"{subscriber}.{number}")


def read_private_feed_token(secret: bytes, token: str) -> tuple[SubscriberId, int] | None:
    """The subscriber and number of such a token; None for any token that we did not make. Never raises."""
    subscriber, _, number = (_content(secret, "private feed", token) or "").partition(".")
    return (SubscriberId(int(subscriber)), int(number)) if subscriber else None


def form_token(secret: bytes, made_at: datetime) -> str:
    """The token in a form of ours: when it was made, in whole seconds, and nothing else."""
    return _token(secret, "form", f"{_microseconds(made_at) // 1_000_000}")


def read_form_token(secret: bytes, token: str) -> datetime | None:
    """When the form of this token was made; None for any token that we did not make. Never raises."""
    content = _content(secret, "form", token)
    return _EPOCH + timedelta(seconds=int(content)) if content else None


def confirmation_token(secret: bytes, confirmation: Confirmation) -> str:
    """The token with which the owner of an address confirms.

    It contains a time, which distinguishes two confirmations that got the same id. It is short, at most 37 characters
    for ids below 2³², so that its link fits on a line of a mail.
    """
    number = confirmation.id.to_bytes(max(1, (confirmation.id.bit_length() + 7) // 8))
    content = _microseconds(confirmation.asked_at).to_bytes(_MOMENT_BYTES) + number
    return _encoded(_short_mark(secret, confirmation.kind, content) + content)


def read_confirmation_token(secret: bytes, token: str) -> tuple[ConfirmationId, str] | None:
    """The id of the confirmation, and its marks, to compare with `confirmation_marks`; None for any other token."""
    return _short_confirmation(secret, token) or _long_confirmation(secret, token)


def confirmation_marks(confirmation: Confirmation) -> str:
    """What a token of this confirmation contains besides the id."""
    return f"{confirmation.kind} {_microseconds(confirmation.asked_at)}"


def parse_confirmation_marks(content: str) -> tuple[ConfirmationKind, datetime]:
    """The kind and time of a request, from the marks in a valid token."""
    kind, _, time = content.partition(" ")
    return ConfirmationKind(kind), _EPOCH + timedelta(microseconds=int(time))


def _short_confirmation(secret: bytes, token: str) -> tuple[ConfirmationId, str] | None:
    raw = _decoded(token)
    mark, content = raw[:_SHORT_MARK_BYTES], raw[_SHORT_MARK_BYTES:]
    time, number = content[:_MOMENT_BYTES], content[_MOMENT_BYTES:]
    for kind in ConfirmationKind:
        if number and hmac.compare_digest(mark, _short_mark(secret, kind, content)):
            return ConfirmationId(int.from_bytes(number)), f"{kind} {int.from_bytes(time)}"
    return None


def _long_confirmation(secret: bytes, token: str) -> tuple[ConfirmationId, str] | None:
    """Read the long tokens of earlier versions, whose links are still in people's mails."""
    for kind in (ConfirmationKind.JOIN, ConfirmationKind.ACCESS):
        content = _content(secret, f"confirm {kind}", token)
        if content:
            number, _, time = content.partition(".")
            return ConfirmationId(int(number)), f"{kind} {int(time.replace('.', ''))}"
    return None


def _short_mark(secret: bytes, kind: ConfirmationKind, content: bytes) -> bytes:
    return _mark(secret, f"confirm {kind} in short", content)[:_SHORT_MARK_BYTES]


def address_hash(secret: bytes, address: str) -> str:
    """What is stored of an erased address: enough to recognize it, but not to read it."""
    return hmac.new(secret, b"address\0" + address.strip().casefold().encode(), hashlib.sha256).hexdigest()


def network_hash(secret: bytes, network: str) -> str:
    """What is stored of the network that a request came from, for as long as it counts."""
    return hmac.new(secret, b"network\0" + network.encode(), hashlib.sha256).hexdigest()[:32]


def _token(secret: bytes, purpose: str, content: str) -> str:
    return _encoded(_mark(secret, purpose, content.encode()) + content.encode())


def _content(secret: bytes, purpose: str, token: str) -> str | None:
    """The content of a token with this purpose; None if we did not make it, or not for this purpose."""
    raw = _decoded(token)
    mark, content = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
    return content.decode() if hmac.compare_digest(mark, _mark(secret, purpose, content)) else None


def _decoded(token: str) -> bytes:
    """The bytes of a token; none if it is not written exactly as we write tokens."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        return b""
    return raw if token == _encoded(raw) else b""


def _mark(secret: bytes, purpose: str, content: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + content, "sha256")[:_MARK_BYTES]


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def return_path(address: str, token: str) -> str:
    """The address with a token: `bounces@digest.example.org` becomes `bounces+TOKEN@digest.example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def bounce_token(secret: bytes, subscriber: SubscriberId, edition: EditionKey) -> str:
    """The token of a delivery."""
    raw = subscriber.to_bytes(_ID_BYTES) + _delivery_mark(secret, subscriber, edition)
    return base64.b32encode(raw).decode("ascii").lower()


def token_in(address: str, recipient: str) -> str | None:
    """The token in the recipient's address; None if the mail was not sent to our `address`.

    It is empty if the mail was sent to the address without a token.
    """
    wanted, given = address.casefold(), recipient.strip().casefold()
    local, _, domain = wanted.rpartition("@")
    their_local, _, their_domain = given.rpartition("@")
    name, _, token = their_local.partition("+")
    return token if (name, their_domain) == (local, domain) else None


def claimed_subscriber(token: str) -> SubscriberId | None:
    """The subscriber that a token claims to be about, without any proof yet. Never raises."""
    raw = _decoded_delivery(token)
    return SubscriberId(int.from_bytes(raw[:_ID_BYTES])) if raw else None


def proven_edition(secret: bytes, token: str, editions: Iterable[EditionKey]) -> EditionKey | None:
    """The edition for which the token was made; None if we did not make the token. Never raises."""
    raw = _decoded_delivery(token)
    if raw is None:
        return None
    subscriber, found = SubscriberId(int.from_bytes(raw[:_ID_BYTES])), None
    for edition in editions:
        if hmac.compare_digest(raw[_ID_BYTES:], _delivery_mark(secret, subscriber, edition)):
            found = edition
    return found


def _delivery_mark(secret: bytes, subscriber: SubscriberId, edition: EditionKey) -> bytes:
    return hmac.new(secret, f"bounce\0{subscriber}\0{edition}".encode(), hashlib.sha256).digest()[:_DELIVERY_MARK_BYTES]


def _decoded_delivery(token: str) -> bytes | None:
    if len(token) != TOKEN_LENGTH:
        return None
    try:
        return base64.b32decode(token.encode("ascii"), casefold=True)
    except (ValueError, binascii.Error):
        return None
