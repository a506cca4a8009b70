"""The store: transactions over an open database; what happens within them is the other modules' affair."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.errors import StoreError
from digest.store import copies, meta, schema
from digest.store import engine as engines
from digest.store.alerts import SqlAlerts
from digest.store.audit import SqlAudit
from digest.store.backups import SqlBackups
from digest.store.bounces import SqlBounces
from digest.store.confirmations import SqlConfirmations
from digest.store.dead_letters import SqlDeadLetters
from digest.store.deliveries import SqlDeliveries
from digest.store.editions import SqlEditions
from digest.store.entries import SqlEntries
from digest.store.faults import translated
from digest.store.feeds import SqlFeeds
from digest.store.pictures import SqlPictures
from digest.store.readings import SqlReadings
from digest.store.subscribers import SqlSubscribers
from digest.store.watching import SqlWatching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path

    from sqlalchemy import Connection, Engine


class SqlTransaction:
    """`ports.Transaction` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.readings = SqlReadings(connection)
        self.entries = SqlEntries(connection)
        self.feeds = SqlFeeds(connection)
        self.pictures = SqlPictures(connection)
        self.editions = SqlEditions(connection)
        self.subscribers = SqlSubscribers(connection)
        self.confirmations = SqlConfirmations(connection)
        self.deliveries = SqlDeliveries(connection)
        self.backups = SqlBackups(connection)
        self.audit = SqlAudit(connection)
        self.watching = SqlWatching(connection)
        self.dead_letters = SqlDeadLetters(connection)
        self.bounces = SqlBounces(connection)
        self.alerts = SqlAlerts(connection)


class SqlStore:
    """`ports.Store` over a database; `place` names it in messages."""

    def __init__(self, engine: Engine, place: str, turn: AbstractContextManager[object]) -> None:
        self._engine, self._place, self._turn = engine, place, turn
        self._writing = engines.writing(engine)

    @contextlib.contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            yield SqlTransaction(connection)

    @contextlib.contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        with translated(self._place), self._turn:
            with self._writing.begin() as connection:
                tx = SqlTransaction(connection)
                yield tx
            if tx.subscribers.erased_some:
                engines.forget_deleted(self._engine)

    def secret(self) -> bytes:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            return meta.secret(connection)

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        with translated(str(file)), self._turn:
            copies.write_copy(self._engine, file, now, progress)

    def check(self) -> None:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            found = schema.version(connection)
        if found != schema.NEWEST:
            raise StoreError(f"{self._place}: its schema is {found}, not {schema.NEWEST} (restart digest)")

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def open_database(
    url: str, wait: timedelta, *, made_at: datetime | None = None, secret: bytes | None = None
) -> SqlStore:
    """See `digest.store.open_store`; a new one is of now, with a random secret, unless these are given."""
    file = engines.database_file(url)
    place = str(file) if file else "the store in memory"
    # In memory there is one connection for all threads, so they take turns.
    turn: AbstractContextManager[object] = contextlib.nullcontext() if file else threading.RLock()
    with translated(place):
        engine = engines.opened(file, wait)
        try:
            _make_ready(engine, place, made_at or datetime.now(UTC), secret)
        except BaseException:
            engine.dispose()
            raise
    return SqlStore(engine, place, turn)


def _make_ready(engine: Engine, place: str, made_at: datetime, secret: bytes | None) -> None:
    """Bring the schema to the newest; of two that try at once, one does and the other finds it done."""
    with engine.begin() as connection:
        if schema.version(connection) == schema.NEWEST:
            return
    with engines.writing(engine).begin() as connection:
        schema.migrate(connection, place)
        meta.make_row(connection, made_at, secret)
