"""Numbers and stores the revisions of entries, and how dumps last showed entries that they no longer show.

Decision 21.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, Row, Select, Table, bindparam, delete, or_, select, update

from digest.changes.by_hand import NOTHING, as_printed, as_published, followed
from digest.changes.values import Cause, ChangeSet, Placing, Printed, Revised, Vanished
from digest.model import Content, EntryDate, EntryId, Fingerprint, SourceId
from digest.store.database import statements
from digest.store.database.meta import grow_published
from digest.store.database.statements import placing_of as standing_of
from digest.store.database.tables.publishing import KeyKind, departures, entries, entry_keys, placings, revisions
from digest.store.publishing import searching
from digest.store.publishing.entries import entry_rows

_FIRST, _DATE = "first", "date"


class Origin(NamedTuple):
    """The dump that brought a revision; without a path if it was inferred from others."""

    source: SourceId | None = None
    path: str | None = None


_CONCLUDED = Origin()
_REVISION = (
    "entry_id",
    "number",
    "at",
    "cause",
    "significant",
    *Origin._fields,
    *statements.CONTENT,
    *statements.DATE,
    "printed",
)


@dataclass(slots=True)
class _Standing:
    """The state of an entry while its revisions are collected; `updated_at` is absent before it is published.

    Content and date are as published. `printed` has the pages' values of fields that an operator edited.
    """

    entry: EntryId
    number: int
    content: Content
    date: EntryDate | None
    updated_at: datetime | None
    withheld: bool = False
    merged_into: EntryId | None = None
    printed: Printed = NOTHING
    origin: Origin = _CONCLUDED
    reworded: bool = False
    revisions: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def as_printed(self) -> tuple[Content, EntryDate | None]:
        return as_printed(self.content, self.date, self.printed)

    def take(self, at: datetime, cause: str, now: tuple[Content, EntryDate | None], *, significant: bool) -> None:
        """Apply the pages' values; fields that stay covered by an operator's edit do not change."""
        before = self.content, self.date
        if self.printed != NOTHING:
            content, self.date, self.printed = as_published(before, self.printed, now)
            significant = significant and (content, self.date) != before
        else:
            content, self.date = now
        self.revise(at, cause, content, significant=significant)

    def revise(self, at: datetime, cause: str, content: Content, *, significant: bool) -> None:
        self.number += 1
        self.reworded |= content is not self.content
        self.content = content
        if significant and self.updated_at:
            self.updated_at = at
        self.revisions.append(
            (
                *(self.entry, self.number, at, str(cause), significant),
                *self.origin,
                *statements.content_values(content),
                *statements.date_values(self.date),
                statements.printed_value(self.printed),
            )
        )

    def row(self) -> dict[str, object]:
        return {
            "entry": self.entry,
            "number": self.number,
            "moved": self.updated_at,
            **{f"new_{name}": value for name, value in statements.date_columns(self.date).items()},
        }


_STAND = (
    update(entries)
    .where(entries.c.id == bindparam("entry"))
    .values(
        revision=bindparam("number"),
        updated_at=bindparam("moved"),
        **{name: bindparam(f"new_{name}") for name in statements.date_columns(None)},
    )
)


def store_first(
    connection: Connection, added: Sequence[tuple[EntryId, Content, EntryDate | None]], now: datetime, origin: Origin
) -> None:
    """Store the first revision of new entries."""
    rows = (
        (entry, 1, now, _FIRST, True, *origin, *statements.content_values(content), *statements.date_values(date), None)
        for entry, content, date in added
    )
    statements.insert_rows(connection, revisions, _REVISION, rows)
    searching.index_new(connection, {entry: content for entry, content, _ in added})


def revise(
    connection: Connection,
    revised: Sequence[Revised],
    dates: Mapping[EntryId, EntryDate],
    now: datetime,
    origin: Origin = _CONCLUDED,
) -> bool:
    """Store new revisions, those of a better date last; returns whether a published entry has one."""
    standing = _standing(connection, {change.entry for change in revised} | dates.keys(), origin)
    before = {it.entry: it.as_printed for it in standing.values() if it.merged_into}
    for change in revised:
        it = standing[change.entry]
        date = it.as_printed[1]
        if change.cause is Cause.REDATED and change.entry in dates:  # the revision that announces the date has it
            date = dates[change.entry]
        it.take(now, change.cause, (change.content, date), significant=change.cause.significant)
    for entry, date in dates.items():
        it = standing[entry]
        if it.as_printed[1] != date:
            it.take(now, _DATE, (it.as_printed[0], date), significant=False)
    causes = {change.entry: change.cause for change in revised}
    _follow(connection, [(standing[entry], said, causes.get(entry)) for entry, said in before.items()], standing, now)
    return _store(connection, [it for it in standing.values() if it.revisions])


def _follow(
    connection: Connection,
    merged: Sequence[tuple[_Standing, tuple[Content, EntryDate | None], Cause | None]],
    standing: dict[EntryId, _Standing],
    now: datetime,
) -> None:
    """Apply the pages' changes of a merged entry to its target."""
    moved = [(it, said, cause) for it, said, cause in merged if it.revisions and it.merged_into]
    missing = {it.merged_into for it, _, _ in moved if it.merged_into} - standing.keys()
    standing |= _standing(connection, missing, moved[0][0].origin) if moved else {}
    for it, said, cause in moved:
        into = standing[it.merged_into or it.entry]
        made = followed(into.as_printed, said, it.as_printed)
        if made != into.as_printed:
            into.take(now, str(cause or _DATE), made, significant=bool(cause and cause.significant))
            answer(connection, into.entry, [made[0]])


