"""The tokens of the API, and the answers to requests with an idempotency key."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, select, update

from digest.records.operating import ApiToken, Scope
from digest.store.database.statements import insert
from digest.store.database.tables.operating import api_tokens, idempotency_keys


class Replay(NamedTuple):
    """What is known about an idempotency key: the hash of its request and, once it is answered, status and body."""

    request: bytes
    status: int | None
    body: str | None


class Tokens:
    """Tokens by id; each with the hash of its secret."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token: ApiToken, secret_hash: bytes) -> None:
        """Store a new token."""
        self._connection.execute(
            insert(self._connection, api_tokens).values(
                id=token.id,
                name=token.name,
                hash=secret_hash,
                scopes=" ".join(sorted(token.scopes)),
                made_at=token.made_at,
                expires_at=token.expires_at,
            )
        )

    def find(self, token: str) -> tuple[ApiToken, bytes] | None:
        """A token and the hash of its secret; None if there is none."""
        row = self._connection.execute(select(api_tokens).where(api_tokens.c.id == token)).one_or_none()
        return None if row is None else (_token(row), row.hash)

    def all(self) -> list[ApiToken]:
        """All tokens, revoked ones too, the newest first."""
        return [
            _token(row)
            for row in self._connection.execute(
                select(api_tokens).order_by(api_tokens.c.made_at.desc(), api_tokens.c.id)
            )
        ]

    def use(self, token: str, now: datetime) -> None:
        """Record that a token was used."""
        self._connection.execute(update(api_tokens).where(api_tokens.c.id == token).values(used_at=now))

    def revoke(self, token: str, now: datetime) -> None:
        """Revoke a token; one that is revoked already keeps its time."""
        here = update(api_tokens).where(api_tokens.c.id == token, api_tokens.c.revoked_at.is_(None))
        self._connection.execute(here.values(revoked_at=now))

    def revoke_all(self, now: datetime) -> None:
        """Revoke every token."""
        self._connection.execute(update(api_tokens).where(api_tokens.c.revoked_at.is_(None)).values(revoked_at=now))

    def begin(self, token: str, key: str, request: bytes, now: datetime) -> Replay | None:
        """Record an idempotency key; returns what is known about it if a request used it before."""
        first = insert(self._connection, idempotency_keys).values(token=token, key=key, request=request, at=now)
        made = self._connection.execute(first.on_conflict_do_nothing().returning(idempotency_keys.c.key))
        if made.one_or_none():
            return None
        row = self._connection.execute(select(idempotency_keys).where(*_at(token, key))).one()
        return Replay(row.request, row.status, row.body)

    def answer(self, token: str, key: str, status: int, body: str) -> None:
        """Record the answer to the request of an idempotency key."""
        here = update(idempotency_keys).where(*_at(token, key))
        self._connection.execute(here.values(status=status, body=body))

    def forget(self, token: str, key: str) -> None:
        """Delete an idempotency key: its request had no effect, so it may come again."""
        self._connection.execute(delete(idempotency_keys).where(*_at(token, key)))

    def forget_before(self, moment: datetime) -> None:
        """Delete idempotency keys from before a time."""
        self._connection.execute(delete(idempotency_keys).where(idempotency_keys.c.at < moment))


def _at(token: str, key: str) -> tuple[Any, Any]:
    return idempotency_keys.c.token == token, idempotency_keys.c.key == key


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes.split())),
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
