"""What was stored when: all facts as one stream in the order of time, and everything about one entry."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from digest.model import AtomId, DeliveryState, EntryId, Section, SourceId
from digest.records import upkeep as records
from digest.records.intake import Report
from digest.records.publishing import Drawn
from digest.store.database.statements import content_of, date_of
from digest.store.database.tables import publishing as tables
from digest.store.database.tables.editions import edition_bodies, edition_entries, editions
from digest.store.database.tables.intake import reports, sources
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers
from digest.store.database.tables.publishing import pictures as drawings
from digest.store.editions.editions import edition_of
from digest.store.intake.dump_rows import report_of
from digest.store.publishing.entries import CONTENT_COLUMNS, NEWEST_FIRST
from digest.typeset.titles import headline

_BATCH = 50  # rows in memory at a time, with their texts
_NAMED = 20  # people listed per edition
_PERSONAL = {Section.NEW, Section.CATCH_UP, Section.AGAIN}  # for some subscribers only


class _Picture(NamedTuple):
    """`Drawn` from a row."""

    png: bytes
    width: int
    height: int
    depth: int


def moments(connection: Connection) -> int:
    """See `Audit.moments`."""
    return connection.execute(select(func.count(tables.revisions.c.at.distinct()))).scalar_one()


def facts(connection: Connection) -> Iterator[records.Fact]:
    """See `Audit.history`. Of facts at one time, those of the stream that is named first come first."""
    streams = (_stated, _sighted, _counted, _settled, _removed)
    return heapq.merge(*(stream(connection) for stream in streams), key=attrgetter("at"))


def pictures(connection: Connection) -> Iterator[tuple[str, Drawn | None]]:
    """See `Audit.pictures`."""
    for row in _rows(connection, select(drawings).order_by(drawings.c.name)):
        yield row.name, None if row.png is None else _Picture(row.png, row.width, row.height, row.depth)


def _stated(connection: Connection) -> Iterator[records.Stated]:
    # Not `at` itself: if the clock stepped back, a revision would come before the one that it follows.
    moment = func.max(tables.revisions.c.at).over(
        partition_by=tables.revisions.c.entry_id, order_by=tables.revisions.c.number
    )
    query = (
        select(tables.revisions, tables.entries.c.atom_id, tables.entries.c.page_order, moment.label("moment"))
        .join(tables.entries, tables.entries.c.id == tables.revisions.c.entry_id)
        .order_by(
            "moment",
            tables.revisions.c.number,
            tables.revisions.c.source.nulls_last(),
            tables.revisions.c.path,
            tables.entries.c.page_order,
            tables.revisions.c.entry_id,
        )
    )
    for row in _rows(connection, query):
        yield records.Stated(
            row.moment,
            EntryId(row.entry_id),
            AtomId(row.atom_id),
            row.page_order,
            row.number,
            row.cause,
            SourceId(row.source) if row.source else None,
            row.path,
            content_of(row),
            date_of(row),
        )


def _sighted(connection: Connection) -> Iterator[records.Sighted]:
    moment = _not_before_first(tables.entry_sources.c.first_seen_at)
    query = (
        select(tables.entry_sources, moment.label("moment"))
        .join(tables.entries, tables.entries.c.id == tables.entry_sources.c.entry_id)
        .where(tables.entry_sources.c.source != tables.entries.c.first_source)
        .order_by("moment", tables.entry_sources.c.source, tables.entry_sources.c.path, tables.entry_sources.c.entry_id)
    )
    for row in _rows(connection, query):
        yield records.Sighted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.path, row.because)


def _counted(connection: Connection) -> Iterator[records.Counted]:
    moment = _not_before_first(tables.reader_counts.c.counted_at)
    query = (
        select(tables.reader_counts, moment.label("moment"))
        .join(tables.entries, tables.entries.c.id == tables.reader_counts.c.entry_id)
        .order_by(
            "moment", tables.reader_counts.c.source, tables.reader_counts.c.counted_at, tables.reader_counts.c.entry_id
        )
    )
    for row in _rows(connection, query):
        yield records.Counted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.readers)


def _settled(connection: Connection) -> Iterator[records.Settled]:
    query = select(sources).where(sources.c.settled_at.is_not(None)).order_by(sources.c.settled_at, sources.c.id)
    for row in _rows(connection, query):
        yield records.Settled(row.settled_at, SourceId(row.id))


def _removed(connection: Connection) -> Iterator[records.Removed]:
    gone_at = func.coalesce(tables.entries.c.removed_at, tables.entries.c.hidden_at)
    moment = _not_before_first(gone_at)
    query = select(tables.entries.c.id, moment.label("moment")).where(gone_at.is_not(None))
    for row in _rows(connection, query.order_by("moment", tables.entries.c.id)):
        yield records.Removed(row.moment, EntryId(row.id))


def _not_before_first(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The time, or that of the entry's first sighting, whichever is later."""
    return case((at < tables.entries.c.first_seen_at, tables.entries.c.first_seen_at), else_=at)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as rows:
        yield from rows


