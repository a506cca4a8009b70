"""Reduces old rows: thins out reader counts, sums up deliveries; when a row is old is decided elsewhere."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, literal, select, tuple_, update

from digest.model import DeliveryState, EditionKey
from digest.records.editions import CLOCK_TOLERANCE
from digest.store.database.statements import batches, insert
from digest.store.database.tables.columns import UtcTime
from digest.store.database.tables.editions import editions
from digest.store.database.tables.intake import reports
from digest.store.database.tables.mailing import deliveries, delivery_counts
from digest.store.database.tables.people import subscriptions
from digest.store.database.tables.publishing import reader_counts
from digest.store.intake.counting import previous

_ENDED = and_(deliveries.c.next_at.is_(None), deliveries.c.state != DeliveryState.LEASED)
# Catching up looks back this far before `since`, because the clock may have stepped back: the edition itself is past.
_DAY, _MONTH = 10, 7  # characters of a time written as 2026-11-21


class Retention:
    """Deletion of old rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def oldest_count(self) -> datetime | None:
        """When readers were first counted."""
        oldest: datetime | None = self._connection.execute(select(func.min(reader_counts.c.counted_at))).scalar_one()
        return oldest

    def thin_counts(self, start: datetime, end: datetime, *, monthly: bool) -> int:
        """Of the counts in this half-open time, keep one a day or month per entry and source; returns how many go.

        The last count of each day or month stays, the first of all, and both sides of a fall. Otherwise readers won
        since a fall would count as won before it.
        """
        keys = list(reader_counts.primary_key)
        period = self._written(reader_counts.c.counted_at, _MONTH if monthly else _DAY)
        series = [reader_counts.c.entry_id, reader_counts.c.source]
        behind = end + timedelta(days=31 if monthly else 1)  # where the last count of the last period may be
        here = and_(reader_counts.c.counted_at >= start, reader_counts.c.counted_at < behind)

        def following(column: ColumnElement[Any]) -> ColumnElement[Any]:
            return func.lead(column).over(partition_by=series, order_by=reader_counts.c.counted_at)

        readers = reader_counts.c.readers
        rising = and_(
            func.coalesce(previous(), readers) <= readers, readers <= func.coalesce(following(readers), readers)
        )
        steps = (period.label("period"), following(period).label("following"), rising.label("rising"))
        ordered = select(*keys, *steps).where(here).subquery()
        superseded = select(*(ordered.c[key.name] for key in keys)).where(
            ordered.c.period == ordered.c.following, ordered.c.counted_at < end, ordered.c.rising
        )
        other = reader_counts.alias()
        same = and_(other.c.entry_id == reader_counts.c.entry_id, other.c.source == reader_counts.c.source)
        earlier = exists().where(same, other.c.counted_at < reader_counts.c.counted_at)
        return self._connection.execute(delete(reader_counts).where(tuple_(*keys).in_(superseded), earlier)).rowcount

    def _written(self, moment: ColumnElement[datetime], length: int) -> ColumnElement[str]:
        if self._connection.dialect.name == "postgresql":
            return func.left(func.to_char(moment, "YYYY-MM-DD"), length)
        return func.substr(moment, 1, length)

    def forget_details(self, closed_before: datetime, limit: int) -> int:
        """Delete Message-IDs and server replies of up to `limit` ended deliveries of editions closed before then."""
        old = select(editions.c.key).where(editions.c.closes_at < closed_before)
        told = and_(deliveries.c.edition.in_(old), _ENDED, (deliveries.c.message_id != "") | (deliveries.c.text != ""))
        keys = (deliveries.c.edition, deliveries.c.subscriber_id)
        some = select(*keys).where(told).limit(limit)
        these = update(deliveries).where(tuple_(*keys).in_(some))
        return self._connection.execute(these.values(message_id="", text="")).rowcount

    def foldable(self, closed_before: datetime) -> list[EditionKey]:
        """Editions closed before then whose deliveries have all ended, except the newest of each digest."""
        newer, others = editions.alias(), deliveries.alias()
        superseded = exists().where(
            and_(newer.c.digest == editions.c.digest, newer.c.closes_at > editions.c.closes_at),
            and_(~newer.c.empty, newer.c.cancelled_at.is_(None)),  # as in Editions.newest
        )
        some = exists().where(deliveries.c.edition == editions.c.key)
        open_ = exists().where(others.c.edition == editions.c.key, others.c.next_at.is_not(None))
        query = select(editions.c.key).where(editions.c.closes_at < closed_before, superseded, some, ~open_)
        return [EditionKey(key) for key in self._connection.execute(query.order_by(editions.c.closes_at)).scalars()]

    def fold(self, edition: EditionKey, limit: int) -> int:
        """Replace up to `limit` deliveries of an edition by counts, which stay the same by state; returns how many.

        Deliveries to people who are behind stay: their mails are looked up when they catch up. The other rows only say
        that somebody follows the digest up to here, which `since` says then.
        """
        theirs = subscriptions.c.subscriber_id == deliveries.c.subscriber_id
        behind = exists().where(theirs, subscriptions.c.behind)
        chosen = select(deliveries.c.subscriber_id, deliveries.c.state)
        chosen = chosen.where(deliveries.c.edition == edition, _ENDED, ~behind)
        rows = self._connection.execute(chosen.order_by(deliveries.c.subscriber_id).limit(limit)).all()
        made_at = self._connection.execute(select(editions.c.closes_at).where(editions.c.key == edition)).scalar_one()
        closed = literal(made_at + CLOCK_TOLERANCE, UtcTime)
        numbers: dict[str, int] = {}
        for batch in batches(rows):
            people = [row.subscriber_id for row in batch]
            since = case((subscriptions.c.since < closed, closed), else_=subscriptions.c.since)
            self._connection.execute(
                update(subscriptions).where(subscriptions.c.subscriber_id.in_(people)).values(since=since)
            )
            theirs = and_(deliveries.c.edition == edition, deliveries.c.subscriber_id.in_(people))
            self._connection.execute(delete(deliveries).where(theirs))
            for row in batch:
                numbers[row.state] = numbers.get(row.state, 0) + 1
        for state, number in numbers.items():
            put = insert(self._connection, delivery_counts).values(edition=edition, state=state, number=number)
            keys = list(delivery_counts.primary_key)
            more = delivery_counts.c.number + put.excluded.number
            self._connection.execute(put.on_conflict_do_update(index_elements=keys, set_={"number": more}))
        return len(rows)

    def forget_reports(self, before: datetime) -> int:
        """Delete resolved reports from before then."""
        return self._connection.execute(delete(reports).where(reports.c.at < before, ~reports.c.standing)).rowcount
