"""Renames sources and digests in every table, and stores their former names; whether that is allowed, others decide."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, and_, delete, exists, func, literal, or_, select, update

from digest.model import DigestId, Section, SourceId
from digest.records.editions import RenamedDigest
from digest.records.intake import Renamed
from digest.store.database.meta import grow_published
from digest.store.database.statements import insert
from digest.store.database.tables import metadata
from digest.store.database.tables.editions import (
    digests,
    edition_acts,
    edition_entries,
    edition_plans,
    editions,
    left_out,
    renamed_digests,
)
from digest.store.database.tables.intake import dumps, renamed_sources, sources
from digest.store.database.tables.operating import alerts
from digest.store.database.tables.people import confirmations, consents, subscriptions
from digest.store.database.tables.publishing import entry_sources, feed_entries, revisions


class DigestNames:
    """Former names of digests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[DigestId, RenamedDigest]:
        """All renames by former name; they are few."""
        return {
            DigestId(row.old): RenamedDigest(DigestId(row.old), DigestId(row.new), row.at)
            for row in self._connection.execute(select(renamed_digests))
        }

    def rename(self, old: DigestId, new: DigestId, now: datetime) -> tuple[int, int]:
        """Move everything of a digest to another name; returns the number of followers there, and of moved editions.

        The new name may have followers and editions of its own. Then the two digests become one: followers of either
        follow it, and entries that only the other digest's subscribers got are sent to them. Editions keep their keys,
        because pages, Message-IDs and bounce tokens contain them.
        """
        run = self._connection.execute
        told = run(select(editions.c.key).where(editions.c.digest == new, ~editions.c.empty).limit(1)).first()
        run(delete(renamed_digests).where(renamed_digests.c.old == new))
        self._take_over(old, new)
        run(update(renamed_digests).where(renamed_digests.c.new == old).values(new=new))
        moved = self._move_editions(old, new)
        self._move_subscriptions(old, new, behind=told is not None)
        run(update(consents).where(consents.c.digest == old).values(digest=new))
        self._move_confirmations(old, new)
        self._move_decisions(old, new)
        for what in ("digest", "edition of", "the next edition of"):
            run(delete(alerts).where(alerts.c.subject == f"{what} {new}"))
            run(update(alerts).where(alerts.c.subject == f"{what} {old}").values(subject=f"{what} {new}"))
        run(delete(digests).where(digests.c.id == old))
        run(insert(self._connection, renamed_digests).values(old=old, new=new, at=now))
        follow = and_(subscriptions.c.digest == new, subscriptions.c.left_at.is_(None))
        return run(select(func.count()).select_from(subscriptions).where(follow)).scalar_one(), moved

    def _take_over(self, old: DigestId, new: DigestId) -> None:
        """Count the new name as configured since the old one was: the old one's entries are not announced again."""
        since = select(func.min(digests.c.configured_at)).where(digests.c.id.in_([old, new]))
        first = self._connection.execute(since).scalar_one()
        taken = insert(self._connection, digests).values(id=new, configured_at=first)
        taken = taken.on_conflict_do_update(index_elements=[digests.c.id], set_={"configured_at": first})
        self._connection.execute(taken)

    def _move_editions(self, old: DigestId, new: DigestId) -> int:
        """Move the editions. Entries new in both stay new in the old ones; of a shared slot, the new name keeps it."""
        run, theirs = self._connection.execute, editions.alias()
        slots = select(theirs.c.slot_at).where(theirs.c.digest == new, theirs.c.slot_at.is_not(None))
        twice = and_(editions.c.digest == old, editions.c.slot_at.in_(slots))
        run(update(editions).where(twice).values(slot_at=None))
        mine, before = select(editions.c.key).where(editions.c.digest == new), edition_entries.alias()
        known = (
            exists()
            .where(before.c.entry_id == edition_entries.c.entry_id, before.c.section == Section.NEW)
            .where(before.c.edition.in_(select(theirs.c.key).where(theirs.c.digest == old)))
        )
        again = and_(edition_entries.c.edition.in_(mine), edition_entries.c.section == Section.NEW, known)
        run(update(edition_entries).where(again).values(section=Section.CATCH_UP))
        return run(update(editions).where(editions.c.digest == old).values(digest=new)).rowcount

    def _move_subscriptions(self, old: DigestId, new: DigestId, *, behind: bool) -> None:
        """Move the subscriptions. Of two of one person, the followed one stays, or the newer act."""
        run, other = self._connection.execute, subscriptions.alias()
        both = (
            select(subscriptions, other.c.joined_at.label("new_joined"), other.c.left_at.label("new_left"))
            .add_columns(other.c.since.label("new_since"))
            .join(other, and_(other.c.subscriber_id == subscriptions.c.subscriber_id, other.c.digest == new))
            .where(subscriptions.c.digest == old)
        )
        for row in run(both).all():
            this = subscriptions.c.subscriber_id == row.subscriber_id
            run(delete(subscriptions).where(this, subscriptions.c.digest == old))
            run(update(subscriptions).where(this, subscriptions.c.digest == new).values(_merged(row)))
        values: dict[str, object] = {"digest": new}
        if behind:
            values["behind"] = or_(subscriptions.c.behind, subscriptions.c.left_at.is_(None))
        run(update(subscriptions).where(subscriptions.c.digest == old).values(values))

    def _move_decisions(self, old: DigestId, new: DigestId) -> None:
        """Move what operators decided. A plan or an entry left out that both names have stays that of the new one."""
        run = self._connection.execute
        run(update(edition_acts).where(edition_acts.c.digest == old).values(digest=new))
        if run(select(edition_plans).where(edition_plans.c.digest == new)).first() is None:
            run(update(edition_plans).where(edition_plans.c.digest == old).values(digest=new))
        run(delete(edition_plans).where(edition_plans.c.digest == old))
        taken = select(editions.c.slot_at).where(editions.c.digest == new, editions.c.slot_at.is_not(None))
        made = and_(edition_plans.c.digest == new, edition_plans.c.slot_at.in_(taken))
        run(update(edition_plans).where(made).values(slot_at=None, asked_at=None))
        other = left_out.alias()
        both = select(other.c.entry_id).where(other.c.digest == new)
        run(delete(left_out).where(left_out.c.digest == old, left_out.c.entry_id.in_(both)))
        run(update(left_out).where(left_out.c.digest == old).values(digest=new))

    def _move_confirmations(self, old: DigestId, new: DigestId) -> None:
        query = select(confirmations.c.id, confirmations.c.digests).where(confirmations.c.done_at.is_(None))
        for row in self._connection.execute(query).all():
            if old in row.digests:
                names = list(dict.fromkeys(new if name == old else name for name in row.digests))
                this = update(confirmations).where(confirmations.c.id == row.id)
                self._connection.execute(this.values(digests=names))


