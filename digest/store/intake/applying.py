"""Stores the changes of a reading: entries, revisions, keys, counts, placings."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Insert, and_, bindparam, delete, select, update

from digest.changes.counts import counted_now
from digest.changes.identifiers import unique
from digest.changes.values import Added, Ambiguous, ChangeSet, Placing, Revised
from digest.model import EntryDate, EntryId, SourceId
from digest.records.intake import ApplyFacts
from digest.store.database import statements
from digest.store.database.meta import grow_published
from digest.store.database.tables import publishing as tables
from digest.store.database.tables.intake import reports, sources
from digest.store.intake.revising import Origin, depart, revise, store_first
from digest.store.publishing.entries import PUBLISHED
from digest.store.publishing.merging import passed_on, recall, share

_ENTRY = (
    *("id", "atom_id", "first_source", "first_seen_at", "page_order", "revision", "updated_at", "announced"),
    *statements.DATE,
)
_PLACING = (
    *("source", "path", "page", "position", "entry_id", "title", "month", "day", "year"),
    *("readers", "view", "complete", "because", "revision", "body", "extras"),
)
_COUNTED = ("entry_id", "source", "counted_at", "readers")
_MOVING = update(tables.entries).where(tables.entries.c.id == bindparam("entry"))
_PUBLISH = _MOVING.values(updated_at=bindparam("moved"), announced=bindparam("told"))
_COUNT_NEWEST = _MOVING.values(readers=bindparam("newest"))
_COUNTS = select(tables.entries.c.id, tables.entries.c.counts).where(
    tables.entries.c.id.in_(bindparam("entries", expanding=True))
)
_COUNT_OTHERS = _MOVING.values(counts=bindparam("newest"))
_PLACED = select(tables.placings.c.entry_id).where(
    tables.placings.c.source == bindparam("source"), tables.placings.c.path == bindparam("path")
)
_SHOWN = select(tables.entry_sources.c.entry_id).where(
    tables.entry_sources.c.source == bindparam("source"),
    tables.entry_sources.c.entry_id.in_(bindparam("entries", expanding=True)),
)
_PUBLISHED = (
    select(tables.entries.c.id).where(tables.entries.c.id.in_(bindparam("entries", expanding=True)), PUBLISHED).limit(1)
)
_STANDING = select(reports.c.id, reports.c.title, reports.c.outcome).where(
    reports.c.source == bindparam("source"), reports.c.path == bindparam("path"), reports.c.standing
)
_CLEAR = delete(tables.placings).where(
    tables.placings.c.source == bindparam("here"), tables.placings.c.path == bindparam("there")
)


_PRINTED = (
    select(tables.revisions.c.entry_id, tables.revisions.c.printed)
    .join(
        tables.entries,
        and_(
            tables.entries.c.id == tables.revisions.c.entry_id, tables.entries.c.revision == tables.revisions.c.number
        ),
    )
    .where(
        tables.revisions.c.printed.is_not(None), tables.revisions.c.entry_id.in_(bindparam("entries", expanding=True))
    )
)


def apply(connection: Connection, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> set[EntryId]:
    """See `Readings.apply`."""
    before = _placed(connection, source, path) if facts.last is None else {placing.entry for placing in facts.last}
    added = [change for change in changes.changes if isinstance(change, Added)]
    revised = [change for change in changes.changes if isinstance(change, Revised)]
    dates = dict(changes.dates)
    origin = Origin(source, path)
    _insert_entries(connection, origin, added, dates, facts)
    _insert_keys(connection, added, facts)
    known = {entry: date for entry, date in dates.items() if entry not in facts.atom_ids}
    shown = bool(added) and not facts.first_import
    shown |= revise(connection, revised, known, facts.now, origin)
    reasons = {c.entry: "" for c in added} | {p.entry: p.because for p in reversed(changes.placings)}
    seen = {entry: because for entry, because in reasons.items() if entry not in before}
    fresh, published = _show(connection, origin, seen, {change.entry for change in added}, facts.now)
    back = recall(connection, reasons.keys() - {change.entry for change in added})
    fresh, published = fresh | back, published or bool(back)
    fresh |= share(connection, source, path, reasons.keys() | {change.entry for change in revised}, facts.now)
    _replace_placings(connection, source, path, changes.placings, facts.last)
    _identify(connection, source, changes.shown, facts.last or ())
    counts = (*changes.readers, *passed_on(connection, source, changes.readers))
    _count_readers(connection, source, counts, facts.now)
    if changes.counts:
        _count_others(connection, changes)
    if facts.last:
        depart(connection, source, path, changes, facts.last, facts.now)
    _report(connection, source, path, changes.ambiguous, facts.now)
    if shown or published:
        grow_published(connection, facts.now)
    return fresh


def upgrade_dates(connection: Connection, dates: Mapping[EntryId, EntryDate], now: datetime) -> None:
    """See `Readings.upgrade_dates`."""
    if revise(connection, (), dates, now):
        grow_published(connection, now)


def dates(connection: Connection, of: Iterable[EntryId]) -> dict[EntryId, tuple[EntryDate | None, datetime]]:
    """See `Readings.dates`."""
    columns = (
        tables.entries.c.id,
        tables.entries.c.first_seen_at,
        *(tables.entries.c[name] for name in statements.DATE),
    )
    found: dict[EntryId, tuple[EntryDate | None, datetime]] = {}
    for batch in statements.batches(set(of)):
        rows = connection.execute(select(*columns).where(tables.entries.c.id.in_(batch))).all()
        found.update((EntryId(row.id), (statements.date_of(row), row.first_seen_at)) for row in rows)
        for row in connection.execute(_PRINTED, {"entries": batch}):
            said = statements.printed_of(row).date
            if said is not None:
                found[EntryId(row.entry_id)] = (said[0], found[EntryId(row.entry_id)][1])
    return found


def settle(
    connection: Connection,
    source: SourceId,
    news: AbstractSet[EntryId],
    updated_at: Mapping[EntryId, datetime],
    now: datetime,
) -> None:
    """See `Readings.settle`."""
    unsettled = select(tables.entries.c.id).where(
        tables.entries.c.first_source == source, tables.entries.c.updated_at.is_(None)
    )
    waiting = [EntryId(entry) for entry in connection.execute(unsettled).scalars()]
    if waiting:
        told = ((entry, updated_at.get(entry, now), entry in news) for entry in waiting)
        statements.execute_rows(connection, _PUBLISH, ("entry", "moved", "told"), told)
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
    told = not facts.first_import
    dated = {change.entry: dates.get(change.entry, change.date) for change in added}
    statements.insert_rows(
        connection,
        tables.entries,
        _ENTRY,
        (
            (
                change.entry,
                facts.atom_ids[change.entry],
                origin.source,
                facts.now,
                change.position,
                1,
                facts.quiet.get(change.entry, facts.now) if told else None,
                told and change.entry not in facts.quiet,
                *statements.date_values(dated[change.entry]),
            )
            for change in added
        ),
    )
    store_first(connection, [(c.entry, c.content, dated[c.entry]) for c in added], facts.now, origin)


def _insert_keys(connection: Connection, added: Sequence[Added], facts: ApplyFacts) -> None:
    new = {change.entry for change in added}
    rows = [
        (kind, key, entry)
        for kind, keys in ((tables.KeyKind.TITLE.value, facts.title_keys), (tables.KeyKind.LEAD.value, facts.lead_keys))
        for entry, key in keys.items()
        if key  # an empty one would answer for every entry with too little text
    ]
    statements.insert_rows(
        connection, tables.entry_keys, ("kind", "key", "entry_id"), [row for row in rows if row[2] in new]
    )
    known = [{"kind": kind, "key": key, "entry_id": entry} for kind, key, entry in rows if entry not in new]
    if known:
        connection.execute(statements.insert(connection, tables.entry_keys).on_conflict_do_nothing(), known)


def _show(
    connection: Connection, origin: Origin, seen: Mapping[EntryId, str], new: AbstractSet[EntryId], now: datetime
) -> tuple[set[EntryId], bool]:
    """Record that the source shows these entries, and the evidence.

    Returns those that it did not show before, and whether one of them was published already.
    """
    source = origin.source
    shown: set[str] = set()
    for batch in statements.batches(entry for entry in seen if entry not in new):
        shown.update(connection.execute(_SHOWN, {"source": source, "entries": batch}).scalars())
    fresh = [entry for entry in seen if entry not in shown]
    published = any(
        connection.execute(_PUBLISHED, {"entries": batch}).first()
        for batch in statements.batches(entry for entry in fresh if entry not in new)
    )
    rows = [(entry, source, now, origin.path, seen[entry]) for entry in fresh]
    statements.insert_rows(
        connection, tables.entry_sources, ("entry_id", "source", "first_seen_at", "path", "because"), rows
    )
    return set(fresh), published


def _count_readers(
    connection: Connection, source: SourceId, counts: Sequence[tuple[EntryId, int]], now: datetime
) -> None:
    if not counts:
        return
    statements.execute_rows(connection, _COUNT_NEWEST, ("entry", "newest"), counts)
    rows = ((entry, source, now, readers) for entry, readers in counts)
    statements.execute_rows(connection, _counting(connection.dialect.name), _COUNTED, rows)


def _count_others(connection: Connection, changes: ChangeSet) -> None:
    """Store the newest of the numbers that have no series."""
    for batch in statements.batches(changes.counts):
        shown = dict(batch)
        known = {row.id: row.counts or {} for row in connection.execute(_COUNTS, {"entries": list(shown)})}
        now = {
            entry: dict(counted_now(tuple(known[entry].items()), counts, changes.counted_before.get(entry)))
            for entry, counts in shown.items()
        }
        rows = [{"entry": entry, "newest": counts} for entry, counts in now.items() if counts != known[entry]]
        if rows:
            connection.execute(_COUNT_OTHERS, rows)


@cache
def _counting(database: str) -> Insert:
    put = statements.insert_in(database, tables.reader_counts).values({name: bindparam(name) for name in _COUNTED})
    return put.on_conflict_do_update(
        index_elements=list(tables.reader_counts.primary_key), set_={"readers": put.excluded.readers}
    )


def _placed(connection: Connection, source: SourceId, path: str) -> set[EntryId]:
    """The entries of the dump's last reading, which its source is known to show."""
    return set(map(EntryId, connection.execute(_PLACED, {"source": source, "path": path}).scalars()))


