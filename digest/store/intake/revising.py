"""Numbers and stores the revisions of entries, and updates the entries."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, update

from digest.changes.by_hand import NOTHING, as_printed, as_published, followed
from digest.changes.values import Cause, Printed, Revised
from digest.model import Content, EntryDate, EntryId, SourceId
from digest.store.database.meta import grow_published
from digest.store.database.statements import (
    CONTENT,
    DATE,
    batches,
    content_of,
    content_values,
    date_columns,
    date_of,
    date_values,
    insert,
    insert_rows,
    printed_of,
    printed_value,
)
from digest.store.database.tables.publishing import KeyKind, entries, entry_keys, revisions
from digest.store.publishing import searching
from digest.store.publishing.entries import entry_rows

_FIRST, _DATE = "first", "date"


class Origin(NamedTuple):
    """The dump that brought a revision; without a path if it was inferred from others."""

    source: SourceId | None = None
    path: str | None = None


_CONCLUDED = Origin()
_REVISION = ("entry_id", "number", "at", "cause", "significant", *Origin._fields, *CONTENT, *DATE, "printed")


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
                *content_values(content),
                *date_values(self.date),
                printed_value(self.printed),
            )
        )

    def row(self) -> dict[str, object]:
        return {
            "entry": self.entry,
            "number": self.number,
            "moved": self.updated_at,
            **{f"new_{name}": value for name, value in date_columns(self.date).items()},
        }


_STAND = (
    update(entries)
    .where(entries.c.id == bindparam("entry"))
    .values(
        revision=bindparam("number"),
        updated_at=bindparam("moved"),
        **{name: bindparam(f"new_{name}") for name in date_columns(None)},
    )
)


def store_first(
    connection: Connection, added: Sequence[tuple[EntryId, Content, EntryDate | None]], now: datetime, origin: Origin
) -> None:
    """Store the first revision of new entries."""
    rows = (
        (entry, 1, now, _FIRST, True, *origin, *content_values(content), *date_values(date), None)
        for entry, content, date in added
    )
    insert_rows(connection, revisions, _REVISION, rows)
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
        connection.execute(insert(connection, entry_keys).on_conflict_do_nothing(), rows)


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
    insert_rows(connection, revisions, _REVISION, (row for it in moved for row in it.revisions))
    connection.execute(_STAND, [it.row() for it in moved])
    searching.index(connection, {it.entry: it.content for it in moved if it.reworded})
    return any(it.updated_at and not it.withheld for it in moved)


_STANDING = entry_rows(entries.c.revision, revisions.c.printed)


def _standing(connection: Connection, of: AbstractSet[EntryId], origin: Origin) -> dict[EntryId, _Standing]:
    return {
        EntryId(row.id): _Standing(
            EntryId(row.id),
            row.number,
            content_of(row),
            date_of(row),
            row.updated_at,
            row.removed_at is not None or row.hidden_at is not None,
            EntryId(row.merged_into) if row.merged_into else None,
            printed_of(row),
            origin,
        )
        for batch in batches(of)
        for row in connection.execute(_STANDING.where(entries.c.id.in_(batch)))
    }
