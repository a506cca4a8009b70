"""Digests and editions: announced entries and frozen texts; when an edition is due is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, literal, or_, select, union_all, update

from digest.model import Body, DeliveryState, DigestId, Edition, EditionKey, Entry, EntryId, Section, Selected, Variant
from digest.records.editions import DigestState, EditionCounts, EditionFailure
from digest.store.counting import gains
from digest.store.database.statements import batches, insert
from digest.store.database.tables import (
    UtcTime,
    deliveries,
    delivery_counts,
    digests,
    edition_bodies,
    edition_entries,
    editions,
    entries,
    revisions,
)
from digest.store.entries import NEWEST_FIRST, PUBLISHED, entries_of, entry_rows, shown_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from digest.model import SourceId, SubscriberId
    from digest.records.editions import Recipient

_NEWEST_EDITION_FIRST = (editions.c.closes_at.desc(), editions.c.key.desc())


class Editions:
    """Digests and editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register_digest(self, digest: DigestId, now: datetime) -> None:
        """Register the digest; does nothing if it exists."""
        row = {"id": digest, "configured_at": now}
        self._connection.execute(insert(self._connection, digests).values(row).on_conflict_do_nothing())

    def digest(self, digest: DigestId) -> DigestState | None:
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

    def untold(self, digest: DigestId, since: datetime | None, sources: Sequence[SourceId]) -> list[Entry]:
        """New entries that no edition of this digest contains, first seen at or after `since`; order as Entries.newest.

        Empty `sources` means all.
        """
        told = (
            select(edition_entries.c.entry_id)
            .join(editions, editions.c.key == edition_entries.c.edition)
            .where(
                editions.c.digest == digest,
                edition_entries.c.section == Section.NEW,
                edition_entries.c.entry_id == entries.c.id,
            )
        )
        merged = entries.alias()
        through = exists(
            select(edition_entries.c.entry_id)
            .join(editions, editions.c.key == edition_entries.c.edition)
            .join(merged, merged.c.id == edition_entries.c.entry_id)
            .where(
                editions.c.digest == digest,
                edition_entries.c.section == Section.NEW,
                merged.c.merged_into == entries.c.id,
            )
        )
        query = entry_rows().where(PUBLISHED, entries.c.announced, ~exists(told), ~through).order_by(*NEWEST_FIRST)
        if since is not None:
            query = query.where(entries.c.first_seen_at >= since)
        return self._entries(_of_sources(query, sources))

    def corrected(self, digest: DigestId) -> list[Entry]:
        """Entries that this digest announced, with a significant revision newer than the one it announced last."""
        told = _told(digest).subquery()
        newer = revisions.alias()
        correction = exists().where(
            newer.c.entry_id == told.c.entry_id, newer.c.number > told.c.revision, newer.c.significant
        )
        query = entry_rows().join(told, told.c.entry_id == entries.c.id).where(PUBLISHED, correction)
        return self._entries(query.order_by(*NEWEST_FIRST))

    def told_revision(self, digest: DigestId, entry: EntryId) -> int | None:
        """The newest revision of an entry that this digest announced, as new or corrected."""
        told = _told(digest).subquery()
        row = self._connection.execute(select(told).where(told.c.entry_id == entry)).one_or_none()
        return row.revision if row else None

    def most_read(self, since: datetime, sources: Sequence[SourceId], limit: int) -> list[tuple[Entry, int]]:
        """Entries with the number of readers that each won since then, most first, without those that won none.

        A source's count is compared with its own earlier count, at the earliest since its last fall. If an entry has
        several sources, the one with the largest gain counts; with `sources`, only these count.
        """
        winners = gains(since, sources)
        best = winners.order_by(winners.selected_columns.gained.desc(), entries.c.id).limit(limit).subquery()
        query = entry_rows(entries.c.revision, best.c.gained).join(best, best.c.id == entries.c.id)
        rows = self._connection.execute(query.order_by(best.c.gained.desc(), entries.c.id)).all()
        return [(e, row.gained) for e, row in zip(entries_of(self._connection, rows), rows, strict=True)]

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

    def newest(self, digest: DigestId | None = None) -> Edition | None:
        """The newest edition that is not empty, of a digest or of all; None if there is none."""
        query = select(editions).where(editions.c.empty.is_(False)).order_by(*_NEWEST_EDITION_FIRST).limit(1)
        if digest is not None:
            query = query.where(editions.c.digest == digest)
        row = self._connection.execute(query).one_or_none()
        return _edition(row) if row else None

    def edition(self, key: EditionKey) -> EditionCounts | None:
        return next(iter(self._counts(editions.c.key == key)), None)

    def _counts(self, which: ColumnElement[bool] | None) -> list[EditionCounts]:
        made = select(editions).order_by(*_NEWEST_EDITION_FIRST)
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
        return [EditionCounts(_edition(row), dict(counts.get(row.key, {}))) for row in self._connection.execute(made)]

    def selected(self, key: EditionKey) -> list[Selected]:
        """The entries in the order of making, each with the content of the frozen revision."""
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

    def news(self, since: datetime, sources: Sequence[SourceId]) -> list[Entry]:
        """All new entries first seen since then, announced or not, as in Entries.newest. Empty `sources` means all."""
        query = entry_rows().where(PUBLISHED, entries.c.announced, entries.c.first_seen_at >= since)
        return self._entries(_of_sources(query.order_by(*NEWEST_FIRST), sources))

    def told_since(self, digest: DigestId, moment: datetime) -> list[Entry]:
        """The published entries that its editions made after then announce as new, in the order of Entries.newest."""
        told = (
            select(edition_entries.c.entry_id)
            .join(editions, editions.c.key == edition_entries.c.edition)
            .where(editions.c.digest == digest, editions.c.closes_at > moment, edition_entries.c.section == Section.NEW)
        )
        merged = entries.alias()
        into = select(merged.c.merged_into).where(merged.c.merged_into.is_not(None), merged.c.id.in_(told))
        here = or_(entries.c.id.in_(told), entries.c.id.in_(into))
        return self._entries(entry_rows().where(PUBLISHED, here).order_by(*NEWEST_FIRST))

    def told(self, subscriber: SubscriberId, digests: Sequence[DigestId]) -> set[EntryId]:
        """The entries that mails of these digests announce to the person as new, or are about to.

        Failed and suppressed mails do not count, unless an earlier attempt has an unknown outcome: the person may have
        the mail.
        """
        words = and_(edition_bodies.c.edition == deliveries.c.edition, edition_bodies.c.ordinal == deliveries.c.variant)
        mailed = (
            select(edition_bodies.c.edition, edition_bodies.c.told)
            .join_from(deliveries, edition_bodies, words)
            .join(editions, editions.c.key == deliveries.c.edition)
            .where(
                deliveries.c.subscriber_id == subscriber,
                or_(
                    deliveries.c.state.not_in([DeliveryState.FAILED, DeliveryState.SUPPRESSED]),
                    deliveries.c.uncertain > 0,  # it ended so, and an earlier attempt may have succeeded
                ),
                editions.c.digest.in_(digests),
            )
        )
        told = {row.edition: set(row.told) for row in self._connection.execute(mailed)}
        known = set()
        for batch in batches(told):
            held = select(edition_entries.c.edition, edition_entries.c.ordinal, edition_entries.c.entry_id)
            for row in self._connection.execute(held.where(edition_entries.c.edition.in_(batch))):
                if row.ordinal in told[row.edition]:
                    known.add(EntryId(row.entry_id))
        into = select(entries.c.id, entries.c.merged_into).where(entries.c.merged_into.is_not(None))
        return known | {EntryId(row.merged_into) for row in self._connection.execute(into) if row.id in known}

    def _entries(self, query: Select[Any]) -> list[Entry]:
        return entries_of(self._connection, self._connection.execute(query).all())


