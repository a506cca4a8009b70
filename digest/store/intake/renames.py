"""Renames a source in every table, and stores the former names; whether it is allowed is decided elsewhere."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, literal, select, update

from digest.model import SourceId
from digest.records.intake import Renamed
from digest.store.database.meta import grow_published
from digest.store.database.statements import insert as insert_or
from digest.store.database.tables import metadata
from digest.store.database.tables.intake import dumps, renamed_sources, sources
from digest.store.database.tables.publishing import entry_sources, feed_entries, revisions

_PARENTS = (sources.c.id, dumps.c.source)  # copied under the new name first, because rows refer to them


def columns() -> Iterator[Column[Any]]:
    """The columns that contain the name of a source, except those to which others refer."""
    yield revisions.c.source  # of a dump that may be unknown
    for table in metadata.sorted_tables:
        for column in table.c:
            if column not in _PARENTS and any(key.column in _PARENTS for key in column.foreign_keys):
                yield column


class Renames:
    """Former names."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[SourceId, Renamed]:
        """All renames by former name; they are few."""
        return {
            SourceId(row.old): Renamed(SourceId(row.old), SourceId(row.new), SourceId(row.first), row.at)
            for row in self._connection.execute(select(renamed_sources))
        }

    def holds(self, source: SourceId) -> bool:
        """Whether a dump of the source was ever read, or an entry seen in it."""
        owned = (dumps.c.source, entry_sources.c.source)
        return any(self._connection.execute(select(one).where(one == source).limit(1)).first() for one in owned)

    def rename(self, old: SourceId, new: SourceId, feeds: Mapping[str, str], now: datetime) -> None:
        """Move everything of a source to another name, which must be unused; former names then lead to it.

        `feeds` are the keys of the feeds that get others, each with the new one.
        """
        known = self.all().values()
        first = next((one.first for one in known if one.new == old), old)
        self._connection.execute(delete(sources).where(sources.c.id == new))
        self._connection.execute(delete(renamed_sources).where(renamed_sources.c.old == new))
        for column in _PARENTS:
            self._copy(column.table, column, old, new)
        for column in columns():
            self._connection.execute(update(column.table).where(column == old).values({column: new}))
        for column in reversed(_PARENTS):
            self._connection.execute(delete(column.table).where(column == old))
        for before, after in feeds.items():
            self._move_feed(before, after)
        self.remember(Renamed(old, new, first, now))
        grow_published(self._connection, now)

    def remember(self, renamed: Renamed) -> None:
        """Store a former name as it is."""
        row = {"old": renamed.old, "new": renamed.new, "first": renamed.first, "at": renamed.at}
        self._connection.execute(insert_or(self._connection, renamed_sources).values(row))

    def _copy(self, table: Table, name: Column[Any], old: SourceId, new: SourceId) -> None:
        kept = [column for column in table.c if column is not name]
        rows = select(literal(new), *kept).where(name == old)
        self._connection.execute(insert(table).from_select([name, *kept], rows))

    def _move_feed(self, before: str, after: str) -> None:
        """Move a feed with its history; a feed that began under the new key meanwhile is deleted."""
        here = feed_entries.c.feed == before
        if self._connection.execute(select(feed_entries.c.feed).where(here).limit(1)).first():
            self._connection.execute(delete(feed_entries).where(feed_entries.c.feed == after))
            self._connection.execute(update(feed_entries).where(here).values(feed=after))
