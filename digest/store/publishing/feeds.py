"""Which entry joined which feed in which order, and what an operator removed. Decisions 70 and 221."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, select, update

from digest.model import AtomId, Entry, EntryId
from digest.store.database import meta
from digest.store.database.statements import batches, insert_rows
from digest.store.database.tables.publishing import entries, feed_entries
from digest.store.publishing.entries import PUBLISHED, entries_of, entry_rows


class Feeds:
    """The order in which entries joined feeds.

    A feed has a key. Its entries are numbered from 1 in the order of joining, permanently.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enlist(self, feed: str, joining: Sequence[EntryId]) -> int:
        """Add entries to the feed that are not in it yet, in this order; returns how many were added."""
        known: set[str] = set()
        start = self.size(feed) + 1
        for batch in batches(joining if start > 1 else ()):
            query = select(feed_entries.c.entry_id)
            here = and_(feed_entries.c.feed == feed, feed_entries.c.entry_id.in_(batch))
            known |= set(self._connection.execute(query.where(here)).scalars())
        fresh = [entry for entry in dict.fromkeys(joining) if entry not in known]
        if fresh:
            rows = [(feed, start + at, entry) for at, entry in enumerate(fresh)]
            insert_rows(self._connection, feed_entries, ("feed", "number", "entry_id"), rows)
        return len(fresh)

    def size(self, feed: str) -> int:
        """The newest number given, 0 if none."""
        query = select(func.coalesce(func.max(feed_entries.c.number), 0)).where(feed_entries.c.feed == feed)
        return int(self._connection.execute(query).scalar_one())

    def empty(self, of: Sequence[str]) -> list[str]:
        """The feeds among these that no entry ever joined."""
        filled: set[str] = set()
        for batch in batches(of):
            first = and_(feed_entries.c.feed.in_(batch), feed_entries.c.number == 1)
            filled.update(self._connection.execute(select(feed_entries.c.feed).where(first)).scalars())
        return [feed for feed in of if feed not in filled]

    def members(self, feed: str, first: int, last: int) -> list[Entry]:
        """The published entries with these numbers, inclusive, newest first."""
        here = and_(feed_entries.c.feed == feed, feed_entries.c.number.between(first, last))
        query = (
            entry_rows()
            .join(feed_entries, feed_entries.c.entry_id == entries.c.id)
            .where(here, PUBLISHED)
            .order_by(feed_entries.c.number.desc())
        )
        return entries_of(self._connection, self._connection.execute(query).all())

    def neighbours(self, feed: str, entry: EntryId) -> tuple[Entry | None, Entry | None]:
        """The published entries that joined next after and last before this one."""
        mine = select(feed_entries.c.number).where(feed_entries.c.feed == feed, feed_entries.c.entry_id == entry)
        number = mine.scalar_subquery()
        query = entry_rows().join(feed_entries, feed_entries.c.entry_id == entries.c.id)
        here = and_(feed_entries.c.feed == feed, PUBLISHED)
        newer = query.where(here, feed_entries.c.number > number).order_by(feed_entries.c.number).limit(1)
        older = query.where(here, feed_entries.c.number < number).order_by(feed_entries.c.number.desc()).limit(1)
        found = [entries_of(self._connection, self._connection.execute(one).all()) for one in (newer, older)]
        return next(iter(found[0]), None), next(iter(found[1]), None)

    def removed(self, feed: str, first: int, last: int) -> list[tuple[AtomId, datetime]]:
        """The removed entries with these numbers and the time of each removal, newest removal first."""
        here = and_(feed_entries.c.feed == feed, feed_entries.c.number.between(first, last))
        query = (
            select(entries.c.atom_id, entries.c.removed_at)
            .join(feed_entries, feed_entries.c.entry_id == entries.c.id)
            .where(here, entries.c.removed_at.is_not(None))
            .order_by(entries.c.removed_at.desc(), entries.c.id)
        )
        return [(AtomId(row.atom_id), row.removed_at) for row in self._connection.execute(query)]

    def published(self, of: Iterable[EntryId]) -> list[Entry]:
        """The published ones of these entries; unordered."""
        found: list[Entry] = []
        for batch in batches(dict.fromkeys(of)):
            rows = self._connection.execute(entry_rows().where(entries.c.id.in_(batch), PUBLISHED)).all()
            found += entries_of(self._connection, rows)
        return found

    def remove(self, entry: EntryId, now: datetime) -> bool:
        """Retract a published entry; it stays known. False if it is not published."""
        return self._mark(entry, {"removed_at": now}, now, removed=False)

    def restore(self, entry: EntryId, now: datetime) -> bool:
        """Publish a removed entry again, updated as of now; False if it is not removed."""
        # A feed reader restores an entry only if it is newer than its tombstone.
        return self._mark(entry, {"removed_at": None, "updated_at": now}, now, removed=True)

    def removed_at(self, entry: EntryId) -> datetime | None:
        """When it was removed; None if it is not, or unknown."""
        query = select(entries.c.removed_at).where(entries.c.id == entry)
        return self._connection.execute(query).scalar_one_or_none()

    def pinged(self) -> int:
        """The `published_state` that the hub was last notified of."""
        return meta.pinged(self._connection)

    def set_pinged(self, published: int) -> None:
        """Record the `published_state` that the hub was notified of."""
        meta.set_pinged(self._connection, published)

    def _mark(self, entry: EntryId, values: dict[str, object], now: datetime, *, removed: bool) -> bool:
        marked = entries.c.removed_at.is_not(None) if removed else entries.c.removed_at.is_(None)
        own = and_(entries.c.merged_into.is_(None), entries.c.hidden_at.is_(None))
        here = and_(entries.c.id == entry, entries.c.updated_at.is_not(None), marked, own)
        done = self._connection.execute(update(entries).where(here).values(values)).rowcount > 0
        if done:
            meta.grow_published(self._connection, now)
        return done
