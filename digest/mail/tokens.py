"""Tokens in links: what they allow, to whom, proven by a keyed mark. None is stored, and none holds an address."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from digest.model import ConfirmationId, DigestId, SubscriberId

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Confirmation

_MARK_BYTES = 20


def leave_token(secret: bytes, subscriber: SubscriberId, digest: DigestId) -> str:
    """The token with which a subscriber leaves a digest; it never expires, since old mails must let people go."""
    return _token(secret, "leave", f"{subscriber}.{digest}")


def read_leave_token(secret: bytes, token: str) -> tuple[SubscriberId, DigestId] | None:
    """Who leaves what, or None for anything that we did not make. Never raises."""
    subscriber, _, digest = (_said(secret, "leave", token) or "").partition(".")
    return (SubscriberId(int(subscriber)), DigestId(digest)) if subscriber else None


def preferences_token(secret: bytes, subscriber: SubscriberId) -> str:
    """The token that leads to a subscriber's preferences."""
    return _token(secret, "preferences", f"{subscriber}")


def read_preferences_token(secret: bytes, token: str) -> SubscriberId | None:
    """Whose preferences, or None for anything that we did not make. Never raises."""
    said = _said(secret, "preferences", token)
    return SubscriberId(int(said)) if said else None


def confirmation_token(secret: bytes, confirmation: Confirmation) -> str:
    """The token by which the owner of an address confirms. The moment in it tells two apart that got the same id."""
    return _token(secret, f"confirm {confirmation.kind}", f"{confirmation.id}.{_moment(confirmation.asked_at)}")


def read_confirmation_token(secret: bytes, token: str) -> tuple[ConfirmationId, str] | None:
    """The id and the moment of what is confirmed, to be compared with `marks`. Never raises."""
    for kind in ("join", "access"):
        said = _said(secret, f"confirm {kind}", token)
        if said:
            number, _, moment = said.partition(".")
            return ConfirmationId(int(number)), f"{kind} {moment}"
    return None


def marks(confirmation: Confirmation) -> str:
    """What a token of this confirmation says beside its id."""
    return f"{confirmation.kind} {_moment(confirmation.asked_at)}"


def address_hash(secret: bytes, address: str) -> str:
    """What is kept of an erased address: enough to know it again, not to read it."""
    return hmac.new(secret, b"address\0" + address.strip().casefold().encode(), hashlib.sha256).hexdigest()


def network_hash(secret: bytes, network: str) -> str:
    """What is kept of where something was asked from, as long as it counts."""
    return hmac.new(secret, b"network\0" + network.encode(), hashlib.sha256).hexdigest()[:32]


def _token(secret: bytes, purpose: str, said: str) -> str:
    return _encoded(_mark(secret, purpose, said.encode()) + said.encode())


def _said(secret: bytes, purpose: str, token: str) -> str | None:
    """What a token of this purpose says; None for one that we did not make, or not for this."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        mark, said = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        genuine = hmac.compare_digest(mark, _mark(secret, purpose, said)) and token == _encoded(raw)
        return said.decode() if genuine else None
    except (ValueError, binascii.Error):
        return None


def _mark(secret: bytes, purpose: str, said: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + said, "sha256")[:_MARK_BYTES]


def _moment(at: datetime) -> str:
    return f"{at.timestamp():.6f}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
