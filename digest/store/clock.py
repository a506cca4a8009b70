"""Mends what was noted under a clock that was ahead; knows which moments are of the past and which may lie ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, update

from digest.model import DeliveryState
from digest.store.meta import grow_published
from digest.store.tables import (
    confirmations,
    deliveries,
    digests,
    dumps,
    editions,
    entries,
    entry_sources,
    meta,
    reader_counts,
    reports,
    revisions,
    single_mails,
    sources,
    subscriptions,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

# Moments at which something happened. Those of leases, waits and deadlines lie ahead for a reason.
_HAPPENED = (
    *(meta.c.published_at, meta.c.backed_up_at, sources.c.registered_at, sources.c.settled_at, sources.c.refreshed_at),
    *(dumps.c.read_at, dumps.c.changed_at, dumps.c.confirmed_at),
    *(entries.c.first_seen_at, entries.c.updated_at, entries.c.removed_at, revisions.c.at),
    *(entry_sources.c.first_seen_at, digests.c.configured_at, editions.c.opens_at, editions.c.closes_at),
    *(subscriptions.c.joined_at, subscriptions.c.since, subscriptions.c.left_at),
    *(reports.c.at, deliveries.c.written_at),
)
_WAITS = (meta.c.paused_until, deliveries.c.next_at, confirmations.c.next_at, single_mails.c.next_at)
_LONGEST = timedelta(days=2)  # no wait ends later, but by a clock that was ahead


def stepped_back(connection: Connection, now: datetime) -> None:
    """Let everything that is noted as of later than now have happened now.

    A slot that lies ahead was none, so that the editions of the weeks until then are made. Reader counts of then are
    dropped: as of now they would be several of one moment. What is due at once, or waits for longer than anything
    does, waits no more; a lease of what was begun stays, since it may have been handed over.
    """
    _wait_no_more(connection, now)
    for column in _HAPPENED:
        connection.execute(update(column.table).where(column > now).values({column.name: now}))
    connection.execute(update(editions).where(editions.c.slot_at > now).values(slot_at=None))
    connection.execute(delete(reader_counts).where(reader_counts.c.counted_at > now))
    grow_published(connection, now)


def _wait_no_more(connection: Connection, now: datetime) -> None:
    """Let mail go on; first what is due as soon as its edition is made, whose moment is still as it was noted."""
    made = exists().where(editions.c.key == deliveries.c.edition, deliveries.c.next_at <= editions.c.closes_at)
    planned = deliveries.c.state == DeliveryState.PLANNED
    at_once = update(deliveries).where(planned, deliveries.c.next_at > now, made)
    connection.execute(at_once.values(next_at=now))
    for column in _WAITS:
        connection.execute(update(column.table).where(column > now + _LONGEST).values({column.name: now}))
    leased = deliveries.c.leased_until > now + _LONGEST
    connection.execute(update(deliveries).where(leased, ~deliveries.c.begun).values(leased_until=now))
