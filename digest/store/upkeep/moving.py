"""Copies a store into another, empty one, and verifies the copy. Decision 215."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, text

from digest.errors import StoreError
from digest.store.database.tables import metadata
from digest.store.database.tables.operating import meta
from digest.store.publishing import searching
from digest.store.transaction import Store

_BATCH = 1_000
_EVERY = 2**256


@dataclass(slots=True)
class _Sum:
    """A checksum of a table's content, independent of the order of its rows."""

    rows: int = 0
    hash: int = 0

    def add(self, row: Row[Any]) -> None:
        self.rows += 1
        self.hash = (self.hash + int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest())) % _EVERY


def move(source: Store, target: Store, progress: Callable[[int, int, str], None]) -> int:
    """Copy every row, in one transaction of the target, and read all of them again; returns how many rows.

    `progress` receives the rows done, their total, and the name of the table.

    Raises:
        StoreError: the target is not empty, or its content differs afterwards.
    """
    with source.reading() as old, target.writing() as new:
        _require_empty(new, target.place)
        new.execute(delete(meta))
        tables = metadata.sorted_tables
        total, done = 2 * sum(_count(old, table) for table in tables), 0
        sums: dict[str, _Sum] = {}
        for table in tables:
            sums[table.name] = kept = _Sum()
            for rows in _rows(old, table):
                new.execute(insert(table), [row._asdict() for row in rows])
                for row in rows:
                    kept.add(row)
                progress(done := done + len(rows), total, table.name)
        _go_on_numbering(new, tables)
        searching.rebuild(new)
        for table in tables:
            found = _Sum()
            for rows in _rows(new, table):
                for row in rows:
                    found.add(row)
                progress(done := done + len(rows), total, table.name)
            if found != sums[table.name]:
                raise StoreError(f"{target.place}: {table.name} is not what it was; nothing is kept of it")
    target.check()
    return total // 2


def _require_empty(connection: Connection, place: str) -> None:
    full = next((table.name for table in metadata.sorted_tables if table is not meta and _count(connection, table)), "")
    if full:
        raise StoreError(f"{place}: is not empty: it holds {full} (name a new file, or an empty database)")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _rows(connection: Connection, table: Table) -> Iterable[list[Row[Any]]]:
    streamed = connection.execution_options(yield_per=_BATCH)
    with streamed.execute(select(table)) as found:
        for rows in found.partitions():
            yield list(rows)


def _go_on_numbering(connection: Connection, tables: Iterable[Table]) -> None:
    """Continue the numbering after the highest number, as SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        column = table.autoincrement_column
        if column is not None and column.server_default is None:
            highest = select(func.max(column)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(select(func.setval(sequence, func.coalesce(highest, 0) + 1, text("false"))))
