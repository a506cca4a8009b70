"""Digests and editions: announced entries and frozen texts; when an edition is due is decided elsewhere."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, literal, or_, select, update

from digest.model import Body, DeliveryState, DigestId, Edition, EditionKey, EntryId, Section, Selected, Variant
from digest.records.editions import DigestState, EditionCounts, EditionFailure, Recipient
from digest.store.database.statements import insert
from digest.store.database.tables.columns import UtcTime
from digest.store.database.tables.editions import digests, edition_bodies, edition_entries, editions, unplanned
from digest.store.database.tables.mailing import deliveries, delivery_counts
from digest.store.database.tables.publishing import revisions
from digest.store.publishing.entries import entries_of, entry_rows

NEWEST_EDITION_FIRST = (editions.c.closes_at.desc(), editions.c.key.desc())


class Editions:
    """Digests and editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register_digest(self, digest: DigestId, now: datetime) -> None:
        """Register the digest; does nothing if it exists."""
        row = {"id": digest, "configured_at": now}
        self._connection.execute(insert(self._connection, digests).values(row).on_conflict_do_nothing())

    def digest(self, digest: DigestId) -> DigestState | None:
        """What is stored about a digest; None if it was never registered."""
        made = editions.c.digest == digests.c.id
        query = (
            select(
                digests.c.configured_at,
                func.max(editions.c.slot_at).label("last_slot_at"),
                func.max(editions.c.closes_at).label("last_close_at"),
                func.count(editions.c.key).label("editions"),
            )
            .join_from(digests, editions, made, isouter=True)
            .where(digests.c.id == digest)
            .group_by(digests.c.id, digests.c.configured_at)
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return DigestState(digest, row.configured_at, row.last_slot_at, row.last_close_at, row.editions)

    def failure(self, digest: DigestId) -> EditionFailure | None:
        """Why the last attempt to make an edition failed; None if it did not."""
        query = select(digests.c.failed_at, digests.c.problem).where(digests.c.id == digest)
        row = self._connection.execute(query).one_or_none()
        return EditionFailure(row.failed_at, row.problem or "") if row and row.failed_at else None

    def failed(self, digest: DigestId, problem: str, now: datetime) -> None:
        """Record that an attempt to make an edition failed; an earlier failure keeps its time."""
        since = func.coalesce(digests.c.failed_at, literal(now, UtcTime), type_=UtcTime)
        here = update(digests).where(digests.c.id == digest)
        self._connection.execute(here.values(failed_at=since, problem=problem))

    def succeeded(self, digest: DigestId) -> None:
        """Forget the failure."""
        here = update(digests).where(digests.c.id == digest, digests.c.failed_at.is_not(None))
        self._connection.execute(here.values(failed_at=None, problem=None))

    def free_key(self, wanted: EditionKey) -> EditionKey:
        """`wanted`, or if it is taken the first free one of `wanted-2`, `wanted-3`, …"""
        query = select(editions.c.key).where(editions.c.key.startswith(wanted, autoescape=True))
        taken = set(self._connection.execute(query).scalars())
        number, key = 1, wanted
        while key in taken:
            number += 1
            key = EditionKey(f"{wanted}-{number}")
        return key

    def make(
        self,
        edition: Edition,
        selected: Sequence[Selected],
        variants: Sequence[Variant],
        recipients: Sequence[Recipient],
    ) -> bool:
        """Store the edition, its entries at their revisions, its texts and one planned delivery per recipient.

        False, and nothing stored, if the slot of this digest has its edition already.
        """
        if not self._claim(edition):
            return False
        told = [
            {
                "edition": edition.key,
                "ordinal": ordinal,
                "section": one.section,
                "entry_id": one.entry.id,
                "revision": one.entry.revision,
                "gained": one.gained,
            }
            for ordinal, one in enumerate(selected)
        ]
        words = [
            {
                "edition": edition.key,
                "ordinal": ordinal,
                "language": variant.body.language,
                "subject": variant.body.subject,
                "html": variant.body.html,
                "text": variant.body.text,
                "told": list(variant.told),
                "again": list(variant.again),
            }
            for ordinal, variant in enumerate(variants)
        ]
        planned = [_planned(edition.key, recipient) for recipient in recipients]
        for table, rows in ((edition_entries, told), (edition_bodies, words), (deliveries, planned)):
            if rows:
                self._connection.execute(insert(self._connection, table), rows)
        return True

    def _claim(self, edition: Edition) -> bool:
        """Take the slot; False if it is taken. An edition without a slot takes none."""
        row = {
            "key": edition.key,
            "digest": edition.digest,
            "slot_at": edition.slot_at,
            "opens_at": edition.opens_at,
            "closes_at": edition.closes_at,
            "empty": edition.empty,
            "note": edition.note or None,
        }
        claim = (
            insert(self._connection, editions)
            .values(row)
            .on_conflict_do_nothing(index_elements=[editions.c.digest, editions.c.slot_at])
        )
        return self._connection.execute(claim.returning(editions.c.key)).one_or_none() is not None

    def editions(self, digest: DigestId | None = None) -> list[EditionCounts]:
        """All editions, newest first, including empty ones."""
        return self._counts(editions.c.digest == digest if digest is not None else None)

    def page(self, digest: DigestId | None, after: Edition | None, limit: int) -> list[EditionCounts]:
        """At most `limit` editions, newest first, of a digest or of all; those behind `after` in that order."""
        query = select(editions.c.key).order_by(*NEWEST_EDITION_FIRST).limit(limit)
        if digest is not None:
            query = query.where(editions.c.digest == digest)
        if after is not None:
            same = and_(editions.c.closes_at == after.closes_at, editions.c.key < after.key)
            query = query.where(or_(editions.c.closes_at < after.closes_at, same))
        keys = self._connection.execute(query).scalars().all()
        return self._counts(editions.c.key.in_(keys)) if keys else []

    def newest(self, digest: DigestId | None = None) -> Edition | None:
        """The newest edition that is neither empty nor cancelled, of a digest or of all; None if there is none."""
        sent = and_(editions.c.empty.is_(False), editions.c.cancelled_at.is_(None))
        query = select(editions).where(sent).order_by(*NEWEST_EDITION_FIRST).limit(1)
        if digest is not None:
            query = query.where(editions.c.digest == digest)
        row = self._connection.execute(query).one_or_none()
        return edition_of(row) if row else None

    def cancelled_since(self, digest: DigestId, moment: datetime | None) -> Edition | None:
        """The oldest cancelled edition of a digest that was made after then; None if there is none."""
        stopped = and_(editions.c.empty.is_(False), editions.c.cancelled_at.is_not(None))
        query = select(editions).where(editions.c.digest == digest, stopped)
        if moment is not None:
            query = query.where(editions.c.closes_at > moment)
        row = self._connection.execute(query.order_by(editions.c.closes_at, editions.c.key).limit(1)).one_or_none()
        return edition_of(row) if row else None

    def outgoing(self, digest: DigestId) -> list[Edition]:
        """The editions of a digest for everybody, oldest first: not empty, neither held nor cancelled."""
        stopped = or_(editions.c.held_at.is_not(None), editions.c.cancelled_at.is_not(None))
        query = select(editions).where(editions.c.digest == digest, editions.c.empty.is_(False), ~stopped)
        ordered = query.order_by(editions.c.closes_at, editions.c.key)
        return [edition_of(row) for row in self._connection.execute(ordered)]

    def edition(self, key: EditionKey) -> EditionCounts | None:
        """The edition with this key; None if there is none."""
        return next(iter(self._counts(editions.c.key == key)), None)

    def _counts(self, which: ColumnElement[bool] | None) -> list[EditionCounts]:
        made = select(editions).order_by(*NEWEST_EDITION_FIRST)
        count = (
            select(deliveries.c.edition, deliveries.c.state, func.count().label("number"))
            .join(editions, editions.c.key == deliveries.c.edition)
            .group_by(deliveries.c.edition, deliveries.c.state)
        )
        if which is not None:
            made, count = made.where(which), count.where(which)
        folded = select(delivery_counts).join(editions, editions.c.key == delivery_counts.c.edition)
        if which is not None:
            folded = folded.where(which)
        counts: dict[str, Counter[DeliveryState]] = {}
        for rows in (count, folded):
            for row in self._connection.execute(rows):
                counts.setdefault(row.edition, Counter())[DeliveryState(row.state)] += row.number
        return [EditionCounts(edition_of(row), dict(counts.get(row.key, {}))) for row in self._connection.execute(made)]

    def selected(self, key: EditionKey) -> list[Selected]:
        """The entries in the order of making, each with the content and date of the frozen revision."""
        query = (
            entry_rows(
                edition_entries.c.revision,
                edition_entries.c.section,
                edition_entries.c.gained,
                through=edition_entries,
            )
            .where(edition_entries.c.edition == key)
            .order_by(edition_entries.c.ordinal)
        )
        rows = self._connection.execute(query).all()
        told = entries_of(self._connection, rows)
        return [Selected(Section(row.section), e, row.gained) for e, row in zip(told, rows, strict=True)]

    def read_at(self, key: EditionKey) -> list[datetime]:
        """The distinct times of the passes that brought the edition's entries, oldest first."""
        behind = and_(
            revisions.c.entry_id == edition_entries.c.entry_id, revisions.c.number <= edition_entries.c.revision
        )
        query = (
            select(revisions.c.at)
            .join_from(edition_entries, revisions, behind)
            .where(edition_entries.c.edition == key)
            .distinct()
            .order_by(revisions.c.at)
        )
        return list(self._connection.execute(query).scalars())

    def body(self, key: EditionKey, language: str) -> Body | None:
        """The body in that language, otherwise the first one stored; None if there is no edition."""
        query = (
            select(edition_bodies)
            .where(edition_bodies.c.edition == key)
            .order_by(edition_bodies.c.language != language, edition_bodies.c.ordinal)
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _body(row)

    def subjects(self) -> frozenset[str]:
        """The subjects of all editions whose texts are stored."""
        query = select(edition_bodies.c.subject).distinct()
        return frozenset(self._connection.execute(query).scalars())

    def variants(self, key: EditionKey) -> list[Variant]:
        """The texts in the order of making; none for an empty edition."""
        query = select(edition_bodies).where(edition_bodies.c.edition == key).order_by(edition_bodies.c.ordinal)
        return [Variant(_body(row), tuple(row.told), tuple(row.again)) for row in self._connection.execute(query)]

    def unsent_with(self, entry: EntryId) -> list[EditionKey]:
        """The editions that list an entry and of which mails are not sent yet."""
        listed = select(edition_entries.c.edition).where(edition_entries.c.entry_id == entry).distinct()
        waiting = exists().where(deliveries.c.edition == editions.c.key, deliveries.c.next_at.is_not(None))
        later = exists().where(unplanned.c.edition == editions.c.key)
        query = select(editions.c.key).where(editions.c.key.in_(listed), or_(waiting, later)).order_by(editions.c.key)
        return [EditionKey(key) for key in self._connection.execute(query).scalars()]

    def rewrite(self, key: EditionKey, number: int, body: Body) -> None:
        """Replace the text of a variant; its number and the entries that it announces stay."""
        here = and_(edition_bodies.c.edition == key, edition_bodies.c.ordinal == number)
        values = {"subject": body.subject, "html": body.html, "text": body.text}
        self._connection.execute(update(edition_bodies).where(here).values(values))

    def plan(self, key: EditionKey, recipient: Recipient) -> bool:
        """Plan one more delivery of an existing edition; False if the person has one that was not cancelled."""
        due_at = recipient.due_at
        again = {
            "state": DeliveryState.PLANNED,
            "message_id": recipient.message_id,
            "variant": recipient.variant,
            "next_at": due_at,
            "written_at": due_at,
        }
        planned = insert(self._connection, deliveries).values(_planned(key, recipient))
        planned = planned.on_conflict_do_update(
            index_elements=[deliveries.c.edition, deliveries.c.subscriber_id],
            set_=again,
            where=and_(deliveries.c.state == DeliveryState.SUPPRESSED, deliveries.c.uncertain == 0),
        )
        return self._connection.execute(planned.returning(deliveries.c.edition)).one_or_none() is not None


def _planned(edition: EditionKey, recipient: Recipient) -> dict[str, object]:
    return {
        "edition": edition,
        "subscriber_id": recipient.subscriber,
        "variant": recipient.variant,
        "state": DeliveryState.PLANNED,
        "attempts": 0,
        "next_at": recipient.due_at,
        "written_at": recipient.due_at,
        "begun": False,
        "uncertain": 0,
        "message_id": recipient.message_id,
        "text": "",
    }


def _body(row: Row[Any]) -> Body:
    return Body(row.language, row.subject, row.html, row.text)


def edition_of(row: Row[Any]) -> Edition:
    """The edition in a row of editions."""
    return Edition(
        EditionKey(row.key),
        DigestId(row.digest),
        row.slot_at,
        row.opens_at,
        row.closes_at,
        row.empty,
        row.note or "",
        row.held_at,
        row.cancelled_at,
    )
