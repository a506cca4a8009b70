"""The state: tables, queries, migrations. The only home of SQLAlchemy; knows no rules."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from digest.store.transaction import SqlStore

__all__ = ["database_file", "open_scratch", "open_store"]

_WAIT = timedelta(seconds=30)


def open_store(url: str, *, wait: timedelta = _WAIT) -> SqlStore:
    """The store at `sqlite:///PATH`, made or brought to the newest schema as needed, or one in memory at `sqlite://`.

    `wait` is how long a write waits for another one. Whoever opens it closes it.

    Raises:
        StoreError: naming the file and the remedy.
    """
    from digest.store.transaction import open_database  # noqa: PLC0415 - `digest --version` does not pay for SQLAlchemy

    return open_database(url, wait)


def open_scratch(made_at: datetime, secret: bytes) -> SqlStore:
    """A new store in memory in which nothing is random: equal calls give equal ones. Whoever opens it closes it."""
    from digest.store.transaction import open_database  # noqa: PLC0415 - as above

    return open_database("sqlite://", _WAIT, made_at=made_at, secret=secret)


def database_file(url: str) -> Path | None:
    """The file of a store, None for one in memory.

    Raises:
        StoreError: the URL names another kind of database.
    """
    from digest.store.engine import database_file as named  # noqa: PLC0415 - as above

    return named(url)
