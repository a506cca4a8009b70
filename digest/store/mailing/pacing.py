"""Rates that servers asked for, recipient domains that are paused, and waiting deliveries."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from digest.model import DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import DeliveryRow, RestingDomain, Slowed
from digest.store.database.statements import batches, insert
from digest.store.database.tables.mailing import deliveries, paces, resting_domains
from digest.store.database.tables.people import subscribers
from digest.store.mailing.deliveries import WITH_ADDRESS, row_of
from digest.store.mailing.leases import NOT_LEASED, OPEN, by_lease, not_begun, numbered


class Pacing:
    """The rates that a drain measured, for the next drain and for reports; and deliveries that wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self, since: datetime) -> list[Slowed]:
        """The rates in use since then, by domain; the one for everybody is first."""
        rows = self._connection.execute(select(paces).where(paces.c.at >= since).order_by(paces.c.domain))
        return [Slowed(row.domain, row.per_minute, row.since, row.at, row.next_at) for row in rows]

    def put(self, slowed: Collection[Slowed], free: Collection[str], before: datetime) -> None:
        """Store these rates; delete those of the domains in `free`, and those not in use since `before`."""
        self._connection.execute(delete(paces).where(or_(paces.c.domain.in_(list(free)), paces.c.at < before)))
        for one in slowed:
            row = {"per_minute": one.per_minute, "since": one.since, "at": one.at, "next_at": one.next_at}
            first = insert(self._connection, paces).values(domain=one.domain, **row)
            self._connection.execute(first.on_conflict_do_update(index_elements=[paces.c.domain], set_=row))

    def put_off(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime) -> None:
        """Release leases of which nothing was begun, each given as in `Deliveries.begin_all`; they are due then."""
        for (edition, leased_until), people in by_lease(leases).items():
            for some in batches(people):
                these = {"this_edition": edition, "this_lease": leased_until, **numbered(some)}
                later = {"state": deliveries.c.leased_from, "next_at": until, **NOT_LEASED}
                self._connection.execute(update(deliveries).where(not_begun(len(some))).values(later), these)

    def hurry(self, edition: EditionKey | None, now: datetime) -> int:
        """Make all waiting deliveries due now, of one edition or of all; returns how many."""
        return self._connection.execute(update(deliveries).where(_later(now, edition)).values(next_at=now)).rowcount

    def bring_back(self, latest: datetime) -> int:
        """Let no refused mail wait longer than until then; returns how many would have.

        Mails planned for later wait for their subscriber's own time of day.
        """
        refused = and_(_later(latest, None), deliveries.c.state != DeliveryState.PLANNED)
        return self._connection.execute(update(deliveries).where(refused).values(next_at=latest)).rowcount

    def waiting(self, now: datetime, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Deliveries to people who are not erased that are tried again later than now, first due first."""
        order = (deliveries.c.next_at, deliveries.c.edition, deliveries.c.subscriber_id)
        query = WITH_ADDRESS.where(_later(now, edition), subscribers.c.erased_at.is_(None)).order_by(*order)
        return [row_of(row) for row in self._connection.execute(query)]


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


def _later(moment: datetime, edition: EditionKey | None) -> ColumnElement[bool]:
    later = and_(OPEN, deliveries.c.next_at > moment, deliveries.c.state != DeliveryState.LEASED)
    return later if edition is None else and_(later, deliveries.c.edition == edition)
