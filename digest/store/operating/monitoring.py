"""Repeated queries of monitors: counts that an index answers."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from digest.model import DeliveryState, DigestId, SourceId
from digest.records.intake import DumpState
from digest.records.mailing import DeliveryQueue
from digest.store.database.tables.editions import editions
from digest.store.database.tables.intake import dumps
from digest.store.database.tables.mailing import deliveries
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
