"""Statements that more than one subject needs: batches of an IN, inserts that meet a row, columns of a date."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite

from digest.model import Content, DateKind, EntryDate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row, Table

_BATCH = 500  # well under the number of parameters that any database takes
_T = TypeVar("_T")
DATE = ("date_kind", "date_month", "date_day", "date_full")
CONTENT = ("title", "author", "paragraphs", "figures", "complete")


def batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    """The values in lists short enough for one IN."""
    rest = iter(values)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do ON CONFLICT, in the words of this database."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows, given as tuples of these columns.

    The values are made ready here and handed to the driver at once: through the statement, a row costs five times as
    much. Equal ones are made ready once.
    """
    if not rows:
        return
    dialect = connection.dialect
    compiled = table.insert().values({name: bindparam(name) for name in names}).compile(dialect=dialect)
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for at, name in enumerate(names):
        ready = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if ready:
            columns[at] = _made_ready(columns[at], ready)
    order = compiled.positiontup
    made = dict(zip(names, columns, strict=True))
    if order:
        connection.exec_driver_sql(compiled.string, list(zip(*(made[name] for name in order), strict=True)))
    else:
        named = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        connection.exec_driver_sql(compiled.string, named)


def _made_ready(values: Iterable[Any], ready: Callable[[Any], Any]) -> Iterator[Any]:
    known: dict[Any, Any] = {}
    for value in values:
        try:
            yield known[value]
        except KeyError:
            known[value] = made = ready(value)
            yield made
        except TypeError:  # a list
            yield ready(value)


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
