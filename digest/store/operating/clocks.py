"""Times in the future: finds them, moves them to now, records the faults; what to do is decided elsewhere.

Past times may not lie in the future, other times may.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, case, delete, exists, func, or_, select, update

from digest.model import DeliveryState
from digest.records.operating import Ahead, ClockFault
from digest.store.database.meta import grow_published
from digest.store.database.statements import insert
from digest.store.database.tables.console import (
    console_credentials,
    console_once,
    console_sessions,
    console_users,
)
from digest.store.database.tables.editions import (
    digests,
    edition_acts,
    edition_plans,
    editions,
    left_out,
    renamed_digests,
)
from digest.store.database.tables.intake import dumps, fetch_states, fetches, renamed_sources, reports, sources
from digest.store.database.tables.mailing import (
    bounces,
    deliveries,
    ignored_mail,
    paces,
    resting_domains,
    single_mails,
    suppression_requests,
    suppressions,
)
from digest.store.database.tables.operating import (
    alert_notices,
    alerts,
    api_tokens,
    audit_log,
    clock_faults,
    idempotency_keys,
    meta,
    settings_changes,
    webhook_events,
    webhooks,
)
from digest.store.database.tables.people import confirmations, consents, erased, subscribers, subscriptions
from digest.store.database.tables.publishing import acts, departures, entries, entry_sources, reader_counts, revisions

# Times at which something happened. Those of leases, waits and deadlines lie in the future for a reason.
HAPPENED = (
    *(meta.c.published_at, meta.c.backed_up_at, sources.c.registered_at, sources.c.settled_at, sources.c.refreshed_at),
    *(dumps.c.read_at, dumps.c.changed_at, dumps.c.confirmed_at),
    *(fetch_states.c.tried_at, fetch_states.c.fetched_at, fetch_states.c.confirmed_at),
    *(fetches.c.first_at, fetches.c.last_at),
    *(entries.c.first_seen_at, entries.c.updated_at, entries.c.removed_at, entries.c.hidden_at, revisions.c.at),
    *(entries.c.forgotten_at, acts.c.at, acts.c.undone_at),
    *(entry_sources.c.first_seen_at, digests.c.configured_at, digests.c.failed_at),
    *(editions.c.opens_at, editions.c.closes_at, editions.c.held_at, editions.c.cancelled_at),
    *(edition_plans.c.asked_at, left_out.c.at, edition_acts.c.at),
    *(webhooks.c.since, webhook_events.c.made_at, webhook_events.c.ended_at),
    *(subscriptions.c.joined_at, subscriptions.c.since, subscriptions.c.left_at),
    *(reports.c.at, departures.c.left_at, deliveries.c.written_at, deliveries.c.begun_at, deliveries.c.accepted_at),
    *(subscribers.c.created_at, subscribers.c.suppressed_at, subscribers.c.erased_at, erased.c.erased_at),
    *(consents.c.asked_at, consents.c.at, confirmations.c.asked_at, confirmations.c.done_at, single_mails.c.written_at),
    *(bounces.c.at, suppressions.c.at, suppression_requests.c.at, ignored_mail.c.newest_at),
    *(paces.c.since, paces.c.at, resting_domains.c.since),
    *(alerts.c.since, alerts.c.told_at, alerts.c.well_since, alert_notices.c.since, alert_notices.c.made_at),
    *(meta.c.fenced_at, renamed_sources.c.at, renamed_digests.c.at, clock_faults.c.at, clock_faults.c.ended_at),
    *(audit_log.c.at, audit_log.c.ended_at, api_tokens.c.made_at, api_tokens.c.used_at, api_tokens.c.revoked_at),
    *(idempotency_keys.c.at, settings_changes.c.made_at, console_users.c.created_at, console_users.c.disabled_at),
    *(console_credentials.c.created_at, console_credentials.c.used_at, console_once.c.used_at),
    *(console_sessions.c.began_at, console_sessions.c.seen_at, console_sessions.c.rotated_at),
)
WAITS = (
    *(meta.c.paused_until, deliveries.c.next_at, confirmations.c.next_at, single_mails.c.next_at),
    *(paces.c.next_at, resting_domains.c.until, alert_notices.c.next_at, webhook_events.c.next_at),
    *(fetch_states.c.next_try_at, fetch_states.c.host_until),
)
MAY_LIE_AHEAD = (  # deadlines, choices, and times that the functions below repair
    *(subscribers.c.paused_until, confirmations.c.expires_at, dumps.c.weigh_at, single_mails.c.guards_until),
    *(deliveries.c.leased_until, editions.c.slot_at, edition_plans.c.slot_at, reader_counts.c.counted_at),
    *(api_tokens.c.expires_at, console_once.c.expires_at),
)
_HANDED_OVER = timedelta(hours=1)  # after so long no sending attempt is in progress
_HAPPENED = timedelta(days=1)  # two machines' clocks differ by minutes
_CLOCKS = timedelta(hours=1)
_WAITS = timedelta(days=2)  # a subscriber's time zone, or a pause, moves nothing further, except under a clock ahead
# The name of each column for operators, and how far in the future it may lie.
_COLUMNS: tuple[tuple[str, Column[Any], timedelta], ...] = (
    ("the last slot of a digest", editions.c.slot_at, _HAPPENED),
    ("the end of an edition's window", editions.c.closes_at, _HAPPENED),
    ("the last pass over a source", sources.c.refreshed_at, _HAPPENED),
    ("the next attempt of a confirmation", confirmations.c.next_at, _WAITS),
    ("the next attempt of a mail to one person", single_mails.c.next_at, _WAITS),
    ("the next attempt of an alert", alert_notices.c.next_at, _WAITS),
    ("the end of a pause of all sending", meta.c.paused_until, _WAITS),
    ("the end of a domain's rest", resting_domains.c.until, _WAITS),
)


class Clocks:
    """Clock faults, and times in the future."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ahead(self, now: datetime, lease: timedelta, wait: timedelta) -> list[Ahead]:
        """Times that lie further in the future than a correct clock explains, by kind.

        No lease is longer than `lease`, and nothing that was refused waits longer than `wait`.
        """
        asked: list[tuple[str, Column[Any], ColumnElement[bool]]] = [
            (what, column, column > now + most) for what, column, most in _COLUMNS
        ]
        until, due = deliveries.c.leased_until, deliveries.c.next_at
        planned = deliveries.c.state == DeliveryState.PLANNED
        refused = deliveries.c.state.in_([DeliveryState.DEFERRED, DeliveryState.UNKNOWN])
        late = or_(and_(planned, due > now + _WAITS), and_(refused, due > now + wait))
        asked.append(("a lease of a mail", until, and_(until.is_not(None), until > now + lease + _CLOCKS)))
        asked.append(("the next attempt of a mail", due, and_(due.is_not(None), late)))
        found = []
        for what, column, where in asked:
            row = self._connection.execute(select(func.count(), func.max(column)).where(where)).one()
            if row[0]:
                found.append(Ahead(what, row[0], row[1]))
        return found

    def mend(self, now: datetime) -> None:
        """Move all records of a later time to now, as `Readings.clock_stepped_back` does."""
        stepped_back(self._connection, now)

    def end_leases(self, now: datetime, lease: timedelta) -> None:
        """End leases that end later than any lease of `lease` could: begun ones in an hour, the rest at once."""
        _end_leases(self._connection, now, lease + _CLOCKS)

    def note(self, faults: Sequence[ClockFault]) -> None:
        """Record faults; they count as not over."""
        rows = [
            {"what": one.what, "number": one.number, "moment": one.moment, "done": one.done, "at": one.at}
            for one in faults
        ]
        if rows:
            self._connection.execute(insert(self._connection, clock_faults), rows)

    def standing(self) -> list[ClockFault]:
        """The faults that are not over, oldest first."""
        query = select(clock_faults).where(clock_faults.c.ended_at.is_(None)).order_by(clock_faults.c.id)
        return [
            ClockFault(row.what, row.number, row.moment, row.done, row.at, row.ended_at)
            for row in self._connection.execute(query)
        ]

    def end(self, now: datetime, calm: timedelta) -> None:
        """End the faults that were recorded before then, or after now."""
        long_ago = or_(clock_faults.c.at <= now - calm, clock_faults.c.at > now)
        over = update(clock_faults).where(clock_faults.c.ended_at.is_(None), long_ago)
        self._connection.execute(over.values(ended_at=now))


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
        connection.execute(update(column.table).where(column > now + _WAITS).values({column.name: now}))
    _end_leases(connection, now, _WAITS)


def _end_leases(connection: Connection, now: datetime, longest: timedelta) -> None:
    """End leases that end later than this: those of begun deliveries in an hour, the rest now."""
    leased = deliveries.c.leased_until > now + longest
    ends = case((deliveries.c.begun, now + _HANDED_OVER), else_=now)
    connection.execute(update(deliveries).where(leased).values(leased_until=ends))
