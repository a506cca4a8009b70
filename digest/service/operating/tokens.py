"""The tokens of programs that use the API: made, shown once, checked, revoked. The store holds hashes of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from digest.errors import DigestError, UnknownError
from digest.records.operating import ApiToken, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography.fernet import Fernet

    from digest.store.transaction import Store

PREFIX = "digest"  # by which scanners for leaked secrets find a token
_LONGEST_NAME = 80
_USE_IS_EXACT_TO = timedelta(minutes=1)
_INCLUDED = {  # what a scope allows besides itself
    Scope.READ: set(),
    Scope.OPERATE: {Scope.READ},
    Scope.PEOPLE: {Scope.READ},
    Scope.ADMIN: {Scope.READ, Scope.OPERATE, Scope.PEOPLE},
}


class NewToken(NamedTuple):
    """A new token, and its whole text, which is never shown again."""

    token: ApiToken
    text: str


def allowed(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes, with those that they include: one that may operate may read, and an admin may do everything."""
    given = set(scopes)
    return frozenset(given.union(*(_INCLUDED[scope] for scope in given)))


def create(
    store: Store, name: str, scopes: Iterable[Scope], now: datetime, *, lifetime: timedelta | None = None
) -> NewToken:
    """Make a token.

    Raises:
        DigestError: it has no name, no scope, or no time to live.
    """
    written, chosen = " ".join(name.split()), frozenset(scopes)
    if not written or len(written) > _LONGEST_NAME:
        raise DigestError(f"a token needs a name of at most {_LONGEST_NAME} characters (name the program that uses it)")
    if not chosen:
        raise DigestError(f"a token needs a scope (one of {', '.join(Scope)})")
    if lifetime is not None and lifetime <= timedelta(0):
        raise DigestError("a token cannot expire before it is made (give a longer lifetime)")
    # Text without - and _, so that a double click selects the whole.
    token = ApiToken(secrets.token_hex(6), written, chosen, now, now + lifetime if lifetime else None)
    secret = secrets.token_hex(32)
    with store.write() as tx:
        tx.tokens.add(token, _hash(secret))
    return NewToken(token, f"{PREFIX}_{token.id}_{secret}")


def check(store: Store, text: str, now: datetime) -> ApiToken | None:
    """The token of this text, if it may be used now. Its last use is recorded, exact to a minute."""
    prefix, _, rest = text.partition("_")
    name, _, secret = rest.partition("_")
    with store.read() as tx:
        found = tx.tokens.find(name) if prefix == PREFIX and name.isalnum() and name.isascii() else None
    token, known = found or (None, bytes(32))
    right = hmac.compare_digest(known, _hash(secret))
    if token is None or not right or token.revoked_at or (token.expires_at and token.expires_at <= now):
        return None
    if token.used_at is None or now - token.used_at >= _USE_IS_EXACT_TO:
        with store.write(exclusive=False) as tx:
            tx.tokens.use(token.id, now)
    return token


def revoke(store: Store, token: str, now: datetime) -> ApiToken:
    """Revoke a token permanently.

    Raises:
        UnknownError: there is none with this id.
    """
    with store.write() as tx:
        tx.tokens.revoke(token, now)
        found = tx.tokens.find(token)
    if found is None:
        raise UnknownError("token", token, remedy="see `digest tokens list`")
    return found[0]


def sealed(text: str, token: str, key: str) -> str:
    """An answer to a request with an idempotency key, as the store keeps it: only who has the token can read it.

    Answers contain new tokens, links, and addresses of people who may be erased before the key is forgotten.
    """
    return _seal(token, key).encrypt(text.encode()).decode()


def unsealed(text: str, token: str, key: str) -> str:
    """The answer that `sealed` made with the same whole token and the same key."""
    return _seal(token, key).decrypt(text).decode()


def _seal(token: str, key: str) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415 - only requests with an idempotency key need it

    return Fernet(base64.urlsafe_b64encode(keyed_hash(token, f"seal\n{key}")))


def keyed_hash(token: str, text: str) -> bytes:
    """A hash of a text that only who has the whole token can compute: nobody finds out the text by trying some."""
    return hmac.digest(token.encode("utf-8", "replace"), text.encode("utf-8", "replace"), "sha256")


def _hash(secret: str) -> bytes:
    """The hash of a secret. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