def answer(connection: Connection, entry: EntryId, contents: Iterable[Content]) -> None:
    """Let an entry be found by the titles and the beginnings of these contents, too."""
    from digest.changes.keys import entry_key, lead_key  # noqa: PLC0415 - a start does not pay for rapidfuzz

    keys = set()
    for content in contents:
        keys |= {(KeyKind.TITLE.value, entry_key(content)), (KeyKind.LEAD.value, lead_key(content))}
    rows = [{"kind": kind, "key": key, "entry_id": entry} for kind, key in sorted(keys) if key]
    if rows:
        connection.execute(statements.insert(connection, entry_keys).on_conflict_do_nothing(), rows)


def by_hand(
    connection: Connection,
    entry: EntryId,
    state: tuple[Content, EntryDate | None],
    printed: Printed,
    cause: Cause,
    now: datetime,
) -> None:
    """Store an operator's revision."""
    it = _standing(connection, {entry}, _CONCLUDED)[entry]
    content, it.date = state
    it.printed = printed
    it.revise(now, cause, content, significant=cause.significant)
    if _store(connection, [it]):
        grow_published(connection, now)


def _store(connection: Connection, moved: Sequence[_Standing]) -> bool:
    """Store the collected revisions; returns whether one is of a published entry."""
    if not moved:
        return False
    statements.insert_rows(connection, revisions, _REVISION, (row for it in moved for row in it.revisions))
    connection.execute(_STAND, [it.row() for it in moved])
    searching.index(connection, {it.entry: it.content for it in moved if it.reworded})
    return any(it.updated_at and not it.withheld for it in moved)


_STANDING = entry_rows(entries.c.revision, revisions.c.printed)


def _standing(connection: Connection, of: AbstractSet[EntryId], origin: Origin) -> dict[EntryId, _Standing]:
    return {
        EntryId(row.id): _Standing(
            EntryId(row.id),
            row.number,
            statements.content_of(row),
            statements.date_of(row),
            row.updated_at,
            row.removed_at is not None or row.hidden_at is not None,
            EntryId(row.merged_into) if row.merged_into else None,
            statements.printed_of(row),
            origin,
        )
        for batch in statements.batches(of)
        for row in connection.execute(_STANDING.where(entries.c.id.in_(batch)))
    }


