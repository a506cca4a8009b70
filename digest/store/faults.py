"""Turns what a database raises into a StoreError with the place and the remedy; the only reader of error codes."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from digest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextlib.contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise StoreError for whatever the database raises within."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise store_error(place, error) from error


def store_error(place: str, error: Exception) -> StoreError:
    """The same failure in one line that says what to do."""
    original = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(original, "sqlite_errorname", "")
    for code, (problem, remedy) in _FAULTS.items():
        if name == code or name.startswith(f"{code}_"):
            return StoreError(f"{place}: {problem} ({remedy})")
    return StoreError(f"{place}: {str(original).splitlines()[0]}")
