"""Opens a database with the options that the store needs, and turns its errors into a StoreError with place and remedy.

Decisions 185, 186 and 207.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from digest.errors import RowError, StoreError
from digest.files import FILE_MODE, make_folder

_FILE = "sqlite:///"
_SERVER = ("postgresql://", "postgres://", "postgresql+psycopg://")
_IN_MEMORY = {"sqlite://", "sqlite:///:memory:"}
_PAUSE_SECONDS = 0.01

# Source: https://sqlite.org/pragma.html. `secure_delete` overwrites deleted data with zeros, so that an erased address
# is gone.
_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_CACHE, _LARGE_CACHE = -2_000, -32_000  # KiB of cached pages per connection: SQLite's default, and for a while


def is_server(url: str) -> bool:
    """Whether a URL names a PostgreSQL server."""
    return url.startswith(_SERVER)


def place(url: str) -> str:
    """The name of a database in messages, without user and password.

    Raises:
        StoreError: the URL names no database.
    """
    if is_server(url):
        from digest.store.database import postgres  # noqa: PLC0415 - with a file the driver is not loaded

        return postgres.place(url)
    return str(database_file(url) or "the store in memory")


def has_password(url: str) -> bool:
    """Whether a server's URL contains a password.

    Raises:
        StoreError: the URL cannot be read.
    """
    if not is_server(url):
        return False
    from digest.store.database import postgres  # noqa: PLC0415 - as above

    return postgres.has_password(url)


def of_server(url: str, wait: timedelta) -> Engine:
    """The engine of a PostgreSQL database; `wait` is how long a write waits for another one."""
    from digest.store.database import postgres  # noqa: PLC0415 - as above

    return postgres.opened(url, wait)


def database_file(url: str) -> Path | None:
    """The file that a URL names; None for a store in memory.

    Raises:
        StoreError: it names another kind of database.
    """
    if url in _IN_MEMORY:
        return None
    if is_server(url):
        raise StoreError(f"{place(url)}: is on a server, and this is for a file (back it up there, such as by pg_dump)")
    if not url.startswith(_FILE) or url == _FILE:
        kind = url.partition(":")[0]
        raise StoreError(
            f"database_url: {kind!r} is no database known here (write sqlite:///PATH or postgresql://USER@HOST/NAME)"
        )
    return Path(url.removeprefix(_FILE))


def opened(file: Path | None, wait: timedelta) -> Engine:
    """The engine of a file, which is created with its folder if absent; or of one shared connection in memory.

    A transaction of `writing(engine)` takes the exclusive write lock when it begins; any other one may not write.
    `wait` is how long it waits for that lock.

    Raises:
        StoreError: the file or its folder cannot be created.
    """
    connect_args = {"check_same_thread": False, "timeout": wait.total_seconds()}
    serializer = json.JSONEncoder(ensure_ascii=False).encode  # one encoder: `dumps` would create one for each value
    if file is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=connect_args, json_serializer=serializer)
        _listen(engine)
        return engine
    _make(file)
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        poolclass=QueuePool,
        max_overflow=-1,  # as many read connections as there are threads
        connect_args=connect_args,
        json_serializer=serializer,
    )
    _listen(engine)
    _use_wal(engine, wait)
    return engine


def file_of(engine: Engine) -> Path | None:
    """The file of an engine, None for one in memory or on a server."""
    here = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(here) if here else None


def _use_wal(engine: Engine, wait: timedelta) -> None:
    """Change the journal mode, permanently. Waits while others have the file open: SQLite refuses at once."""
    end = time.monotonic() + wait.total_seconds()
    while True:
        try:
            return _outside_transactions(engine, "PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE_SECONDS)


def writing(engine: Engine, *, exclusive: bool = True) -> Engine:
    """The same engine with transactions that write: exclusive ones in turn; in a file, all are exclusive."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(writes=True)
    from digest.store.database import postgres  # noqa: PLC0415 - as above

    return postgres.writing(engine, exclusive=exclusive)


