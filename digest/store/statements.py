"""Statements that more than one subject needs: batches of an IN, inserts that meet a row, columns of a date."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite

from digest.model import Content, DateKind, EntryDate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Row, Table

_BATCH = 500  # well under the number of parameters that any database takes
_T = TypeVar("_T")


def batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    """The values in lists short enough for one IN."""
    rest = iter(values)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what to do ON CONFLICT, in the words of this database."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def date_columns(date: EntryDate | None) -> dict[str, object]:
    """What is stored of a date in entries and revisions."""
    if date is None:
        return {"date_kind": None, "date_month": None, "date_day": None, "date_full": None}
    return {"date_kind": date.kind, "date_month": date.month, "date_day": date.day, "date_full": date.full}


def date_of(row: Row[*tuple[Any, ...]]) -> EntryDate | None:
    """The date of a row of entries or revisions."""
    if row.date_kind is None:
        return None
    year = row.date_full.year if row.date_full else None
    return EntryDate(row.date_month, row.date_day, year, DateKind(row.date_kind))


def content_columns(content: Content) -> dict[str, object]:
    """What is stored of a content in revisions."""
    return {
        "title": content.title,
        "author": content.author,
        "paragraphs": list(content.paragraphs),
        "figures": list(content.figures),
        "complete": content.complete,
    }


def content_of(row: Row[*tuple[Any, ...]]) -> Content:
    """The content of a row of revisions."""
    return Content(row.title, row.author, tuple(row.paragraphs), tuple(row.figures), row.complete)