def _replace_placings(
    connection: Connection, source: SourceId, path: str, reading: Sequence[Placing], last: Sequence[Placing] | None
) -> None:
    """Replace the last reading. If few rows differ, only those are written: a small part of a long dump."""
    now = {placing.position: placing for placing in reading}
    stood = {placing.position: placing for placing in last or ()}
    fresh = [placing for at, placing in now.items() if stood.get(at) != placing]
    gone = [{"on": placing.page, "at": at} for at, placing in stood.items() if now.get(at) != placing]
    if last is None or 2 * len(fresh) > len(last) > 0:
        fresh = list(reading)
        connection.execute(_CLEAR, {"here": source, "there": path})
    elif gone:
        one = _CLEAR.where(tables.placings.c.page == bindparam("on"), tables.placings.c.position == bindparam("at"))
        connection.execute(one, [{"here": source, "there": path, **place} for place in gone])
    statements.insert_rows(
        connection,
        tables.placings,
        _PLACING,
        (
            (
                *(source, path, placing.page, placing.position, placing.entry, placing.title),
                *((day.month, day.day, day.year) if (day := placing.evidence) else (None, None, None)),
                *(placing.readers, placing.view, placing.complete, placing.because, placing.revision),
                statements.body_value(placing.body),
                statements.extras_value(placing.extras, placing.key),
            )
            for placing in fresh
        ),
    )


