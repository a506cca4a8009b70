"""Entries that an operator merged, hid or split: directs changes of dumps, and takes an article out of an entry.

Decision 60.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, exists, select, update

from digest.changes.identifiers import identifiers
from digest.changes.values import Body
from digest.model import EntryId, SourceId
from digest.records.publishing import NewArticle, ShownAs
from digest.store.database.statements import batches, body_value, content_of, date_columns, insert, placing_of
from digest.store.database.tables import publishing as tables
from digest.store.intake.revising import Origin, answer, store_first
from digest.store.intake.revising import placing_of as departed_of

MERGED = "an operator merged what it shows into this one"
_ANY = select(tables.entries.c.id).where(tables.entries.c.merged_into.is_not(None)).limit(1)
_FORGOTTEN = select(tables.entries.c.id).where(tables.entries.c.forgotten_at.is_not(None))
_RECALL = (
    update(tables.entries).where(tables.entries.c.id == bindparam("entry")).values(hidden_at=None, forgotten_at=None)
)


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
        itself = exists().where(
            tables.placings.c.entry_id == tables.entries.c.merged_into, tables.placings.c.source == source
        )
        query = select(tables.entries.c.id, tables.entries.c.merged_into).where(tables.entries.c.id.in_(list(shown)))
        for row in connection.execute(query.where(tables.entries.c.merged_into.is_not(None), ~itself)):
            into = EntryId(row.merged_into)
            made[into] = max(shown[EntryId(row.id)], made.get(into, 0))
    return list(made.items())


def share(connection: Connection, source: SourceId, path: str, shown: Iterable[EntryId], now: datetime) -> set[EntryId]:
    """Record that a source that shows a merged entry shows its target; returns the targets that are shown."""
    if connection.execute(_ANY).first() is None:
        return set()
    into: set[EntryId] = set()
    for batch in batches(shown):
        query = select(tables.entries.c.merged_into).where(
            tables.entries.c.id.in_(batch), tables.entries.c.merged_into.is_not(None)
        )
        into |= set(map(EntryId, connection.execute(query).scalars()))
    rows = [
        {"entry_id": entry, "source": source, "first_seen_at": now, "path": path, "because": MERGED} for entry in into
    ]
    if rows:
        connection.execute(insert(connection, tables.entry_sources).on_conflict_do_nothing(), rows)
    return into


_SPLIT = "an operator split it from another entry"


def showings(connection: Connection, entry: EntryId) -> list[ShownAs]:
    """See `ByHand.shown`."""
    standing = select(tables.placings).where(tables.placings.c.entry_id == entry)
    standing = standing.order_by(
        tables.placings.c.source, tables.placings.c.path, tables.placings.c.page, tables.placings.c.position
    )
    left = (
        select(tables.departures)
        .where(tables.departures.c.entry_id == entry)
        .order_by(tables.departures.c.source, tables.departures.c.path)
    )
    return [
        *(ShownAs(SourceId(row.source), row.path, placing_of(row), left=False) for row in connection.execute(standing)),
        *(ShownAs(SourceId(row.source), row.path, departed_of(row), left=True) for row in connection.execute(left)),
    ]


def split(
    connection: Connection, entry: EntryId, new: NewArticle, moved: Sequence[ShownAs], numbers: Collection[int]
) -> None:
    """See `ByHand.split`."""
    _keep_texts(connection, entry)
    _add(connection, entry, new, moved)
    for one in moved:
        connection.execute(update(_table(one)).where(_here(one, entry)).values(entry_id=new.id))
        for uid in identifiers(one.placing.extras):
            named = (
                tables.entry_uids.c.source == one.source,
                tables.entry_uids.c.uid == uid,
                tables.entry_uids.c.entry_id == entry,
            )
            connection.execute(update(tables.entry_uids).where(*named).values(entry_id=new.id))
    theirs = and_(tables.revisions.c.entry_id == entry, tables.revisions.c.number.in_(list(numbers)))
    connection.execute(update(tables.revisions).where(theirs).values(split_to=new.id))
    _forget_keys(connection, entry)


def _add(connection: Connection, entry: EntryId, new: NewArticle, moved: Sequence[ShownAs]) -> None:
    old = connection.execute(select(tables.entries).where(tables.entries.c.id == entry)).one()
    row = {
        "id": new.id,
        "atom_id": new.atom_id,
        "first_source": moved[0].source if moved else old.first_source,
        "first_seen_at": new.first_seen_at,
        "page_order": old.page_order,
        "revision": 1,
        "updated_at": new.first_seen_at,
        "announced": new.announced,
        **date_columns(new.date),
    }
    connection.execute(insert(connection, tables.entries).values(row))
    origin = Origin(moved[0].source, moved[0].path) if moved else Origin(SourceId(old.first_source), None)
    store_first(connection, [(new.id, new.content, new.date)], new.first_seen_at, origin)
    answer(connection, new.id, [new.content])
    paths = {one.source: one.path for one in reversed(moved)} or {SourceId(old.first_source): ""}
    rows = [
        {"entry_id": new.id, "source": source, "first_seen_at": new.first_seen_at, "path": path, "because": _SPLIT}
        for source, path in paths.items()
    ]
    connection.execute(insert(connection, tables.entry_sources), rows)


def _keep_texts(connection: Connection, entry: EntryId) -> None:
    """Store with each placing the text that it took from a revision, because the new entry has other revisions."""
    rows = connection.execute(select(tables.revisions).where(tables.revisions.c.entry_id == entry)).all()
    texts = {row.number: content_of(row) for row in rows}
    for one in showings(connection, entry):
        number = one.placing.revision
        if number in texts and number is not None:
            body = Body(texts[number].paragraphs, texts[number].figures)
            kept = update(_table(one)).where(_here(one, entry))
            connection.execute(kept.values(revision=None, body=body_value(body)))


def _forget_keys(connection: Connection, entry: EntryId) -> None:
    own = select(tables.revisions).where(tables.revisions.c.entry_id == entry, tables.revisions.c.split_to.is_(None))
    contents = [content_of(row) for row in connection.execute(own)]
    connection.execute(delete(tables.entry_keys).where(tables.entry_keys.c.entry_id == entry))
    answer(connection, entry, contents)


def _table(one: ShownAs) -> Table:
    return tables.departures if one.left else tables.placings


def _here(one: ShownAs, entry: EntryId) -> Any:  # noqa: ANN401 - an SQLAlchemy clause
    table = _table(one)
    here = and_(table.c.source == one.source, table.c.path == one.path, table.c.entry_id == entry)
    if one.left:
        return here
    return and_(here, table.c.page == one.placing.page, table.c.position == one.placing.position)
