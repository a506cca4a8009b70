"""What was stored when: all facts as one stream in the order of time, and everything about one entry."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from digest.model import AtomId, DeliveryState, EntryId, Section, SourceId
from digest.records.intake import Report
from digest.records.publishing import Drawn
from digest.records.upkeep import (
    Counted,
    Fact,
    Mention,
    Place,
    Reached,
    Removed,
    Settled,
    Shown,
    Sighted,
    Stated,
    Step,
    Story,
)
from digest.store.database.statements import content_of, date_of
from digest.store.database.tables.editions import edition_bodies, edition_entries, editions
from digest.store.database.tables.intake import reports, sources
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers
from digest.store.database.tables.publishing import (
    KeyKind,
    entries,
    entry_keys,
    entry_sources,
    placings,
    reader_counts,
    revisions,
)
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
    return connection.execute(select(func.count(revisions.c.at.distinct()))).scalar_one()


def facts(connection: Connection) -> Iterator[Fact]:
    """See `Audit.history`. Of facts at one time, those of the stream that is named first come first."""
    streams = (_stated, _sighted, _counted, _settled, _removed)
    return heapq.merge(*(stream(connection) for stream in streams), key=attrgetter("at"))


def pictures(connection: Connection) -> Iterator[tuple[str, Drawn | None]]:
    """See `Audit.pictures`."""
    for row in _rows(connection, select(drawings).order_by(drawings.c.name)):
        yield row.name, None if row.png is None else _Picture(row.png, row.width, row.height, row.depth)


def _stated(connection: Connection) -> Iterator[Stated]:
    # Not `at` itself: if the clock stepped back, a revision would come before the one that it follows.
    moment = func.max(revisions.c.at).over(partition_by=revisions.c.entry_id, order_by=revisions.c.number)
    query = (
        select(revisions, entries.c.atom_id, entries.c.page_order, moment.label("moment"))
        .join(entries, entries.c.id == revisions.c.entry_id)
        .order_by(
            "moment",
            revisions.c.number,
            revisions.c.source.nulls_last(),
            revisions.c.path,
            entries.c.page_order,
            revisions.c.entry_id,
        )
    )
    for row in _rows(connection, query):
        yield Stated(
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


def _sighted(connection: Connection) -> Iterator[Sighted]:
    moment = _not_before_first(entry_sources.c.first_seen_at)
    query = (
        select(entry_sources, moment.label("moment"))
        .join(entries, entries.c.id == entry_sources.c.entry_id)
        .where(entry_sources.c.source != entries.c.first_source)
        .order_by("moment", entry_sources.c.source, entry_sources.c.path, entry_sources.c.entry_id)
    )
    for row in _rows(connection, query):
        yield Sighted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.path, row.because)


def _counted(connection: Connection) -> Iterator[Counted]:
    moment = _not_before_first(reader_counts.c.counted_at)
    query = (
        select(reader_counts, moment.label("moment"))
        .join(entries, entries.c.id == reader_counts.c.entry_id)
        .order_by("moment", reader_counts.c.source, reader_counts.c.counted_at, reader_counts.c.entry_id)
    )
    for row in _rows(connection, query):
        yield Counted(row.moment, EntryId(row.entry_id), SourceId(row.source), row.readers)


def _settled(connection: Connection) -> Iterator[Settled]:
    query = select(sources).where(sources.c.settled_at.is_not(None)).order_by(sources.c.settled_at, sources.c.id)
    for row in _rows(connection, query):
        yield Settled(row.settled_at, SourceId(row.id))


def _removed(connection: Connection) -> Iterator[Removed]:
    gone_at = func.coalesce(entries.c.removed_at, entries.c.hidden_at)
    moment = _not_before_first(gone_at)
    query = select(entries.c.id, moment.label("moment")).where(gone_at.is_not(None))
    for row in _rows(connection, query.order_by("moment", entries.c.id)):
        yield Removed(row.moment, EntryId(row.id))


def _not_before_first(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    """The time, or that of the entry's first sighting, whichever is later."""
    return case((at < entries.c.first_seen_at, entries.c.first_seen_at), else_=at)


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as rows:
        yield from rows


def matching(connection: Connection, asked: str, limit: int) -> list[tuple[EntryId, str]]:
    """See `Audit.matching`."""
    from digest.changes.keys import NO_TITLE, title_key  # noqa: PLC0415 - a start does not pay for rapidfuzz

    current = (revisions.c.entry_id == entries.c.id) & (revisions.c.number == entries.c.revision)
    query = select(entries.c.id, *CONTENT_COLUMNS).join_from(entries, revisions, current)
    exact = connection.execute(query.where(entries.c.id == asked)).one_or_none()
    if exact:
        return [(EntryId(exact.id), _title(exact))]
    ever = select(revisions.c.entry_id).where(revisions.c.title.icontains(asked, autoescape=True))
    wanted: ColumnElement[bool] = entries.c.id.in_(ever)
    if sentence := title_key(asked):
        keys = select(entry_keys.c.entry_id).where(entry_keys.c.kind == KeyKind.TITLE)
        keys = keys.where(entry_keys.c.key.startswith(NO_TITLE), entry_keys.c.key.contains(sentence, autoescape=True))
        wanted |= entries.c.id.in_(keys)
    found = connection.execute(query.where(wanted).order_by(*NEWEST_FIRST).limit(limit))
    return [(EntryId(row.id), _title(row)) for row in found]


def _title(row: Row[*tuple[Any, ...]]) -> str:
    return row.title or headline(content_of(row))


def story(connection: Connection, entry: EntryId) -> Story | None:
    """See `Audit.story`."""
    row = connection.execute(select(entries).where(entries.c.id == entry)).one_or_none()
    if row is None:
        return None
    steps = tuple(
        Step(
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
            select(revisions).where(revisions.c.entry_id == entry).order_by(revisions.c.number)
        )
    )
    return Story(
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


def _shown_by(connection: Connection, entry: EntryId) -> tuple[Shown, ...]:
    query = select(entry_sources).where(entry_sources.c.entry_id == entry)
    rows = connection.execute(query.order_by(entry_sources.c.first_seen_at, entry_sources.c.source))
    return tuple(Shown(SourceId(row.source), row.first_seen_at, row.path, row.because) for row in rows)


def _places(connection: Connection, entry: EntryId) -> tuple[Place, ...]:
    order = (placings.c.source, placings.c.path, placings.c.page, placings.c.position)
    rows = connection.execute(select(placings).where(placings.c.entry_id == entry).order_by(*order))
    return tuple(Place(SourceId(row.source), row.path, row.page, row.position, row.title, row.because) for row in rows)


def _mentions(connection: Connection, entry: EntryId) -> tuple[Mention, ...]:
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
        Mention(
            edition_of(row), Section(row.section), row.revision, counts.get(row.key, {}), *_reached(connection, row)
        )
        for row in rows
    )


def _reached(connection: Connection, row: Row[Any]) -> tuple[tuple[Reached, ...], int]:
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
    named = tuple(Reached(one.address or "", one.accepted_at) for one in connection.execute(people))
    return named, count - len(named)


def _reports(connection: Connection, entry: EntryId, titles: set[str]) -> tuple[Report, ...]:
    """Ambiguous sightings that involve the entry. Candidates are JSON, so the search is done here."""
    query = select(reports)
    return tuple(
        report_of(row)
        for row in connection.execute(query.order_by(reports.c.at, reports.c.id))
        if entry in row.candidates or row.title in titles
    )
