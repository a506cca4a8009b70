"""The store: transactions over an open database; the other modules work within them."""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from digest.errors import OutdatedError, StoreError
from digest.records.operating import Version
from digest.store.database import engine as engines
from digest.store.database import meta, schema
from digest.store.database.engine import translated
from digest.store.database.meta import Versions
from digest.store.editions import control, editions, planning, selecting
from digest.store.intake import fetches, readings
from digest.store.mailing import bounces, dead_letters, deliveries, pacing, single_mails
from digest.store.operating import audit_log, clocks, console, monitoring, settings_changes, tokens
from digest.store.people import confirmations, records, subscribers
from digest.store.publishing import browsing, by_hand, entries, feeds, pictures, webhooks
from digest.store.upkeep import audit, backup_files, backups, renames, retention

if TYPE_CHECKING:
    from digest.store.database.postgres import Listening


class Transaction:
    """One transaction, shared by its parts: each has the queries of one subject.

    Every method may raise StoreError. Times are aware UTC.
    """

    def __init__(self, connection: Connection) -> None:
        self.readings = readings.Readings(connection)
        self.fetches = fetches.Fetches(connection)
        self.renames = renames.Renames(connection)
        self.entries = entries.Entries(connection)
        self.browsing = browsing.Browsing(connection)
        self.by_hand = by_hand.ByHand(connection)
        self.feeds = feeds.Feeds(connection)
        self.pictures = pictures.Pictures(connection)
        self.webhooks = webhooks.Webhooks(connection)
        self.editions = editions.Editions(connection)
        self.selecting = selecting.Selecting(connection)
        self.planning = planning.Planning(connection)
        self.control = control.EditionControl(connection)
        self.digest_names = renames.DigestNames(connection)
        self.subscribers = subscribers.Subscribers(connection)
        self.newcomers = records.Newcomers(connection)
        self.roster = records.Roster(connection)
        self.confirmations = confirmations.Confirmations(connection)
        self.single_mails = single_mails.SingleMails(connection)
        self.deliveries = deliveries.Deliveries(connection)
        self.retention = retention.Retention(connection)
        self.backups = backups.Backups(connection)
        self.audit = audit.Audit(connection)
        self.monitoring = monitoring.Monitoring(connection)
        self.dead_letters = dead_letters.DeadLetters(connection)
        self.doubts = dead_letters.Doubts(connection)
        self.bounces = bounces.Bounces(connection)
        self.breaker = bounces.Breaker(connection)
        self.resting = pacing.Resting(connection)
        self.pacing = pacing.Pacing(connection)
        self.alerts = monitoring.Alerts(connection)
        self.clocks = clocks.Clocks(connection)
        self.audit_log = audit_log.AuditLog(connection)
        self.tokens = tokens.Tokens(connection)
        self.console_users = console.ConsoleUsers(connection)
        self.console_sessions = console.ConsoleSessions(connection)
        self.settings = settings_changes.SettingsChanges(connection)


