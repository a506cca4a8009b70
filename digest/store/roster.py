"""All people: some hundred per query, without their mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from digest.model import DigestId
from digest.records.people import Followed, OnRoster
from digest.store.database.statements import BATCH
from digest.store.database.tables import consents, subscribers, subscriptions
from digest.store.records import PERSON, consent_of, subscriber_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Select

    from digest.records.people import Consent


class Roster:
    """Lists of people."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def people(self) -> Iterator[OnRoster]:
        """Everybody who was not erased, in the order of joining; a few hundred are in memory at a time."""
        last = 0
        while True:
            query: Select[Any] = select(*PERSON, subscribers.c.suppressed)
            query = query.where(subscribers.c.erased_at.is_(None), subscribers.c.id > last)
            rows = self._connection.execute(query.order_by(subscribers.c.id).limit(BATCH)).all()
            if not rows:
                return
            followed = self._followed([row.id for row in rows])
            for row in rows:
                yield OnRoster(subscriber_of(row), row.suppressed, tuple(followed.get(row.id, ())))
            last = rows[-1].id

    def _followed(self, people: list[int]) -> dict[int, list[Followed]]:
        newest: dict[tuple[int, str], Consent] = {}
        records = select(consents).where(consents.c.subscriber_id.in_(people), consents.c.act == "joined")
        for row in self._connection.execute(records.order_by(consents.c.id)):
            newest[row.subscriber_id, row.digest] = consent_of(row)
        found: dict[int, list[Followed]] = {}
        query = select(subscriptions).where(subscriptions.c.subscriber_id.in_(people))
        for row in self._connection.execute(query.order_by(subscriptions.c.joined_at, subscriptions.c.digest)):
            consented = newest.get((row.subscriber_id, row.digest))
            followed = Followed(DigestId(row.digest), row.joined_at, row.left_at, consented)
            found.setdefault(row.subscriber_id, []).append(followed)
        return found

    def followers(self) -> dict[DigestId, int]:
        """How many follow each digest that has followers, including suppressed people, configured or not."""
        query = (
            select(subscriptions.c.digest, func.count().label("number"))
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.left_at.is_(None), subscribers.c.erased_at.is_(None))
            .group_by(subscriptions.c.digest)
            .order_by(subscriptions.c.digest)
        )
        return {DigestId(row.digest): row.number for row in self._connection.execute(query)}
