"""Stores what a reading changed: entries, revisions, keys, counts, placings; decides nothing about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, update

from digest.changes.values import Added, Revised
from digest.model import EntryId
from digest.store.meta import grow_published
from digest.store.revising import Origin, revise, store_first
from digest.store.statements import batches, date_columns, date_of, insert
from digest.store.tables import (
    KeyKind,
    entries,
    entry_keys,
    entry_sources,
    placings,
    reader_counts,
    reports,
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy import Connection

    from digest.changes.values import Ambiguous, ChangeSet, Placing
    from digest.model import EntryDate, SourceId
    from digest.service.ports import ApplyFacts


def apply(connection: Connection, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> None:
    """See `ports.Readings.apply`."""
    added = [change for change in changes.changes if isinstance(change, Added)]
    revised = [change for change in changes.changes if isinstance(change, Revised)]
    dates = dict(changes.dates)
    origin = Origin(source, path)
    _insert_entries(connection, origin, added, dates, facts)
    _insert_keys(connection, facts)
    known = {entry: date for entry, date in dates.items() if entry not in facts.atom_ids}
    shown = bool(added) and not facts.first_import
    shown |= revise(connection, revised, known, facts.now, origin)
    reasons = {c.entry: "" for c in added} | {p.entry: p.because for p in reversed(changes.placings)}
    shown |= _show(connection, origin, reasons, facts.now)
    _count_readers(connection, source, changes.readers, facts.now)
    _replace_placings(connection, source, path, changes.placings)
    _report(connection, source, path, changes.ambiguous, facts.now)
    if shown:
        grow_published(connection, facts.now)


def upgrade_dates(connection: Connection, dates: Mapping[EntryId, EntryDate], now: datetime) -> None:
    """See `ports.Readings.upgrade_dates`."""
    if revise(connection, (), dates, now):
        grow_published(connection, now)


def dates(connection: Connection, of: Iterable[EntryId]) -> dict[EntryId, EntryDate | None]:
    """See `ports.Readings.dates`."""
    columns = (entries.c.id, entries.c.date_kind, entries.c.date_month, entries.c.date_day, entries.c.date_full)
    return {
        EntryId(row.id): date_of(row)
        for batch in batches(set(of))
        for row in connection.execute(select(*columns).where(entries.c.id.in_(batch)))
    }


def settle(
    connection: Connection,
    source: SourceId,
    news: AbstractSet[EntryId],
    updated_at: Mapping[EntryId, datetime],
    now: datetime,
) -> None:
    """See `ports.Readings.settle`."""
    unsettled = select(entries.c.id).where(entries.c.first_source == source, entries.c.updated_at.is_(None))
    waiting = [EntryId(entry) for entry in connection.execute(unsettled).scalars()]
    if waiting:
        publish = update(entries).where(entries.c.id == bindparam("entry"))
        connection.execute(
            publish.values(updated_at=bindparam("moved"), announced=bindparam("told")),
            [{"entry": entry, "moved": updated_at.get(entry, now), "told": entry in news} for entry in waiting],
        )
        grow_published(connection, now)
    connection.execute(
        update(sources).where(sources.c.id == source, sources.c.settled_at.is_(None)).values(settled_at=now)
    )


def _insert_entries(
    connection: Connection,
    origin: Origin,
    added: Sequence[Added],
    dates: Mapping[EntryId, EntryDate],
    facts: ApplyFacts,
) -> None:
    if not added:
        return
    connection.execute(
        insert(connection, entries),
        [
            {
                "id": change.entry,
                "atom_id": facts.atom_ids[change.entry],
                "first_source": origin.source,
                "first_seen_at": facts.now,
                "page_order": change.position,
                "revision": 1,
                "updated_at": None if facts.first_import else facts.now,
                "announced": not facts.first_import,
                **date_columns(dates.get(change.entry, change.date)),
            }
            for change in added
        ],
    )
    store_first(connection, [(c.entry, c.content, dates.get(c.entry, c.date)) for c in added], facts.now, origin)


def _insert_keys(connection: Connection, facts: ApplyFacts) -> None:
    rows = [
        {"kind": kind, "key": key, "entry_id": entry}
        for kind, keys in ((KeyKind.TITLE, facts.title_keys), (KeyKind.LEAD, facts.lead_keys))
        for entry, key in keys.items()
        if key  # an empty one would answer for every entry with too little text
    ]
    if rows:
        connection.execute(insert(connection, entry_keys).on_conflict_do_nothing(), rows)


def _show(connection: Connection, origin: Origin, seen: Mapping[EntryId, str], now: datetime) -> bool:
    """Record that the source shows these entries, and by which evidence; whether a published one is new to it."""
    source = origin.source
    fresh: list[EntryId] = []
    shown = False
    for batch in batches(seen):
        query = (
            select(entries.c.id, entries.c.updated_at, entries.c.removed_at)
            .outerjoin(entry_sources, (entry_sources.c.entry_id == entries.c.id) & (entry_sources.c.source == source))
            .where(entries.c.id.in_(batch), entry_sources.c.entry_id.is_(None))
        )
        for row in connection.execute(query):
            fresh.append(EntryId(row.id))
            shown |= row.updated_at is not None and row.removed_at is None
    if fresh:
        rows = [
            {"entry_id": entry, "source": source, "first_seen_at": now, "path": origin.path, "because": seen[entry]}
            for entry in fresh
        ]
        connection.execute(insert(connection, entry_sources), rows)
    return shown


def _count_readers(
    connection: Connection, source: SourceId, counts: Sequence[tuple[EntryId, int]], now: datetime
) -> None:
    if not counts:
        return
    connection.execute(
        update(entries).where(entries.c.id == bindparam("entry")).values(readers=bindparam("newest")),
        [{"entry": entry, "newest": readers} for entry, readers in counts],
    )
    count = insert(connection, reader_counts)
    connection.execute(
        count.on_conflict_do_update(
            index_elements=list(reader_counts.primary_key), set_={"readers": count.excluded.readers}
        ),
        [{"entry_id": entry, "source": source, "counted_at": now, "readers": readers} for entry, readers in counts],
    )


def _replace_placings(connection: Connection, source: SourceId, path: str, reading: Sequence[Placing]) -> None:
    connection.execute(delete(placings).where(placings.c.source == source, placings.c.path == path))
    if not reading:
        return
    connection.execute(
        insert(connection, placings),
        [
            {
                "source": source,
                "path": path,
                "page": placing.page,
                "position": placing.position,
                "entry_id": placing.entry,
                "title": placing.title,
                "month": placing.evidence and placing.evidence.month,
                "day": placing.evidence and placing.evidence.day,
                "year": placing.evidence and placing.evidence.year,
                "readers": placing.readers,
                "view": placing.view,
                "complete": placing.complete,
                "because": placing.because,
            }
            for placing in reading
        ],
    )


def _report(connection: Connection, source: SourceId, path: str, ambiguous: Sequence[Ambiguous], now: datetime) -> None:
    """Report what is ambiguous and was not in the reading before; what no longer is may be reported again."""
    of_dump = (reports.c.source == source, reports.c.path == path, reports.c.standing)
    standing = {
        (row.title, row.outcome): row.id
        for row in connection.execute(select(reports.c.id, reports.c.title, reports.c.outcome).where(*of_dump))
    }
    seen = {(report.title, report.outcome): report for report in ambiguous}
    ended = [number for key, number in standing.items() if key not in seen]
    for batch in batches(ended):
        connection.execute(update(reports).where(reports.c.id.in_(batch)).values(standing=False))
    rows = [
        {
            "at": now,
            "source": source,
            "path": path,
            "title": report.title,
            "candidates": list(report.candidates),
            "outcome": report.outcome,
            "standing": True,
        }
        for key, report in seen.items()
        if key not in standing
    ]
    if rows:
        connection.execute(insert(connection, reports), rows)
