"""Mails that did not arrive, or may have got lost: an operator reads them and may retry them. Decisions 102 and 103."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.model import DeliveryState, DigestId, EditionKey, Entry, Section, SubscriberId
from digest.records.editions import CLOCK_TOLERANCE, Owed
from digest.records.mailing import DeliveryRow, Overdue
from digest.store.database.statements import batches
from digest.store.database.tables.editions import edition_bodies, edition_entries, editions
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import subscribers, subscriptions
from digest.store.database.tables.publishing import entries
from digest.store.mailing.deliveries import WITH_ADDRESS, row_of
from digest.store.people.records import REACHABLE
from digest.store.publishing.entries import NEWEST_FIRST, PUBLISHED, entries_of, entry_rows

_UNTRIED = (DeliveryState.PLANNED, DeliveryState.LEASED)
_DEAD = sa.or_(
    deliveries.c.state == DeliveryState.FAILED,
    sa.and_(deliveries.c.state == DeliveryState.UNKNOWN, deliveries.c.next_at.is_(None)),
)
_LISTED = (
    WITH_ADDRESS.join(editions, editions.c.key == deliveries.c.edition)
    .where(subscribers.c.erased_at.is_(None))
    .order_by(editions.c.closes_at.desc(), editions.c.key, deliveries.c.subscriber_id)
)


class DeadLetters:
    """Mails that did not arrive, or not yet."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def listed(self, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Deliveries in these states to people who are not erased, newest edition first, within it by subscriber."""
        query = _LISTED.where(deliveries.c.state.in_(list(states)))
        if edition is not None:
            query = query.where(deliveries.c.edition == edition)
        return self._rows(query)

    def page(
        self,
        states: Collection[DeliveryState],
        edition: EditionKey | None,
        person: SubscriberId | None,
        after: tuple[EditionKey, SubscriberId] | None,
        limit: int,
    ) -> list[DeliveryRow]:
        """At most `limit` deliveries in the order of `listed`, behind one of them; in every state if none is given."""
        if edition is None and person is None:
            return self._of_all(states, after, limit)
        query = _LISTED.limit(limit)
        if states:
            query = query.where(deliveries.c.state.in_(list(states)))
        if person is not None:
            query = query.where(deliveries.c.subscriber_id == person)
        if edition is not None:  # one edition needs no order among editions, so its index gives the rows in order
            query = query.where(deliveries.c.edition == edition).order_by(None).order_by(deliveries.c.subscriber_id)
        if after is not None and edition is not None:
            query = query.where(deliveries.c.subscriber_id > after[1])
        elif after is not None:
            query = query.where(sa.or_(self._older(after[0]), deliveries.c.edition == after[0]))
            query = query.where(sa.or_(deliveries.c.edition != after[0], deliveries.c.subscriber_id > after[1]))
        return self._rows(query)

    def _older(self, edition: EditionKey) -> sa.ColumnElement[bool]:
        """Whether an edition comes behind this one in the order of `listed`."""
        closed = sa.select(editions.c.closes_at).where(editions.c.key == edition).scalar_subquery()
        return sa.or_(editions.c.closes_at < closed, sa.and_(editions.c.closes_at == closed, editions.c.key > edition))

    def _of_all(
        self, states: Collection[DeliveryState], after: tuple[EditionKey, SubscriberId] | None, limit: int
    ) -> list[DeliveryRow]:
        """A page over all editions, read edition by edition: their deliveries are far too many to be sorted."""
        keys = sa.select(editions.c.key).order_by(editions.c.closes_at.desc(), editions.c.key)
        if after is not None:
            keys = keys.where(sa.or_(self._older(after[0]), editions.c.key == after[0]))
        found: list[DeliveryRow] = []
        for key in self._connection.execute(keys).scalars().all():
            behind = after if after is not None and key == after[0] else None
            found += self.page(states, EditionKey(key), None, behind, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def refused_mails(self, made_since: datetime) -> list[DeliveryRow]:
        """Mails that failed because of the sender or the content, of editions made since then.

        Newest edition first, within it by subscriber.
        """
        of_the_mail = sa.or_(*(deliveries.c.text.startswith(f"{phase}: ") for phase in ("sender", "content")))
        recent = deliveries.c.edition.in_(sa.select(editions.c.key).where(editions.c.closes_at >= made_since))
        return self._rows(_LISTED.where(recent, deliveries.c.state == DeliveryState.FAILED, of_the_mail))

    def _rows(self, query: sa.Select[Any]) -> list[DeliveryRow]:
        return [row_of(row) for row in self._connection.execute(query)]

    def count(self) -> int:
        """The number of dead letters: failed deliveries, and unknown ones that are not tried again."""
        of_somebody = sa.exists().where(
            subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.erased_at.is_(None)
        )
        query = sa.select(sa.func.count()).select_from(deliveries).where(_DEAD, of_somebody)
        return int(self._connection.execute(query).scalar_one())

    def plan_again(self, edition: EditionKey, subscriber: SubscriberId, state: DeliveryState, now: datetime) -> bool:
        """Plan a dead delivery once more, due now, with its former Message-ID.

        False if it is not in `state`, not dead, its edition was cancelled, or its subscriber left, is suppressed or
        erased.
        """
        digest = sa.select(editions.c.digest).where(editions.c.key == edition).scalar_subquery()
        subscribed = sa.and_(subscriptions.c.subscriber_id == subscribers.c.id, subscriptions.c.digest == digest)
        writable = sa.or_(subscribers.c.paused_until.is_(None), subscribers.c.paused_until <= now)
        wanted = sa.exists().where(subscribers.c.id == subscriber, subscribed, REACHABLE, writable)
        goes_on = sa.exists().where(editions.c.key == edition, editions.c.cancelled_at.is_(None))
        this = sa.and_(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber, goes_on)
        values = {"state": DeliveryState.PLANNED, "next_at": now}
        if state is DeliveryState.FAILED:  # nobody has it; a mail that may have arrived keeps its bytes
            values["written_at"] = now
        whole = deliveries.c.message_id != ""  # it is deleted when retention has emptied the details
        planned = sa.update(deliveries).where(this, deliveries.c.state == state, _DEAD, whole, wanted).values(values)
        return self._connection.execute(planned).rowcount > 0

    def overdue(self, before: datetime) -> list[Overdue]:
        """The editions made before then, not held, whose mails were due before then and are not sent."""
        late = sa.and_(deliveries.c.next_at < before, deliveries.c.state.in_(_UNTRIED))
        put_off = deliveries.c.state == DeliveryState.DEFERRED
        unfinished = sa.select(deliveries.c.edition).where(deliveries.c.next_at.is_not(None), sa.or_(late, put_off))
        query = (
            sa.select(editions.c.key, editions.c.digest, _count(late), _count(put_off), sa.func.count())
            .join(deliveries, deliveries.c.edition == editions.c.key)
            .where(editions.c.closes_at < before, editions.c.held_at.is_(None), editions.c.key.in_(unfinished))
            .group_by(editions.c.key, editions.c.digest)
            .order_by(editions.c.key)
        )
        return [
            Overdue(EditionKey(key), DigestId(digest), untried, deferred, everybody)
            for key, digest, untried, deferred, everybody in self._connection.execute(query)
        ]


def _count(where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((where, 1), else_=0)), 0)


