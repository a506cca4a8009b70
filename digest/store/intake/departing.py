"""Stores how a dump last showed an entry that it no longer shows. Decision 21."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, Table, bindparam, delete, or_, select

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
from digest.store.database.statements import placing_of as standing_of
from digest.store.database.tables.publishing import departures, placings

_REMEMBERED = timedelta(days=90)
_MOST = 1_000  # entries that may leave a dump in one reading: if a page shows something else, nothing is stored

_NAMES = ("source", "path", "entry_id", "title", "view", "complete", "revision", "body", "extras", "left_at")
_HERE = departures.c.source == bindparam("here"), departures.c.path == bindparam("there")
_FORGET = delete(departures).where(*_HERE, departures.c.left_at < bindparam("before"))
_DEPARTED = select(departures).where(*_HERE, departures.c.entry_id.in_(bindparam("entries", expanding=True)))


def _elsewhere(table: Table) -> Select[Any]:
    other = or_(table.c.source != bindparam("here"), table.c.path != bindparam("there"))
    return select(table).where(table.c.entry_id.in_(bindparam("entries", expanding=True)), other)


_STANDING_ELSEWHERE = _elsewhere(placings).order_by(placings.c.source, placings.c.path, placings.c.page)
_LEFT_ELSEWHERE = _elsewhere(departures).order_by(departures.c.left_at.desc(), departures.c.source, departures.c.path)


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


def shown_alike(
    connection: Connection, of: Iterable[EntryId], but: tuple[SourceId, str], *, markup: bool
) -> dict[EntryId, list[Placing]]:
    """See `Readings.shown_alike`."""
    found: dict[EntryId, list[Placing]] = {}
    for batch in batches(set(of)):
        asked = {"entries": batch, "here": but[0], "there": but[1]}
        rows = (*map(standing_of, connection.execute(_STANDING_ELSEWHERE, asked)),)
        rows += (*map(placing_of, connection.execute(_LEFT_ELSEWHERE, asked)),)
        for one in rows:
            if one.is_of_markup is markup and one.keeps_text:
                found.setdefault(one.entry, []).append(one)
    return found


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
