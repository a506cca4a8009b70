"""The store: transactions over an open database; the other modules work within them."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from digest.errors import StoreError
from digest.store.alerts import SqlAlerts
from digest.store.audit import SqlAudit
from digest.store.backups import SqlBackups
from digest.store.bounces import SqlBounces
from digest.store.breaker import SqlBreaker
from digest.store.by_hand import SqlByHand
from digest.store.clock_faults import SqlClocks
from digest.store.confirmations import SqlConfirmations
from digest.store.database import copies, meta, schema
from digest.store.database import engine as engines
from digest.store.database.faults import translated
from digest.store.database.version import Versions
from digest.store.dead_letters import SqlDeadLetters
from digest.store.deliveries import SqlDeliveries
from digest.store.digest_names import SqlDigestNames
from digest.store.doubts import SqlDoubts
from digest.store.editions import SqlEditions
from digest.store.entries import SqlEntries
from digest.store.feeds import SqlFeeds
from digest.store.newcomers import SqlNewcomers
from digest.store.pacing import SqlPacing
from digest.store.pictures import SqlPictures
from digest.store.planning import SqlPlanning
from digest.store.readings import SqlReadings
from digest.store.renames import SqlRenames
from digest.store.resting import SqlResting
from digest.store.retention import SqlRetention
from digest.store.roster import SqlRoster
from digest.store.single_mails import SqlSingleMails
from digest.store.subscribers import SqlSubscribers
from digest.store.watching import SqlWatching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from digest.ports import Version
    from digest.store.database.listening import Listening


class SqlTransaction:
    """`ports.Transaction` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.readings = SqlReadings(connection)
        self.renames = SqlRenames(connection)
        self.entries = SqlEntries(connection)
        self.by_hand = SqlByHand(connection)
        self.feeds = SqlFeeds(connection)
        self.pictures = SqlPictures(connection)
        self.editions = SqlEditions(connection)
        self.planning = SqlPlanning(connection)
        self.digest_names = SqlDigestNames(connection)
        self.subscribers = SqlSubscribers(connection)
        self.newcomers = SqlNewcomers(connection)
        self.roster = SqlRoster(connection)
        self.confirmations = SqlConfirmations(connection)
        self.single_mails = SqlSingleMails(connection)
        self.deliveries = SqlDeliveries(connection)
        self.retention = SqlRetention(connection)
        self.backups = SqlBackups(connection)
        self.audit = SqlAudit(connection)
        self.watching = SqlWatching(connection)
        self.dead_letters = SqlDeadLetters(connection)
        self.doubts = SqlDoubts(connection)
        self.bounces = SqlBounces(connection)
        self.breaker = SqlBreaker(connection)
        self.resting = SqlResting(connection)
        self.pacing = SqlPacing(connection)
        self.alerts = SqlAlerts(connection)
        self.clocks = SqlClocks(connection)


class SqlStore:
    """`ports.Store` over a database; messages name it by its place."""

    def __init__(self, engine: Engine, url: str, turn: AbstractContextManager[object]) -> None:
        self._engine, self._url, self._place, self._turn = engine, url, engines.place(url), turn
        self._listening: Listening | None = None
        self._writing = engines.writing(engine)
        self._sharing = engines.writing(engine, exclusive=False)
        self._versions = Versions(engines.file_of(engine), private=engine.dialect.name == "sqlite")

    @contextlib.contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            yield SqlTransaction(connection)

    @contextlib.contextmanager
    def write(self, *, exclusive: bool = True) -> Iterator[SqlTransaction]:
        with translated(self._place), self._turn:
            with (self._writing if exclusive else self._sharing).begin() as connection:
                tx = SqlTransaction(connection)
                yield tx
            self._versions.written()
            if tx.subscribers.erased_some:
                engines.forget_deleted(self._engine)

    @property
    def place(self) -> str:
        """The name of the store in messages."""
        return self._place

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a read transaction, for work on tables independent of their meaning."""
        with translated(self._place), self._turn, self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Like `reading`, in an exclusive write transaction."""
        with translated(self._place), self._turn, self._writing.begin() as connection:
            yield connection

    def published_state(self) -> tuple[int, datetime]:
        known = self._listening.known if self._listening else None
        if known:
            return known
        with self.read() as tx:
            return tx.entries.published_state()

    def follow_published(self) -> None:
        if self._listening is None and engines.is_server(self._url):
            from digest.store.database.listening import Listening  # noqa: PLC0415 - a file needs no driver

            self._listening = Listening(self._url)

    def secret(self) -> bytes:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            return meta.secret(connection)

    def version(self) -> Version | None:
        return self._versions.newest()

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        engines.database_file(self._url)  # a server has its own means for backups, and the error says so
        with translated(str(file)), self._turn:
            copies.write_copy(self._engine, file, now, progress)

    def check(self) -> None:
        with translated(self._place), self._turn, self._engine.begin() as connection:
            found = schema.version(connection)
            if found != schema.NEWEST:
                raise StoreError(f"{self._place}: its schema is {found}, not {schema.NEWEST} (restart digest)")
            schema.require_whole(connection, self._place)

    def close(self) -> None:
        """Close the database."""
        self._versions.close()
        if self._listening:
            self._listening.close()
            self._listening = None
        self._engine.dispose()


def open_database(
    url: str, wait: timedelta, *, made_at: datetime | None = None, secret: bytes | None = None
) -> SqlStore:
    """See `digest.store.open_store`; a new one dates from now, with a random secret, unless these are given."""
    file = None if engines.is_server(url) else engines.database_file(url)
    place = engines.place(url)
    # In memory there is one connection for all threads, so they take turns.
    alone = file is None and not engines.is_server(url)
    turn: AbstractContextManager[object] = threading.RLock() if alone else contextlib.nullcontext()
    with translated(place):
        engine = engines.of_server(url, wait) if engines.is_server(url) else engines.opened(file, wait)
        try:
            _make_ready(engine, place, made_at or datetime.now(UTC), secret)
        except BaseException:
            engine.dispose()
            raise
    return SqlStore(engine, url, turn)


def is_made(url: str) -> bool:
    """See `digest.store.is_made`."""
    if not engines.is_server(url):
        file = engines.database_file(url)
        return file is None or file.exists()
    place = engines.place(url)
    with translated(place):
        engine = engines.of_server(url, timedelta(0))
        try:
            with engine.begin() as connection:
                return schema.version(connection) is not None
        finally:
            engine.dispose()


def _make_ready(engine: Engine, place: str, made_at: datetime, secret: bytes | None) -> None:
    """Migrate the schema to the newest; of two attempts at once, one does it and the other finds it done."""
    with engine.begin() as connection:
        if schema.version(connection) == schema.NEWEST:
            schema.require_whole(connection, place)
            return
    with engines.writing(engine).begin() as connection:
        schema.require_migratable(connection, place)
        file, old = engines.file_of(engine), schema.outdated(connection)
        if file and old:
            copies.keep(engine, file.with_name(f"{file.name}.before-{old}"), datetime.now(UTC))
        schema.migrate(connection, place)
        schema.require_whole(connection, place)
        meta.make_row(connection, made_at, secret)