def _merged(row: Row[Any]) -> dict[str, object]:
    """The subscription to the new name, merged with one to the old name.

    A follower of both is sent what only one of them announced. A person who left the new one after joining the old one
    stays away.
    """
    if row.left_at is not None or (row.new_left is not None and row.new_left > row.joined_at):
        return {"joined_at": row.new_joined}
    if row.new_left is None:
        return {"since": min(row.since, row.new_since), "behind": True}
    return {"joined_at": row.joined_at, "left_at": None, "since": row.since, "behind": True}


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
        self._connection.execute(insert(self._connection, renamed_sources).values(row))

    def _copy(self, table: Table, name: Column[Any], old: SourceId, new: SourceId) -> None:
        kept = [column for column in table.c if column is not name]
        rows = select(literal(new), *kept).where(name == old)
        self._connection.execute(table.insert().from_select([name, *kept], rows))

    def _move_feed(self, before: str, after: str) -> None:
        """Move a feed with its history; a feed that began under the new key meanwhile is deleted."""
        here = feed_entries.c.feed == before
        if self._connection.execute(select(feed_entries.c.feed).where(here).limit(1)).first():
            self._connection.execute(delete(feed_entries).where(feed_entries.c.feed == after))
            self._connection.execute(update(feed_entries).where(here).values(feed=after))
