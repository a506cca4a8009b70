"""The state: tables, queries, migrations. The only home of SQLAlchemy; it decides nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from digest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from digest.records.operating import SettingsVersion
    from digest.store.transaction import Store, Unchanged

__all__ = [
    "database_file",
    "has_password",
    "installation_in",
    "is_made",
    "move_store",
    "open_scratch",
    "open_store",
    "open_unchanged",
    "place",
    "server",
    "settings_in",
]

_WAIT = timedelta(seconds=30)


def open_store(url: str, *, wait: timedelta = _WAIT) -> Store:
    """The store at `sqlite:///PATH` or `postgresql://…`, created or migrated to the newest schema as needed.

    `sqlite://` is a store in memory.

    `wait` is how long a write waits for another one. The caller must close the store.

    Raises:
        StoreError: with the place and the remedy.
    """
    from digest.store.transaction import open_database  # noqa: PLC0415 - `digest --version` does not load SQLAlchemy

    return open_database(url, wait)


def open_unchanged(url: str, *, wait: timedelta = _WAIT) -> AbstractContextManager[Unchanged]:
    """The store at a URL, to read from: neither created nor migrated.

    If there is none yet, this is an empty one in memory; if its schema is older, a migrated copy in a temporary folder.

    Raises:
        OutdatedError: the store is on a server, so it cannot be copied, and its schema is older.
        StoreError: as `open_store`.
    """
    from digest.store.transaction import open_unchanged as opened  # noqa: PLC0415 - as above

    return opened(url, wait)


def open_scratch(made_at: datetime, secret: bytes) -> Store:
    """A new store in memory without randomness: equal calls give equal stores. The caller must close it."""
    from digest.store.transaction import open_database  # noqa: PLC0415 - as above

    return open_database("sqlite://", _WAIT, made_at=made_at, secret=secret)


def installation_in(file: Path) -> dict[str, Any] | None:
    """Which installation uses a database file, read without changing it; None where the file does not say."""
    from digest.store.upkeep.backup_files import installation_in as found  # noqa: PLC0415 - as above

    return found(file)


def settings_in(file: Path) -> SettingsVersion | None:
    """The newest changes of settings in a database file, read without changing it; None where it has none."""
    from digest.store.upkeep.backup_files import settings_in as found  # noqa: PLC0415 - as above

    return found(file)


def is_made(url: str) -> bool:
    """Whether a store exists already.

    Raises:
        StoreError: as `open_store`.
    """
    from digest.store.transaction import is_made as made  # noqa: PLC0415 - as above

    return made(url)


def server(url: str) -> str | None:
    """The server of a store that several processes may share, in libpq's form; None if only one process may use it.

    Raises:
        StoreError: the URL cannot be read.
    """
    from digest.store.database import engine  # noqa: PLC0415 - as above

    if not engine.is_server(url):
        return None
    from digest.store.database.postgres import conninfo  # noqa: PLC0415 - as above

    return conninfo(url)


def move_store(source: str, target: str, progress: Callable[[int, int, str], None]) -> int:
    """Copy the store at one URL to another, which has none or an empty one, and verify it; returns how many rows.

    `progress` receives the rows done, their total, and the name of the table.

    Raises:
        StoreError: there is nothing to copy, the target is not empty, or the copy differs.
            Then the target is unchanged.
    """
    from digest.store.upkeep.moving import move  # noqa: PLC0415 - as above

    if not is_made(source):
        raise StoreError(f"{place(source)}: there is no store")
    file = None if server(target) else database_file(target)
    if file and file.is_file() and not file.stat().st_size:  # such as a lock, which SQLite takes for a new database
        raise StoreError(f"{file}: is there already, and is no database (name a new file)")
    old = open_store(source)
    try:
        new = open_store(target)
        try:
            return move(old, new, progress)
        finally:
            new.close()
    finally:
        old.close()


def has_password(url: str) -> bool:
    """Whether a URL contains a password.

    Raises:
        StoreError: the URL cannot be read.
    """
    from digest.store.database.engine import has_password as holds  # noqa: PLC0415 - as above

    return holds(url)


def place(url: str) -> str:
    """The name of a store in messages: without user and password."""
    from digest.store.database.engine import place as named  # noqa: PLC0415 - as above

    return named(url)


def database_file(url: str) -> Path | None:
    """The file of a store; None for one in memory.

    Raises:
        StoreError: the URL names another kind of database.
    """
    from digest.store.database.engine import database_file as named  # noqa: PLC0415 - as above

    return named(url)