def matching(connection: Connection, asked: str, limit: int) -> list[tuple[EntryId, str]]:
    """See `Audit.matching`."""
    from digest.changes.keys import NO_TITLE, title_key  # noqa: PLC0415 - a start does not pay for rapidfuzz

    current = (tables.revisions.c.entry_id == tables.entries.c.id) & (
        tables.revisions.c.number == tables.entries.c.revision
    )
    query = select(tables.entries.c.id, *CONTENT_COLUMNS).join_from(tables.entries, tables.revisions, current)
    exact = connection.execute(query.where(tables.entries.c.id == asked)).one_or_none()
    if exact:
        return [(EntryId(exact.id), _title(exact))]
    ever = select(tables.revisions.c.entry_id).where(tables.revisions.c.title.icontains(asked, autoescape=True))
    wanted: ColumnElement[bool] = tables.entries.c.id.in_(ever)
    if sentence := title_key(asked):
        keys = select(tables.entry_keys.c.entry_id).where(tables.entry_keys.c.kind == tables.KeyKind.TITLE)
        keys = keys.where(
            tables.entry_keys.c.key.startswith(NO_TITLE), tables.entry_keys.c.key.contains(sentence, autoescape=True)
        )
        wanted |= tables.entries.c.id.in_(keys)
    found = connection.execute(query.where(wanted).order_by(*NEWEST_FIRST).limit(limit))
    return [(EntryId(row.id), _title(row)) for row in found]


def _title(row: Row[*tuple[Any, ...]]) -> str:
    return row.title or headline(content_of(row))


def story(connection: Connection, entry: EntryId) -> records.Story | None:
    """See `Audit.story`."""
    row = connection.execute(select(tables.entries).where(tables.entries.c.id == entry)).one_or_none()
    if row is None:
        return None
    steps = tuple(
        records.Step(
            one.number,
            one.at,
            one.cause,
            one.significant,
            SourceId(one.source) if one.source else None,
            one.path,
            content_of(one),
            date_of(one),
        )
        for one in connection.execute(
            select(tables.revisions).where(tables.revisions.c.entry_id == entry).order_by(tables.revisions.c.number)
        )
    )
    return records.Story(
        entry=entry,
        atom_id=AtomId(row.atom_id),
        title=steps[-1].content.title or headline(steps[-1].content),
        date=date_of(row),
        first_source=SourceId(row.first_source),
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at,
        announced=row.announced,
        removed_at=row.removed_at,
        steps=steps,
        shown=_shown_by(connection, entry),
        places=_places(connection, entry),
        mentions=_mentions(connection, entry),
        reports=_reports(connection, entry, {step.content.title or headline(step.content) for step in steps}),
    )


def _shown_by(connection: Connection, entry: EntryId) -> tuple[records.Shown, ...]:
    query = select(tables.entry_sources).where(tables.entry_sources.c.entry_id == entry)
    rows = connection.execute(query.order_by(tables.entry_sources.c.first_seen_at, tables.entry_sources.c.source))
    return tuple(records.Shown(SourceId(row.source), row.first_seen_at, row.path, row.because) for row in rows)


def _places(connection: Connection, entry: EntryId) -> tuple[records.Place, ...]:
    order = (tables.placings.c.source, tables.placings.c.path, tables.placings.c.page, tables.placings.c.position)
    rows = connection.execute(select(tables.placings).where(tables.placings.c.entry_id == entry).order_by(*order))
    return tuple(
        records.Place(SourceId(row.source), row.path, row.page, row.position, row.title, row.because) for row in rows
    )


def _mentions(connection: Connection, entry: EntryId) -> tuple[records.Mention, ...]:
    query = (
        select(editions, edition_entries.c.section, edition_entries.c.revision, edition_entries.c.ordinal)
        .join(edition_entries, edition_entries.c.edition == editions.c.key)
        .where(edition_entries.c.entry_id == entry)
        .order_by(editions.c.closes_at, editions.c.key)
    )
    rows = connection.execute(query).all()
    count = select(deliveries.c.edition, deliveries.c.state, func.count().label("people")).group_by(
        deliveries.c.edition, deliveries.c.state
    )
    counts: dict[str, dict[DeliveryState, int]] = {}
    for one in connection.execute(count.where(deliveries.c.edition.in_({row.key for row in rows}))):
        counts.setdefault(one.edition, {})[DeliveryState(one.state)] = one.people
    return tuple(
        records.Mention(
            edition_of(row), Section(row.section), row.revision, counts.get(row.key, {}), *_reached(connection, row)
        )
        for row in rows
    )


def _reached(connection: Connection, row: Row[Any]) -> tuple[tuple[records.Reached, ...], int]:
    """The first people whose mail of an edition has the entry, and how many others there are."""
    sent = (deliveries.c.edition == row.key) & (deliveries.c.state == DeliveryState.ACCEPTED)
    if Section(row.section) in _PERSONAL:
        words = connection.execute(select(edition_bodies).where(edition_bodies.c.edition == row.key))
        telling = [one.ordinal for one in words if row.ordinal in (*one.told, *one.again)]
        sent &= deliveries.c.variant.in_(telling)
    count = connection.execute(select(func.count()).select_from(deliveries).where(sent)).scalar_one()
    people = (
        select(subscribers.c.address, deliveries.c.accepted_at)
        .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(sent)
        .order_by(deliveries.c.accepted_at, deliveries.c.subscriber_id)
        .limit(_NAMED)
    )
    named = tuple(records.Reached(one.address or "", one.accepted_at) for one in connection.execute(people))
    return named, count - len(named)


def _reports(connection: Connection, entry: EntryId, titles: set[str]) -> tuple[Report, ...]:
    """Ambiguous sightings that involve the entry. Candidates are JSON, so the search is done here."""
    query = select(reports)
    return tuple(
        report_of(row)
        for row in connection.execute(query.order_by(reports.c.at, reports.c.id))
        if entry in row.candidates or row.title in titles
    )
