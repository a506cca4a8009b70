"""The store's single row about itself: the secret, the published state, the pause."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from digest.store.database.statements import insert
from digest.store.database.tables.operating import meta

CHANNEL = "digest_published"  # the channel on which a server announces that this has changed
_SECRET_BYTES = 32


def make_row(connection: Connection, now: datetime, secret: bytes | None = None) -> None:
    """Create the row if absent, with a new secret unless one is given."""
    chosen = secrets.token_bytes(_SECRET_BYTES) if secret is None else secret
    row = {"id": 1, "secret": chosen, "published": 0, "published_at": now, "pinged": 0}
    connection.execute(insert(connection, meta).values(row).on_conflict_do_nothing())


def secret(connection: Connection) -> bytes:
    """The 32 random bytes that the store was made with."""
    return bytes(connection.execute(select(meta.c.secret)).scalar_one())


def published_state(connection: Connection) -> tuple[int, datetime]:
    """How often the published content changed, and when it last did."""
    row = connection.execute(select(meta.c.published, meta.c.published_at)).one()
    return row.published, row.published_at


def grow_published(connection: Connection, now: datetime) -> None:
    """Count a change of feeds and pages; its time never goes backwards, whatever the clock does."""
    count, at = published_state(connection)
    connection.execute(update(meta).values(published=count + 1, published_at=max(at, now)))
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, "")))  # delivered at commit


def pause(connection: Connection, reason: str, until: datetime) -> None:
    """Pause all sending until then."""
    connection.execute(update(meta).values(pause_reason=reason, paused_until=until))


def paused(connection: Connection, now: datetime) -> tuple[str, datetime] | None:
    """Why sending is paused and until when; None if it is not paused now."""
    row = connection.execute(select(meta.c.pause_reason, meta.c.paused_until)).one()
    return (row.pause_reason, row.paused_until) if row.paused_until and row.paused_until > now else None


def resume(connection: Connection) -> None:
    """End the pause, and forget its reason."""
    connection.execute(update(meta).values(pause_reason=None, paused_until=None))


def trouble(connection: Connection) -> str:
    """Why sending was last paused, even if that is over; empty after a mail got through."""
    return connection.execute(select(meta.c.pause_reason)).scalar_one() or ""


def got_through(connection: Connection, now: datetime) -> None:
    """Forget a pause that is over; a present one belongs to another drain."""
    connection.execute(update(meta).where(meta.c.paused_until <= now).values(pause_reason=None, paused_until=None))


def pinged(connection: Connection) -> int:
    """The published state that the hub was last notified of."""
    return int(connection.execute(select(meta.c.pinged)).scalar_one())


def set_pinged(connection: Connection, published: int) -> None:
    """Record the published state that the hub was notified of."""
    connection.execute(update(meta).values(pinged=published))
