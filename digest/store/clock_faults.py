"""Times in the future, and the recorded clock faults; what to do about them is decided elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from digest.model import DeliveryState
from digest.records.operating import Ahead, ClockFault
from digest.store import clock
from digest.store.database.statements import insert
from digest.store.database.tables import (
    alert_notices,
    clock_faults,
    confirmations,
    deliveries,
    editions,
    meta,
    resting_domains,
    single_mails,
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection

_HAPPENED = timedelta(days=1)  # two machines' clocks differ by minutes
_CLOCKS = timedelta(hours=1)
_WAITS = timedelta(days=2)  # a subscriber's time zone, or a pause, moves nothing further
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
        clock.stepped_back(self._connection, now)

    def end_leases(self, now: datetime, lease: timedelta) -> None:
        """End leases that end later than any lease of `lease` could: begun ones in an hour, the rest at once."""
        clock.end_leases(self._connection, now, lease + _CLOCKS)

    def note(self, faults: Sequence[ClockFault]) -> None:
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
