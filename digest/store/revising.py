"""Numbers and stores the revisions of entries, and moves the entries with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, update

from digest.changes.values import Cause
from digest.model import EntryId
from digest.store import searching
from digest.store.entries import entry_rows
from digest.store.statements import (
    CONTENT,
    DATE,
    batches,
    content_of,
    content_values,
    date_columns,
    date_of,
    date_values,
    insert_rows,
)
from digest.store.tables import entries, revisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy import Connection

    from digest.changes.values import Revised
    from digest.model import Content, EntryDate, SourceId

_FIRST, _DATE = "first", "date"


class Origin(NamedTuple):
    """The dump that said so; without a path where it was concluded from others."""

    source: SourceId | None = None
    path: str | None = None


_CONCLUDED = Origin()
_REVISION = ("entry_id", "number", "at", "cause", "significant", *Origin._fields, *CONTENT, *DATE)


@dataclass(slots=True)
class _Standing:
    """How an entry stands while its revisions are gathered; `updated_at` is absent before it is published."""

    entry: EntryId
    number: int
    content: Content
    date: EntryDate | None
    updated_at: datetime | None
    removed: bool = False
    origin: Origin = _CONCLUDED
    revisions: list[tuple[object, ...]] = field(default_factory=list)

    def revise(self, at: datetime, cause: str, content: Content, *, significant: bool) -> None:
        self.number += 1
        self.content = content
        if significant and self.updated_at:
            self.updated_at = at
        self.revisions.append(
            (
                *(self.entry, self.number, at, str(cause), significant),
                *self.origin,
                *content_values(content),
                *date_values(self.date),
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
        (entry, 1, now, _FIRST, True, *origin, *content_values(content), *date_values(date))
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
    """Store new revisions, those of a better date last; whether a published entry has one."""
    standing = _standing(connection, {change.entry for change in revised} | dates.keys(), origin)
    for change in revised:
        if change.cause is Cause.REDATED and change.entry in dates:  # the revision that tells it shows it
            standing[change.entry].date = dates[change.entry]
        standing[change.entry].revise(now, change.cause, change.content, significant=change.cause.significant)
    for entry, date in dates.items():
        it = standing[entry]
        if it.date != date:
            it.date = date
            it.revise(now, _DATE, it.content, significant=False)
    moved = [it for it in standing.values() if it.revisions]
    if not moved:
        return False
    insert_rows(connection, revisions, _REVISION, (row for it in moved for row in it.revisions))
    connection.execute(_STAND, [it.row() for it in moved])
    searching.index(connection, {change.entry: standing[change.entry].content for change in revised})
    return any(it.updated_at and not it.removed for it in moved)


def _standing(connection: Connection, of: AbstractSet[EntryId], origin: Origin) -> dict[EntryId, _Standing]:
    return {
        EntryId(row.id): _Standing(
            EntryId(row.id),
            row.number,
            content_of(row),
            date_of(row),
            row.updated_at,
            row.removed_at is not None,
            origin,
        )
        for batch in batches(of)
        for row in connection.execute(entry_rows().where(entries.c.id.in_(batch)))
    }
