"""The tokens in links: who may do what without logging in. Each is bound to one purpose by a keyed hash."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from digest.model import DigestId, SubscriberId

_MARK_BYTES = 20


def leave_token(secret: bytes, subscriber: SubscriberId, digest: DigestId) -> str:
    """The token with which a subscriber leaves a digest; it never expires, since old mails must let people go."""
    said = f"{subscriber}.{digest}".encode()
    return _encoded(_mark(secret, said) + said)


def preferences_token(secret: bytes, subscriber: SubscriberId) -> str:
    """The token with which a subscriber opens their preferences; it never expires, since old mails lead there."""
    said = f"{subscriber}".encode()
    return _encoded(hmac.new(secret, b"preferences\0" + said, hashlib.sha256).digest()[:_MARK_BYTES] + said)


def read_leave_token(secret: bytes, token: str) -> tuple[SubscriberId, DigestId] | None:
    """Who leaves what, or None for anything that we did not make. Never raises."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        mark, said = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        if not hmac.compare_digest(mark, _mark(secret, said)) or token != _encoded(raw):
            return None
        subscriber, _, digest = said.decode().partition(".")
        return SubscriberId(int(subscriber)), DigestId(digest)
    except (ValueError, binascii.Error):
        return None


def address_hash(secret: bytes, address: str) -> str:
    """What is kept of an erased address: enough to know it again, not to read it."""
    return hmac.new(secret, b"address\0" + address.strip().casefold().encode(), hashlib.sha256).hexdigest()


def _mark(secret: bytes, said: bytes) -> bytes:
    return hmac.new(secret, b"leave\0" + said, hashlib.sha256).digest()[:_MARK_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
