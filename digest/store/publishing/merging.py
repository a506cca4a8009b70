"""Entries that an operator merged or hid while dumps continue to show them: directs changes to the right entry.

Decision 60.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select, update

from digest.model import EntryId, SourceId
from digest.store.database.statements import batches, insert
from digest.store.database.tables.publishing import entries, entry_sources, placings

MERGED = "an operator merged what it shows into this one"
_ANY = select(entries.c.id).where(entries.c.merged_into.is_not(None)).limit(1)
_FORGOTTEN = select(entries.c.id).where(entries.c.forgotten_at.is_not(None))
_RECALL = update(entries).where(entries.c.id == bindparam("entry")).values(hidden_at=None, forgotten_at=None)


def recall(connection: Connection, shown: Iterable[EntryId]) -> set[EntryId]:
    """Publish forgotten entries that are shown again; returns them."""
    forgotten = set(connection.execute(_FORGOTTEN).scalars())
    back = {entry for entry in shown if entry in forgotten} if forgotten else set()
    if back:
        connection.execute(_RECALL, [{"entry": entry} for entry in sorted(back)])
    return back


def passed_on(
    connection: Connection, source: SourceId, counts: Iterable[tuple[EntryId, int]]
) -> list[tuple[EntryId, int]]:
    """The counts of merged entries as counts of their targets, if the source no longer counts the targets itself."""
    if connection.execute(_ANY).first() is None:
        return []
    made: dict[EntryId, int] = {}
    for batch in batches(counts):
        shown = dict(batch)
        itself = exists().where(placings.c.entry_id == entries.c.merged_into, placings.c.source == source)
        query = select(entries.c.id, entries.c.merged_into).where(entries.c.id.in_(list(shown)))
        for row in connection.execute(query.where(entries.c.merged_into.is_not(None), ~itself)):
            into = EntryId(row.merged_into)
            made[into] = max(shown[EntryId(row.id)], made.get(into, 0))
    return list(made.items())


def share(connection: Connection, source: SourceId, path: str, shown: Iterable[EntryId], now: datetime) -> set[EntryId]:
    """Record that a source that shows a merged entry shows its target; returns the targets that are shown."""
    if connection.execute(_ANY).first() is None:
        return set()
    into: set[EntryId] = set()
    for batch in batches(shown):
        query = select(entries.c.merged_into).where(entries.c.id.in_(batch), entries.c.merged_into.is_not(None))
        into |= set(map(EntryId, connection.execute(query).scalars()))
    rows = [
        {"entry_id": entry, "source": source, "first_seen_at": now, "path": path, "because": MERGED} for entry in into
    ]
    if rows:
        connection.execute(insert(connection, entry_sources).on_conflict_do_nothing(), rows)
    return into
