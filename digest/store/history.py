"""All stored facts, read back as one stream in the order of time."""

from __future__ import annotations

import heapq
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, func, select

from digest.model import AtomId, EntryId, SourceId
from digest.records.history import Counted, Removed, Settled, Sighted, Stated
from digest.store.database.statements import content_of, date_of
from digest.store.database.tables import entries, entry_sources, reader_counts, revisions, sources
from digest.store.database.tables import pictures as drawings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from digest.records.entries import Drawn
    from digest.records.history import Fact

_BATCH = 50  # rows in memory at a time, with their texts


class _Picture(NamedTuple):
    """`Drawn` from a row."""

    png: bytes
    width: int
    height: int
    depth: int


def moments(connection: Connection) -> int:
    """See `Audit.moments`."""
    return connection.execute(select(func.count(revisions.c.at.distinct()))).scalar_one()


def facts(connection: Connection) -> Iterator[Fact]:
    """See `Audit.history`. Of facts at one time, those of the stream that is named first come first."""
    streams = (_stated, _sighted, _counted, _settled, _removed)
    return heapq.merge(*(stream(connection) for stream in streams), key=attrgetter("at"))


def pictures(connection: Connection) -> Iterator[tuple[str, Drawn | None]]:
    """See `Audit.pictures`."""
    for row in _rows(connection, select(drawings).order_by(drawings.c.name)):
        yield row.name, None if row.png is None else _Picture(row.png, row.width, row.height, row.depth)


def _stated(connection: Connection) -> Iterator[Stated]:
    # Not `at` itself: if the clock stepped back, a revision would come before the one that it follows.
    moment = func.max(revisions.c.at).over(partition_by=revisions.c.entry_id, order_by=revisions.c.number)
    query = (
        select(revisions, entries.c.atom_id, entries.c.page_order, moment.label("moment"))
        .join(entries, entries.c.id == revisions.c.entry_id)
        .order_by(
            "moment",
            revisions.c.number,
            revisions.c.source.nulls_last(),
            revisions.c.path,
            entries.c.page_order,
            revisions.c.entry_id,
        )
    )
    for row in _rows(connection, query):
        yield Stated(
            row.moment,
            EntryId(row.entry_id),
            AtomId(row.atom_id),
            row.page_order,
            row.number,
            row.cause,
            SourceId(row.source) if row.source else None,
            row.path,
            content_of(row),
            date_of(row),
        )


def _sighted(connection: Connection) -> Iterator[Sighted]:
    moment = _not_before_first(entry_sources.c.first_seen_at)
    query = (
        select(entry_sources, moment.label("moment"))
        .join(entries, entries.c.id == entry_sources.c.entry_id)
        .where(entry_sources.c.source != entries.c.first_source)
        .order_by("moment", entry_sources.c.source, entry_sources.c.path, entry_sources.c.entry_id)
    )
    for row in _rows(connection, query):
        yield Sighted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.path, row.because)


def _counted(connection: Connection) -> Iterator[Counted]:
    moment = _not_before_first(reader_counts.c.counted_at)
    query = (
        select(reader_counts, moment.label("moment"))
        .join(entries, entries.c.id == reader_counts.c.entry_id)
        .order_by("moment", reader_counts.c.source, reader_counts.c.counted_at, reader_counts.c.entry_id)
    )
    for row in _rows(connection, query):
        yield Counted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.readers)


def _settled(connection: Connection) -> Iterator[Settled]:
    query = select(sources).where(sources.c.settled_at.is_not(None)).order_by(sources.c.settled_at, sources.c.id)
    for row in _rows(connection, query):
        yield Settled(row.settled_at, SourceId(row.id))


def _removed(connection: Connection) -> Iterator[Removed]:
    gone_at = func.coalesce(entries.c.removed_at, entries.c.hidden_at)
    moment = _not_before_first(gone_at)
    query = select(entries.c.id, moment.label("moment")).where(gone_at.is_not(None))
    for row in _rows(connection, query.order_by("moment", entries.c.id)):
        yield Removed(row.moment, EntryId(row.id))


def _not_before_first(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The time, or that of the entry's first sighting, whichever is later."""
    return case((at < entries.c.first_seen_at, entries.c.first_seen_at), else_=at)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as rows:
        yield from rows
