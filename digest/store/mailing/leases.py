"""Leasing: which deliveries are due, and who holds them until when; the part of the ledger with which a drain begins.

The statements are created once: creating one takes as long as leasing ten deliveries. Decisions 188 and 213.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from digest.model import MAY_HAVE_IT, Delivery, DeliveryState, DigestId, EditionKey, SubscriberId
from digest.records.editions import CLOCK_TOLERANCE
from digest.store.database.statements import batches, execute_ready, fetched
from digest.store.database.tables.columns import UtcTime
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers, subscriptions
from digest.store.people.records import PERSON, REACHABLE, subscriber_of

EDITION = sa.bindparam("this_edition", type_=sa.Text())
OPEN = deliveries.c.next_at.is_not(None)
NOT_LEASED: dict[str, object] = {"leased_until": None, "leased_from": None, "begun": False}
# The values of a cancelled delivery; one that may have arrived still counts as sent.
TAKEN_BACK: dict[str, object] = {"state": DeliveryState.SUPPRESSED, "next_at": None, **NOT_LEASED}
SUBSCRIBED = sa.and_(
    subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
    subscriptions.c.digest == sa.select(editions.c.digest).where(editions.c.key == EDITION).scalar_subquery(),
)
_NOW, _UNTIL = sa.bindparam("now", type_=UtcTime()), sa.bindparam("until", type_=UtcTime())


def lease(
    connection: sa.Connection, now: datetime, until: datetime, limit: int, edition: EditionKey | None
) -> list[Delivery]:
    """See `Deliveries.lease`."""
    for ended in (_NOT_BEGUN, _BEGUN):
        execute_ready(connection, ended, {"now": now})
    taken: list[Delivery] = []
    taken_by_others: list[str] = []
    while len(taken) < limit:
        oldest = _oldest_due(connection, now, edition, taken_by_others)
        if oldest is None:
            break
        at = {"this_edition": oldest.key, "made_at": oldest.closes_at, "now": now, "most": limit - len(taken)}
        due = list(fetched(connection.execute(_DUE, at)))
        if not due:  # another drain is taking what there is
            taken_by_others.append(oldest.key)
            continue
        if oldest.cancelled_at is not None:  # they were being sent when it was cancelled, and were put off since
            _move(connection, _take_back, oldest.key, [row.id for row in due], {})
            missed(connection, oldest.digest, oldest.closes_at, [row.id for row in due])
            continue
        _move(connection, _take_back, oldest.key, [row.id for row in due if not row.reachable], {})
        _move(connection, _take, oldest.key, [row.id for row in due if row.reachable], {"until": until})
        taken += [_delivery(row, oldest, until) for row in due if row.reachable]
    return taken


def free(
    connection: sa.Connection, leases: Mapping[tuple[EditionKey, datetime], Sequence[int]], now: datetime
) -> tuple[int, int]:
    """See `Deliveries.free`; returns the people by edition and end of lease."""
    counts = [0, 0]
    for (edition, leased_until), people in leases.items():
        for batch in batches(people):
            for begun in (False, True):
                these = sa.and_(
                    deliveries.c.edition == edition,
                    deliveries.c.subscriber_id.in_(batch),
                    deliveries.c.leased_until == leased_until,
                    deliveries.c.begun.is_(begun),
                )
                ended = sa.update(deliveries).where(these).values(_without_lease(begun=begun))
                counts[begun] += connection.execute(ended, {"now": now} if begun else {}).rowcount
    return counts[0], counts[1]


def missed(connection: sa.Connection, digest: str, made_at: datetime, people: Iterable[int]) -> None:
    """Record who is not sent an edition that they were to get: the next one lists its entries for them.

    It does so also for those who came, or changed their topics, after it was made.
    """
    since = subscriptions.c.since
    reach = sa.literal(made_at + CLOCK_TOLERANCE - timedelta(microseconds=1), UtcTime)  # it, and no edition before
    values = {"behind": True, "since": sa.case((since > reach, reach), else_=since)}
    for batch in batches(people):
        these = sa.and_(subscriptions.c.digest == digest, subscriptions.c.subscriber_id.in_(batch))
        connection.execute(sa.update(subscriptions).where(these).values(values))


def among(person: sa.ColumnElement[int], count: int) -> sa.ColumnElement[bool]:
    """The condition: one of so many people, who are `numbered`."""
    return person.in_([sa.bindparam(f"person_{at}", type_=sa.Integer()) for at in range(count)])


def numbered(people: Sequence[int]) -> dict[str, object]:
    """The parameters of `among`."""
    return {f"person_{at}": person for at, person in enumerate(people)}


def by_lease(
    leases: Sequence[tuple[EditionKey, SubscriberId, datetime]],
) -> dict[tuple[EditionKey, datetime], list[SubscriberId]]:
    """The people by edition and end of lease."""
    groups: dict[tuple[EditionKey, datetime], list[SubscriberId]] = defaultdict(list)
    for edition, person, leased_until in leases:
        groups[edition, leased_until].append(person)
    return groups


def not_begun(count: int) -> sa.ColumnElement[bool]:
    """The condition: one of so many people's deliveries, with the given lease, and nothing begun."""
    # Within a function; otherwise SQLite scans all rows with the same lease instead of using the keys.
    lease = sa.func.coalesce(deliveries.c.leased_until, deliveries.c.leased_until)
    return sa.and_(
        deliveries.c.edition == EDITION,
        among(deliveries.c.subscriber_id, count),
        lease == sa.bindparam("this_lease"),
        ~deliveries.c.begun,
    )


