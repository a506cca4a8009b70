"""Which published entries there are: by month, author and number of readers, and how many match a search.

The lists are of ids, which is quick even for a hundred thousand entries; `entries` gives the content of a few of them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, extract, func, not_, or_, select

from digest.model import Entry, EntryId, Section
from digest.records.publishing import Among
from digest.search_terms import query as asked
from digest.store.database.statements import batches
from digest.store.database.tables.editions import edition_entries
from digest.store.database.tables.publishing import entries, feed_entries, revisions
from digest.store.publishing import searching
from digest.store.publishing.entries import NEWEST_FIRST, PUBLISHED, entries_of, entry_rows, shown_by

_CURRENT = and_(revisions.c.entry_id == entries.c.id, revisions.c.number == entries.c.revision)
_NO_YEAR = and_(entries.c.date_full.is_(None), or_(entries.c.date_part.is_(None), entries.c.date_part.like("--%")))


class Browsing:
    """Lists of published entries. Unsettled and removed entries are never in them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        """The number of published entries."""
        return int(self._connection.execute(select(func.count()).select_from(entries).where(PUBLISHED)).scalar_one())

    def size(self, feed: str) -> int:
        """The number of published entries in a feed."""
        joined = entries.join(feed_entries, feed_entries.c.entry_id == entries.c.id)
        query = select(func.count()).select_from(joined).where(feed_entries.c.feed == feed, PUBLISHED)
        return int(self._connection.execute(query).scalar_one())

    def removed(self, of: Sequence[EntryId]) -> set[EntryId]:
        """Those of these entries that an operator removed."""
        return {
            EntryId(one)
            for batch in batches(of)
            for one in self._connection.execute(
                select(entries.c.id).where(entries.c.id.in_(batch), entries.c.removed_at.is_not(None))
            ).scalars()
        }

    def sections(self) -> dict[str, dict[Section, int]]:
        """How many entries each section of each edition has, by the edition's key."""
        here = (edition_entries.c.edition, edition_entries.c.section)
        counts: dict[str, dict[Section, int]] = {}
        for edition, section, number in self._connection.execute(select(*here, func.count()).group_by(*here)):
            counts.setdefault(edition, {})[Section(section)] = number
        return counts

    def entries(self, ids: Sequence[EntryId]) -> list[Entry]:
        """The published ones of these entries, in this order."""
        found = {
            row.id: row
            for batch in batches(ids)
            for row in self._connection.execute(entry_rows().where(entries.c.id.in_(batch), PUBLISHED))
        }
        return entries_of(self._connection, [found[one] for one in ids if one in found])

    def months(self) -> dict[tuple[int, int | None], int]:
        """How many entries each year and month has; the month is None for those of which only the year is known.

        Entries of an unknown year are not counted.
        """
        year, month = extract("year", entries.c.date_full), extract("month", entries.c.date_full)
        full = select(year, month, func.count()).where(PUBLISHED, entries.c.date_full.is_not(None))
        counts: dict[tuple[int, int | None], int] = {
            (int(y), int(m)): n for y, m, n in self._connection.execute(full.group_by(year, month))
        }
        part = select(entries.c.date_part, func.count()).where(PUBLISHED, _of_part(""))
        for written, number in self._connection.execute(part.group_by(entries.c.date_part)):
            known = int(written[:4]), int(written[5:7]) if written[5:7] else None
            counts[known] = counts.get(known, 0) + number
        return counts

    def dated(self, year: int, month: int | None = None) -> list[EntryId]:
        """The entries of a year or month, newest first; those of which only a part of the date is known are last."""
        first = date(year, month or 1, 1)
        end = date(year + (month in {None, 12}), (month or 12) % 12 + 1, 1) if year < date.max.year else date.max
        full = and_(entries.c.date_full >= first, entries.c.date_full < end)
        part = _of_part(f"{year:04}" if month is None else f"{year:04}-{month:02}")
        found = [*self._ids(full, entries.c.date_full.desc()), *self._ids(part, entries.c.date_part.desc())]
        return list(dict.fromkeys(found))

    def undated(self) -> list[EntryId]:
        """The entries of an unknown year, newest first sighting first."""
        return self._ids(_NO_YEAR, entries.c.first_seen_at.desc())

    def authors(self) -> dict[str, int]:
        """How many entries each author has: most first, then by name."""
        number = func.count().label("number")
        query = select(revisions.c.author, number).join(entries, _CURRENT).where(PUBLISHED, revisions.c.author != "")
        query = query.group_by(revisions.c.author).order_by(number.desc(), revisions.c.author)
        return {row.author: row.number for row in self._connection.execute(query)}

    def by_author(self, author: str) -> list[EntryId]:
        """The entries of an author in the order in which they joined the feed of all entries, oldest first."""
        query = (
            select(feed_entries.c.number, entries.c.id)
            .select_from(revisions)
            .join(entries, _CURRENT)
            .join(feed_entries, and_(feed_entries.c.entry_id == entries.c.id, feed_entries.c.feed == ""))
            .where(revisions.c.author == author, PUBLISHED)
        )
        # Sorted here: asked for the order, SQLite looks at the author of each entry in the feed instead of its index.
        return _named(row.id for row in sorted(self._connection.execute(query), key=attrgetter("number")))

    def most_read(self, limit: int) -> list[EntryId]:
        """The entries with most readers, most first; without those whose readers nobody counts."""
        query = select(entries.c.id).where(PUBLISHED, entries.c.readers > 0)
        query = query.order_by(entries.c.readers.desc(), entries.c.id).limit(limit)
        return _named(self._connection.execute(query).scalars())

    def search(self, words: str, among: Among, limit: int) -> tuple[int, list[EntryId]]:
        """How many entries match a search, and the best of them in the order of `Entries.search`."""
        wanted = asked(words)
        if not wanted:
            return 0, []
        here = and_(PUBLISHED, *_restrictions(among))
        ranked = searching.ranked(self._connection, wanted, here, NEWEST_FIRST)
        found = _named(self._connection.execute(ranked.limit(limit)).scalars())
        if len(found) < limit:
            return len(found), found
        every = ranked.order_by(None).subquery()
        return int(self._connection.execute(select(func.count()).select_from(every)).scalar_one()), found

    def updated(self, feed: str, first: int, last: int) -> list[tuple[EntryId, datetime]]:
        """The published entries with these numbers in a feed, and when each was updated; by number."""
        query = (
            select(entries.c.id, entries.c.updated_at)
            .join(feed_entries, feed_entries.c.entry_id == entries.c.id)
            .where(feed_entries.c.feed == feed, feed_entries.c.number.between(first, last), PUBLISHED)
            .order_by(feed_entries.c.number)
        )
        return [(EntryId(row.id), row.updated_at) for row in self._connection.execute(query)]

    def _ids(self, here: ColumnElement[bool], *order: ColumnElement[Any]) -> list[EntryId]:
        query: Select[Any] = select(entries.c.id).where(PUBLISHED, here)
        query = query.order_by(*order, entries.c.page_order, entries.c.id)
        return _named(self._connection.execute(query).scalars())


def _named(ids: Iterable[Any]) -> list[EntryId]:
    return [EntryId(one) for one in ids]


def _of_part(beginning: str) -> ColumnElement[bool]:
    """Whether only a part of an entry's date is known, its year among it, and it begins like this."""
    return and_(
        entries.c.date_part.is_not(None),
        not_(entries.c.date_part.like("--%")),
        entries.c.date_part.like(f"{beginning}%"),
    )


def _restrictions(among: Among) -> list[ColumnElement[bool]]:
    made: list[ColumnElement[bool]] = []
    if among.source is not None:
        made.append(shown_by([among.source]))
    if among.author:
        author = select(revisions.c.author).where(_CURRENT).correlate(entries).scalar_subquery()
        made.append(author == among.author)
    if among.year is not None:
        first, behind = date(among.year, 1, 1), date(min(among.year + 1, date.max.year), 1, 1)
        full = and_(entries.c.date_full >= first, entries.c.date_full < behind)
        made.append(or_(full, _of_part(f"{among.year:04}")))
    return made
