"""Which entries an edition can contain, and which ones were announced before; what it contains is decided elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select, union_all

from digest.model import DeliveryState, DigestId, Entry, EntryId, Section, SourceId, SubscriberId
from digest.store.database.statements import batches
from digest.store.database.tables.editions import edition_bodies, edition_entries, editions
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.publishing import entries, revisions
from digest.store.intake.counting import gains
from digest.store.publishing.entries import NEWEST_FIRST, PUBLISHED, entries_of, entry_rows, shown_by


class Selecting:
    """Entries for editions: the new ones, the corrected ones, those with most readers, and those announced."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def told_revision(self, digest: DigestId, entry: EntryId, before: datetime | None = None) -> int | None:
        """The newest revision of an entry that this digest announced, as new or corrected.

        With `before`, only editions count whose window closed before that.
        """
        told = _told(digest, before).subquery()
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

    def sent_entries(self, subscriber: SubscriberId, digests: Sequence[DigestId]) -> set[EntryId]:
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


def _told(digest: DigestId, before: datetime | None = None) -> Select[Any]:
    """The entries that a digest announced or corrected, each at the newest revision that it announced.

    An entry announced only through another entry, which was merged into it, counts with the content of then.
    """
    here = (editions.c.digest == digest) & edition_entries.c.section.in_([Section.NEW, Section.CORRECTED])
    if before is not None:
        here &= editions.c.closes_at < before
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


def _of_sources(query: Select[Any], sources: Sequence[SourceId]) -> Select[Any]:
    return query.where(shown_by(sources)) if sources else query
