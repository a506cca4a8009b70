"""The content of a database file in a form that two runs share: without times, chance and inodes."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from digest.store.database.tables import metadata
from digest.store.database.tables.columns import UtcTime
from digest.store.transaction import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from digest.store.transaction import Transaction

_NOTHING = ""  # the state of a store that was not made yet
_OF_CHANCE = {("meta", "secret"), ("meta", "installation"), ("deliveries", "message_id"), ("dumps", "stamp")}
_OF_RUNS = {"audit_log"}  # how often a command was run, which an interrupted one that is run again differs in


@contextlib.contextmanager
def copied(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy of a database as it lies there, so that looking recovers nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        for suffix in ("", "-wal", "-journal"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            yield connection


def state_of(file: Path) -> str:
    """Every row of every table but the audit log, sorted, of a database proven to be whole."""
    if not file.exists():
        return _NOTHING
    with copied(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not present:
            return _NOTHING
        connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
        shared = sorted(set(metadata.tables) - _OF_RUNS)
        return "\n".join(line for name in shared for line in _lines(connection, name))


def missing(wanted: str, there: str) -> int:
    """How many rows of a state another one lacks."""
    return len(set(wanted.splitlines()) - set(there.splitlines()))


def _lines(connection: sqlite3.Connection, name: str) -> list[str]:
    columns = list(metadata.tables[name].columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    rows = connection.execute(f'SELECT {names} FROM "{name}"')  # noqa: S608 - names of our own tables

    def shown(value: object, place: int) -> object:
        chance = isinstance(columns[place].type, UtcTime) or (name, columns[place].name) in _OF_CHANCE
        if chance and value is not None:
            return "*"
        return value.hex() if isinstance(value, bytes) else value

    return sorted(
        json.dumps([name, *(shown(value, place) for place, value in enumerate(row))], ensure_ascii=False)
        for row in rows
    )


def watch_commits(monkeypatch: pytest.MonkeyPatch, file: Path) -> list[str]:
    """The states that lie between transactions, filled while a command runs in this process."""
    seen = [state_of(file)]
    write = Store.write

    @contextlib.contextmanager
    def watched(store: Store, *, exclusive: bool = True) -> Iterator[Transaction]:
        seen.append(state_of(file))
        with write(store, exclusive=exclusive) as tx:
            yield tx
        seen.append(state_of(file))

    monkeypatch.setattr(Store, "write", watched)
    return seen
