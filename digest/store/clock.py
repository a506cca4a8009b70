"""Repairs the records of a clock that was ahead: past times may not lie in the future, other times may."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, exists, update

from digest.model import DeliveryState
from digest.store.database.meta import grow_published
from digest.store.database.tables import (
    acts,
    alert_notices,
    alerts,
    bounces,
    clock_faults,
    confirmations,
    consents,
    deliveries,
    departures,
    digests,
    dumps,
    editions,
    entries,
    entry_sources,
    erased,
    ignored_mail,
    meta,
    paces,
    reader_counts,
    renamed_digests,
    renamed_sources,
    reports,
    resting_domains,
    revisions,
    single_mails,
    sources,
    subscribers,
    subscriptions,
    suppression_requests,
    suppressions,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

# Times at which something happened. Those of leases, waits and deadlines lie in the future for a reason.
HAPPENED = (
    *(meta.c.published_at, meta.c.backed_up_at, sources.c.registered_at, sources.c.settled_at, sources.c.refreshed_at),
    *(dumps.c.read_at, dumps.c.changed_at, dumps.c.confirmed_at),
    *(entries.c.first_seen_at, entries.c.updated_at, entries.c.removed_at, entries.c.hidden_at, revisions.c.at),
    *(entries.c.forgotten_at, acts.c.at, acts.c.undone_at),
    *(entry_sources.c.first_seen_at, digests.c.configured_at, digests.c.failed_at),
    *(editions.c.opens_at, editions.c.closes_at),
    *(subscriptions.c.joined_at, subscriptions.c.since, subscriptions.c.left_at),
    *(reports.c.at, departures.c.left_at, deliveries.c.written_at, deliveries.c.begun_at, deliveries.c.accepted_at),
    *(subscribers.c.created_at, subscribers.c.suppressed_at, subscribers.c.erased_at, erased.c.erased_at),
    *(consents.c.asked_at, consents.c.at, confirmations.c.asked_at, confirmations.c.done_at, single_mails.c.written_at),
    *(bounces.c.at, suppressions.c.at, suppression_requests.c.at, ignored_mail.c.newest_at),
    *(paces.c.since, paces.c.at, resting_domains.c.since),
    *(alerts.c.since, alerts.c.told_at, alerts.c.well_since, alert_notices.c.since, alert_notices.c.made_at),
    *(meta.c.fenced_at, renamed_sources.c.at, renamed_digests.c.at, clock_faults.c.at, clock_faults.c.ended_at),
)
WAITS = (
    *(meta.c.paused_until, deliveries.c.next_at, confirmations.c.next_at, single_mails.c.next_at),
    *(paces.c.next_at, resting_domains.c.until, alert_notices.c.next_at),
)
MAY_LIE_AHEAD = (  # deadlines, choices, and times that the functions below repair
    *(subscribers.c.paused_until, confirmations.c.expires_at, dumps.c.weigh_at, single_mails.c.guards_until),
    *(deliveries.c.leased_until, editions.c.slot_at, reader_counts.c.counted_at),
)
_LONGEST = timedelta(days=2)  # no wait ends later, except under a clock that was ahead
_HANDED_OVER = timedelta(hours=1)  # after so long no sending attempt is in progress


def stepped_back(connection: Connection, now: datetime) -> None:
    """Change all records of a later time to now.

    A slot in the future did not happen, so that the editions of the weeks until then are made. Reader counts of a later
    time are deleted: moved to now, there would be several at one time. Deliveries that are due at once, or wait longer
    than possible, wait no more. A lease of a begun delivery ends in an hour: then its outcome is unknown.
    """
    _wait_no_more(connection, now)
    for column in HAPPENED:
        connection.execute(update(column.table).where(column > now).values({column.name: now}))
    connection.execute(update(editions).where(editions.c.slot_at > now).values(slot_at=None))
    connection.execute(delete(reader_counts).where(reader_counts.c.counted_at > now))
    grow_published(connection, now)


def _wait_no_more(connection: Connection, now: datetime) -> None:
    """Let mail continue; first the mails that are due when their edition is made, whose time is still as recorded."""
    made = exists().where(editions.c.key == deliveries.c.edition, deliveries.c.next_at <= editions.c.closes_at)
    planned = deliveries.c.state == DeliveryState.PLANNED
    at_once = update(deliveries).where(planned, deliveries.c.next_at > now, made)
    connection.execute(at_once.values(next_at=now))
    for column in WAITS:
        connection.execute(update(column.table).where(column > now + _LONGEST).values({column.name: now}))
    end_leases(connection, now, _LONGEST)


def end_leases(connection: Connection, now: datetime, longest: timedelta) -> None:
    """End leases that end later than this: those of begun deliveries in an hour, the rest now."""
    leased = deliveries.c.leased_until > now + longest
    ends = case((deliveries.c.begun, now + _HANDED_OVER), else_=now)
    connection.execute(update(deliveries).where(leased).values(leased_until=ends))
