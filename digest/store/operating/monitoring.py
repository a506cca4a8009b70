"""Alerts to operators, the notices that are not sent yet, and the counts that monitors ask for again and again."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, select, update

from digest.model import DeliveryState, DigestId, SourceId
from digest.records.intake import DumpState
from digest.records.mailing import DeliveryQueue
from digest.records.operating import Alert, AlertNotice, NoticeKind
from digest.store.database.statements import insert
from digest.store.database.tables.editions import editions
from digest.store.database.tables.intake import dumps
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.operating import alert_notices, alerts
from digest.store.database.tables.publishing import entry_sources
from digest.store.editions.editions import NEWEST_EDITION_FIRST
from digest.store.mailing.leases import OPEN

_CODES_A_CLASS = 100
_GOOD: ColumnElement[str] = literal_column(f"'{DumpState.GOOD}'")  # no parameter: the index is chosen by the text


class Monitoring:
    """Queries that a monitor repeats: counts by an index or over few rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def troubled_dumps(self, sources: Collection[SourceId]) -> dict[DumpState, int]:
        """How many dumps of these sources are held or failed; a state without any may be absent."""
        wanted = set(sources)
        query = (
            select(dumps.c.source, dumps.c.state, func.count().label("number"))
            .where(dumps.c.state != _GOOD)
            .group_by(dumps.c.source, dumps.c.state)
        )
        counts: dict[DumpState, int] = {}
        for row in self._connection.execute(query):
            if row.source in wanted:
                counts[DumpState(row.state)] = counts.get(DumpState(row.state), 0) + row.number
        return counts

    def grown(self, times: Sequence[datetime]) -> dict[SourceId, list[int]]:
        """How many entries each source had shown by each of these times; sources without any are absent."""
        moment, number = entry_sources.c.first_seen_at, func.count()
        query = select(entry_sources.c.source, moment, number).group_by(entry_sources.c.source, moment)
        found: dict[SourceId, list[int]] = {}
        for source, first_seen_at, count in self._connection.execute(query):  # entries of one pass share their moment
            counts = found.setdefault(SourceId(source), [0] * len(times))
            for place, at in enumerate(times):
                counts[place] += count if first_seen_at <= at else 0
        return found

    def newest_deliveries(self, digest: DigestId) -> dict[tuple[DeliveryState, int | None], int]:
        """The deliveries of its newest non-empty edition, by state and first digit of the reply code."""
        newest = (
            select(editions.c.key)
            .where(editions.c.digest == digest, ~editions.c.empty)
            .order_by(*NEWEST_EDITION_FIRST)
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(deliveries.c.state, deliveries.c.code, func.count().label("number"))
            .where(deliveries.c.edition == newest)
            .group_by(deliveries.c.state, deliveries.c.code)
        )
        counts: dict[tuple[DeliveryState, int | None], int] = {}
        for row in self._connection.execute(query):
            told = DeliveryState(row.state), row.code // _CODES_A_CLASS if row.code else None
            counts[told] = counts.get(told, 0) + row.number
        return counts

    def queue(self) -> DeliveryQueue:
        """The deliveries that will be tried."""
        counted = select(func.count().label("depth"), func.min(deliveries.c.next_at).label("next_at"))
        row = self._connection.execute(counted.where(OPEN)).one()
        return DeliveryQueue(row.depth, row.next_at)


class Alerts:
    """Problems, and the notices about them that are not sent yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, Alert]:
        """All alerts by subject, the oldest problem first."""
        rows = self._connection.execute(select(alerts).order_by(alerts.c.since, alerts.c.subject))
        return {row.subject: Alert(row.subject, row.problem, row.since, row.told_at, row.well_since) for row in rows}

    def put(self, alert: Alert) -> None:
        """Insert or replace an alert."""
        row = {
            "problem": alert.problem,
            "since": alert.since,
            "told_at": alert.told_at,
            "well_since": alert.well_since,
        }
        first = insert(self._connection, alerts).values(subject=alert.subject, **row)
        self._connection.execute(first.on_conflict_do_update(index_elements=[alerts.c.subject], set_=row))

    def drop(self, subject: str) -> None:
        """Delete the alert of a subject, if there is one."""
        self._connection.execute(delete(alerts).where(alerts.c.subject == subject))

    def notify(self, channel: str, kind: NoticeKind, alert: Alert, now: datetime) -> None:
        """Queue a notice for a channel."""
        row = {
            "channel": channel,
            "kind": kind,
            "subject": alert.subject,
            "problem": alert.problem,
            "since": alert.since,
            "made_at": now,
            "attempts": 0,
            "next_at": now,
        }
        self._connection.execute(insert(self._connection, alert_notices).values(row))

    def notices(self, now: datetime) -> list[AlertNotice]:
        """The oldest notice of each channel, if it is due."""
        oldest = select(func.min(alert_notices.c.id)).group_by(alert_notices.c.channel)
        query = (
            select(alert_notices)
            .where(alert_notices.c.id.in_(oldest), alert_notices.c.next_at <= now)
            .order_by(alert_notices.c.id)
        )
        return [
            AlertNotice(
                id=row.id,
                channel=row.channel,
                kind=NoticeKind(row.kind),
                subject=row.subject,
                problem=row.problem,
                since=row.since,
                made_at=row.made_at,
                attempts=row.attempts,
            )
            for row in self._connection.execute(query)
        ]

    def waiting(self) -> int:
        """How many notices are not sent yet."""
        return int(self._connection.execute(select(func.count()).select_from(alert_notices)).scalar_one())

    def delete_notice(self, notice: int) -> None:
        """Delete a notice: it was sent, or is obsolete."""
        self._connection.execute(delete(alert_notices).where(alert_notices.c.id == notice))

    def put_off(self, notice: int, next_at: datetime) -> None:
        """Record a failed attempt and when to try again."""
        here = update(alert_notices).where(alert_notices.c.id == notice)
        self._connection.execute(here.values(next_at=next_at, attempts=alert_notices.c.attempts + 1))
