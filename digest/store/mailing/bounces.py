"""Bounces of deliveries, and suppressions."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from digest.model import BounceKind, DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import Bounce, Suppression, Trouble
from digest.store.database.statements import batches, insert
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import bounces, deliveries, ignored_mail, suppressions
from digest.store.database.tables.people import subscribers

_MOST = 50  # per delivery: anybody who knows its token may send as many as they like
_WENT_OUT = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)


class Bounces:
    """Bounces of mails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def editions(self, subscriber: SubscriberId) -> list[EditionKey]:
        """Every edition with a delivery to them, unordered."""
        query = select(deliveries.c.edition).where(deliveries.c.subscriber_id == subscriber)
        return [EditionKey(key) for key in self._connection.execute(query).scalars()]

    def add(self, bounce: Bounce) -> bool:
        """Record a bounce; False if this message was recorded before, or the delivery has too many bounces already."""
        of_delivery = (bounces.c.subscriber_id == bounce.subscriber, bounces.c.edition == bounce.edition)
        known = self._connection.execute(select(func.count()).select_from(bounces).where(*of_delivery)).scalar_one()
        if known >= _MOST:
            return False
        row = {
            "subscriber_id": bounce.subscriber,
            "edition": bounce.edition,
            "message": bounce.message,
            "kind": bounce.kind,
            "status": bounce.status,
            "text": bounce.text,
            "at": bounce.at,
        }
        once = insert(self._connection, bounces).values(row).on_conflict_do_nothing(index_elements=[bounces.c.message])
        return self._connection.execute(once.returning(bounces.c.id)).one_or_none() is not None

    def counted(self, subscriber: SubscriberId) -> list[tuple[EditionKey, frozenset[BounceKind]]]:
        """The editions sent to them since their address was last unsuppressed, oldest first, with their bounces."""
        taken_back = select(func.max(suppressions.c.at)).where(
            suppressions.c.subscriber_id == subscriber, suppressions.c.act == "unsuppressed"
        )
        since = self._connection.execute(taken_back).scalar_one()
        back: dict[str, set[BounceKind]] = {}
        for row in self._connection.execute(select(bounces).where(bounces.c.subscriber_id == subscriber)):
            back.setdefault(row.edition, set()).add(BounceKind(row.kind))
        query = (
            select(deliveries.c.edition, deliveries.c.accepted_at, editions.c.closes_at)
            .join(editions, editions.c.key == deliveries.c.edition)
            .where(
                deliveries.c.subscriber_id == subscriber,
                or_(deliveries.c.state.in_(_WENT_OUT), deliveries.c.edition.in_(list(back))),
            )
            .order_by(editions.c.closes_at, editions.c.key)
        )
        return [
            (EditionKey(row.edition), frozenset(back.get(row.edition, ())))
            for row in self._connection.execute(query)
            if since is None or (row.accepted_at or row.closes_at) > since
        ]

    def of(self, people: Iterable[SubscriberId]) -> dict[SubscriberId, Trouble]:
        """The people among these who have bounces."""
        back: dict[SubscriberId, list[Bounce]] = {}
        struck: dict[SubscriberId, list[Suppression]] = {}
        for batch in batches(people):
            theirs = select(bounces).where(bounces.c.subscriber_id.in_(batch)).order_by(bounces.c.id)
            for row in self._connection.execute(theirs):
                person = SubscriberId(row.subscriber_id)
                kind, edition = BounceKind(row.kind), EditionKey(row.edition)
                bounce = Bounce(person, edition, row.message, kind, row.status, row.text, row.at)
                back.setdefault(person, []).append(bounce)
            acts = select(suppressions).where(suppressions.c.subscriber_id.in_(batch)).order_by(suppressions.c.id)
            for row in self._connection.execute(acts):
                act = Suppression(row.act, row.reason, row.at)
                struck.setdefault(SubscriberId(row.subscriber_id), []).append(act)
        return {
            person: Trouble(tuple(back.get(person, ())), tuple(struck.get(person, ())))
            for person in back.keys() | struck.keys()
        }

    def ignore(self, reason: str, now: datetime) -> None:
        """Count a message that concerns no delivery."""
        first = insert(self._connection, ignored_mail).values(reason=reason, count=1, newest_at=now)
        again = {"count": ignored_mail.c.count + 1, "newest_at": now}
        self._connection.execute(first.on_conflict_do_update(index_elements=[ignored_mail.c.reason], set_=again))

    def ignored(self) -> dict[str, int]:
        """The number of ignored messages, by reason."""
        query = select(ignored_mail.c.reason, ignored_mail.c.count).order_by(ignored_mail.c.reason)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def counts(self) -> dict[BounceKind, int]:
        """The number of bounces by kind, without zeros."""
        query = select(bounces.c.kind, func.count()).group_by(bounces.c.kind).order_by(bounces.c.kind)
        return {BounceKind(row[0]): row[1] for row in self._connection.execute(query)}

    def suppressed(self) -> int:
        """The number of suppressed people."""
        query = select(func.count()).select_from(subscribers).where(subscribers.c.suppressed != "")
        return int(self._connection.execute(query).scalar_one())

    def refusals(self, most: int) -> list[str]:
        """Servers' replies that refused our mail by policy, newest first, without duplicates."""
        newest = func.max(bounces.c.id)
        query = (
            select(bounces.c.text)
            .where(bounces.c.kind == BounceKind.REFUSED, bounces.c.text != "")
            .group_by(bounces.c.text)
            .order_by(newest.desc())
            .limit(most)
        )
        return list(self._connection.execute(query).scalars())

    def refused(self, since: datetime) -> int:
        """The number of people whose servers refused our mail by policy after then."""
        people = func.count(bounces.c.subscriber_id.distinct())
        query = select(people).where(bounces.c.kind == BounceKind.REFUSED, bounces.c.at > since)
        return int(self._connection.execute(query).scalar_one())