# Ended, with an attempt that may have succeeded. A delivery that was accepted in the end is certain.
_NOT_TAKEN = [DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.SUPPRESSED]
_UNCERTAIN = deliveries.c.uncertain > sa.literal_column("0")  # as the index has it: SQLite cannot match a parameter
DOUBTFUL = sa.and_(_UNCERTAIN, deliveries.c.next_at.is_(None), deliveries.c.state.in_(_NOT_TAKEN))
_SURELY_LOST = sa.and_(
    deliveries.c.state.in_([DeliveryState.FAILED, DeliveryState.SUPPRESSED]), deliveries.c.uncertain == 0
)
_WORDS = sa.and_(edition_bodies.c.edition == deliveries.c.edition, edition_bodies.c.ordinal == deliveries.c.variant)
_LISTING = (
    sa.select(deliveries.c.subscriber_id, deliveries.c.edition, edition_bodies.c.again)
    .join_from(deliveries, edition_bodies, _WORDS)
    .join(editions, editions.c.key == deliveries.c.edition)
    .where(sa.cast(edition_bodies.c.again, sa.Text) != "[]", ~_SURELY_LOST)
    .order_by(editions.c.closes_at, deliveries.c.edition)
)


class Doubts:
    """Finished deliveries with an attempt that may have succeeded, and none that surely did."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def owed(self, digest: DigestId, frequencies: Sequence[DigestId]) -> Mapping[SubscriberId, Owed]:
        """The entries to list once more for reachable followers of the digest.

        These are the entries that such mails of the `frequencies` (the digests with the same entries) announced as new
        or corrected since the person follows. Entries that are no longer published are left out. So are those that
        another mail listed for them already, unless that mail surely did not arrive.
        """
        some = sa.select(deliveries.c.subscriber_id).where(_UNCERTAIN, deliveries.c.next_at.is_(None)).limit(1)
        if self._connection.execute(some).first() is None:  # usual, and found in an index
            return {}
        follows = sa.and_(subscriptions.c.subscriber_id == deliveries.c.subscriber_id, subscriptions.c.digest == digest)
        began = (deliveries.c.begun_at, subscriptions.c.joined_at, subscriptions.c.since)
        query = (
            sa.select(
                deliveries.c.subscriber_id, deliveries.c.edition, edition_bodies.c.told, subscribers.c.topics, *began
            )
            .join_from(deliveries, edition_bodies, _WORDS)
            .join(editions, editions.c.key == deliveries.c.edition)
            .join(subscriptions, follows)
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(DOUBTFUL, REACHABLE, editions.c.digest.in_(frequencies))
            .order_by(deliveries.c.subscriber_id, editions.c.closes_at, deliveries.c.edition)
        )
        rows = [row for row in self._connection.execute(query) if _counts(row)]
        if not rows:
            return {}
        held = self._held({row.edition for row in rows})
        listed = self._listed({row.subscriber_id for row in rows})
        told: dict[int, dict[str, list[str]]] = defaultdict(dict)  # the editions of each entry, by person
        for row in rows:
            for entry in _told(row, held[row.edition]) - listed.get(row.subscriber_id, set()):
                told[row.subscriber_id].setdefault(entry, []).append(row.edition)
        topics = {row.subscriber_id: tuple(row.topics) for row in rows}
        known = self._published({entry for mine in told.values() for entry in mine})
        owed = {}
        for person, mine in told.items():
            present = tuple(one for one in known if one.id in mine)
            if present:
                keys = dict.fromkeys(key for one in present for key in mine[one.id])
                owed[SubscriberId(person)] = Owed(present, tuple(map(EditionKey, sorted(keys))), topics[person])
        return owed

    def listed_in(self, edition: EditionKey, subscriber: SubscriberId) -> list[EditionKey]:
        """The editions whose mails list for this person what the mail of `edition` announced; oldest first.

        Mails that surely did not arrive do not count.
        """
        mine = sa.select(edition_bodies.c.told, deliveries.c.edition).join_from(deliveries, edition_bodies, _WORDS)
        mine = mine.where(deliveries.c.edition == edition, deliveries.c.subscriber_id == subscriber)
        row = self._connection.execute(mine).one_or_none()
        if row is None:
            return []
        told = _told(row, self._held([edition])[edition])
        later = self._connection.execute(_LISTING.where(deliveries.c.subscriber_id == subscriber)).all()
        held = self._held({one.edition for one in later})
        return [
            EditionKey(one.edition)
            for one in later
            if any(held[one.edition][ordinal][1] in told for ordinal in one.again)
        ]

    def _held(self, keys: Iterable[str]) -> dict[str, dict[int, tuple[Section, str]]]:
        """The entries of editions, by ordinal."""
        found: dict[str, dict[int, tuple[Section, str]]] = {key: {} for key in keys}
        for batch in batches(found):
            query = sa.select(edition_entries).where(edition_entries.c.edition.in_(batch))
            for row in self._connection.execute(query):
                found[row.edition][row.ordinal] = (Section(row.section), row.entry_id)
        return found

    def _listed(self, people: Iterable[int]) -> dict[int, set[str]]:
        """The entries that mails have listed once more, by person."""
        rows: list[sa.Row[*tuple[Any, ...]]] = []
        for batch in batches(people):
            rows += self._connection.execute(_LISTING.where(deliveries.c.subscriber_id.in_(batch))).all()
        held = self._held({row.edition for row in rows})
        found: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            found[row.subscriber_id].update(held[row.edition][ordinal][1] for ordinal in row.again)
        return found

    def _published(self, wanted: Iterable[str]) -> list[Entry]:
        """The published ones of these entries, newest first."""
        found = []
        for batch in batches(wanted):
            query = entry_rows().where(PUBLISHED, entries.c.id.in_(batch)).order_by(*NEWEST_FIRST)
            found += entries_of(self._connection, self._connection.execute(query).all())
        return found


def _counts(row: sa.Row[*tuple[Any, ...]]) -> bool:
    """Whether a mail counts for a follower: it was begun since they follow, as far as clocks tell.

    A person who left and subscribed again agreed anew; earlier mails no longer count. A change of frequency moves
    `joined_at`, a change of topics moves `since`.
    """
    if row.begun_at is None:
        return False
    first: datetime = min(row.joined_at, row.since)
    return bool(row.begun_at >= first - CLOCK_TOLERANCE)


def _told(row: sa.Row[*tuple[Any, ...]], held: Mapping[int, tuple[Section, str]]) -> set[str]:
    """The entries of a mail: those its text announces as new, and those its edition corrected."""
    corrected = {entry for section, entry in held.values() if section is Section.CORRECTED}
    return {held[ordinal][1] for ordinal in row.told} | corrected
