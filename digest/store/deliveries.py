"""The ledger of mail: who holds which delivery until when, and what became of it; knows nothing of SMTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, literal, or_, select, tuple_, update

from digest.model import MAY_HAVE_IT, Delivery, DeliveryState, DigestId, EditionKey, SubscriberId
from digest.service.ports import DeliveryRow
from digest.store import meta
from digest.store.statements import batches
from digest.store.subscribers import REACHABLE, TAKEN_BACK, subscriber_of
from digest.store.tables import UtcTime, deliveries, editions, subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

OPEN = deliveries.c.next_at.is_not(None)
NOT_LEASED: dict[str, object] = {"leased_until": None, "leased_from": None, "begun": False}
_ENDED = {DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.SUPPRESSED}


class SqlDeliveries:
    """`ports.Deliveries` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lease(self, now: datetime, until: datetime, limit: int, edition: EditionKey | None = None) -> list[Delivery]:
        self._end_leases(now)
        taken: list[Delivery] = []
        taken_by_others: list[str] = []
        while len(taken) < limit:
            oldest = self._oldest_due(now, edition, taken_by_others)
            if oldest is None:
                break
            due = self._due(oldest, now, limit - len(taken))
            if not due:  # another drain is taking what there is
                taken_by_others.append(oldest.key)
                continue
            reachable = [row for row in due if row.reachable]
            self._move(oldest.key, (row.id for row in due if not row.reachable), TAKEN_BACK)
            self._move(oldest.key, (row.id for row in reachable), _leased(until))
            taken += [_delivery(row, oldest, until) for row in reachable]
        return taken

    def _end_leases(self, now: datetime) -> None:
        """A drain that died may have handed over what it began: those deliveries are unknown."""
        ended = select(*deliveries.primary_key).where(deliveries.c.leased_until <= now)
        free = ended.with_for_update(skip_locked=True)  # of two drains that look at once, one does it
        for begun, values in ((False, {"state": deliveries.c.leased_from}), (True, _uncertain(now))):
            here = tuple_(*deliveries.primary_key).in_(free.where(deliveries.c.begun.is_(begun)))
            self._connection.execute(update(deliveries).where(here).values({**values, **NOT_LEASED}))

    def _oldest_due(self, now: datetime, edition: EditionKey | None, but: Sequence[str]) -> Row[Any] | None:
        due = exists().where(deliveries.c.edition == editions.c.key, _due(now, editions.c.closes_at))
        query = select(editions).where(due).order_by(editions.c.closes_at, editions.c.key).limit(1)
        if edition is not None:
            query = query.where(editions.c.key == edition)
        if but:
            query = query.where(editions.c.key.not_in(but))
        return self._connection.execute(query).one_or_none()

    def _due(self, edition: Row[Any], now: datetime, limit: int) -> list[Row[Any]]:
        subscribed = and_(
            subscriptions.c.subscriber_id == deliveries.c.subscriber_id, subscriptions.c.digest == edition.digest
        )
        reachable = and_(subscriptions.c.subscriber_id.is_not(None), REACHABLE)
        query = (
            select(
                subscribers,
                deliveries.c.variant,
                deliveries.c.message_id,
                deliveries.c.attempts,
                deliveries.c.uncertain,
                deliveries.c.written_at,
                subscriptions.c.joined_at,
                reachable.label("reachable"),
            )
            .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .outerjoin(subscriptions, subscribed)
            .where(deliveries.c.edition == edition.key, _due(now, literal(edition.closes_at, UtcTime)))
            .order_by(deliveries.c.subscriber_id)
            .limit(limit)
            .with_for_update(of=deliveries, skip_locked=True)
        )
        return list(self._connection.execute(query))

    def _move(self, edition: str, people: Iterable[int], values: dict[str, object]) -> None:
        for batch in batches(people):
            here = and_(deliveries.c.edition == edition, deliveries.c.subscriber_id.in_(batch))
            self._connection.execute(update(deliveries).where(here).values(values))

    def handed_over(self, since: datetime) -> int:
        # Two counts, each over its own partial index: together they would read the whole ledger.
        begun, leased = deliveries.c.begun_at > since, and_(deliveries.c.leased_until.is_not(None), ~deliveries.c.begun)
        count = select(func.count()).select_from(deliveries)
        return sum(self._connection.execute(count.where(one)).scalar_one() for one in (begun, leased))

    def begin(
        self, edition: EditionKey, subscriber: SubscriberId, leased_until: datetime, until: datetime, now: datetime
    ) -> DeliveryState | None:
        reachable = _reachable(edition, subscriber)
        mine = and_(_this(edition, subscriber), deliveries.c.leased_until == leased_until, ~deliveries.c.begun)
        begun = {"begun": True, "attempts": deliveries.c.attempts + 1, "leased_until": until, "begun_at": now}
        for state, here, values in (
            (DeliveryState.LEASED, and_(mine, reachable), begun),
            (DeliveryState.SUPPRESSED, mine, TAKEN_BACK),
        ):
            if self._connection.execute(update(deliveries).where(here).values(values)).rowcount:
                return state
        taken_back = and_(_this(edition, subscriber), deliveries.c.state == DeliveryState.SUPPRESSED)
        known = self._connection.execute(select(exists().where(taken_back))).scalar_one()
        return DeliveryState.SUPPRESSED if known else None

    def record(
        self,
        edition: EditionKey,
        subscriber: SubscriberId,
        state: DeliveryState,
        *,
        now: datetime,
        next_at: datetime | None = None,
        code: int | None = None,
        text: str = "",
    ) -> None:
        accepted = state is DeliveryState.ACCEPTED
        # A lease that ended may be another drain's by now: of a late answer only this one is still news.
        recordable = deliveries.c.state != state if accepted else deliveries.c.state == DeliveryState.LEASED
        person = select(subscribers.c.id).where(subscribers.c.id == subscriber, subscribers.c.erased_at.is_(None))
        # The row is held until the end, so that nobody is erased between the question and the answer.
        known = self._connection.execute(person.with_for_update(key_share=True)).one_or_none() is not None
        values: dict[str, Any] = {
            "state": state,
            "next_at": None if state in _ENDED else next_at,
            "code": code,
            "text": text if known else "",  # a server's words often name the address
            "accepted_at": now if accepted else None,
            **NOT_LEASED,
        }
        if state is DeliveryState.UNKNOWN:
            values["uncertain"] = deliveries.c.uncertain + 1
        this = _this(edition, subscriber)
        self._connection.execute(update(deliveries).where(this, recordable).values(values))
        if values["next_at"] is not None:  # who left meanwhile gets it no more, and another digest may tell it
            gone = and_(this, deliveries.c.state == state, ~_reachable(edition, subscriber))
            self._connection.execute(update(deliveries).where(gone).values(TAKEN_BACK))

    def release(self, edition: EditionKey, subscriber: SubscriberId) -> None:
        unused = and_(_this(edition, subscriber), deliveries.c.state == DeliveryState.LEASED, ~deliveries.c.begun)
        self._connection.execute(
            update(deliveries).where(unused).values({"state": deliveries.c.leased_from, **NOT_LEASED})
        )

    def open(self, edition: EditionKey | None = None) -> int:
        query = select(func.count()).select_from(deliveries).where(OPEN)
        if edition is not None:
            query = query.where(deliveries.c.edition == edition)
        return self._connection.execute(query).scalar_one()

    def variant(self, edition: EditionKey, subscriber: SubscriberId) -> int | None:
        query = select(deliveries.c.variant).where(_this(edition, subscriber))
        return self._connection.execute(query).scalar_one_or_none()

    def rows(self, edition: EditionKey) -> list[DeliveryRow]:
        query = (
            select(deliveries, subscribers.c.address)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(deliveries.c.edition == edition)
            .order_by(deliveries.c.subscriber_id)
        )
        return [
            DeliveryRow(
                edition=EditionKey(row.edition),
                subscriber=SubscriberId(row.subscriber_id),
                address=row.address or "",
                state=DeliveryState(row.state),
                attempts=row.attempts,
                next_at=row.next_at,
                code=row.code,
                text=row.text,
            )
            for row in self._connection.execute(query)
        ]

    def pause(self, reason: str, until: datetime, now: datetime) -> None:  # noqa: ARG002 - the port records who asks when
        meta.pause(self._connection, reason, until)

    def paused(self, now: datetime) -> tuple[str, datetime] | None:
        return meta.paused(self._connection, now)

    def resume(self) -> None:
        meta.resume(self._connection)

    def trouble(self) -> str:
        return meta.trouble(self._connection)

    def got_through(self, now: datetime) -> None:
        meta.got_through(self._connection, now)


