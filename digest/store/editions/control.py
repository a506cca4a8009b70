"""What operators decide about editions: plans for the next one, entries left out, holds, and their acts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from digest.model import DeliveryState, DigestId, Edition, EditionKey, EntryId, SubscriberId
from digest.records.editions import EditionAct, EditionActKind, EditionPlan, LeftOut
from digest.store.database.statements import insert
from digest.store.database.tables.editions import edition_acts, edition_plans, editions, left_out
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscriptions
from digest.store.mailing.leases import NOT_LEASED, TAKEN_BACK, missed

_NO_PLAN: dict[str, object] = {"note": "", "first": [], "slot_at": None, "asked_at": None}
_UNSENT = (DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)


class EditionControl:
    """Operators' decisions about editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def plan(self, digest: DigestId) -> EditionPlan:
        """The plan for the next edition of a digest; an empty one if nothing was decided."""
        row = self._connection.execute(select(edition_plans).where(edition_plans.c.digest == digest)).one_or_none()
        out = self._connection.execute(
            select(left_out).where(left_out.c.digest == digest).order_by(left_out.c.at, left_out.c.entry_id)
        )
        without = tuple(LeftOut(EntryId(one.entry_id), one.once, one.at) for one in out)
        if row is None:
            return EditionPlan(left_out=without)
        return EditionPlan(row.note, tuple(map(EntryId, row.first)), without, row.slot_at, row.asked_at)

    def set_note(self, digest: DigestId, note: str) -> None:
        """Set the note on top of the next edition, in Markdown; empty for none."""
        self._set(digest, note=note)

    def set_first(self, digest: DigestId, entries: Sequence[EntryId]) -> None:
        """Set the entries that the next edition lists first, in this order."""
        self._set(digest, first=list(entries))

    def ask(self, digest: DigestId, slot: datetime, now: datetime) -> None:
        """Record that the edition of a slot waits for approval."""
        self._set(digest, slot_at=slot, asked_at=now)

    def ask_no_more(self, digest: DigestId) -> None:
        """Let no edition wait; the rest of the plan stays."""
        here = update(edition_plans).where(edition_plans.c.digest == digest)
        self._connection.execute(here.values(slot_at=None, asked_at=None))

    def _set(self, digest: DigestId, **values: object) -> None:
        first = insert(self._connection, edition_plans).values({"digest": digest, **_NO_PLAN, **values})
        self._connection.execute(first.on_conflict_do_update(index_elements=[edition_plans.c.digest], set_=values))

    def leave_out(self, digest: DigestId, entry: EntryId, now: datetime, *, once: bool) -> None:
        """Leave an entry out of the next edition (`once`), or of all editions that are still to be made."""
        row = insert(self._connection, left_out).values(digest=digest, entry_id=entry, once=once, at=now)
        keys = [left_out.c.digest, left_out.c.entry_id]
        self._connection.execute(row.on_conflict_do_update(index_elements=keys, set_={"once": once}))

    def take_in(self, digest: DigestId, entry: EntryId) -> bool:
        """Leave an entry out no longer; False if it was not left out."""
        this = delete(left_out).where(left_out.c.digest == digest, left_out.c.entry_id == entry)
        return self._connection.execute(this).rowcount > 0

    def fulfilled(self, digest: DigestId) -> None:
        """Forget the plan, because the edition was made or skipped; what is left out permanently stays left out."""
        self._connection.execute(delete(edition_plans).where(edition_plans.c.digest == digest))
        self._connection.execute(delete(left_out).where(left_out.c.digest == digest, left_out.c.once))

    def hold(self, edition: EditionKey, now: datetime | None) -> None:
        """Send no more mails of an edition, leased or not, if none was begun; with None, go on."""
        unused = and_(deliveries.c.edition == edition, deliveries.c.leased_until.is_not(None), ~deliveries.c.begun)
        if now is not None:
            back = {"state": deliveries.c.leased_from, **NOT_LEASED}
            self._connection.execute(update(deliveries).where(unused).values(back))
        self._connection.execute(update(editions).where(editions.c.key == edition).values(held_at=now))

    def cancel(self, edition: EditionKey, now: datetime) -> list[SubscriberId]:
        """Cancel the mails of an edition that were not sent; returns to whom they would have gone.

        A mail that may have arrived keeps its record, and so does one that is being sent.
        """
        theirs = and_(deliveries.c.edition == edition, deliveries.c.next_at.is_not(None), ~deliveries.c.begun)
        open_ = and_(theirs, or_(deliveries.c.state.in_(_UNSENT), deliveries.c.state == DeliveryState.LEASED))
        people = self._connection.execute(select(deliveries.c.subscriber_id).where(open_)).scalars().all()
        words = {**TAKEN_BACK, "text": "the edition was cancelled"}
        self._connection.execute(update(deliveries).where(open_).values(words))
        here = update(editions).where(editions.c.key == edition)
        self._connection.execute(here.values(cancelled_at=func.coalesce(editions.c.cancelled_at, now), held_at=None))
        return [SubscriberId(number) for number in people]

    def missed(self, edition: Edition, people: Iterable[SubscriberId]) -> None:
        """Record who is not sent an edition that they were to get: the next one lists its entries for them."""
        missed(self._connection, edition.digest, edition.closes_at, people)

    def received(self, edition: EditionKey, subscriber: SubscriberId) -> tuple[int, datetime | None]:
        """The variant of a person's mail of an edition, and since when they follow its digest; None if they left."""
        follows = and_(
            subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
            subscriptions.c.digest == editions.c.digest,
            subscriptions.c.left_at.is_(None),
        )
        query = (
            select(deliveries.c.variant, subscriptions.c.joined_at)
            .join_from(deliveries, editions, editions.c.key == deliveries.c.edition)
            .outerjoin(subscriptions, follows)
            .where(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)
        )
        row = self._connection.execute(query).one()
        return row.variant, row.joined_at

    def record(self, act: EditionAct) -> int:
        """Store an act; returns its number."""
        row = {
            "at": act.at,
            "who": act.who,
            "digest": act.digest,
            "edition": act.edition,
            "kind": act.kind,
            "detail": act.detail,
        }
        stored = insert(self._connection, edition_acts).values(row).returning(edition_acts.c.id)
        return int(self._connection.execute(stored).scalar_one())

    def amend(self, act: int, detail: str) -> None:
        """Replace the detail of an act, when its outcome is known."""
        self._connection.execute(update(edition_acts).where(edition_acts.c.id == act).values(detail=detail))

    def attach(self, digest: DigestId, edition: EditionKey) -> None:
        """Give the acts of a plan to the edition that was made of it."""
        here = update(edition_acts).where(edition_acts.c.digest == digest, edition_acts.c.edition.is_(None))
        self._connection.execute(here.values(edition=edition))

    def acts(self, digests: Iterable[DigestId], edition: EditionKey | None = None) -> list[EditionAct]:
        """The acts of these digests, or those of one edition; oldest first."""
        query = select(edition_acts).where(edition_acts.c.digest.in_(list(digests))).order_by(edition_acts.c.id)
        if edition is not None:
            query = query.where(edition_acts.c.edition == edition)
        return [
            EditionAct(
                row.at,
                row.who,
                DigestId(row.digest),
                EditionKey(row.edition) if row.edition else None,
                EditionActKind(row.kind),
                row.detail,
            )
            for row in self._connection.execute(query)
        ]
