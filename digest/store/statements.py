"""Statements that more than one subject needs: batches of an IN, inserts that meet a row, columns of a date."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import JSON, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from digest.model import Content, DateKind, EntryDate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import (
        Column,
        Connection,
        CursorResult,
        Dialect,
        Insert,
        Result,
        Row,
        Select,
        Table,
        Update,
        UpdateBase,
    )
    from sqlalchemy.dialects import postgresql

_BATCH = 500  # well under the number of parameters that any database takes
_T = TypeVar("_T")
DATE = ("date_kind", "date_month", "date_day", "date_full")
CONTENT = ("title", "author", "paragraphs", "figures", "complete")


def batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    """The values in lists short enough for one IN."""
    rest = iter(values)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def fetched(result: Result[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    """The rows of a result, by the thousand: one by one, each costs twice as much."""
    for rows in result.partitions(1000):
        yield from rows


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do ON CONFLICT, in the words of this database."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - who has a file does not pay for it

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows, given as tuples of these columns."""
    if rows:
        compiled = _inserting(table, tuple(names), connection.dialect)
        _execute(connection, compiled, {name: table.c[name] for name in names}, rows)


@lru_cache(maxsize=64)
def _inserting(table: Table, names: tuple[str, ...], dialect: Dialect) -> SQLCompiler:
    """Made once: for a few rows, to make it takes longer than to run it."""
    return _compiled(table.insert().values({name: bindparam(name) for name in names}), dialect)


def _compiled(statement: Select[Any] | UpdateBase, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what else an INSERT becomes
    return compiled


def execute_rows(
    connection: Connection,
    statement: Insert | Update,
    parameters: Mapping[str, Column[Any]],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Execute a statement for many rows, given as tuples of its parameters; each is made ready as its column's.

    The values are made ready here, equal ones once, and handed to the driver together: through the statement, a row
    costs five times as much.
    """
    if rows:
        _execute(connection, _compiled(statement, connection.dialect), parameters, rows)


def _execute(
    connection: Connection,
    compiled: SQLCompiler,
    parameters: Mapping[str, Column[Any]],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    dialect = connection.dialect
    values: dict[str, Iterable[Any]] = dict(zip(parameters, zip(*rows, strict=True), strict=True))
    for name, column in parameters.items():
        ready = column.type.dialect_impl(dialect).bind_processor(dialect)
        if ready:
            values[name] = map(ready if isinstance(column.type, JSON) else _Known(ready), values[name])
    if compiled.positiontup:
        ordered = zip(*(values[name] for name in compiled.positiontup), strict=True)
        connection.exec_driver_sql(compiled.string, list(ordered))
    else:
        named = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
        connection.exec_driver_sql(compiled.string, named)


class _Known(dict[Any, Any]):
    """Makes each value ready once."""

    def __init__(self, ready: Callable[[Any], Any]) -> None:
        super().__init__()
        self._ready = ready

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - whatever a column takes
        if value not in self:
            self[value] = self._ready(value)
        return self[value]


def execute_ready(
    connection: Connection, statement: Select[Any] | UpdateBase, *rows: Mapping[str, Any]
) -> CursorResult[*tuple[Any, ...]]:
    """Execute a statement that is the same object each time, once for each row of its parameters.

    Its text is made once and handed to the driver: SQLAlchemy compares it with those that it knows each time, which
    takes five times as long as SQLite does. A value is made ready as its parameter's type, a result is not.
    """
    text, order, makers, constants = _made_ready(statement, connection.dialect)
    ready: list[Any] = []
    for row in rows:
        given = {name: make(value) if (make := makers.get(name)) else value for name, value in row.items()}
        values = {**constants, **given}
        ready.append(tuple([values[name] for name in order]) if order else values)
    return connection.exec_driver_sql(text, ready if len(ready) > 1 else ready[0])


@lru_cache(maxsize=256)
def _made_ready(
    statement: Select[Any] | UpdateBase, dialect: Dialect
) -> tuple[str, list[str] | None, dict[str, Callable[[Any], Any] | None], dict[str, Any]]:
    """The text, the order of its parameters if they have no names in it, what makes each ready, and those within it."""
    compiled = _compiled(statement, dialect)
    makers: dict[str, Callable[[Any], Any] | None] = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
    }
    constants = {name: make(value) if (make := makers[name]) else value for name, value in compiled.params.items()}
    return compiled.string, compiled.positiontup, makers, constants


def date_values(date: EntryDate | None) -> tuple[object, ...]:
    """What is stored of a date in entries and revisions, in the columns `DATE`."""
    return (date.kind.value, date.month, date.day, date.full) if date else (None, None, None, None)


def date_columns(date: EntryDate | None) -> dict[str, object]:
    """The same by name."""
    return dict(zip(DATE, date_values(date), strict=True))


def date_of(row: Row[*tuple[Any, ...]]) -> EntryDate | None:
    """The date of a row of entries or revisions."""
    if row.date_kind is None:
        return None
    year = row.date_full.year if row.date_full else None
    return EntryDate(row.date_month, row.date_day, year, DateKind(row.date_kind))


def content_values(content: Content) -> tuple[object, ...]:
    """What is stored of a content in revisions, in the columns `CONTENT`."""
    return content.title, content.author, list(content.paragraphs), list(content.figures), content.complete


def content_of(row: Row[*tuple[Any, ...]]) -> Content:
    """The content of a row of revisions."""
    return Content(row.title, row.author, tuple(row.paragraphs), tuple(row.figures), row.complete)