def _this(edition: EditionKey, subscriber: SubscriberId) -> ColumnElement[bool]:
    return and_(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)


def _reachable(edition: EditionKey, subscriber: SubscriberId) -> ColumnElement[bool]:
    digest = select(editions.c.digest).where(editions.c.key == edition).scalar_subquery()
    subscribed = and_(subscriptions.c.subscriber_id == subscribers.c.id, subscriptions.c.digest == digest)
    return exists().where(subscribers.c.id == subscriber, subscribed, REACHABLE)


def _due(now: datetime, made_at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """What was due when its edition was made still is, whatever the clock says now: it may have stepped back since."""
    waiting = deliveries.c.state.in_([DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN])
    at_once = and_(deliveries.c.state == DeliveryState.PLANNED, deliveries.c.next_at <= made_at)
    return and_(OPEN, or_(at_once, and_(waiting, deliveries.c.next_at <= now)))


def _leased(until: datetime) -> dict[str, object]:
    return {"state": DeliveryState.LEASED, "leased_from": deliveries.c.state, "leased_until": until}


def _uncertain(now: datetime) -> dict[str, object]:
    """Nobody knows what became of it: due once more, or never again."""
    often = deliveries.c.uncertain + 1
    again = case((often < MAY_HAVE_IT, literal(now, UtcTime)), else_=None)
    return {"state": DeliveryState.UNKNOWN, "uncertain": often, "next_at": again}


def _delivery(row: Row[Any], edition: Row[Any], until: datetime) -> Delivery:
    return Delivery(
        edition=EditionKey(edition.key),
        digest=DigestId(edition.digest),
        subscriber=subscriber_of(row),
        variant=row.variant,
        message_id=row.message_id,
        attempts=row.attempts + 1,
        uncertain=row.uncertain,
        made_at=edition.closes_at,
        leased_until=until,
        agreed_at=row.joined_at,
        written_at=row.written_at,
    )
