"""Statements that several subjects need: batches for IN, inserts with conflicts, columns of a date.

Decisions 55 and 205.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from digest.changes.values import Body, Placing, Printed
from digest.model import (
    NO_EXTRAS,
    Content,
    DateEvidence,
    DateKind,
    EntryDate,
    EntryId,
    Extras,
    Fingerprint,
    PrintedDate,
)

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql  # a store in a file does not load it

BATCH = 500  # well under the limit of parameters of every database
_ROWS = 2_000  # rows that are in memory twice while the driver receives them
_T = TypeVar("_T")
_KINDS = {kind.value: kind for kind in DateKind}  # by value: calling the enumeration takes ten times as long
EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before any time of ours: `> EVER` asks an index for what is not NULL
DATE = ("date_kind", "date_month", "date_day", "date_full", "date_part")
CONTENT = ("title", "author", "paragraphs", "figures", "complete", "extras")


def batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    """The values in lists that are short enough for one IN."""
    rest = iter(values)
    while batch := list(islice(rest, BATCH)):
        yield batch


def fetched(result: sa.Result[*tuple[Any, ...]]) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The rows of a result, fetched by the thousand: one by one, each costs twice as much."""
    for rows in result.partitions(1000):
        yield from rows


def insert(connection: sa.Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT with ON CONFLICT, in the dialect of this database."""
    return insert_in(connection.dialect.name, table)


def insert_in(database: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """The same for a database of this name, for callers that cache it."""
    if database == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - with a file it is not loaded

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert many rows, given as tuples of these columns."""
    execute_rows(connection, _inserting(table, tuple(names)), names, rows)


@lru_cache(maxsize=64)
def _inserting(table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    return table.insert().values({name: sa.bindparam(name) for name in names})


def execute_rows(
    connection: sa.Connection, statement: sa.Insert | sa.Update, names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Execute a statement for many rows, given as tuples of the parameters of these names, in parts.

    The values are converted here, equal ones once, and passed to the driver together: through the statement, a row
    costs five times as much. The statement should be reused: it is compiled once for each database.
    """
    sql, order, ready, _ = _prepared(statement, connection.dialect)
    makers = {name: make if apart else _Known(make) for name, (make, apart) in ready.items()}
    rest = iter(rows)
    while part := list(islice(rest, _ROWS)):
        values: dict[str, Iterable[Any]] = dict(zip(names, zip(*part, strict=True), strict=True))
        for name, make in makers.items():
            values[name] = map(make, values[name])
        if order:
            connection.exec_driver_sql(sql, list(zip(*(values[name] for name in order), strict=True)))
        else:
            named = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
            connection.exec_driver_sql(sql, named)


class _Prepared(NamedTuple):
    """A statement in the form that a database takes.

    `order` is the order of the parameters if the driver identifies them by position. `ready` converts the values of
    some parameters, each time if equal ones cannot be recognized. `constants` are its own parameters.
    """

    sql: str
    order: list[str] | None
    ready: Mapping[str, tuple[Callable[[Any], Any], bool]]
    constants: Mapping[str, Any]


@lru_cache(maxsize=256)
def _prepared(statement: sa.Select[Any] | sa.UpdateBase, dialect: sa.Dialect) -> _Prepared:
    """Cached: for a few rows, creating it takes longer than running it."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - no statement compiles to anything else
    makers = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    ready = {name: (make, isinstance(compiled.binds[name].type, sa.JSON)) for name, make in makers.items() if make}
    own = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
    constants = {name: ready[name][0](value) if name in ready else value for name, value in own.items()}
    return _Prepared(compiled.string, compiled.positiontup, ready, constants)


class _Known(dict[Any, Any]):
    """Converts each value once."""

    def __init__(self, ready: Callable[[Any], Any]) -> None:
        super().__init__()
        self._ready = ready

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - any value of a column
        if value not in self:
            self[value] = self._ready(value)
        return self[value]


def execute_ready(
    connection: sa.Connection, statement: sa.Select[Any] | sa.UpdateBase, *rows: Mapping[str, Any]
) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement that is the same object each time, once for each row of its few parameters.

    Its text is made once and passed to the driver: SQLAlchemy compares it with known statements each time, which takes
    five times as long as SQLite does. A value is converted by its parameter's type, a result is not.
    """
    sql, order, ready, constants = _prepared(statement, connection.dialect)
    given: list[Any] = []
    for row in rows:
        values = dict(constants)
        values.update({name: ready[name][0](value) if name in ready else value for name, value in row.items()})
        given.append(tuple([values[name] for name in order]) if order else values)
    return connection.exec_driver_sql(sql, given if len(given) > 1 else given[0])


def date_values(date: EntryDate | None) -> tuple[object, ...]:
    """The stored values of a date in entries and revisions, for the columns `DATE`."""
    if date is None:
        return None, None, None, None, None
    if date.day is None:
        return None, None, None, None, _part_value(date)
    return date.kind.value, date.month, date.day, date.full, None


def _part_value(date: EntryDate) -> str:
    """The stored form of a date without a day; sorted as text, later ones are behind."""
    month = "" if date.month is None else f"-{date.month:02}"
    return f"-{month}" if date.year is None else f"{date.year:04}{month}"


def _part_of(stored: str) -> EntryDate:
    year, _, month = ("", "", stored[2:]) if stored.startswith("--") else stored.partition("-")
    return EntryDate(int(month) if month else None, None, int(year) if year else None, DateKind.PARTIAL)


def date_columns(date: EntryDate | None) -> dict[str, object]:
    """The same values by name."""
    return dict(zip(DATE, date_values(date), strict=True))


def date_of(row: sa.Row[*tuple[Any, ...]]) -> EntryDate | None:
    """The date in a row of entries or revisions."""
    if row.date_kind is None:
        return _part_of(row.date_part) if row.date_part else None
    year = row.date_full.year if row.date_full else None
    return EntryDate(row.date_month, row.date_day, year, _KINDS[row.date_kind])


def printed_value(printed: Printed) -> dict[str, object] | None:
    """The stored form of the pages' values of fields that an operator edited; None without any."""
    made: dict[str, object] = {}
    if printed.title is not None:
        made["title"] = printed.title
    if printed.author is not None:
        made["author"] = printed.author[0]
    if printed.date is not None:
        date = printed.date[0]
        made["date"] = (date.kind.value, date.month, date.day, date.year) if date else None
    return made or None


def printed_of(row: sa.Row[*tuple[Any, ...]]) -> Printed:
    """The same values, from a row of revisions."""
    stored = row.printed
    if not stored:
        return Printed()
    date = stored.get("date")
    return Printed(
        stored.get("title"),
        (stored["author"],) if "author" in stored else None,
        (EntryDate(date[1], date[2], date[3], _KINDS[date[0]]) if date else None,) if "date" in stored else None,
    )


def body_value(body: Body | None) -> tuple[object, ...] | None:
    """The stored form of a text that a dump showed and no revision has."""
    return (body.paragraphs, body.figures) if body else None


def body_of(row: sa.Row[*tuple[Any, ...]]) -> Body | None:
    """That text, from a row of placings or departures."""
    return Body(tuple(row.body[0]), tuple(row.body[1])) if row.body else None


def content_values(content: Content) -> tuple[object, ...]:
    """The stored values of a content in revisions, for the columns `CONTENT`."""
    texts = list(content.paragraphs), list(content.figures)
    return content.title, content.author, *texts, content.complete, extras_value(content.extras)


def content_of(row: sa.Row[*tuple[Any, ...]]) -> Content:
    """The content in a row of revisions."""
    texts = tuple(row.paragraphs), tuple(row.figures)
    return Content(row.title, row.author, *texts, row.complete, extras_of(row.extras))


def extras_value(extras: Extras, key: str = "") -> str | None:
    """The stored form of extras, and of the key of a line without a title; None if there is nothing. Decision 288."""
    if extras is NO_EXTRAS and not key:
        return None
    made: dict[str, object] = {
        "key": key,
        "printed": extras.printed,
        "counts": extras.counts,
        "tags": extras.tags,
        "link": extras.link,
        "fields": extras.fields,
        "uid": extras.uid,
        "updated": extras.updated,
        "kinds": extras.kinds,
        "links": extras.links,
    }
    present = {name: value for name, value in made.items() if value}
    return json.dumps(present, ensure_ascii=False) if present else None


def extras_of(stored: str | None) -> Extras:
    """The same extras; `NO_EXTRAS` itself if there are none."""
    return extras_and_key(stored)[0] if stored else NO_EXTRAS


def extras_and_key(stored: str) -> tuple[Extras, str]:
    """The extras and the key of a line, as a placing has them."""
    read: dict[str, Any] = json.loads(stored)
    key = read.pop("key", "")
    if not read:
        return NO_EXTRAS, key
    printed, updated = read.get("printed"), read.get("updated")
    extras = Extras(
        PrintedDate(*printed) if printed else None,
        tuple((name, number) for name, number in read.get("counts", ())),
        tuple(read.get("tags", ())),
        read.get("link"),
        tuple((name, text) for name, text in read.get("fields", ())),
        read.get("uid", ""),
        PrintedDate(*updated) if updated else None,
        read.get("kinds", ""),
        tuple((text, url, before) for text, url, before in read.get("links", ())),
    )
    return extras, key


def placing_of(row: sa.Row[*tuple[Any, ...]]) -> Placing:
    """The placing in a row of placings."""
    made = Placing(
        entry=EntryId(row.entry_id),
        position=row.position,
        page=row.page,
        title=row.title,
        evidence=None if row.month is None else DateEvidence(row.month, row.day, row.year),
        readers=row.readers,
        view=Fingerprint(row.view),
        complete=row.complete,
        because=row.because,
        revision=row.revision,
        body=body_of(row),
    )
    return with_extras(made, row.extras)


def with_extras(placing: Placing, stored: str | None) -> Placing:
    """The placing with the extras of its row; nearly all have none."""
    if not stored:
        return placing
    extras, key = extras_and_key(stored)
    return replace(placing, extras=extras, key=key)
