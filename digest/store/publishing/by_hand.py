"""Operators' changes, and the resulting states of entries; whether a change is allowed is decided elsewhere."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, or_, select, update

from digest.changes.values import Cause, Printed
from digest.model import Content, EntryDate, EntryId, SourceId
from digest.records.publishing import (
    Act,
    ActKind,
    EntryState,
    Handled,
    NewArticle,
    ReaderCount,
    RestingOn,
    Said,
    ShownAs,
)
from digest.search_terms import query as asked
from digest.store.database.meta import grow_published
from digest.store.database.statements import batches, content_of, date_of, insert, printed_of
from digest.store.database.tables.publishing import acts, entries, entry_sources, placings, reader_counts, revisions
from digest.store.intake import revising
from digest.store.publishing import forgetting, merging, searching
from digest.store.publishing.entries import NEWEST_FIRST, PUBLISHED, entries_of, entry_rows
from digest.store.publishing.merging import MERGED

_OWN = entries.c.merged_into.is_(None)
_STATES: dict[EntryState, ColumnElement[bool]] = {
    EntryState.PUBLISHED: PUBLISHED,
    EntryState.HIDDEN: and_(
        _OWN, entries.c.hidden_at.is_not(None), entries.c.forgotten_at.is_(None), entries.c.removed_at.is_(None)
    ),
    EntryState.FORGOTTEN: and_(_OWN, entries.c.forgotten_at.is_not(None), entries.c.removed_at.is_(None)),
    EntryState.REMOVED: and_(_OWN, entries.c.removed_at.is_not(None)),
    EntryState.MERGED: entries.c.merged_into.is_not(None),
    EntryState.WAITING: and_(
        entries.c.updated_at.is_(None), entries.c.hidden_at.is_(None), entries.c.removed_at.is_(None)
    ),
}


class ByHand:
    """Operators' changes to entries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entry(self, entry: EntryId) -> Handled | None:
        """The entry, whatever its state."""
        return next(iter(self._handled([entry])), None)

    def listed(
        self,
        states: Collection[EntryState],
        *,
        source: SourceId | None = None,
        search: str = "",
        limit: int | None = None,
        after: EntryId | None = None,
    ) -> tuple[list[Handled], int]:
        """The entries in these states, and how many there are without `limit` and `after`.

        Newest first, or best first for a search, as in `Entries.search`; only those behind `after`.
        """
        wanted = or_(*(_STATES[state] for state in sorted(states)))
        if source is not None:  # a merged entry still has its sources, a forgotten one has none
            wanted &= exists().where(entry_sources.c.entry_id == entries.c.id, entry_sources.c.source == source)
        query = select(entries.c.id).where(wanted).order_by(*NEWEST_FIRST)
        if search:
            terms = asked(search)
            if not terms:
                return [], 0
            query = searching.ranked(self._connection, terms, wanted, NEWEST_FIRST)
        elif limit is not None and after is None:  # the first part, without the ids of all
            count = select(func.count()).select_from(entries).where(wanted)
            some = [EntryId(entry) for entry in self._connection.execute(query.limit(limit)).scalars()]
            return self._handled(some), int(self._connection.execute(count).scalar_one())
        found = [EntryId(entry) for entry in self._connection.execute(query).scalars()]
        first = found.index(after) + 1 if after in found else 0
        here = found[first : None if limit is None else first + limit]
        return self._handled(here), len(found)

    def _handled(self, of: Sequence[EntryId]) -> list[Handled]:
        made: dict[str, Handled] = {}
        for batch in batches(of):
            query = entry_rows(entries.c.revision, revisions.c.printed).where(entries.c.id.in_(batch))
            rows = self._connection.execute(query).all()
            for entry, row in zip(entries_of(self._connection, rows), rows, strict=True):
                state, since = _state(row)
                into = EntryId(row.merged_into) if row.merged_into else None
                printed, settled = printed_of(row), row.updated_at is not None
                made[entry.id] = Handled(entry, state, since, printed, row.announced, settled, into)
        return [made[entry] for entry in of if entry in made]

    def record(self, act: Act) -> int:
        """Store a change, ignoring its id; returns the id that it got."""
        row = {
            "at": act.at,
            "who": act.who,
            "kind": act.kind,
            "entry_id": act.entry,
            "other_id": act.other,
            "source": act.source,
            "before": act.before,
            "after": act.after,
            "undone_at": act.undone_at,
        }
        stored = insert(self._connection, acts).values(row).returning(acts.c.id)
        return int(self._connection.execute(stored).scalar_one())

    def undone(self, act: int, now: datetime) -> None:
        """Record that a change was undone."""
        self._connection.execute(update(acts).where(acts.c.id == act).values(undone_at=now))

    def acts(self, entry: EntryId | None = None) -> list[Act]:
        """The changes to an entry, or all; oldest first."""
        query = select(acts).order_by(acts.c.id)
        if entry is not None:
            query = query.where(or_(acts.c.entry_id == entry, acts.c.other_id == entry))
        return [_act(row) for row in self._connection.execute(query)]

    def revise(
        self,
        entry: EntryId,
        state: tuple[Content, EntryDate | None],
        printed: Printed,
        cause: Cause,
        now: datetime,
    ) -> None:
        """Store an operator's revision; the entry is then also found by its new title."""
        revising.by_hand(self._connection, entry, state, printed, cause, now)
        revising.answer(self._connection, entry, [state[0]])

    def revisions(self, entry: EntryId) -> list[Said]:
        """The stored states of an entry, oldest first."""
        query = select(revisions).where(revisions.c.entry_id == entry).order_by(revisions.c.number)
        return [_said(row) for row in self._connection.execute(query)]

    def revision(self, entry: EntryId, number: int) -> Said:
        """A stored state of an entry; it must exist."""
        here = and_(revisions.c.entry_id == entry, revisions.c.number == number)
        return _said(self._connection.execute(select(revisions).where(here)).one())

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """Like `Entries.counts`, for an entry in any state."""
        query = select(reader_counts).where(reader_counts.c.entry_id == entry)
        rows = self._connection.execute(query.order_by(reader_counts.c.counted_at, reader_counts.c.source))
        return [ReaderCount(row.counted_at, SourceId(row.source), row.readers) for row in rows]

    def hide(self, entries_: Sequence[EntryId], now: datetime, *, forgotten: bool = False) -> None:
        """Hide entries; `forgotten` ones are published again when a dump shows them."""
        self._mark(entries_, now, hidden_at=now, forgotten_at=now if forgotten else None)

    def publish(self, entries_: Sequence[EntryId], now: datetime) -> None:
        """Publish hidden entries again."""
        self._mark(entries_, now, hidden_at=None, forgotten_at=None)

    def _mark(self, of: Sequence[EntryId], now: datetime, **values: datetime | None) -> None:
        for batch in batches(of):
            self._connection.execute(update(entries).where(entries.c.id.in_(batch)).values(values))
        if of:
            grow_published(self._connection, now)

    def merge(self, other: EntryId, into: EntryId, now: datetime) -> list[EntryId]:
        """Merge an entry into another one, and retract it from feeds if it is published.

        Entries that were merged into it before are now merged into the other one, and returned.
        """
        revision = select(entries.c.revision).where(entries.c.id == into).scalar_subquery()
        theirs = select(entries.c.id).where(entries.c.merged_into == other).order_by(entries.c.id)
        before = [EntryId(one) for one in self._connection.execute(theirs).scalars()]
        merged = update(entries).where(entries.c.id.in_([other, *before]))
        self._connection.execute(merged.values(merged_into=into, merged_at=revision))
        gone = update(entries).where(entries.c.id == other, PUBLISHED).values(removed_at=now)
        self._connection.execute(gone)
        grow_published(self._connection, now)
        return before

    def unmerge(self, other: EntryId, merged: Sequence[EntryId], now: datetime) -> None:
        """Undo a merge; `merged` are the entries that were merged into it before."""
        revision = select(entries.c.revision).where(entries.c.id == other).scalar_subquery()
        itself = update(entries).where(entries.c.id == other)
        # A feed reader restores an entry only if it is newer than its tombstone.
        living = itself.where(entries.c.removed_at.is_not(None), entries.c.updated_at.is_not(None))
        self._connection.execute(living.values(updated_at=now))
        self._connection.execute(itself.values(merged_into=None, merged_at=None, removed_at=None))
        theirs = update(entries).where(entries.c.id.in_(list(merged)), entries.c.merged_into.is_not(None))
        self._connection.execute(theirs.values(merged_into=other, merged_at=revision))
        grow_published(self._connection, now)

    def merged_into(self, entry: EntryId) -> EntryId | None:
        """The entry that this one was merged into; None if it is not merged."""
        query = select(entries.c.merged_into).where(entries.c.id == entry)
        found = self._connection.execute(query).scalar_one_or_none()
        return EntryId(found) if found else None

    def show_in(self, entry: EntryId, sources: Sequence[SourceId], now: datetime) -> list[SourceId]:
        """Record that these sources show the entry; returns those that did not before."""
        query = select(entry_sources.c.source).where(entry_sources.c.entry_id == entry)
        known = set(self._connection.execute(query).scalars())
        new = [source for source in sources if source not in known]
        rows = [
            {"entry_id": entry, "source": source, "first_seen_at": now, "path": "", "because": MERGED} for source in new
        ]
        if rows:
            self._connection.execute(insert(self._connection, entry_sources), rows)
        return new

    def take_from(self, entry: EntryId, sources: Sequence[SourceId]) -> None:
        """Record that these sources show an entry no longer, unless one of their dumps does."""
        shown = exists().where(
            placings.c.entry_id == entry_sources.c.entry_id, placings.c.source == entry_sources.c.source
        )
        theirs = and_(entry_sources.c.entry_id == entry, entry_sources.c.source.in_(list(sources)))
        merged = entry_sources.c.because == MERGED
        self._connection.execute(delete(entry_sources).where(theirs, merged, ~shown))

    def shown(self, entry: EntryId) -> list[ShownAs]:
        """How dumps show an entry, by source, path and place; then how others showed it before they left it out."""
        return merging.showings(self._connection, entry)

    def split(
        self, entry: EntryId, new: NewArticle, shown: Sequence[ShownAs], numbers: Collection[int], now: datetime
    ) -> None:
        """Take an article out of an entry: these placings show it, and these revisions had its text."""
        merging.split(self._connection, entry, new, shown, numbers)
        grow_published(self._connection, now)

    def resting(self, source: SourceId, paths: Collection[str]) -> RestingOn:
        """What depends on these dumps of a source, or on all of its dumps if none is named."""
        return forgetting.resting(self._connection, source, paths)

    def forget(self, source: SourceId, paths: Collection[str], *, whole: bool) -> None:
        """Drop these dumps with their readings, or all; for a `whole` source, the next pass is a first import."""
        forgetting.forget(self._connection, source, paths, whole=whole)

    def unshow(self, entries_: Sequence[EntryId], source: SourceId) -> list[tuple[EntryId, SourceId]]:
        """Remove the source from entries that none of its dumps shows, unless it is their only source.

        An entry that began with this source, and that others show, then begins with the first of those. It is returned
        with that source.
        """
        return forgetting.unshow(self._connection, entries_, source)


def _state(row: Row[Any]) -> tuple[EntryState, datetime | None]:
    if row.merged_into:
        return EntryState.MERGED, row.removed_at or row.hidden_at
    if row.removed_at:
        return EntryState.REMOVED, row.removed_at
    if row.hidden_at:
        return EntryState.FORGOTTEN if row.forgotten_at else EntryState.HIDDEN, row.hidden_at
    return (EntryState.PUBLISHED if row.updated_at else EntryState.WAITING), None


def _said(row: Row[Any]) -> Said:
    source = SourceId(row.source) if row.source else None
    state = content_of(row), date_of(row), printed_of(row)
    return Said(row.number, row.at, row.cause, row.significant, source, row.path, *state, row.split_to is not None)


def _act(row: Row[Any]) -> Act:
    return Act(
        row.id,
        row.at,
        row.who,
        ActKind(row.kind),
        EntryId(row.entry_id) if row.entry_id else None,
        EntryId(row.other_id) if row.other_id else None,
        SourceId(row.source) if row.source else None,
        row.before,
        row.after,
        row.undone_at,
    )
