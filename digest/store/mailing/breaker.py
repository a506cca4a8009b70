"""Requests for suppressions. Decision 156."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, select, update

from digest.addresses import domain_of
from digest.model import BounceKind, DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import Evidence, JustFailed, RequestState, SuppressionRequest, Tally
from digest.store.database.statements import batches, insert
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import bounces, deliveries, suppression_requests
from digest.store.database.tables.people import subscribers

REFUSAL = "refused "  # prefix of `message` for a bounce that is a refusal during sending


class Breaker:
    """Requests for suppressions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(
        self, edition: EditionKey, subscriber: SubscriberId, evidence: Evidence, reason: str, now: datetime
    ) -> None:
        """Request a suppression; `editions` is stronger evidence than `server`. An earlier decision stays."""
        row = {
            "edition": edition,
            "subscriber_id": subscriber,
            "evidence": evidence,
            "reason": reason,
            "state": RequestState.ASKED,
            "at": now,
        }
        first = insert(self._connection, suppression_requests).values(row)
        stronger = suppression_requests.c.evidence == Evidence.SERVER
        again = first.on_conflict_do_update(
            index_elements=list(suppression_requests.primary_key),
            set_={"evidence": evidence, "reason": reason},
            where=and_(stronger, suppression_requests.c.state == RequestState.ASKED),
        )
        self._connection.execute(again)

    def waiting(self) -> list[EditionKey]:
        """The editions with undecided requests, in the order of their keys."""
        asked = suppression_requests.c.state == RequestState.ASKED
        query = select(suppression_requests.c.edition).where(asked).distinct()
        return sorted(EditionKey(key) for key in self._connection.execute(query).scalars())

    def requests(self, edition: EditionKey) -> list[SuppressionRequest]:
        """All requests of an edition, decided or not, in the order of subscribers."""
        query = (
            select(suppression_requests, subscribers.c.address)
            .join(subscribers, subscribers.c.id == suppression_requests.c.subscriber_id)
            .where(suppression_requests.c.edition == edition)
            .order_by(suppression_requests.c.subscriber_id)
        )
        return [
            SuppressionRequest(
                EditionKey(row.edition),
                SubscriberId(row.subscriber_id),
                row.address or "",
                Evidence(row.evidence),
                row.reason,
                RequestState(row.state),
            )
            for row in self._connection.execute(query)
        ]

    def tally(self, edition: EditionKey) -> Tally:
        """The counts of an edition, which must exist."""
        made_at = select(editions.c.closes_at).where(editions.c.key == edition)
        called_off = deliveries.c.state == DeliveryState.SUPPRESSED
        query = select(
            func.coalesce(func.sum(case((called_off, 0), else_=1)), 0),
            func.count(deliveries.c.next_at),
        ).where(deliveries.c.edition == edition)
        mails, waiting = self._connection.execute(query).one()
        return Tally(self._connection.execute(made_at).scalar_one(), int(mails), waiting)

    def reached_domains(self, edition: EditionKey) -> set[str]:
        """The domains, in lower case, whose server accepted a mail of this edition that has no hard bounce."""
        theirs = and_(bounces.c.subscriber_id == deliveries.c.subscriber_id, bounces.c.edition == edition)
        query = (
            select(subscribers.c.address_key)
            .join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
            .where(
                deliveries.c.edition == edition,
                deliveries.c.state == DeliveryState.ACCEPTED,
                subscribers.c.address_key.is_not(None),
                ~exists().where(theirs, bounces.c.kind == BounceKind.HARD),
            )
        )
        return {domain_of(address) for address in self._connection.execute(query).scalars()}

    def just_failed(self, attempts: int) -> list[JustFailed]:
        """Deliveries that failed at one of their first attempts, of unfinished editions, oldest first.

        Only those to domains that accepted no mail of the edition.
        """
        failed = and_(deliveries.c.state == DeliveryState.FAILED, deliveries.c.attempts <= attempts)
        theirs = deliveries.alias()
        unfinished = exists().where(theirs.c.edition == deliveries.c.edition, theirs.c.next_at.is_not(None))
        query = (
            select(deliveries, subscribers.c.address)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(failed, unfinished, subscribers.c.erased_at.is_(None), deliveries.c.message_id != "")
            .order_by(deliveries.c.begun_at, deliveries.c.subscriber_id)
        )
        rows = self._connection.execute(query).all()
        reached = {key: self.reached_domains(EditionKey(key)) for key in {row.edition for row in rows}}
        return [
            JustFailed(
                EditionKey(row.edition),
                SubscriberId(row.subscriber_id),
                row.message_id,
                row.address,
                row.text,
                alone=not reached[row.edition],
            )
            for row in rows
            if domain_of(row.address) not in reached[row.edition]
        ]

    def put(self, edition: EditionKey, people: Iterable[SubscriberId], state: RequestState) -> None:
        """Record the state of these requests."""
        for batch in batches(people):
            these = update(suppression_requests).where(_these(edition, batch))
            self._connection.execute(these.values(state=state))

    def drop(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Delete the undecided requests for these people."""
        for batch in batches(people):
            asked = suppression_requests.c.state == RequestState.ASKED
            self._connection.execute(delete(suppression_requests).where(_these(edition, batch), asked))

    def forget(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Like `drop`, and delete the refusals recorded as bounces of that edition: they concern other causes."""
        named = list(people)
        self.drop(edition, named)
        for batch in batches(named):
            refusals = and_(bounces.c.edition == edition, bounces.c.subscriber_id.in_(batch))
            self._connection.execute(delete(bounces).where(refusals, bounces.c.message.startswith(REFUSAL)))

    def excuse(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Count this edition's failures as refused for our own fault."""
        failures = bounces.c.kind.in_([BounceKind.HARD, BounceKind.SOFT])
        for batch in batches(people):
            theirs = and_(bounces.c.edition == edition, bounces.c.subscriber_id.in_(batch), failures)
            self._connection.execute(update(bounces).where(theirs).values(kind=BounceKind.REFUSED))


def _these(edition: EditionKey, people: list[SubscriberId]) -> ColumnElement[bool]:
    return and_(suppression_requests.c.edition == edition, suppression_requests.c.subscriber_id.in_(people))
