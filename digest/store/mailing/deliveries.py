"""The ledger of mails: leases and outcomes of deliveries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from digest.model import Delivery, DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import DeliveryRow, HandedOver
from digest.store.database import meta
from digest.store.database.statements import batches, execute_ready
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers
from digest.store.mailing import leases
from digest.store.mailing.leases import (
    EDITION,
    NOT_LEASED,
    OPEN,
    SUBSCRIBED,
    TAKEN_BACK,
    among,
    by_lease,
    free,
    not_begun,
    numbered,
)
from digest.store.people.records import REACHABLE

_ENDED = {DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.SUPPRESSED}


_REACHED = sa.exists().where(subscribers.c.id == deliveries.c.subscriber_id, SUBSCRIBED, REACHABLE)


# Cached for each number of people: creating a statement takes longer than running it.
@lru_cache(maxsize=64)
def _begin(count: int) -> sa.Update:
    begun = {"begun": True, "attempts": deliveries.c.attempts + 1, "begun_at": sa.bindparam("now")}
    return (
        sa.update(deliveries)
        .where(not_begun(count), _REACHED)
        .values(leased_until=sa.bindparam("until"), **begun)
        .returning(deliveries.c.subscriber_id)
    )


@lru_cache(maxsize=64)
def _take_back(count: int) -> sa.Update:
    return sa.update(deliveries).where(not_begun(count)).values(TAKEN_BACK)


@lru_cache(maxsize=64)
def _taken_back(count: int) -> sa.Select[int]:
    return sa.select(deliveries.c.subscriber_id).where(
        deliveries.c.edition == EDITION,
        among(deliveries.c.subscriber_id, count),
        deliveries.c.state == DeliveryState.SUPPRESSED,
    )


@lru_cache(maxsize=64)
def _known(count: int) -> sa.Select[int]:
    return (
        sa.select(subscribers.c.id)
        .where(among(subscribers.c.id, count), subscribers.c.erased_at.is_(None))
        .order_by(subscribers.c.id)
        .with_for_update(key_share=True)
    )


_RECORD = (
    sa.update(deliveries)
    .where(
        deliveries.c.edition == EDITION,
        deliveries.c.subscriber_id == sa.bindparam("person"),
        # A lease that ended may be another drain's by now: only this part of a late answer is still of use.
        sa.or_(
            deliveries.c.state == DeliveryState.LEASED,
            sa.and_(sa.bindparam("became") == DeliveryState.ACCEPTED, deliveries.c.state != DeliveryState.ACCEPTED),
        ),
    )
    .values(
        state=sa.bindparam("became"),
        next_at=sa.bindparam("again"),
        code=sa.bindparam("said_code"),
        text=sa.bindparam("said"),
        accepted_at=sa.bindparam("accepted"),
        uncertain=deliveries.c.uncertain + sa.bindparam("doubts"),
        **NOT_LEASED,
    )
)

# The number of the attempt shows whether it is still ours: another drain would have begun one more.
_GIVE_BACK = (
    sa.update(deliveries)
    .where(
        deliveries.c.edition == EDITION,
        deliveries.c.subscriber_id == sa.bindparam("person"),
        deliveries.c.state == DeliveryState.LEASED,
        deliveries.c.begun,
        deliveries.c.attempts == sa.bindparam("attempt"),
    )
    .values(
        state=deliveries.c.leased_from,
        attempts=deliveries.c.attempts - 1,
        code=sa.bindparam("said_code"),
        text=sa.bindparam("said"),
        **NOT_LEASED,
    )
)

# A person who left meanwhile gets it no more, and another digest may announce it.
_GONE = (
    sa.update(deliveries)
    .where(
        deliveries.c.edition == EDITION,
        deliveries.c.subscriber_id == sa.bindparam("person"),
        deliveries.c.state == sa.bindparam("became"),
        ~_REACHED,
    )
    .values(TAKEN_BACK)
)


WITH_ADDRESS = sa.select(deliveries, subscribers.c.address).join(
    subscribers, subscribers.c.id == deliveries.c.subscriber_id
)


class Deliveries:
    """The ledger of mails."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lease(self, now: datetime, until: datetime, limit: int, edition: EditionKey | None = None) -> list[Delivery]:
        """Lease up to `limit` due deliveries: planned ones, and deferred or unknown ones whose time has come.

        Oldest edition first, by its `closes_at`, and within it by subscriber. Leases that have ended (a drain died) are
        ended first: begun deliveries become unknown, the rest is as before. Deliveries to people who left or are
        suppressed are not leased, they become suppressed.
        """
        return leases.lease(self._connection, now, until, limit, edition)

    def handed_over(self, since: datetime) -> int:
        """How many attempts started since then, and may still start from the leased deliveries.

        A delivery that is begun again within that time counts once.
        """
        # Two counts, each over its own partial index: together they would read the whole ledger.
        begun, leased = (
            deliveries.c.begun_at > since,
            sa.and_(deliveries.c.leased_until.is_not(None), ~deliveries.c.begun),
        )
        count = sa.select(sa.func.count()).select_from(deliveries)
        return sum(self._connection.execute(count.where(one)).scalar_one() for one in (begun, leased))

    def begin(
        self, edition: EditionKey, subscriber: SubscriberId, leased_until: datetime, until: datetime, now: datetime
    ) -> DeliveryState | None:
        """Record that sending a leased delivery starts, and lease it until then: this is one more attempt.

        `leased` if it may start, `suppressed` if the person left or was suppressed since the lease. None if the lease
        that ends at `leased_until` is lost.
        """
        (state,) = self.begin_all([(edition, subscriber, leased_until)], until, now)
        return state

    def begin_all(
        self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime, now: datetime
    ) -> list[DeliveryState | None]:
        """`begin` for many, each given as edition, person and `leased_until`; returns the states in their order."""
        states: dict[tuple[EditionKey, SubscriberId, datetime], DeliveryState] = {}
        for (edition, leased_until), people in by_lease(leases).items():
            count, these = len(people), {"this_edition": edition, "this_lease": leased_until, **numbered(people)}
            begun = self._people(_begin(count), {**these, "until": until, "now": now})
            gone: list[int] = []
            if len(begun) < count:
                execute_ready(self._connection, _take_back(count), these)
                gone = self._people(_taken_back(count), these)
            for state, those in ((DeliveryState.LEASED, begun), (DeliveryState.SUPPRESSED, gone)):
                states |= {(edition, SubscriberId(person), leased_until): state for person in those}
        return [states.get(lease) for lease in leases]

    def _people(self, statement: sa.Select[int] | sa.Update, values: Mapping[str, object]) -> list[int]:
        return [person for (person,) in execute_ready(self._connection, statement, values)]

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
        """Record the outcome of a leased delivery.

        `next_at` is when it is tried again: a deferred delivery needs it, an unknown one without it is never tried
        again. If the lease has ended since, only `accepted` is still recorded: another drain may have leased the
        delivery.
        """
        self.record_all([HandedOver(edition, subscriber, state, next_at, code, text)], now)

    def record_all(self, answers: Sequence[HandedOver], now: datetime) -> None:
        """`record` for many, at least one."""
        people = sorted({one.subscriber for one in answers})
        # The rows are locked until the end, so that nobody is erased between the query and the answer.
        known = set(self._people(_known(len(people)), numbered(people)))
        if back := [_given_back(one, known=one.subscriber in known) for one in answers if one.given_back]:
            execute_ready(self._connection, _GIVE_BACK, *back)
        if rows := [_recorded(one, now, known=one.subscriber in known) for one in answers if not one.given_back]:
            execute_ready(self._connection, _RECORD, *rows)
        again = [one for one in answers if one.next_at is not None and one.state not in _ENDED]
        if again:
            named = [{"this_edition": one.edition, "person": one.subscriber, "became": one.state} for one in again]
            self._connection.execute(_GONE, named)

    def reopen(self, edition: EditionKey, people: Sequence[SubscriberId], next_at: datetime) -> None:
        """Defer the failed ones of these deliveries: their refusals were not about their recipients."""
        for batch in batches(people):
            these = sa.and_(deliveries.c.edition == edition, deliveries.c.subscriber_id.in_(batch))
            failed = sa.and_(these, deliveries.c.state == DeliveryState.FAILED)
            again = sa.update(deliveries).where(failed).values(state=DeliveryState.DEFERRED, next_at=next_at)
            self._connection.execute(again)
            gone = [{"this_edition": edition, "person": one, "became": DeliveryState.DEFERRED} for one in batch]
            self._connection.execute(_GONE, gone)

    def release(self, edition: EditionKey, subscriber: SubscriberId) -> None:
        """Release a lease of which nothing was begun."""
        unused = sa.and_(_this(edition, subscriber), deliveries.c.state == DeliveryState.LEASED, ~deliveries.c.begun)
        self._connection.execute(
            sa.update(deliveries).where(unused).values({"state": deliveries.c.leased_from, **NOT_LEASED})
        )

    def leased(self, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """The leased deliveries, of one edition or of all, by edition and subscriber."""
        query = WITH_ADDRESS.where(deliveries.c.leased_until.is_not(None))
        if edition is not None:
            query = query.where(deliveries.c.edition == edition)
        ordered = query.order_by(deliveries.c.edition, deliveries.c.subscriber_id)
        return [row_of(row) for row in self._connection.execute(ordered)]

    def free(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], now: datetime) -> tuple[int, int]:
        """End these leases, each identified as in `begin_all`, if they still exist.

        A delivery that was not begun is as before. A begun one becomes unknown, and is due once more if that happened
        for the first time. Returns how many of each.
        """
        return free(self._connection, by_lease(leases), now)

    def open(self, edition: EditionKey | None = None) -> int:
        """How many deliveries are in progress or will be tried."""
        query = sa.select(sa.func.count()).select_from(deliveries).where(OPEN)
        if edition is not None:
            query = query.where(deliveries.c.edition == edition)
        return self._connection.execute(query).scalar_one()

    def variant(self, edition: EditionKey, subscriber: SubscriberId) -> int | None:
        """The text of the edition that this person gets; None if they get none."""
        query = sa.select(deliveries.c.variant).where(_this(edition, subscriber))
        return self._connection.execute(query).scalar_one_or_none()

    def rows(self, edition: EditionKey) -> list[DeliveryRow]:
        """The deliveries of an edition that are not summed up yet, by subscriber."""
        query = WITH_ADDRESS.where(deliveries.c.edition == edition).order_by(deliveries.c.subscriber_id)
        return [row_of(row) for row in self._connection.execute(query)]

    def pause(self, reason: str, until: datetime) -> None:
        """Pause all sending until then, because the fault is ours or the relay's."""
        meta.pause(self._connection, reason, until)

    def paused(self, now: datetime) -> tuple[str, datetime] | None:
        """Why sending is paused and until when; None if it is not paused now."""
        return meta.paused(self._connection, now)

    def resume(self) -> None:
        """End a pause of all sending, and forget its reason."""
        meta.resume(self._connection)

    def trouble(self) -> str:
        """Why sending was last paused, even if the pause is over; empty after a mail got through."""
        return meta.trouble(self._connection)

    def got_through(self, now: datetime) -> None:
        """Forget the reason of a pause that is over: a mail was accepted."""
        meta.got_through(self._connection, now)


