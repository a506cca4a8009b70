"""Entries as rows, and the queries for published content."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, exists, select

from digest.model import AtomId, Entry, EntryId, SourceId
from digest.records.publishing import ReaderCount, RevisionRecord
from digest.search_terms import query as asked
from digest.store.database import meta
from digest.store.database.statements import CONTENT, batches, content_of, date_of
from digest.store.database.tables.columns import entry_date
from digest.store.database.tables.publishing import entries, entry_sources, entry_uids, reader_counts, revisions
from digest.store.publishing import searching

CONTENT_COLUMNS = tuple(revisions.c[name] for name in CONTENT)
PUBLISHED = and_(entries.c.updated_at.is_not(None), entries.c.removed_at.is_(None), entries.c.hidden_at.is_(None))
NEWEST_FIRST = (
    entries.c.first_seen_at.desc(),
    entries.c.date_full.desc().nulls_last(),
    entries.c.date_part.desc().nulls_last(),
    entries.c.page_order,
    entries.c.id,
)


_DATE = {column.name for column in entry_date()}


def entry_rows(
    revision: ColumnElement[int] = entries.c.revision, *more: ColumnElement[Any], through: Table | None = None
) -> Select[Any]:
    """A query for entries with the content of that revision; `entries_of` converts the rows.

    `through` is the table that names the entries, if it also names the revision. The date is then that of the revision,
    too; otherwise it is the present one.
    """
    columns = [column for column in entries.c if column is not entries.c.revision]
    if through is not None:
        columns = [revisions.c[column.name] if column.name in _DATE else column for column in columns]
    content = and_(revisions.c.entry_id == entries.c.id, revisions.c.number == revision)
    named = entries if through is None else through.join(entries, entries.c.id == through.c.entry_id)
    return select(*columns, revisions.c.number, *CONTENT_COLUMNS, *more).select_from(named).join(revisions, content)


def shown_by(sources: Sequence[SourceId]) -> ColumnElement[bool]:
    """Whether one of the sources ever showed the entry."""
    return exists().where(entry_sources.c.entry_id == entries.c.id, entry_sources.c.source.in_(sources))


def entries_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Entry]:
    """The entries in these rows, in their order."""
    shown: dict[str, list[SourceId]] = {row.id: [SourceId(row.first_source)] for row in rows}
    for batch in batches(shown):
        query = (
            select(entry_sources.c.entry_id, entry_sources.c.source)
            .where(entry_sources.c.entry_id.in_(batch))
            .order_by(entry_sources.c.first_seen_at, entry_sources.c.source)
        )
        for entry, source in connection.execute(query):
            if source not in shown[entry]:
                shown[entry].append(SourceId(source))
    return [_entry(row, shown[row.id]) for row in rows]


def _entry(row: Row[Any], shown: list[SourceId]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        atom_id=AtomId(row.atom_id),
        sources=tuple(shown),
        content=content_of(row),
        date=date_of(row),
        readers=row.readers,
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at or row.first_seen_at,
        revision=row.number,
        page_order=row.page_order,
        counts=tuple(row.counts.items()) if row.counts else (),
    )


class Entries:
    """Published entries. Unsettled and removed entries are never returned."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, *, source: SourceId | None = None, limit: int | None = None) -> list[Entry]:
        """Newest first: by first sighting, then by date (known years first, newest first), then page order, then id."""
        wanted = PUBLISHED if source is None else and_(PUBLISHED, shown_by([source]))
        query = entry_rows().where(wanted).order_by(*NEWEST_FIRST).limit(limit)
        return entries_of(self._connection, self._connection.execute(query).all())

    def entry(self, entry: EntryId) -> Entry | None:
        """A published entry; None if there is none with this id."""
        rows = self._connection.execute(entry_rows().where(entries.c.id == entry, PUBLISHED)).all()
        return next(iter(entries_of(self._connection, rows)), None)

    def search(self, query: str, *, limit: int = 50) -> list[Entry]:
        """The entries whose title and text contain all terms of `search_terms.query`; any string is a query.

        First come those whose title contains all terms, then those with the best match (the title counts more), then
        the newest. No entries for a query without a word.
        """
        wanted = asked(query)
        if not wanted or limit <= 0:
            return []
        # By id first: sorting every match with its whole text is slow if a query is in most entries.
        best = searching.ranked(self._connection, wanted, PUBLISHED, NEWEST_FIRST).limit(limit)
        found = list(self._connection.execute(best).scalars())
        rows = {
            row.id: row
            for batch in batches(found)
            for row in self._connection.execute(entry_rows().where(entries.c.id.in_(batch)))
        }
        return entries_of(self._connection, [rows[entry] for entry in found])

    def revisions(self, entry: EntryId) -> list[RevisionRecord]:
        """Oldest first."""
        query = (
            select(revisions)
            .join(entries, entries.c.id == revisions.c.entry_id)
            .where(entries.c.id == entry, PUBLISHED)
            .order_by(revisions.c.number)
        )
        return [
            RevisionRecord(row.number, row.at, row.cause, row.significant, content_of(row), date_of(row))
            for row in self._connection.execute(query)
        ]

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """The reader counts of all sources over time, oldest first. Each source has its own series."""
        query = (
            select(reader_counts.c.counted_at, reader_counts.c.source, reader_counts.c.readers)
            .join(entries, entries.c.id == reader_counts.c.entry_id)
            .where(entries.c.id == entry, PUBLISHED)
            .order_by(reader_counts.c.counted_at, reader_counts.c.source)
        )
        return [
            ReaderCount(row.counted_at, SourceId(row.source), row.readers) for row in self._connection.execute(query)
        ]

    def uids(self, entry: EntryId) -> list[tuple[SourceId, str]]:
        """By which identifiers (of `changes.identifiers`) each source ever showed an entry, in any state."""
        query = select(entry_uids.c.source, entry_uids.c.uid).where(entry_uids.c.entry_id == entry)
        rows = self._connection.execute(query.order_by(entry_uids.c.source, entry_uids.c.uid))
        return [(SourceId(row.source), row.uid) for row in rows]

    def published_state(self) -> tuple[int, datetime]:
        """A number that grows with each change of the published content, and when it last grew (never backwards)."""
        return meta.published_state(self._connection)
