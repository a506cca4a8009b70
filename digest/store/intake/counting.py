"""Reader counts: a series for each entry and source."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, bindparam, case, func, select

from digest.model import EntryId, SourceId
from digest.store.database.statements import batches, fetched
from digest.store.database.tables.publishing import entries, reader_counts
from digest.store.publishing.entries import PUBLISHED

_SERIES = (reader_counts.c.entry_id, reader_counts.c.source)
_OF_ENTRIES: BindParameter[str] = bindparam("entries", expanding=True)
# From the newest of the entry's counts back to the first of this source: the index ends the search there.
_NEWEST = (
    select(reader_counts.c.readers)
    .where(reader_counts.c.entry_id == entries.c.id, reader_counts.c.source == bindparam("source"))
    .order_by(reader_counts.c.counted_at.desc())
    .limit(1)
    .scalar_subquery()
)
_NEWEST_COUNTS = select(entries.c.id, _NEWEST).where(entries.c.id.in_(_OF_ENTRIES))
_HIGHEST_COUNTS = (
    select(reader_counts.c.entry_id, func.max(reader_counts.c.readers))
    .where(reader_counts.c.entry_id.in_(_OF_ENTRIES), reader_counts.c.source == bindparam("source"))
    .group_by(reader_counts.c.entry_id)
)


def newest_counts(connection: Connection, source: SourceId, of: Iterable[EntryId]) -> dict[EntryId, int]:
    """See `Readings.newest_counts`."""
    return _by_entry(connection, _NEWEST_COUNTS, source, of)


def highest_counts(connection: Connection, source: SourceId, of: Iterable[EntryId]) -> dict[EntryId, int]:
    """See `Readings.highest_counts`."""
    return _by_entry(connection, _HIGHEST_COUNTS, source, of)


def _by_entry(
    connection: Connection, query: Select[tuple[str, int]], source: SourceId, of: Iterable[EntryId]
) -> dict[EntryId, int]:
    return {
        EntryId(entry): count
        for batch in batches(of)
        for entry, count in fetched(connection.execute(query, {"source": source, "entries": batch}))
        if count is not None
    }


def previous() -> ColumnElement[int | None]:
    """The count before that of a row in its series: the row before it, or at the start of the query a look-up."""
    other = reader_counts.alias()
    same = and_(other.c.entry_id == reader_counts.c.entry_id, other.c.source == reader_counts.c.source)
    looked_up = (
        select(other.c.readers)
        .where(same, other.c.counted_at < reader_counts.c.counted_at)
        .order_by(other.c.counted_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    row_before = func.lag(reader_counts.c.readers).over(partition_by=_SERIES, order_by=reader_counts.c.counted_at)
    return func.coalesce(row_before, looked_up)


def gains(since: datetime, sources: Sequence[SourceId]) -> Select[tuple[str, int]]:
    """The published entries that won readers since then, as `id` and `gained`; only by these sources if given.

    Each series is compared with itself: since its last fall, otherwise since the last count until `since`. If an entry
    has several sources, the one with the largest gain counts.
    """
    here = reader_counts.c.counted_at > since
    if sources:
        here = and_(here, reader_counts.c.source.in_(sources))
    inside = select(*_SERIES, reader_counts.c.counted_at, reader_counts.c.readers, previous().label("before"))
    steps = inside.where(here).subquery("steps")
    series = (steps.c.entry_id, steps.c.source)
    fell = case((steps.c.readers < steps.c.before, 1), else_=0)
    falls = func.sum(fell).over(partition_by=series, order_by=steps.c.counted_at)
    start = case((steps.c.before < steps.c.readers, steps.c.before), else_=steps.c.readers)
    parts = select(*series, steps.c.readers, start.label("start"), falls.label("falls")).subquery("parts")
    won = (func.max(parts.c.readers) - func.min(parts.c.start)).label("won")
    newest_first = func.row_number().over(
        partition_by=(parts.c.entry_id, parts.c.source), order_by=parts.c.falls.desc()
    )
    last = (
        select(parts.c.entry_id, won, newest_first.label("place"))
        .group_by(parts.c.entry_id, parts.c.source, parts.c.falls)
        .subquery("last")
    )
    gained = func.max(last.c.won)
    return (
        select(entries.c.id, gained.label("gained"))
        .join_from(last, entries, entries.c.id == last.c.entry_id)
        .where(PUBLISHED, last.c.place == 1)
        .group_by(entries.c.id)
        .having(gained > 0)
    )
