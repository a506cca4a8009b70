"""Converts rows of people to values: a person, a consent record, everything stored about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from digest.model import DeliveryState, DigestId, EditionKey, Format, Subscriber, SubscriberId
from digest.records.people import Consent, SubscriberRecord
from digest.store.database.statements import batches
from digest.store.database.tables import consents, deliveries, editions, subscribers, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

# The columns that `subscriber_of` reads.
PERSON = (
    subscribers.c.id,
    subscribers.c.address,
    subscribers.c.name,
    subscribers.c.language,
    subscribers.c.format,
    subscribers.c.created_at,
    subscribers.c.timezone,
    subscribers.c.topics,
    subscribers.c.paused_until,
)


def subscriber_of(row: Row[Any]) -> Subscriber:
    """The person in a row of subscribers."""
    return Subscriber(
        id=SubscriberId(row.id),
        address=row.address,
        name=row.name,
        language=row.language,
        format=Format(row.format),
        created_at=row.created_at,
        timezone=row.timezone,
        topics=tuple(row.topics),
        paused_until=row.paused_until,
    )


def consent_of(row: Row[Any]) -> Consent:
    """The record in a row of consents."""
    return Consent(DigestId(row.digest), row.act, row.source, row.at, row.wording, row.asked_at)


def records(connection: Connection, *which: ColumnElement[bool]) -> list[SubscriberRecord]:
    """People who were not erased, in the order of joining; three queries per batch of people, not per person."""
    query = select(subscribers).where(subscribers.c.erased_at.is_(None), *which).order_by(subscribers.c.id)
    people = connection.execute(query).all()
    return [record for batch in batches(people) for record in _batch(connection, batch)]


def _batch(connection: Connection, people: list[Row[Any]]) -> list[SubscriberRecord]:
    ids = [row.id for row in people]
    digests: dict[int, list[DigestId]] = {}
    acts: dict[int, list[Consent]] = {}
    mails: dict[int, list[tuple[EditionKey, DeliveryState, datetime | None]]] = {}
    active = (
        select(subscriptions)
        .where(subscriptions.c.subscriber_id.in_(ids), subscriptions.c.left_at.is_(None))
        .order_by(subscriptions.c.joined_at, subscriptions.c.digest)
    )
    for row in connection.execute(active):
        digests.setdefault(row.subscriber_id, []).append(DigestId(row.digest))
    history = select(consents).where(consents.c.subscriber_id.in_(ids)).order_by(consents.c.id)
    for row in connection.execute(history):
        acts.setdefault(row.subscriber_id, []).append(consent_of(row))
    sent = (
        select(deliveries)
        .join(editions, editions.c.key == deliveries.c.edition)
        .where(deliveries.c.subscriber_id.in_(ids))
        .order_by(editions.c.closes_at, editions.c.key)
    )
    for row in connection.execute(sent):
        mail = (EditionKey(row.edition), DeliveryState(row.state), row.accepted_at)
        mails.setdefault(row.subscriber_id, []).append(mail)
    return [
        SubscriberRecord(
            subscriber_of(row),
            tuple(digests.get(row.id, ())),
            row.suppressed,
            tuple(acts.get(row.id, ())),
            tuple(mails.get(row.id, ())),
        )
        for row in people
    ]
