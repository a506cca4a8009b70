"""The envelope sender that names a delivery (VERP), so that a bounce shows its subscriber and edition.

The token is 32 characters of lower-case base32, because mail servers change the case of a local part. It contains four
bytes for the subscriber's id, and 16 bytes of a keyed hash over the subscriber and the edition. The edition itself is
not part of the token: to verify a token, try the editions that the subscriber was sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from digest.model import SubscriberId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import EditionKey

TOKEN_LENGTH = 32
_ID_BYTES, _MARK_BYTES = 4, 16


def return_path(address: str, token: str) -> str:
    """The address with a token: `bounces@digest.example.org` becomes `bounces+TOKEN@digest.example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def bounce_token(secret: bytes, subscriber: SubscriberId, edition: EditionKey) -> str:
    """The token of a delivery."""
    raw = subscriber.to_bytes(_ID_BYTES) + _mark(secret, subscriber, edition)
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
    raw = _decoded(token)
    return SubscriberId(int.from_bytes(raw[:_ID_BYTES])) if raw else None


def proven_edition(secret: bytes, token: str, editions: Iterable[EditionKey]) -> EditionKey | None:
    """The edition for which the token was made; None if we did not make the token. Never raises."""
    raw = _decoded(token)
    if raw is None:
        return None
    subscriber, found = SubscriberId(int.from_bytes(raw[:_ID_BYTES])), None
    for edition in editions:
        if hmac.compare_digest(raw[_ID_BYTES:], _mark(secret, subscriber, edition)):
            found = edition
    return found


def _mark(secret: bytes, subscriber: SubscriberId, edition: EditionKey) -> bytes:
    return hmac.new(secret, f"bounce\0{subscriber}\0{edition}".encode(), hashlib.sha256).digest()[:_MARK_BYTES]


def _decoded(token: str) -> bytes | None:
    if len(token) != TOKEN_LENGTH:
        return None
    try:
        return base64.b32decode(token.encode("ascii"), casefold=True)
    except (ValueError, binascii.Error):
        return None