def _this(edition: EditionKey, subscriber: SubscriberId) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)


def row_of(row: sa.Row[Any]) -> DeliveryRow:
    """The value of a row of `WITH_ADDRESS`."""
    return DeliveryRow(
        edition=EditionKey(row.edition),
        subscriber=SubscriberId(row.subscriber_id),
        address=row.address or "",
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=row.next_at,
        code=row.code,
        text=row.text,
        uncertain=row.uncertain,
        leased_until=row.leased_until,
        begun=row.begun,
    )


def _given_back(answer: HandedOver, *, known: bool) -> dict[str, object]:
    return {
        "this_edition": answer.edition,
        "person": answer.subscriber,
        "attempt": answer.given_back,
        "said_code": answer.code,
        "said": answer.text if known else "",
    }


def _recorded(answer: HandedOver, now: datetime, *, known: bool) -> dict[str, object]:
    return {
        "this_edition": answer.edition,
        "person": answer.subscriber,
        "became": answer.state,
        "again": None if answer.state in _ENDED else answer.next_at,
        "said_code": answer.code,
        "said": answer.text if known else "",  # a server's reply often contains the address
        "accepted": now if answer.state is DeliveryState.ACCEPTED else None,
        "doubts": int(answer.state is DeliveryState.UNKNOWN),
    }