def _ended(*, begun: bool) -> sa.Update:
    """End the leases of a drain that died: what it began may have been sent, so its outcome is unknown."""
    over = sa.select(*deliveries.primary_key).where(deliveries.c.leased_until <= _NOW, deliveries.c.begun.is_(begun))
    free = over.with_for_update(skip_locked=True)  # of two drains at the same time, one does it
    these = sa.tuple_(*deliveries.primary_key).in_(free)
    return sa.update(deliveries).where(these).values(_without_lease(begun=begun))


def _without_lease(*, begun: bool) -> Mapping[str, object]:
    """The values of a delivery whose lease ends before anybody recorded an answer."""
    becomes = _uncertain() if begun else {"state": deliveries.c.leased_from}
    return {**becomes, **NOT_LEASED}


def _uncertain() -> Mapping[str, object]:
    """The values for an unknown outcome: due once more, or never again."""
    often = deliveries.c.uncertain + 1
    again = sa.case((often < MAY_HAVE_IT, _NOW), else_=None)
    return {"state": DeliveryState.UNKNOWN, "uncertain": often, "next_at": again}


def _due(made_at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """A mail that was due when its edition was made is still due: the clock may have stepped back since."""
    waiting = deliveries.c.state.in_([DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN])
    at_once = sa.and_(deliveries.c.state == DeliveryState.PLANNED, deliveries.c.next_at <= made_at)
    return sa.and_(OPEN, sa.or_(at_once, sa.and_(waiting, deliveries.c.next_at <= _NOW)))


_NOT_BEGUN, _BEGUN = _ended(begun=False), _ended(begun=True)
_OLDEST = (
    sa.select(editions.c.key, editions.c.digest, editions.c.closes_at, editions.c.cancelled_at)
    .where(
        editions.c.held_at.is_(None),
        sa.exists().where(deliveries.c.edition == editions.c.key, _due(editions.c.closes_at)),
    )
    .order_by(editions.c.closes_at, editions.c.key)
    .limit(1)
)
_DUE = (
    sa.select(
        *PERSON,
        deliveries.c.variant,
        deliveries.c.message_id,
        deliveries.c.attempts,
        deliveries.c.uncertain,
        deliveries.c.written_at,
        subscriptions.c.joined_at,
        sa.and_(subscriptions.c.subscriber_id.is_not(None), REACHABLE).label("reachable"),
    )
    .join_from(deliveries, subscribers, subscribers.c.id == deliveries.c.subscriber_id)
    .outerjoin(subscriptions, SUBSCRIBED)
    .where(
        deliveries.c.edition == EDITION,
        _due(sa.bindparam("made_at", type_=UtcTime())),
    )
    .order_by(deliveries.c.subscriber_id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
    .with_for_update(of=deliveries, skip_locked=True)
)


def _oldest_due(
    connection: sa.Connection, now: datetime, edition: EditionKey | None, but: Sequence[str]
) -> sa.Row[*tuple[Any, ...]] | None:
    query: sa.Select[*tuple[Any, ...]] = _OLDEST
    if edition is not None:
        query = query.where(editions.c.key == edition)
    if but:
        query = query.where(editions.c.key.not_in(but))
    return connection.execute(query, {"now": now}).one_or_none()


@lru_cache(maxsize=64)
def _take(count: int) -> sa.Update:
    leased = {"state": DeliveryState.LEASED, "leased_from": deliveries.c.state, "leased_until": _UNTIL}
    return _these(count).values(leased)


@lru_cache(maxsize=64)
def _take_back(count: int) -> sa.Update:
    return _these(count).values(TAKEN_BACK)


def _these(count: int) -> sa.Update:
    here = deliveries.c.edition == EDITION
    return sa.update(deliveries).where(here, among(deliveries.c.subscriber_id, count))


def _move(
    connection: sa.Connection,
    change: Callable[[int], sa.Update],
    edition: str,
    people: Sequence[int],
    values: Mapping[str, object],
) -> None:
    for batch in batches(people):
        execute_ready(connection, change(len(batch)), {"this_edition": edition, **numbered(batch), **values})


def _delivery(row: sa.Row[Any], edition: sa.Row[Any], until: datetime) -> Delivery:
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
