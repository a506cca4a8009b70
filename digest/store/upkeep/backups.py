"""What the store records about backups: when one was made, and whether the store is one itself (then it is fenced)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from digest.model import DeliveryState, EditionKey
from digest.records.mailing import Waiting
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import deliveries, single_mails
from digest.store.database.tables.operating import meta
from digest.store.database.tables.people import confirmations, subscribers
from digest.store.mailing.leases import NOT_LEASED, OPEN

_FENCED = select(meta.c.fenced_at)  # queried before each mail
_SHOWN = 3  # addresses of people with unsent mails of an edition


class Backups:
    """What the store records about its backups."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def made_at(self) -> datetime | None:
        """When the last backup was made."""
        at: datetime | None = self._connection.execute(select(meta.c.backed_up_at)).scalar_one()
        return at

    def record(self, at: datetime) -> None:
        """Record that a backup was made."""
        self._connection.execute(update(meta).values(backed_up_at=at))

    def fenced(self) -> datetime | None:
        """The time of the backup that this store was restored from, until the operator lifts the fence."""
        since: datetime | None = self._connection.execute(_FENCED).scalar_one()
        return since

    def fence(self, at: datetime) -> None:
        """Mark the store as a copy of that time; a fenced store keeps its earlier time."""
        self._connection.execute(update(meta).values(fenced_at=func.coalesce(meta.c.fenced_at, at)))

    def lift(self) -> None:
        """Lift the fence: mails may be sent again."""
        self._connection.execute(update(meta).values(fenced_at=None))

    def installation(self) -> dict[str, Any] | None:
        """What is recorded about the configuration that uses the store; None if nothing is."""
        found: dict[str, Any] | None = self._connection.execute(select(meta.c.installation)).scalar_one()
        return found

    def set_installation(self, said: dict[str, Any]) -> None:
        """Record what identifies the configuration that uses the store."""
        self._connection.execute(update(meta).values(installation=said))

    def waiting(self) -> list[Waiting]:
        """The unsent mails, oldest edition first."""
        count = (
            select(editions.c.key, editions.c.closes_at, func.count().label("people"))
            .join(deliveries, deliveries.c.edition == editions.c.key)
            .where(OPEN)
            .group_by(editions.c.key, editions.c.closes_at)
            .order_by(editions.c.closes_at, editions.c.key)
        )
        return [
            Waiting(EditionKey(row.key), row.closes_at, row.people, self._addresses(row.key))
            for row in self._connection.execute(count).all()
        ]

    def _addresses(self, edition: str) -> tuple[str, ...]:
        query = (
            select(subscribers.c.address)
            .join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
            .where(deliveries.c.edition == edition, OPEN, subscribers.c.address.is_not(None))
            .order_by(subscribers.c.id)
            .limit(_SHOWN)
        )
        return tuple(self._connection.execute(query).scalars())

    def take_as_sent(self, asked_by: datetime, now: datetime, reason: str) -> int:
        """End all open deliveries as accepted, with this text, so that their entries count as sent; returns how many.

        Links that were requested by then are not mailed either.
        """
        sent: dict[str, object] = {
            "state": DeliveryState.ACCEPTED,
            "accepted_at": now,
            "next_at": None,
            "code": None,
            "text": reason,
        }
        asked = confirmations.c.next_at.is_not(None) & (confirmations.c.asked_at <= asked_by)
        self._connection.execute(update(confirmations).where(asked).values(next_at=None))
        written = single_mails.c.next_at.is_not(None) & (single_mails.c.written_at <= asked_by)
        self._connection.execute(update(single_mails).where(written).values(next_at=None, begun=False, text=reason))
        return self._connection.execute(update(deliveries).where(OPEN).values({**sent, **NOT_LEASED})).rowcount
