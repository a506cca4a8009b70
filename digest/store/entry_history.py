"""The history of one entry, collected for explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from digest.model import AtomId, DeliveryState, DigestId, Edition, EditionKey, EntryId, Section, SourceId
from digest.records.dumps import Report
from digest.records.history import Mention, Place, Reached, Shown, Step, Story
from digest.store.database.statements import content_of, date_of
from digest.store.database.tables import (
    deliveries,
    edition_bodies,
    edition_entries,
    editions,
    entries,
    entry_sources,
    placings,
    reports,
    revisions,
    subscribers,
)
from digest.store.entries import NEWEST_FIRST

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


_NAMED = 20  # people listed per edition
_PERSONAL = {Section.NEW, Section.CATCH_UP, Section.AGAIN}  # for some subscribers only


def matching(connection: Connection, asked: str, limit: int) -> list[tuple[EntryId, str]]:
    """See `Audit.matching`."""
    current = (revisions.c.entry_id == entries.c.id) & (revisions.c.number == entries.c.revision)
    query = select(entries.c.id, revisions.c.title).join_from(entries, revisions, current)
    exact = connection.execute(query.where(entries.c.id == asked)).one_or_none()
    if exact:
        return [(EntryId(exact.id), exact.title)]
    ever = select(revisions.c.entry_id).where(revisions.c.title.icontains(asked, autoescape=True))
    found = connection.execute(query.where(entries.c.id.in_(ever)).order_by(*NEWEST_FIRST).limit(limit))
    return [(EntryId(row.id), row.title) for row in found]


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
        title=steps[-1].content.title,
        date=date_of(row),
        first_source=SourceId(row.first_source),
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at,
        announced=row.announced,
        removed_at=row.removed_at,
        steps=steps,
        shown=_shown(connection, entry),
        places=_places(connection, entry),
        mentions=_mentions(connection, entry),
        reports=_reports(connection, entry, {step.content.title for step in steps}),
    )


def _shown(connection: Connection, entry: EntryId) -> tuple[Shown, ...]:
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
        Mention(_edition(row), Section(row.section), row.revision, counts.get(row.key, {}), *_reached(connection, row))
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


def _edition(row: Row[Any]) -> Edition:
    return Edition(EditionKey(row.key), DigestId(row.digest), row.slot_at, row.opens_at, row.closes_at, row.empty)


def _reports(connection: Connection, entry: EntryId, titles: set[str]) -> tuple[Report, ...]:
    """Ambiguous sightings that involve the entry. Candidates are JSON, so the search is done here."""
    query = select(reports)
    return tuple(
        Report(row.at, SourceId(row.source), row.path, row.title, tuple(map(EntryId, row.candidates)), row.outcome)
        for row in connection.execute(query.order_by(reports.c.at, reports.c.id))
        if entry in row.candidates or row.title in titles
    )