def _told(digest: DigestId) -> Select[Any]:
    """The entries that a digest announced or corrected, each at the newest revision that it announced.

    An entry announced only through another entry, which was merged into it, counts with the content of then.
    """
    here = (editions.c.digest == digest) & edition_entries.c.section.in_([Section.NEW, Section.CORRECTED])
    each = select(edition_entries.c.entry_id, edition_entries.c.revision).where(here)
    own = each.join(editions, editions.c.key == edition_entries.c.edition)
    through = (
        select(entries.c.merged_into, entries.c.merged_at)
        .join_from(edition_entries, entries, entries.c.id == edition_entries.c.entry_id)
        .join(editions, editions.c.key == edition_entries.c.edition)
        .where(here, entries.c.merged_into.is_not(None))
    )
    itself = own.with_only_columns(edition_entries.c.entry_id)
    through = through.where(entries.c.merged_into.not_in(itself))
    told = union_all(own, through).subquery()
    return select(told.c.entry_id, func.max(told.c.revision).label("revision")).group_by(told.c.entry_id)


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


def _of_sources(query: Select[Any], sources: Sequence[SourceId]) -> Select[Any]:
    return query.where(shown_by(sources)) if sources else query


def _edition(row: Row[Any]) -> Edition:
    return Edition(EditionKey(row.key), DigestId(row.digest), row.slot_at, row.opens_at, row.closes_at, row.empty)