def _identify(connection: Connection, source: SourceId, now: Sequence[Placing], last: Sequence[Placing]) -> None:
    """Store by which ids and links a source newly shows entries."""
    fresh = _named(now)
    if fresh:
        rows = [{"source": source, "uid": uid, "entry_id": entry} for uid, entry in sorted(fresh - _named(last))]
        if rows:
            connection.execute(statements.insert(connection, tables.entry_uids).on_conflict_do_nothing(), rows)


def _named(reading: Sequence[Placing]) -> set[tuple[str, EntryId]]:
    shown = [placing for placing in reading if placing.extras.uid or placing.extras.link]
    each = unique(placing.extras for placing in shown)
    return {(uid, placing.entry) for placing, found in zip(shown, each, strict=True) for uid in found}


def _report(connection: Connection, source: SourceId, path: str, ambiguous: Sequence[Ambiguous], now: datetime) -> None:
    """Report ambiguous sightings that the reading before did not have; resolved ones may be reported again."""
    standing = {
        (row.title, row.outcome): row.id for row in connection.execute(_STANDING, {"source": source, "path": path})
    }
    seen = {(report.title, report.outcome): report for report in ambiguous}
    ended = [number for key, number in standing.items() if key not in seen]
    for batch in statements.batches(ended):
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
        connection.execute(statements.insert(connection, reports), rows)
