"""Converts the record of a dump to and from its row."""

from collections.abc import Sequence
from dataclasses import astuple
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row

from digest.dumps.files import Stamp
from digest.model import NO_EXTRAS, DateEvidence, EntryId, Extras, PrintedDate, Sighting, SourceId
from digest.records.intake import DumpState, KnownDump, Report
from digest.store.database.statements import insert_in
from digest.store.database.tables.intake import dumps


def store(connection: Connection, dump: KnownDump) -> None:
    """See `Readings.store_dump`."""
    row = {
        "source": dump.source,
        "path": dump.path,
        "stamp": str(dump.stamp),
        "sha256": dump.sha256,
        "state": dump.state,
        "reason": dump.reason,
        "read_at": dump.read_at,
        "sightings": dump.sightings,
        "unreadable": dump.unreadable,
        "approved": dump.approved,
        "discarded": dump.discarded,
        "rules": dump.rules,
        "changed_at": dump.changed_at,
        "confirmed_at": dump.confirmed_at,
        "weigh_at": dump.weigh_at,
        "waiting": list(dump.waiting) or None,
        "overwritten": [list(astuple(one)) for one in dump.overwritten] or None,
        "agreed": dump.agreed,
        "notes": list(dump.notes) or None,
        "left_out": dump.left_out,
    }
    connection.execute(_storing(connection.dialect.name), row)


@cache
def _storing(database: str) -> Insert:
    put = insert_in(database, dumps)
    told = {column.name: put.excluded[column.name] for column in dumps.c if not column.primary_key}
    return put.on_conflict_do_update(index_elements=[dumps.c.source, dumps.c.path], set_=told)


def read(row: Row[Any]) -> KnownDump:
    """The dump in a row."""
    return KnownDump(
        source=SourceId(row.source),
        path=row.path,
        stamp=Stamp.parse(row.stamp),
        sha256=row.sha256,
        state=DumpState(row.state),
        reason=row.reason,
        read_at=row.read_at,
        sightings=row.sightings,
        unreadable=row.unreadable,
        approved=row.approved,
        discarded=row.discarded,
        rules=row.rules,
        changed_at=row.changed_at,
        confirmed_at=row.confirmed_at,
        weigh_at=row.weigh_at,
        waiting=tuple(row.waiting or ()),
        overwritten=tuple(map(_sighting, row.overwritten or ())),
        agreed=row.agreed,
        notes=tuple(row.notes or ()),
        left_out=row.left_out,
    )


def _sighting(stored: list[Any]) -> Sighting:
    dump, position, page, layout, title, author, day, readers, paragraphs, figures, complete, *more = stored
    date = DateEvidence(*day) if day else None
    texts = tuple(paragraphs), tuple(figures)
    extras = _extras(*more[0]) if more else NO_EXTRAS  # there are none in rows of older versions
    return Sighting(dump, position, page, layout, title, author, date, readers, *texts, complete, extras)


def _extras(
    printed: list[int | None] | None,
    counts: list[list[Any]],
    tags: list[str],
    link: str | None,
    fields: list[list[str]],
    uid: str = "",  # neither this nor what follows is in rows of older versions
    updated: list[int | None] | None = None,
    kinds: str = "",
    links: Sequence[list[Any]] = (),
) -> Extras:
    return Extras(
        PrintedDate(*printed) if printed else None,
        tuple((name, number) for name, number in counts),
        tuple(tags),
        link,
        tuple((name, text) for name, text in fields),
        uid,
        PrintedDate(*updated) if updated else None,
        kinds,
        tuple((text, url, before) for text, url, before in links),
    )


def report_of(row: Row[Any]) -> Report:
    """The ambiguous sighting in a row of reports."""
    candidates = tuple(EntryId(entry) for entry in row.candidates)
    return Report(row.at, SourceId(row.source), row.path, row.title, candidates, row.outcome)