_REMEMBERED = timedelta(days=90)
_MOST = 1_000  # entries that may leave a dump in one reading: if a page shows something else, nothing is stored

_NAMES = ("source", "path", "entry_id", "title", "view", "complete", "revision", "body", "extras", "left_at")
_HERE = departures.c.source == bindparam("here"), departures.c.path == bindparam("there")
_FORGET = delete(departures).where(*_HERE, departures.c.left_at < bindparam("before"))
_DEPARTED = select(departures).where(*_HERE, departures.c.entry_id.in_(bindparam("entries", expanding=True)))


def _elsewhere(table: Table) -> Select[Any]:
    other = or_(table.c.source != bindparam("here"), table.c.path != bindparam("there"))
    return select(table).where(table.c.entry_id.in_(bindparam("entries", expanding=True)), other)


_STANDING_ELSEWHERE = _elsewhere(placings).order_by(placings.c.source, placings.c.path, placings.c.page)
_LEFT_ELSEWHERE = _elsewhere(departures).order_by(departures.c.left_at.desc(), departures.c.source, departures.c.path)


def depart(
    connection: Connection, source: SourceId, path: str, changes: ChangeSet, last: Sequence[Placing], now: datetime
) -> None:
    """Store how the entries that vanish from a dump were shown at its last reading, `last`."""
    gone = {change.entry for change in changes.changes if isinstance(change, Vanished)}
    if not 0 < len(gone) <= _MOST:
        return
    connection.execute(_FORGET, {"here": source, "there": path, "before": now - _REMEMBERED})
    left = {placing.entry: placing for placing in last if placing.entry in gone and placing.complete}
    rows = (
        (
            *(source, path, one.entry, one.title, one.view, one.complete, one.revision),
            statements.body_value(one.body),
            statements.extras_value(one.extras, one.key),
            now,
        )
        for one in left.values()
    )
    statements.execute_rows(connection, _storing(connection.dialect.name), _NAMES, rows)


@cache
def _storing(database: str) -> Insert:
    put = statements.insert_in(database, departures).values({name: bindparam(name) for name in _NAMES})
    told = {name: put.excluded[name] for name in _NAMES if name not in departures.primary_key}
    return put.on_conflict_do_update(index_elements=list(departures.primary_key), set_=told)


def departed(connection: Connection, source: SourceId, path: str, of: Iterable[EntryId]) -> dict[EntryId, Placing]:
    """See `Readings.departed`."""
    return {
        EntryId(row.entry_id): placing_of(row)
        for batch in statements.batches(set(of))
        for row in connection.execute(_DEPARTED, {"here": source, "there": path, "entries": batch})
    }


def shown_alike(
    connection: Connection, of: Iterable[EntryId], but: tuple[SourceId, str], *, markup: bool
) -> dict[EntryId, list[Placing]]:
    """See `Readings.shown_alike`."""
    found: dict[EntryId, list[Placing]] = {}
    for batch in statements.batches(set(of)):
        asked = {"entries": batch, "here": but[0], "there": but[1]}
        rows = (*map(standing_of, connection.execute(_STANDING_ELSEWHERE, asked)),)
        rows += (*map(placing_of, connection.execute(_LEFT_ELSEWHERE, asked)),)
        for one in rows:
            if one.is_of_markup is markup and one.keeps_text:
                found.setdefault(one.entry, []).append(one)
    return found


def placing_of(row: Row[Any]) -> Placing:
    """The placing of a row of departures; its position and page are not stored."""
    made = Placing(
        entry=EntryId(row.entry_id),
        position=0,
        page=0,
        title=row.title,
        evidence=None,
        readers=None,
        view=Fingerprint(row.view),
        complete=row.complete,
        revision=row.revision,
        body=statements.body_of(row),
    )
    return statements.with_extras(made, row.extras)
