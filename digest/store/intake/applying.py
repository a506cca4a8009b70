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
from digest.store.database.meta import grow_published
from digest.store.database.statements import (
    DATE,
    batches,
    body_value,
    date_of,
    date_values,
    execute_rows,
    extras_value,
    insert,
    insert_in,
    insert_rows,
    printed_of,
)
from digest.store.database.tables.intake import reports, sources
from digest.store.database.tables.publishing import (
    KeyKind,
    entries,
    entry_keys,
    entry_sources,
    entry_uids,
    placings,
    reader_counts,
    revisions,
)
from digest.store.intake.revising import Origin, depart, revise, store_first
from digest.store.publishing.entries import PUBLISHED
from digest.store.publishing.merging import passed_on, recall, share

_ENTRY = (
    *("id", "atom_id", "first_source", "first_seen_at", "page_order", "revision", "updated_at", "announced"),
    *DATE,
)
_PLACING = (
    *("source", "path", "page", "position", "entry_id", "title", "month", "day", "year"),
    *("readers", "view", "complete", "because", "revision", "body", "extras"),
)
_COUNTED = ("entry_id", "source", "counted_at", "readers")
_MOVING = update(entries).where(entries.c.id == bindparam("entry"))
_PUBLISH = _MOVING.values(updated_at=bindparam("moved"), announced=bindparam("told"))
_COUNT_NEWEST = _MOVING.values(readers=bindparam("newest"))
_COUNTS = select(entries.c.id, entries.c.counts).where(entries.c.id.in_(bindparam("entries", expanding=True)))
_COUNT_OTHERS = _MOVING.values(counts=bindparam("newest"))
_PLACED = select(placings.c.entry_id).where(
    placings.c.source == bindparam("source"), placings.c.path == bindparam("path")
)
_SHOWN = select(entry_sources.c.entry_id).where(
    entry_sources.c.source == bindparam("source"), entry_sources.c.entry_id.in_(bindparam("entries", expanding=True))
)
_PUBLISHED = select(entries.c.id).where(entries.c.id.in_(bindparam("entries", expanding=True)), PUBLISHED).limit(1)
_STANDING = select(reports.c.id, reports.c.title, reports.c.outcome).where(
    reports.c.source == bindparam("source"), reports.c.path == bindparam("path"), reports.c.standing
)
_CLEAR = delete(placings).where(placings.c.source == bindparam("here"), placings.c.path == bindparam("there"))


_PRINTED = (
    select(revisions.c.entry_id, revisions.c.printed)
    .join(entries, and_(entries.c.id == revisions.c.entry_id, entries.c.revision == revisions.c.number))
    .where(revisions.c.printed.is_not(None), revisions.c.entry_id.in_(bindparam("entries", expanding=True)))
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
    columns = (entries.c.id, entries.c.first_seen_at, *(entries.c[name] for name in DATE))
    found: dict[EntryId, tuple[EntryDate | None, datetime]] = {}
    for batch in batches(set(of)):
        rows = connection.execute(select(*columns).where(entries.c.id.in_(batch))).all()
        found.update((EntryId(row.id), (date_of(row), row.first_seen_at)) for row in rows)
        for row in connection.execute(_PRINTED, {"entries": batch}):
            said = printed_of(row).date
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
    unsettled = select(entries.c.id).where(entries.c.first_source == source, entries.c.updated_at.is_(None))
    waiting = [EntryId(entry) for entry in connection.execute(unsettled).scalars()]
    if waiting:
        told = ((entry, updated_at.get(entry, now), entry in news) for entry in waiting)
        execute_rows(connection, _PUBLISH, ("entry", "moved", "told"), told)
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
    insert_rows(
        connection,
        entries,
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
                *date_values(dated[change.entry]),
            )
            for change in added
        ),
    )
    store_first(connection, [(c.entry, c.content, dated[c.entry]) for c in added], facts.now, origin)


def _insert_keys(connection: Connection, added: Sequence[Added], facts: ApplyFacts) -> None:
    new = {change.entry for change in added}
    rows = [
        (kind, key, entry)
        for kind, keys in ((KeyKind.TITLE.value, facts.title_keys), (KeyKind.LEAD.value, facts.lead_keys))
        for entry, key in keys.items()
        if key  # an empty one would answer for every entry with too little text
    ]
    insert_rows(connection, entry_keys, ("kind", "key", "entry_id"), [row for row in rows if row[2] in new])
    known = [{"kind": kind, "key": key, "entry_id": entry} for kind, key, entry in rows if entry not in new]
    if known:
        connection.execute(insert(connection, entry_keys).on_conflict_do_nothing(), known)


def _show(
    connection: Connection, origin: Origin, seen: Mapping[EntryId, str], new: AbstractSet[EntryId], now: datetime
) -> tuple[set[EntryId], bool]:
    """Record that the source shows these entries, and the evidence.

    Returns those that it did not show before, and whether one of them was published already.
    """
    source = origin.source
    shown: set[str] = set()
    for batch in batches(entry for entry in seen if entry not in new):
        shown.update(connection.execute(_SHOWN, {"source": source, "entries": batch}).scalars())
    fresh = [entry for entry in seen if entry not in shown]
    published = any(
        connection.execute(_PUBLISHED, {"entries": batch}).first()
        for batch in batches(entry for entry in fresh if entry not in new)
    )
    rows = [(entry, source, now, origin.path, seen[entry]) for entry in fresh]
    insert_rows(connection, entry_sources, ("entry_id", "source", "first_seen_at", "path", "because"), rows)
    return set(fresh), published


def _count_readers(
    connection: Connection, source: SourceId, counts: Sequence[tuple[EntryId, int]], now: datetime
) -> None:
    if not counts:
        return
    execute_rows(connection, _COUNT_NEWEST, ("entry", "newest"), counts)
    rows = ((entry, source, now, readers) for entry, readers in counts)
    execute_rows(connection, _counting(connection.dialect.name), _COUNTED, rows)


def _count_others(connection: Connection, changes: ChangeSet) -> None:
    """Store the newest of the numbers that have no series."""
    for batch in batches(changes.counts):
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
    put = insert_in(database, reader_counts).values({name: bindparam(name) for name in _COUNTED})
    return put.on_conflict_do_update(
        index_elements=list(reader_counts.primary_key), set_={"readers": put.excluded.readers}
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
        one = _CLEAR.where(placings.c.page == bindparam("on"), placings.c.position == bindparam("at"))
        connection.execute(one, [{"here": source, "there": path, **place} for place in gone])
    insert_rows(
        connection,
        placings,
        _PLACING,
        (
            (
                *(source, path, placing.page, placing.position, placing.entry, placing.title),
                *((day.month, day.day, day.year) if (day := placing.evidence) else (None, None, None)),
                *(placing.readers, placing.view, placing.complete, placing.because, placing.revision),
                body_value(placing.body),
                extras_value(placing.extras, placing.key),
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
            connection.execute(insert(connection, entry_uids).on_conflict_do_nothing(), rows)


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
