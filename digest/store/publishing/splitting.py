"""Takes an article out of an entry: the dumps that show it, its revisions, and the keys that it brought."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select, update

from digest.changes.identifiers import identifiers
from digest.changes.values import Body
from digest.model import EntryId, SourceId
from digest.records.publishing import NewArticle, ShownAs
from digest.store.database.statements import body_value, content_of, date_columns, insert, placing_of
from digest.store.database.tables.publishing import (
    departures,
    entries,
    entry_keys,
    entry_sources,
    entry_uids,
    placings,
    revisions,
)
from digest.store.intake.departing import placing_of as departed_of
from digest.store.intake.revising import Origin, answer, store_first

_SPLIT = "an operator split it from another entry"


def showings(connection: Connection, entry: EntryId) -> list[ShownAs]:
    """See `ByHand.shown`."""
    standing = select(placings).where(placings.c.entry_id == entry)
    standing = standing.order_by(placings.c.source, placings.c.path, placings.c.page, placings.c.position)
    left = select(departures).where(departures.c.entry_id == entry).order_by(departures.c.source, departures.c.path)
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
            named = entry_uids.c.source == one.source, entry_uids.c.uid == uid, entry_uids.c.entry_id == entry
            connection.execute(update(entry_uids).where(*named).values(entry_id=new.id))
    theirs = and_(revisions.c.entry_id == entry, revisions.c.number.in_(list(numbers)))
    connection.execute(update(revisions).where(theirs).values(split_to=new.id))
    _forget_keys(connection, entry)


def _add(connection: Connection, entry: EntryId, new: NewArticle, moved: Sequence[ShownAs]) -> None:
    old = connection.execute(select(entries).where(entries.c.id == entry)).one()
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
    connection.execute(insert(connection, entries).values(row))
    origin = Origin(moved[0].source, moved[0].path) if moved else Origin(SourceId(old.first_source), None)
    store_first(connection, [(new.id, new.content, new.date)], new.first_seen_at, origin)
    answer(connection, new.id, [new.content])
    paths = {one.source: one.path for one in reversed(moved)} or {SourceId(old.first_source): ""}
    rows = [
        {"entry_id": new.id, "source": source, "first_seen_at": new.first_seen_at, "path": path, "because": _SPLIT}
        for source, path in paths.items()
    ]
    connection.execute(insert(connection, entry_sources), rows)


def _keep_texts(connection: Connection, entry: EntryId) -> None:
    """Store with each placing the text that it took from a revision, because the new entry has other revisions."""
    rows = connection.execute(select(revisions).where(revisions.c.entry_id == entry)).all()
    texts = {row.number: content_of(row) for row in rows}
    for one in showings(connection, entry):
        number = one.placing.revision
        if number in texts and number is not None:
            body = Body(texts[number].paragraphs, texts[number].figures)
            kept = update(_table(one)).where(_here(one, entry))
            connection.execute(kept.values(revision=None, body=body_value(body)))


def _forget_keys(connection: Connection, entry: EntryId) -> None:
    own = select(revisions).where(revisions.c.entry_id == entry, revisions.c.split_to.is_(None))
    contents = [content_of(row) for row in connection.execute(own)]
    connection.execute(delete(entry_keys).where(entry_keys.c.entry_id == entry))
    answer(connection, entry, contents)


def _table(one: ShownAs) -> Table:
    return departures if one.left else placings


def _here(one: ShownAs, entry: EntryId) -> Any:  # noqa: ANN401 - an SQLAlchemy clause
    table = _table(one)
    here = and_(table.c.source == one.source, table.c.path == one.path, table.c.entry_id == entry)
    if one.left:
        return here
    return and_(here, table.c.page == one.placing.page, table.c.position == one.placing.position)
