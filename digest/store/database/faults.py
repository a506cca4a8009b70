"""Turns database errors into a StoreError with the place and the remedy; the only place that reads error codes."""

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from digest.errors import RowError, StoreError

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
