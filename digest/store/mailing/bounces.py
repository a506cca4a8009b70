"""Bounces of deliveries, suppressions, and requests for suppressions. Decision 156."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, or_, select, update

from digest.addresses import domain_of
from digest.model import BounceKind, DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import (
    Bounce,
    Evidence,
    JustFailed,
    RequestState,
    Suppression,
    SuppressionRequest,
    Tally,
    Trouble,
)
from digest.store.database.statements import batches, insert
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import bounces, deliveries, ignored_mail, suppression_requests, suppressions
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

    def listed(
        self, before: int | None, limit: int, edition: EditionKey | None = None
    ) -> list[tuple[int, str, Bounce]]:
        """At most `limit` bounces, newest first, each with its number and the person's address; below a number."""
        query = select(bounces, subscribers.c.address).join(subscribers, subscribers.c.id == bounces.c.subscriber_id)
        if before is not None:
            query = query.where(bounces.c.id < before)
        if edition is not None:
            query = query.where(bounces.c.edition == edition)
        rows = self._connection.execute(query.order_by(bounces.c.id.desc()).limit(limit))
        return [
            (
                row.id,
                row.address or "",
                Bounce(
                    SubscriberId(row.subscriber_id),
                    EditionKey(row.edition),
                    row.message,
                    BounceKind(row.kind),
                    row.status,
                    row.text,
                    row.at,
                ),
            )
            for row in rows
        ]

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
