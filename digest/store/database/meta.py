"""The store's single row about itself (secret, published state, pause), and how often the database was written to."""

import secrets
import sqlite3
import threading
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from digest.records.operating import Version
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


_SECONDS = 0.1  # after so long another process's writes are visible; one's own are visible at once


class Versions:
    """The version of a database, from a connection of its own that never writes.

    In memory, this process does all the writing (`private`). Another store without a file has no such version.

    Source: https://sqlite.org/pragma.html#pragma_data_version: it changes with each commit of another connection.
    """

    def __init__(self, file: Path | None, *, private: bool) -> None:
        self._file, self._private = file, private
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._written = 0  # by this process
        self._seen = -1
        self._next = 0.0
        self._failed = -1
        self._newest = Version(-1, -1)

    def written(self) -> None:
        """Count a commit of this process."""
        with self._lock:
            self._written += 1

    def newest(self) -> Version | None:
        """The present version; None if only a query could find it."""
        if self._file is None:
            return Version(self._written, self._written) if self._private else None
        if self._seen != self._written or time.monotonic() > self._next:
            self._look(self._file)
        return self._newest

    def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _look(self, file: Path) -> None:
        with self._lock:
            self._seen, self._next = self._written, time.monotonic() + _SECONDS
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(file, timeout=0, check_same_thread=False, isolation_level=None)
                    self._connection.execute("PRAGMA query_only = ON")
                commits = self._connection.execute("PRAGMA data_version").fetchone()[0]
                if commits != self._newest.commits:
                    published = self._connection.execute("SELECT published FROM meta").fetchone()[0]
                    self._newest = Version(published, commits)
            except sqlite3.Error:  # a caller of the store itself gets the error; until then every version counts as new
                self._failed -= 1
                self._newest = Version(self._failed, self._failed)
