"""Finds the entries that a comparison needs: those that answer to the titles, leads and days of a reading."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from digest.changes.by_hand import as_printed
from digest.changes.values import Cause, Earlier, Known, Questions
from digest.model import EntryId
from digest.store.database.engine import make_room
from digest.store.database.statements import DATE, batches, content_of, date_of, fetched, printed_of
from digest.store.database.tables.publishing import KeyKind, entries, entry_keys, entry_uids, revisions
from digest.store.publishing.entries import CONTENT_COLUMNS

_OF_A_DAY = 1000  # newest entries that answer to their day: a bound for imports with a single date

_ANSWERING = select(entry_keys.c.entry_id).where(
    entry_keys.c.kind == bindparam("kind"), entry_keys.c.key.in_(bindparam("keys", expanding=True))
)
_TITLES = select(entry_keys.c.entry_id, entry_keys.c.key).where(
    entry_keys.c.entry_id.in_(bindparam("entries", expanding=True)),
    func.coalesce(entry_keys.c.kind, "") == KeyKind.TITLE,  # without this, SQLite would read all keys of the kind
)
_KNOWN = (
    select(entries.c.id, and_(entries.c.removed_at.is_not(None), entries.c.merged_into.is_(None)).label("removed"))
    .add_columns(entries.c.first_seen_at, entries.c.revision)
    .add_columns(*(entries.c[name] for name in DATE), *CONTENT_COLUMNS, revisions.c.printed)
    .join(revisions, and_(revisions.c.entry_id == entries.c.id, revisions.c.number == entries.c.revision))
    .where(entries.c.id.in_(bindparam("entries", expanding=True)))
)
_DATED = (
    select(
        entries.c.id,
        func.row_number()
        .over(partition_by=entries.c.date_full, order_by=(entries.c.first_seen_at.desc(), entries.c.id))
        .label("place"),
    )
    .where(entries.c.date_full.in_(bindparam("days", expanding=True)))
    .subquery()
)
_NEWEST_OF_DAYS = select(_DATED.c.id).where(_DATED.c.place <= bindparam("most"))
_EARLIER = (
    select(revisions.c.entry_id, revisions.c.number, revisions.c.significant, revisions.c.cause, *CONTENT_COLUMNS)
    .add_columns(*(revisions.c[name] for name in DATE), revisions.c.printed)
    .join(entries, entries.c.id == revisions.c.entry_id)
    .where(revisions.c.entry_id.in_(bindparam("entries", expanding=True)), revisions.c.number < entries.c.revision)
    .where(revisions.c.split_to.is_(None))
    .order_by(revisions.c.entry_id, revisions.c.number)
)


_NAMED = select(entry_uids.c.entry_id).where(
    entry_uids.c.source == bindparam("source"), entry_uids.c.uid.in_(bindparam("uids", expanding=True))
)
_UIDS = select(entry_uids).where(entry_uids.c.entry_id.in_(bindparam("entries", expanding=True)))


def matching_entries(connection: Connection, questions: Questions) -> list[Known]:
    """See `Readings.known`."""
    make_room(connection)
    found: set[str] = set(questions.entries)
    for batch in batches(questions.uids):
        found.update(connection.execute(_NAMED, {"source": questions.source, "uids": batch}).scalars())
    for kind, keys in ((KeyKind.TITLE, questions.titles), (KeyKind.LEAD, questions.leads)):
        for batch in batches(keys):
            found.update(connection.execute(_ANSWERING, {"kind": kind, "keys": batch}).scalars())
    found.update(_dated(connection, questions.days))
    return [known for batch in batches(found) for known in _known(connection, batch)]


def _dated(connection: Connection, days: Iterable[tuple[int, int, int]]) -> Iterator[str]:
    """The entries of these days; of each day, the newest ones."""
    for some in batches(days):
        asked = {"days": [date(*day) for day in some], "most": _OF_A_DAY}
        yield from connection.execute(_NEWEST_OF_DAYS, asked).scalars()


def _known(connection: Connection, batch: list[str]) -> list[Known]:
    titles: dict[str, set[str]] = {}
    for entry, key in fetched(connection.execute(_TITLES, {"entries": batch})):
        titles.setdefault(entry, set()).add(key)
    uids: dict[str, set[tuple[str, str]]] = {}
    for row in fetched(connection.execute(_UIDS, {"entries": batch})):
        uids.setdefault(row.entry_id, set()).add((row.source, row.uid))
    rows = list(fetched(connection.execute(_KNOWN, {"entries": batch})))
    earlier = _earlier(connection, [row.id for row in rows if row.revision > 1])
    return [
        _entry(row, titles.get(row.id, set()), earlier.get(row.id, []), frozenset(uids.get(row.id, ()))) for row in rows
    ]


def _entry(row: Row[Any], titles: set[str], earlier: list[Earlier], uids: frozenset[tuple[str, str]]) -> Known:
    """An entry as its pages show it. Dates that an operator gave it count, too."""
    content, date = content_of(row), date_of(row)
    if row.printed:
        said, (content, date) = date, as_printed(content, date, printed_of(row))
        earlier = [Earlier(row.revision, content, said, told=False), *earlier] if said != date else earlier
    return Known(
        EntryId(row.id),
        frozenset(titles),
        content,
        date,
        removed=row.removed,
        first_seen_at=row.first_seen_at,
        revision=row.revision,
        earlier=tuple(earlier),
        uids=uids,
    )


def _earlier(connection: Connection, of: list[str]) -> dict[str, list[Earlier]]:
    """The revisions of each of these entries before its newest one."""
    found: dict[str, list[Earlier]] = {}
    if of:
        for row in fetched(connection.execute(_EARLIER, {"entries": of})):
            content, date = content_of(row), date_of(row)
            if row.printed:
                content, date = as_printed(content, date, printed_of(row))
            told = row.significant and row.cause != Cause.EDITED  # an operator's edit comes from no page
            found.setdefault(row.entry_id, []).append(Earlier(row.number, content, date, told))
    return found
