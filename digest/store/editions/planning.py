"""The unplanned parts of large editions, and the mails that they become."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from digest.model import DeliveryState, DigestId, EditionKey, SubscriberId
from digest.records.editions import Recipient, Unplanned
from digest.store.database.statements import batches, insert, insert_rows
from digest.store.database.tables.editions import editions, unplanned
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers, subscriptions
from digest.store.people.records import REACHABLE

_DELIVERY = (
    "edition",
    "subscriber_id",
    "variant",
    "state",
    "attempts",
    "next_at",
    "written_at",
    "begun",
    "uncertain",
    "message_id",
    "text",
)


class Planning:
    """The parts that are not planned yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, edition: EditionKey, parts: Sequence[Unplanned]) -> None:
        """Store the parts of an edition that was made in this transaction."""
        rows = [
            {
                "edition": edition,
                "part": number,
                "mails": [(m.subscriber, m.message_id, m.variant, m.due_at.isoformat()) for m in part.mails],
                "caught_up": list(part.caught_up),
                "resting": list(part.resting),
            }
            for number, part in enumerate(parts)
        ]
        if rows:
            self._connection.execute(insert(self._connection, unplanned), rows)

    def waiting(self) -> list[tuple[EditionKey, int]]:
        """The parts that are not planned, oldest edition first."""
        query = select(unplanned.c.edition, unplanned.c.part).join(editions, editions.c.key == unplanned.c.edition)
        ordered = query.order_by(editions.c.closes_at, unplanned.c.edition, unplanned.c.part)
        return [(EditionKey(row.edition), row.part) for row in self._connection.execute(ordered)]

    def take(self, edition: EditionKey, part: int) -> tuple[DigestId, Unplanned] | None:
        """Remove a part and return it with its digest; None if somebody else took it."""
        this = (unplanned.c.edition == edition, unplanned.c.part == part)
        query = select(unplanned, editions.c.digest).join(editions, editions.c.key == unplanned.c.edition).where(*this)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        self._connection.execute(delete(unplanned).where(*this))
        return DigestId(row.digest), Unplanned(
            tuple(
                Recipient(SubscriberId(number), message_id, variant, datetime.fromisoformat(due))
                for number, message_id, variant, due in row.mails
            ),
            tuple((SubscriberId(number), told) for number, told in row.caught_up),
            tuple(map(SubscriberId, row.resting)),
        )

    def drop(self, edition: EditionKey) -> list[SubscriberId]:
        """Delete the parts of an edition that are not planned; returns everybody who misses it through that."""
        query = select(unplanned.c.mails, unplanned.c.resting).where(unplanned.c.edition == edition)
        people = [
            SubscriberId(number)
            for row in self._connection.execute(query)
            for number in (*(mail[0] for mail in row.mails), *row.resting)
        ]
        self._connection.execute(delete(unplanned).where(unplanned.c.edition == edition))
        return people

    def plan(self, edition: EditionKey, mails: Sequence[Recipient]) -> set[SubscriberId]:
        """Plan the mails to those who still follow the digest, can be reached and are not paused; returns them."""
        made = select(editions.c.digest, editions.c.closes_at).where(editions.c.key == edition)
        digest, closes_at = self._connection.execute(made).one()
        wanted: set[SubscriberId] = set()
        for batch in batches(mail.subscriber for mail in mails):
            follows = (
                select(subscribers.c.id)
                .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
                .where(subscriptions.c.digest == digest, REACHABLE, subscribers.c.id.in_(batch))
                .where(or_(subscribers.c.paused_until.is_(None), subscribers.c.paused_until <= closes_at))
            )
            wanted.update(SubscriberId(number) for number in self._connection.execute(follows).scalars())
            known = select(deliveries.c.subscriber_id).where(
                deliveries.c.edition == edition, deliveries.c.subscriber_id.in_(batch)
            )
            wanted.difference_update(SubscriberId(number) for number in self._connection.execute(known).scalars())
        rows: list[tuple[Any, ...]] = [
            (edition, m.subscriber, m.variant, DeliveryState.PLANNED, 0, m.due_at, m.due_at, False, 0, m.message_id, "")
            for m in mails
            if m.subscriber in wanted
        ]
        insert_rows(self._connection, deliveries, _DELIVERY, rows)
        return wanted