class Store:
    """The state, which opens transactions. Several threads may use it at once, each with its own transaction.

    Every method may raise StoreError. Messages name the store by its place. The caller must close it.
    """

    def __init__(self, engine: Engine, url: str, turn: AbstractContextManager[object]) -> None:
        self._engine, self._url, self._place, self._turn = engine, url, engines.place(url), turn
        self._listening: Listening | None = None
        self._writing = engines.writing(engine)
        self._sharing = engines.writing(engine, exclusive=False)
        self._versions = Versions(engines.file_of(engine), private=engine.dialect.name == "sqlite")

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a transaction that sees one consistent state and writes nothing."""
        with translated(self._place), self._turn, self._engine.begin() as connection:
            yield Transaction(connection)

    @contextlib.contextmanager
    def write(self, *, exclusive: bool = True) -> Iterator[Transaction]:
        """Begin a write transaction, which commits at its end, and rolls back on any exception.

        Exclusive ones take turns: what one reads does not change until it ends.
        Other transactions may run at the same time if the database can. They are for rows with one owner only: a lease
        and its outcome.
        """
        with translated(self._place), self._turn:
            with (self._writing if exclusive else self._sharing).begin() as connection:
                tx = Transaction(connection)
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
        """Like `Entries.published_state`, without a query if the database reports changes by itself."""
        known = self._listening.known if self._listening else None
        if known:
            return known
        with self.read() as tx:
            return tx.entries.published_state()

    def follow_published(self) -> None:
        """Let the database report changes from now on, if it can; otherwise each call queries it."""
        if self._listening is None and engines.is_server(self._url):
            from digest.store.database.postgres import Listening  # noqa: PLC0415 - a file needs no driver

            self._listening = Listening(self._url)

    def secret(self) -> bytes:
        """32 random bytes, created once with the store, for the tokens in links."""
        with translated(self._place), self._turn, self._engine.begin() as connection:
            return meta.secret(connection)

    def version(self) -> Version | None:
        """The present state, cheap enough for each request; None if this store cannot give it so cheaply.

        One's own commits count at once, another process's up to 0.1 s later.
        """
        return self._versions.newest()

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a fenced copy of one point in time into a new file, during reads and writes; `progress` counts pages.

        The file is complete and durable when this returns, but not verified yet.
        """
        engines.database_file(self._url)  # a server has its own means for backups, and the error says so
        with translated(str(file)), self._turn:
            backup_files.write_copy(self._engine, file, now, progress)

    def check(self) -> None:
        """Check that the schema is the newest and the database answers; raises StoreError otherwise."""
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


def open_database(url: str, wait: timedelta, *, made_at: datetime | None = None, secret: bytes | None = None) -> Store:
    """See `digest.store.open_store`; a new one dates from now, with a random secret, unless these are given."""
    file = None if engines.is_server(url) else engines.database_file(url)
    place = engines.place(url)
    # In memory there is one connection for all threads, so they take turns.
    alone = file is None and not engines.is_server(url)
    turn: AbstractContextManager[object] = threading.RLock() if alone else contextlib.nullcontext()
    with translated(place):
        engine = _engine(url, wait)
        try:
            _make_ready(engine, place, made_at or datetime.now(UTC), secret)
        except BaseException:
            engine.dispose()
            raise
    return Store(engine, url, turn)


def _engine(url: str, wait: timedelta) -> Engine:
    return engines.of_server(url, wait) if engines.is_server(url) else engines.opened(engines.database_file(url), wait)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A store to read. `own`: it is not the database itself, because there is none, or its schema is `outdated`."""

    store: Store
    own: bool = False
    outdated: str | None = None


@contextlib.contextmanager
def open_unchanged(url: str, wait: timedelta) -> Iterator[Unchanged]:
    """See `digest.store.open_unchanged`."""
    with contextlib.ExitStack() as held:
        old = _schema(url, wait)
        if old and old < schema.NEWEST:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="digest-"))
            if engines.is_server(url):
                raise OutdatedError(engines.place(url), old)
            url = _duplicate(url, wait, Path(folder) / "digest.db")
        store = open_database(url if old else "sqlite://", wait)
        held.callback(store.close)
        outdated = old if old and old < schema.NEWEST else None
        yield Unchanged(store, own=outdated is not None or not old, outdated=outdated)


def _schema(url: str, wait: timedelta) -> str | None:
    """The revision of an existing store; None if there is none yet, or only an empty database.

    Raises:
        StoreError: it is another program's database, or an older store that lacks a part.
    """
    if not is_made(url):
        return None
    with _looking(url, wait) as engine, engine.begin() as connection:
        schema.require_ours(connection, engines.place(url))
        schema.require_migratable(connection, engines.place(url))
        return schema.version(connection)


def _duplicate(url: str, wait: timedelta, file: Path) -> str:
    """Copy a store of an older schema to a file; the URL of the copy."""
    with _looking(url, wait) as engine:
        backup_files.write_duplicate(engine, file)
    return f"sqlite:///{file}"


@contextlib.contextmanager
def _looking(url: str, wait: timedelta) -> Iterator[Engine]:
    place = engines.place(url)
    with translated(place):
        engine = _engine(url, wait)
        try:
            yield engine
        finally:
            engine.dispose()


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
            backup_files.keep(engine, file.with_name(f"{file.name}.before-{old}"), datetime.now(UTC))
        schema.migrate(connection, place)
        schema.require_whole(connection, place)
        meta.make_row(connection, made_at, secret)
