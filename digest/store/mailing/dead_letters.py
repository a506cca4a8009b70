"""Mails that did not arrive, or not yet: an operator reads them and may retry them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select, update

from digest.model import DeliveryState, DigestId, EditionKey, SubscriberId
from digest.records.mailing import DeliveryRow, Overdue
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers, subscriptions
from digest.store.mailing.deliveries import WITH_ADDRESS, row_of
from digest.store.people.records import REACHABLE

_UNTRIED = (DeliveryState.PLANNED, DeliveryState.LEASED)
_DEAD = or_(
    deliveries.c.state == DeliveryState.FAILED,
    and_(deliveries.c.state == DeliveryState.UNKNOWN, deliveries.c.next_at.is_(None)),
)
_LISTED = (
    WITH_ADDRESS.join(editions, editions.c.key == deliveries.c.edition)
    .where(subscribers.c.erased_at.is_(None))
    .order_by(editions.c.closes_at.desc(), editions.c.key, deliveries.c.subscriber_id)
)


class DeadLetters:
    """Mails that did not arrive, or not yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Deliveries in these states to people who are not erased, newest edition first, within it by subscriber."""
        query = _LISTED.where(deliveries.c.state.in_(list(states)))
        if edition is not None:
            query = query.where(deliveries.c.edition == edition)
        return self._rows(query)

    def refused_mails(self, made_since: datetime) -> list[DeliveryRow]:
        """Mails that failed because of the sender or the content, of editions made since then.

        Newest edition first, within it by subscriber.
        """
        of_the_mail = or_(*(deliveries.c.text.startswith(f"{phase}: ") for phase in ("sender", "content")))
        recent = deliveries.c.edition.in_(select(editions.c.key).where(editions.c.closes_at >= made_since))
        return self._rows(_LISTED.where(recent, deliveries.c.state == DeliveryState.FAILED, of_the_mail))

    def _rows(self, query: Select[Any]) -> list[DeliveryRow]:
        return [row_of(row) for row in self._connection.execute(query)]

    def count(self) -> int:
        """The number of dead letters: failed deliveries, and unknown ones that are not tried again."""
        of_somebody = exists().where(subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.erased_at.is_(None))
        query = select(func.count()).select_from(deliveries).where(_DEAD, of_somebody)
        return int(self._connection.execute(query).scalar_one())

    def plan_again(self, edition: EditionKey, subscriber: SubscriberId, state: DeliveryState, now: datetime) -> bool:
        """Plan a dead delivery once more, due now, with its former Message-ID.

        False if it is not in `state`, not dead, its edition was cancelled, or its subscriber left, is suppressed or
        erased.
        """
        digest = select(editions.c.digest).where(editions.c.key == edition).scalar_subquery()
        subscribed = and_(subscriptions.c.subscriber_id == subscribers.c.id, subscriptions.c.digest == digest)
        writable = or_(subscribers.c.paused_until.is_(None), subscribers.c.paused_until <= now)
        wanted = exists().where(subscribers.c.id == subscriber, subscribed, REACHABLE, writable)
        goes_on = exists().where(editions.c.key == edition, editions.c.cancelled_at.is_(None))
        this = and_(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber, goes_on)
        values = {"state": DeliveryState.PLANNED, "next_at": now}
        if state is DeliveryState.FAILED:  # nobody has it; a mail that may have arrived keeps its bytes
            values["written_at"] = now
        whole = deliveries.c.message_id != ""  # it is deleted when retention has emptied the details
        planned = update(deliveries).where(this, deliveries.c.state == state, _DEAD, whole, wanted).values(values)
        return self._connection.execute(planned).rowcount > 0

    def overdue(self, before: datetime) -> list[Overdue]:
        """The editions made before then, not held, whose mails were due before then and are not sent."""
        late = and_(deliveries.c.next_at < before, deliveries.c.state.in_(_UNTRIED))
        put_off = deliveries.c.state == DeliveryState.DEFERRED
        unfinished = select(deliveries.c.edition).where(deliveries.c.next_at.is_not(None), or_(late, put_off))
        query = (
            select(editions.c.key, editions.c.digest, _count(late), _count(put_off), func.count())
            .join(deliveries, deliveries.c.edition == editions.c.key)
            .where(editions.c.closes_at < before, editions.c.held_at.is_(None), editions.c.key.in_(unfinished))
            .group_by(editions.c.key, editions.c.digest)
            .order_by(editions.c.key)
        )
        return [
            Overdue(EditionKey(key), DigestId(digest), untried, deferred, everybody)
            for key, digest, untried, deferred, everybody in self._connection.execute(query)
        ]


def _count(where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((where, 1), else_=0)), 0)
