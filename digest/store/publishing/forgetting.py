"""Deletes the content of dumps, and finds the entries that depend on them; their fate is decided elsewhere."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, not_, or_, select, update

from digest.changes.values import Cause
from digest.model import EntryId, SourceId
from digest.records.publishing import RestingOn
from digest.store.database.statements import batches
from digest.store.database.tables.intake import dumps, reports, sources
from digest.store.database.tables.publishing import departures, entries, entry_sources, placings, revisions

_SAYING = (placings, departures, entry_sources, revisions)
_BY_HAND = {str(cause) for cause in Cause if cause.by_hand}


def resting(connection: Connection, source: SourceId, paths: Collection[str]) -> RestingOn:
    """See `ByHand.resting`."""
    said: set[str] = set()
    for table in _SAYING:
        said |= set(connection.execute(select(table.c.entry_id).where(_of(table, source, paths))).scalars())
    elsewhere: set[str] = set()
    for batch in batches(sorted(said)):
        for table in _SAYING:
            others = and_(table.c.entry_id.in_(batch), table.c.source.is_not(None), not_(_of(table, source, paths)))
            elsewhere |= set(connection.execute(select(table.c.entry_id).where(others)).scalars())
    living = and_(entries.c.hidden_at.is_(None), entries.c.removed_at.is_(None))
    alone = [
        EntryId(entry)
        for batch in batches(sorted(said - elsewhere))
        for entry in connection.execute(select(entries.c.id).where(entries.c.id.in_(batch), living)).scalars()
    ]
    return RestingOn(tuple(alone), dict(_revised(connection, source, paths, sorted(said & elsewhere))))


def _revised(
    connection: Connection, source: SourceId, paths: Collection[str], of: Sequence[str]
) -> Iterable[tuple[EntryId, int]]:
    """The entries whose newest content is from these dumps, with the number of the revision before it."""
    for batch in batches(of):
        query = select(*(revisions.c[name] for name in ("entry_id", "number", "cause", "source", "path")))
        query = query.where(revisions.c.entry_id.in_(batch), revisions.c.split_to.is_(None))
        newest_first = connection.execute(query.order_by(revisions.c.entry_id, revisions.c.number.desc()))
        for entry, rows in groupby(newest_first, key=lambda row: row.entry_id):
            theirs = 0
            for row in rows:
                if row.cause in _BY_HAND:
                    break
                if row.source == source and (not paths or row.path in paths):
                    theirs += 1
                elif row.source is not None:
                    if theirs:
                        yield EntryId(entry), row.number
                    break


def forget(connection: Connection, source: SourceId, paths: Collection[str], *, whole: bool) -> None:
    """See `ByHand.forget`."""
    for table in (placings, departures, reports, dumps):
        connection.execute(delete(table).where(_of(table, source, paths)))
    if whole:
        anew = {"settled_at": None, "refreshed_at": None, "problem": "", "failures": 0}
        connection.execute(update(sources).where(sources.c.id == source).values(anew))


def unshow(connection: Connection, of: Sequence[EntryId], source: SourceId) -> list[tuple[EntryId, SourceId]]:
    """See `ByHand.unshow`."""
    begun: list[tuple[EntryId, SourceId]] = []
    placed = exists().where(placings.c.entry_id == entry_sources.c.entry_id, placings.c.source == source)
    for batch in batches(of):
        query = select(entry_sources).where(entry_sources.c.entry_id.in_(batch), entry_sources.c.source != source)
        others: dict[str, str] = {}
        for row in connection.execute(query.order_by(entry_sources.c.first_seen_at, entry_sources.c.source)):
            others.setdefault(row.entry_id, row.source)
        here = and_(entry_sources.c.source == source, entry_sources.c.entry_id.in_(list(others)))
        gone = select(entry_sources.c.entry_id).where(here, ~placed)
        ending = set(connection.execute(gone).scalars())
        began = select(entries.c.id).where(entries.c.id.in_(sorted(ending)), entries.c.first_source == source)
        for entry in connection.execute(began).scalars().all():
            begun.append((EntryId(entry), SourceId(others[entry])))
            connection.execute(update(entries).where(entries.c.id == entry).values(first_source=others[entry]))
        theirs = and_(entry_sources.c.source == source, entry_sources.c.entry_id.in_(sorted(ending)))
        connection.execute(delete(entry_sources).where(theirs))
    return begun


def _of(table: Table, source: SourceId, paths: Collection[str]) -> ColumnElement[bool]:
    """Whether a row belongs to these dumps, or to any of the source if none is named."""
    parts = [table.c.path.in_(batch) for batch in batches(sorted(paths))]
    return and_(table.c.source == source, or_(*parts)) if parts else table.c.source == source
