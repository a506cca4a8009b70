"""Recipient domains that are paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from digest.model import DeliveryState
from digest.records.deliveries import RestingDomain
from digest.store.database.statements import insert
from digest.store.database.tables import deliveries, resting_domains, subscribers

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection


class Resting:
    """Recipient domains that are paused."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[RestingDomain]:
        """The paused domains, and those whose pause is over but to which no mail got through since, by domain."""
        rows = self._connection.execute(select(resting_domains).order_by(resting_domains.c.domain))
        return [RestingDomain(row.domain, row.reason, row.times, row.since, row.until) for row in rows]

    def rest(self, domain: str, reason: str, until: datetime, now: datetime) -> None:
        """Pause the domain, again if it was, and postpone its open deliveries that are not leased."""
        row = {"domain": domain, "reason": reason, "times": 1, "since": now, "until": until}
        again = {"reason": reason, "times": resting_domains.c.times + 1, "until": until}
        first = insert(self._connection, resting_domains).values(row)
        self._connection.execute(first.on_conflict_do_update(index_elements=[resting_domains.c.domain], set_=again))
        self.put_off([domain], until)

    def put_off(self, domains: Collection[str], until: datetime) -> None:
        """Postpone open deliveries to these domains that are not leased."""
        if not domains:
            return
        theirs = or_(*(subscribers.c.address_key.endswith(f"@{domain}", autoescape=True) for domain in domains))
        open_ = deliveries.c.state.in_([DeliveryState.PLANNED, DeliveryState.DEFERRED])
        here = update(deliveries).where(
            open_,
            deliveries.c.next_at < until,
            deliveries.c.subscriber_id.in_(select(subscribers.c.id).where(theirs)),
        )
        self._connection.execute(here.values(state=DeliveryState.DEFERRED, next_at=until))

    def got_through(self, domains: Collection[str]) -> None:
        """Forget the pauses of these domains: a mail to them was accepted."""
        these = resting_domains.c.domain.in_(list(domains))
        self._connection.execute(delete(resting_domains).where(these))

    def bring_back(self, latest: datetime) -> int:
        """Limit every pause to then; returns how many were longer, which only a wrong clock explains."""
        here = update(resting_domains).where(resting_domains.c.until > latest).values(until=latest)
        return self._connection.execute(here).rowcount