def forget_deleted(engine: Engine) -> None:
    """Empty the write-ahead log, which still contains deleted data; later, if a read transaction needs it now.

    A server vacuums by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    with contextlib.suppress(sqlite3.Error):
        _outside_transactions(engine, "PRAGMA wal_checkpoint(TRUNCATE)")


def _make(file: Path) -> None:
    try:
        if not file.exists():
            make_folder(file.parent)
            file.touch(mode=FILE_MODE)  # it contains addresses and the secret of the links
    except OSError as error:
        problem = f"{file}: cannot be opened: {error.strerror}"
        raise StoreError(f"{problem} (check that its folder exists and may be written)") from error


def make_room(connection: Connection) -> None:
    """Let the transaction cache the pages that it reads in random order; the memory is freed with the connection."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = {_LARGE_CACHE}")
        connection.info["roomy"] = True


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _give_back)


def _give_back(connection: sqlite3.Connection | None, record: ConnectionPoolEntry) -> None:
    if record.info.pop("roomy", False) and connection:
        connection.execute(f"PRAGMA cache_size = {_CACHE}")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we send BEGIN, not the driver
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("writes"))
    if connection.info.get("writes") is not writes:  # the pragma makes SQLite compile each of its statements again
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.info["writes"] = writes
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _outside_transactions(engine: Engine, statement: str) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute(statement).close()
    finally:
        connection.close()


# By the names of SQLite's primary result codes. Source: https://sqlite.org/rescode.html
_FAULTS = {
    "SQLITE_BUSY": ("is in use by another program that does not let go", "wait for it to end and try again"),
    "SQLITE_LOCKED": ("is in use by another program that does not let go", "wait for it to end and try again"),
    "SQLITE_IOERR_SHMSIZE": ("the disk is full; there is no room to open it", "free some space and try again"),
    "SQLITE_FULL": ("the disk is full; nothing of this step was stored", "free some space and try again"),
    "SQLITE_NOTADB": ("is not a database", "move it away, or set another data_dir"),
    "SQLITE_CORRUPT": ("is damaged", "put a backup in its place"),
    "SQLITE_READONLY": ("cannot be written", "check the permissions of the file and its folder"),
    "SQLITE_CANTOPEN": ("cannot be opened", "check that its folder exists and may be written"),
    "SQLITE_PERM": ("cannot be opened", "check the permissions of the file and its folder"),
    "SQLITE_IOERR": ("the disk does not answer properly", "check the disk and its file system"),
}

_OF_ROWS = (sqlite3.IntegrityError, sqlite3.DataError)

# By the first characters of PostgreSQL's states, longer prefixes first.
_BUSY = ("is in use by another program that does not let go", "wait for it to end and try again")
_AWAY = ("the server does not answer", "check that it runs; lost connections are made anew by themselves")
_STATES = {
    "25006": ("cannot be written", "name the server that takes writes, and a user who may write"),
    "28": ("the server refuses user or password", "check database_url"),
    "3D000": ("there is no such database", "make it: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"),
    "40": _BUSY,
    "42501": ("the user may not do this", "make the user the owner of the database"),
    "53100": ("the disk of the server is full; nothing of this step was stored", "free some space and try again"),
    "53300": ("the server takes no more connections", "raise max_connections, or run fewer processes"),
    "55P03": _BUSY,
    "57014": _BUSY,
    "57": _AWAY,
    "08": _AWAY,
    "XX": ("is damaged", "put a backup in its place"),
}


@contextlib.contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise StoreError for any database error in this context, or a RowError if it is about a row."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise store_error(place, error) from error


def store_error(place: str, error: Exception) -> StoreError:
    """The same error in one line that says what to do."""
    original = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(original, "sqlite_errorname", "")
    for code, (problem, remedy) in _FAULTS.items():
        if name == code or name.startswith(f"{code}_"):
            return StoreError(f"{place}: {problem} ({remedy})")
    if isinstance(error, PoolTimeout):
        return StoreError(f"{place}: {_BUSY[0]} ({_BUSY[1]})")
    state = getattr(original, "sqlstate", None)
    for start, (problem, remedy) in _STATES.items():
        if state and state.startswith(start):
            return StoreError(f"{place}: {problem} ({remedy})")
    said = (str(original).splitlines() or [type(original).__name__])[0]
    if state is None and isinstance(error, OperationalError):
        return StoreError(f"{place}: {_AWAY[0]}: {said} (check that it runs, and database_url)")
    kind = RowError if isinstance(error, (IntegrityError, DataError, *_OF_ROWS)) else StoreError
    return kind(f"{place}: {said}")
