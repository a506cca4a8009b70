"""Mails to one person that are not editions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, or_, select, update

from digest.model import (
    MAY_HAVE_IT,
    DeliveryState,
    DigestId,
    SingleMail,
    SingleMailId,
    SingleMailKind,
    SubscriberId,
)
from digest.records.people import UNMADE
from digest.store.database.statements import EVER, insert
from digest.store.database.tables.mailing import deliveries, single_mails
from digest.store.database.tables.people import subscribers, subscriptions
from digest.store.people.records import subscriber_of

_GOT_ONE = exists().where(
    deliveries.c.subscriber_id == single_mails.c.subscriber_id,
    deliveries.c.state.not_in([DeliveryState.SUPPRESSED, DeliveryState.FAILED]),
)
_FOLLOWS = exists().where(
    subscriptions.c.subscriber_id == single_mails.c.subscriber_id, subscriptions.c.left_at.is_(None)
)
_WANTED = or_(
    single_mails.c.kind != SingleMailKind.WELCOME,
    and_(_FOLLOWS, subscribers.c.suppressed == "", subscribers.c.erased_at.is_(None), ~_GOT_ONE),
)


class SingleMails:
    """Mails to one person that are not editions.

    As in the ledger of deliveries, the store records an attempt before it starts. If the sender dies, the outcome is
    unknown, and the mail is tried once more with the same Message-ID, never a third time.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def welcome(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Plan a welcome; False if the person had one, or one is planned."""
        kind, whose = single_mails.c.kind == SingleMailKind.WELCOME, single_mails.c.subscriber_id == subscriber
        query = select(func.count()).select_from(single_mails).where(kind, whose)
        if self._connection.execute(query).scalar_one():
            return False
        self._plan(SingleMailKind.WELCOME, subscriber, "", now, None)
        return True

    def tell_moved(
        self, subscriber: SubscriberId, address: str | None, now: datetime, *, guards_until: datetime | None
    ) -> None:
        """Plan a notice to a person's former address; None if no mail reaches it.

        Until then, the holder of the new address is not trusted to be the person.
        """
        self._plan(SingleMailKind.MOVED, subscriber, address, now, guards_until)

    def _plan(
        self,
        kind: SingleMailKind,
        subscriber: SubscriberId,
        address: str | None,
        now: datetime,
        guards_until: datetime | None,
    ) -> None:
        row: dict[str, object] = {
            "kind": kind,
            "subscriber_id": subscriber,
            "address": address or "",
            "written_at": now,
            "guards_until": guards_until,
            "attempts": 0,
            "begun": False,
            "uncertain": 0,
            "next_at": None if address is None else now,
            "text": "",
        }
        self._connection.execute(insert(self._connection, single_mails).values(row))

    def guarded(self, subscriber: SubscriberId, now: datetime) -> bool:
        """Whether the person's address changed so recently that a thief may hold it."""
        query = (
            select(func.count())
            .select_from(single_mails)
            .where(single_mails.c.subscriber_id == subscriber, single_mails.c.guards_until > now)
        )
        return self._connection.execute(query).scalar_one() > 0

    def awaits(self, subscriber: SubscriberId) -> bool:
        """Whether a welcome or an edition is on its way to somebody."""
        of_theirs = (
            exists().where(table.c.subscriber_id == subscriber, table.c.next_at.is_not(None))
            for table in (single_mails, deliveries)
        )
        return bool(self._connection.execute(select(or_(*of_theirs))).scalar_one())

    def due(self, now: datetime) -> bool:
        """Whether any mail is due."""
        query = select(single_mails.c.id).where(single_mails.c.next_at <= now).limit(1)
        return self._connection.execute(query).one_or_none() is not None

    def begin(self, now: datetime, until: datetime) -> SingleMail | None:
        """Begin to send the oldest mail that is due by then; None if there is none.

        A welcome that came too late is dropped: the person left, is suppressed, or got an edition meanwhile.
        """
        while True:
            row = self._oldest(now)
            if row is None:
                return None
            uncertain = row.uncertain + row.begun
            if uncertain >= MAY_HAVE_IT:
                self._end(row.mail, "nobody knows whether it arrived", uncertain=uncertain)
            elif not row.wanted:
                self._end(row.mail, "no longer wanted", uncertain=uncertain)
            else:
                begun = {"begun": True, "uncertain": uncertain, "attempts": row.attempts + 1, "next_at": until}
                self._connection.execute(update(single_mails).where(single_mails.c.id == row.mail).values(begun))
                return self._mail(row)

    def _oldest(self, now: datetime) -> Row[*tuple[Any, ...]] | None:
        query: Select[*tuple[Any, ...]] = (
            select(
                *(column for column in subscribers.c),
                single_mails.c.id.label("mail"),
                single_mails.c.kind,
                single_mails.c.address.label("goes_to"),
                single_mails.c.written_at,
                single_mails.c.attempts,
                single_mails.c.begun,
                single_mails.c.uncertain,
                _WANTED.label("wanted"),
            )
            .join_from(single_mails, subscribers, subscribers.c.id == single_mails.c.subscriber_id)
            .where(single_mails.c.next_at <= now)
            .order_by(single_mails.c.id)
            .limit(1)
        )
        return self._connection.execute(query).one_or_none()

    def _mail(self, row: Row[*tuple[Any, ...]]) -> SingleMail:
        active = (
            select(subscriptions.c.digest)
            .where(subscriptions.c.subscriber_id == row.id, subscriptions.c.left_at.is_(None))
            .order_by(subscriptions.c.joined_at, subscriptions.c.digest)
        )
        person = subscriber_of(row)
        return SingleMail(
            id=SingleMailId(row.mail),
            kind=SingleMailKind(row.kind),
            subscriber=person,
            digests=tuple(DigestId(name) for name in self._connection.execute(active).scalars()),
            address=row.goes_to or person.address,
            written_at=row.written_at,
            attempts=row.attempts + 1,
        )

    def _end(self, mail: int, text: str, *, uncertain: int) -> None:
        ended = {"begun": False, "next_at": None, "uncertain": uncertain, "text": text}
        self._connection.execute(update(single_mails).where(single_mails.c.id == mail).values(ended))

    def unmade(self) -> tuple[int, str]:
        """How many wait because their template is wrong, and what is wrong with one of them."""
        waits = single_mails.c.next_at > EVER, single_mails.c.text.startswith(UNMADE, autoescape=True)
        count, text = self._connection.execute(select(func.count(), func.max(single_mails.c.text)).where(*waits)).one()
        return count, (text or "").removeprefix(UNMADE)

    def record(self, mail: SingleMailId, *, next_at: datetime | None, text: str, uncertain: bool = False) -> None:
        """Record the outcome; without `next_at` it is not tried again, nor after two unknown outcomes."""
        here = and_(single_mails.c.id == mail, single_mails.c.next_at.is_not(None))
        known = self._connection.execute(select(single_mails.c.uncertain).where(here)).scalar_one_or_none()
        if known is None:
            return
        doubts = known + uncertain
        again = None if doubts >= MAY_HAVE_IT else next_at
        became = {"begun": False, "next_at": again, "text": text, "uncertain": doubts}
        self._connection.execute(update(single_mails).where(here).values(became))

    def expired(self, now: datetime) -> bool:
        """Whether there are former addresses that were notified and are needed no longer."""
        query = select(single_mails.c.id).where(_expired(now)).limit(1)
        return self._connection.execute(query).one_or_none() is not None

    def expire(self, now: datetime) -> int:
        """Delete those; returns how many."""
        return self._connection.execute(delete(single_mails).where(_expired(now))).rowcount


def _expired(now: datetime) -> ColumnElement[bool]:
    return and_(
        single_mails.c.kind == SingleMailKind.MOVED,
        single_mails.c.next_at.is_(None),
        or_(single_mails.c.guards_until.is_(None), single_mails.c.guards_until <= now),
    )
