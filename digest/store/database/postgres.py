"""Opens a PostgreSQL database with the options that the store needs.

A read transaction sees one state of the database. Exclusive write transactions take turns by an advisory lock, so what
they read does not change either. The others (drains) lock the rows that they change. Decisions 192 and 193.
"""

import json
import threading
from collections.abc import MutableSequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumper
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import QueuePool

from digest.errors import StoreError
from digest.store.database.meta import CHANNEL

TURN = 0x646967657374  # the advisory lock of exclusive writers: "digest"
_CONNECTIONS, _CONNECT_SECONDS = 20, 10
_ALIVE_SECONDS, _CLOSING_SECONDS, _AGAIN_SECONDS = 5.0, 0.5, 1.0
_STATE = "SELECT published, published_at FROM meta"

# Source: https://www.postgresql.org/docs/current/runtime-config-client.html. A client that vanishes loses its lock
# soon; committed data is on the disk, whatever the server's default.
_SESSION = """
SELECT set_config('lock_timeout', %s, false), set_config('timezone', 'UTC', false),
       set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('idle_in_transaction_session_timeout', '900000', false),
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false)
"""


class _Text(StrDumper):
    """Text without NUL, which this database cannot store; in a query, NUL makes a word that equals nothing."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\ufffd"))


def conninfo(url: str) -> str:
    """The URL in libpq's form.

    Raises:
        StoreError: it cannot be parsed; the error does not show its password.
    """
    plain = "postgresql://" + url.partition("://")[2]
    try:
        parts = conninfo_to_dict(plain)
        readable = all(port.isdigit() for port in str(parts.get("port") or "5432").split(","))
    except psycopg.Error:
        readable = False
    if not readable:
        raise StoreError(
            "database_url: cannot be read (write postgresql://USER:PASSWORD@HOST/NAME, with %XX for what is not a "
            "letter or digit in the password)"
        )
    return plain


def has_password(url: str) -> bool:
    """Whether the URL contains a password, of the user or of a key for TLS."""
    return bool({"password", "sslpassword"} & set(conninfo_to_dict(conninfo(url))))


def place(url: str) -> str:
    """The name of the database in messages: without user and password."""
    parts = conninfo_to_dict(conninfo(url))
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


def opened(url: str, wait: timedelta) -> Engine:
    """The engine of a database; lost connections are replaced. `wait`: how long to wait for a lock.

    A transaction of this engine may only read; one of `writing(engine)` writes.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=_CONNECTIONS - 5,
        pool_timeout=max(wait.total_seconds(), 1),
        pool_pre_ping=True,
        json_serializer=json.JSONEncoder(ensure_ascii=False).encode,
    )
    target, patience = conninfo(url), str(max(1, int(wait.total_seconds() * 1000)))

    def connect(dialect: Dialect, _record: object, _args: MutableSequence[Any], options: dict[str, Any]) -> object:
        made = dialect.loaded_dbapi.connect(target, **defaults(target), **options)
        made.adapters.register_dumper(str, _Text)
        made.execute(_SESSION, (patience,))
        made.commit()
        return made

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine, *, exclusive: bool) -> Engine:
    """The same engine with transactions that write; exclusive ones take turns."""
    return engine.execution_options(writes=True, takes_turn=exclusive)


def defaults(target: str) -> dict[str, Any]:
    """Options of a connection, unless the URL sets them itself."""
    given = conninfo_to_dict(target)
    wanted = {"connect_timeout": _CONNECT_SECONDS, "application_name": "digest", "client_encoding": "UTF8"}
    return {name: value for name, value in wanted.items() if name not in given}


def _begin(connection: Connection) -> None:
    """Set the mode of the transaction. The driver begins it with the first statement, so this costs no round trip.

    A writer sees at each statement what is committed: after waiting for its turn, it must not see an older state.
    """
    options, driver = connection.get_execution_options(), connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - there is no other driver here
    writes = bool(options.get("writes"))
    driver.read_only = not writes
    driver.isolation_level = IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
    if options.get("takes_turn"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")


class Listening:
    """The published state, kept current by LISTEN in a thread of its own, so that a request needs no query.

    Decision 220.
    """

    def __init__(self, url: str) -> None:
        self._target = conninfo(url)
        self._known: tuple[int, datetime] | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)
        self._thread.start()

    @property
    def known(self) -> tuple[int, datetime] | None:
        """The newest state; None while the server does not answer, and the caller must query it."""
        return self._known

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with psycopg.connect(self._target, autocommit=True, **defaults(self._target)) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    while not self._closed.is_set():
                        self._known = connection.execute(_STATE).fetchone()
                        self._wait(connection)
            except psycopg.Error:
                self._known = None
                self._closed.wait(_AGAIN_SECONDS)
        self._known = None

    def _wait(self, connection: psycopg.Connection[Any]) -> None:
        """Wait for a notification, or long enough to check that the server is still there."""
        for _ in range(int(_ALIVE_SECONDS / _CLOSING_SECONDS)):
            if self._closed.is_set() or list(connection.notifies(timeout=_CLOSING_SECONDS, stop_after=1)):
                return
