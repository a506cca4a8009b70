"""Stores how a dump last showed an entry that it no longer shows. Decision 21."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, bindparam, delete, select

from digest.changes.values import ChangeSet, Placing, Vanished
from digest.model import EntryId, Fingerprint, SourceId
from digest.store.database.statements import (
    batches,
    body_of,
    body_value,
    execute_rows,
    extras_value,
    insert_in,
    with_extras,
)
from digest.store.database.tables.publishing import departures

_REMEMBERED = timedelta(days=90)
_MOST = 1_000  # entries that may leave a dump in one reading: if a page shows something else, nothing is stored

_NAMES = ("source", "path", "entry_id", "title", "view", "complete", "revision", "body", "extras", "left_at")
_HERE = departures.c.source == bindparam("here"), departures.c.path == bindparam("there")
_FORGET = delete(departures).where(*_HERE, departures.c.left_at < bindparam("before"))
_DEPARTED = select(departures).where(*_HERE, departures.c.entry_id.in_(bindparam("entries", expanding=True)))


def depart(
    connection: Connection, source: SourceId, path: str, changes: ChangeSet, last: Sequence[Placing], now: datetime
) -> None:
    """Store how the entries that vanish from a dump were shown at its last reading, `last`."""
    gone = {change.entry for change in changes.changes if isinstance(change, Vanished)}
    if not 0 < len(gone) <= _MOST:
        return
    connection.execute(_FORGET, {"here": source, "there": path, "before": now - _REMEMBERED})
    left = {placing.entry: placing for placing in last if placing.entry in gone and placing.complete}
    rows = (
        (
            *(source, path, one.entry, one.title, one.view, one.complete, one.revision),
            body_value(one.body),
            extras_value(one.extras, one.key),
            now,
        )
        for one in left.values()
    )
    execute_rows(connection, _storing(connection.dialect.name), _NAMES, rows)


@cache
def _storing(database: str) -> Insert:
    put = insert_in(database, departures).values({name: bindparam(name) for name in _NAMES})
    told = {name: put.excluded[name] for name in _NAMES if name not in departures.primary_key}
    return put.on_conflict_do_update(index_elements=list(departures.primary_key), set_=told)


def departed(connection: Connection, source: SourceId, path: str, of: Iterable[EntryId]) -> dict[EntryId, Placing]:
    """See `Readings.departed`."""
    return {
        EntryId(row.entry_id): placing_of(row)
        for batch in batches(set(of))
        for row in connection.execute(_DEPARTED, {"here": source, "there": path, "entries": batch})
    }


def placing_of(row: Row[Any]) -> Placing:
    """The placing of a row of departures; its position and page are not stored."""
    made = Placing(
        entry=EntryId(row.entry_id),
        position=0,
        page=0,
        title=row.title,
        evidence=None,
        readers=None,
        view=Fingerprint(row.view),
        complete=row.complete,
        revision=row.revision,
        body=body_of(row),
    )
    return with_extras(made, row.extras)
