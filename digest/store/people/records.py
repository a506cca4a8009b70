"""People in bulk, a few hundred per query: a person, a consent record, everything stored about one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)

from digest.addresses import address_key
from digest.model import DeliveryState, DigestId, EditionKey, Format, PrivateFeed, Subscriber, SubscriberId
from digest.records.people import Consent, Followed, KnownPerson, Newcomer, OnRoster, SubscriberRecord
from digest.store.database.statements import BATCH, batches, insert_rows
from digest.store.database.tables.editions import editions
from digest.store.database.tables.mailing import deliveries
from digest.store.database.tables.people import consents, erased, subscribers, subscriptions

# A person who gets mails of a digest: not one who reads its editions in a private feed instead.
REACHABLE = and_(
    subscriptions.c.left_at.is_(None),
    subscribers.c.suppressed == "",
    subscribers.c.erased_at.is_(None),
    subscribers.c.feed != PrivateFeed.INSTEAD,
)
# The columns that `subscriber_of` reads.
PERSON = (
    subscribers.c.id,
    subscribers.c.address,
    subscribers.c.name,
    subscribers.c.language,
    subscribers.c.format,
    subscribers.c.created_at,
    subscribers.c.timezone,
    subscribers.c.topics,
    subscribers.c.paused_until,
    subscribers.c.feed,
    subscribers.c.feed_number,
)


def subscriber_of(row: Row[Any]) -> Subscriber:
    """The person in a row of subscribers."""
    return Subscriber(
        id=SubscriberId(row.id),
        address=row.address,
        name=row.name,
        language=row.language,
        format=Format(row.format),
        created_at=row.created_at,
        timezone=row.timezone,
        topics=tuple(row.topics),
        paused_until=row.paused_until,
        feed=PrivateFeed(row.feed),
        feed_number=row.feed_number,
    )


def consent_of(row: Row[Any]) -> Consent:
    """The record in a row of consents."""
    return Consent(DigestId(row.digest), row.act, row.source, row.at, row.wording, row.asked_at)


def records(connection: Connection, *which: ColumnElement[bool]) -> list[SubscriberRecord]:
    """People who were not erased, in the order of joining; three queries per batch of people, not per person."""
    query = select(subscribers).where(subscribers.c.erased_at.is_(None), *which).order_by(subscribers.c.id)
    people = connection.execute(query).all()
    return [record for batch in batches(people) for record in _batch(connection, batch)]


def _batch(connection: Connection, people: list[Row[Any]]) -> list[SubscriberRecord]:
    ids = [row.id for row in people]
    digests: dict[int, list[DigestId]] = {}
    acts: dict[int, list[Consent]] = {}
    mails: dict[int, list[tuple[EditionKey, DeliveryState, datetime | None]]] = {}
    active = (
        select(subscriptions)
        .where(subscriptions.c.subscriber_id.in_(ids), subscriptions.c.left_at.is_(None))
        .order_by(subscriptions.c.joined_at, subscriptions.c.digest)
    )
    for row in connection.execute(active):
        digests.setdefault(row.subscriber_id, []).append(DigestId(row.digest))
    history = select(consents).where(consents.c.subscriber_id.in_(ids)).order_by(consents.c.id)
    for row in connection.execute(history):
        acts.setdefault(row.subscriber_id, []).append(consent_of(row))
    sent = (
        select(deliveries)
        .join(editions, editions.c.key == deliveries.c.edition)
        .where(deliveries.c.subscriber_id.in_(ids))
        .order_by(editions.c.closes_at, editions.c.key)
    )
    for row in connection.execute(sent):
        mail = (EditionKey(row.edition), DeliveryState(row.state), row.accepted_at)
        mails.setdefault(row.subscriber_id, []).append(mail)
    return [
        SubscriberRecord(
            subscriber_of(row),
            tuple(digests.get(row.id, ())),
            row.suppressed,
            tuple(acts.get(row.id, ())),
            tuple(mails.get(row.id, ())),
        )
        for row in people
    ]


_theirs = subscriptions.c.subscriber_id == subscribers.c.id


def _in_state(state: str, now: datetime, digest: str | None) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a state: suppressed, left, paused or active, the first that is true."""
    suppressed = subscribers.c.suppressed != ""
    if state == "suppressed":
        return (suppressed,)
    follows = exists().where(_theirs, subscriptions.c.left_at.is_(None))
    if digest is not None:
        follows = follows.where(subscriptions.c.digest == digest)
    if state == "left":
        return ~suppressed, ~follows
    paused = func.coalesce(subscribers.c.paused_until > now, false())
    return ~suppressed, follows, paused if state == "paused" else ~paused


class Roster:
    """Lists of people."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def people(self) -> Iterator[OnRoster]:
        """Everybody who was not erased, in the order of joining; a few hundred are in memory at a time."""
        last = 0
        while True:
            query: Select[Any] = select(*PERSON, subscribers.c.suppressed)
            query = query.where(subscribers.c.erased_at.is_(None), subscribers.c.id > last)
            rows = self._connection.execute(query.order_by(subscribers.c.id).limit(BATCH)).all()
            if not rows:
                return
            followed = self._followed([row.id for row in rows])
            for row in rows:
                yield OnRoster(subscriber_of(row), row.suppressed, tuple(followed.get(row.id, ())))
            last = rows[-1].id

    def page(
        self, now: datetime, *, after: int, limit: int, search: str = "", state: str = "", digest: str | None = None
    ) -> list[OnRoster]:
        """At most `limit` of the people, behind one of them: who ever followed the digest, and have this state with it.

        `search` is contained in the address or the name, in whatever case.
        """
        query: Select[Any] = select(*PERSON, subscribers.c.suppressed)
        query = query.where(subscribers.c.erased_at.is_(None), subscribers.c.id > after)
        if search:
            known = (subscribers.c.address_key, func.lower(subscribers.c.name))
            # SQLite knows the two cases of ASCII letters only, so other names are sought in their usual spellings.
            spelled = {search.lower()} | (set() if search.isascii() else {search, search.upper(), search.title()})
            query = query.where(or_(*(one.contains(word, autoescape=True) for one in known for word in spelled)))
        if digest is not None:
            query = query.where(exists().where(_theirs, subscriptions.c.digest == digest))
        if state:
            query = query.where(*_in_state(state, now, digest))
        rows = self._connection.execute(query.order_by(subscribers.c.id).limit(limit)).all()
        followed = self._followed([row.id for row in rows])
        return [OnRoster(subscriber_of(row), row.suppressed, tuple(followed.get(row.id, ()))) for row in rows]

    def records(self, after: int, limit: int) -> list[SubscriberRecord]:
        """At most `limit` people behind one of them, in the order of joining, with everything stored about them."""
        query = select(subscribers.c.id).where(subscribers.c.erased_at.is_(None), subscribers.c.id > after)
        ids = self._connection.execute(query.order_by(subscribers.c.id).limit(limit)).scalars().all()
        return records(self._connection, subscribers.c.id.in_(ids)) if ids else []

    def numbers(self, now: datetime) -> dict[str, int]:
        """How many people are in each state that somebody is in."""
        follows = exists().where(_theirs, subscriptions.c.left_at.is_(None))
        state = case(
            (subscribers.c.suppressed != "", "suppressed"),
            (~follows, "left"),
            (func.coalesce(subscribers.c.paused_until > now, false()), "paused"),
            else_="active",
        ).label("state")
        inner = select(state).where(subscribers.c.erased_at.is_(None)).subquery()
        rows = self._connection.execute(select(inner.c.state, func.count()).group_by(inner.c.state))
        return {row[0]: row[1] for row in rows}

    def kinds(self, digest: DigestId) -> list[tuple[str, Format, tuple[str, ...], int]]:
        """How many reachable followers of a digest made the same choices: language, format, topics, and how many."""
        chosen = (subscribers.c.language, subscribers.c.format, cast(subscribers.c.topics, Text))
        query = select(*chosen, func.count(), func.min(subscribers.c.id)).join(subscriptions, _theirs)
        query = query.where(subscriptions.c.digest == digest, REACHABLE).group_by(*chosen)
        rows = self._connection.execute(query.order_by(func.min(subscribers.c.id))).all()
        return [(row[0], Format(row[1]), tuple(json.loads(row[2])), row[3]) for row in rows]

    def growth(self, since: datetime, digest: DigestId | None = None) -> list[tuple[str, str, int]]:
        """How often people joined or left since then: the day in UTC as a text, `joined` or `left`, and the number.

        What erased people did is not known any more.
        """
        zoned = (
            func.timezone(literal_column("'UTC'"), consents.c.at)
            if self._connection.dialect.name == "postgresql"
            else consents.c.at
        )
        day = func.date(zoned)
        query = select(day.label("day"), consents.c.act, func.count().label("number")).where(consents.c.at >= since)
        if digest is not None:
            query = query.where(consents.c.digest == digest)
        rows = self._connection.execute(query.group_by(day, consents.c.act).order_by(day, consents.c.act))
        return [(str(row.day), row.act, row.number) for row in rows]

    def _followed(self, people: list[int]) -> dict[int, list[Followed]]:
        newest: dict[tuple[int, str], Consent] = {}
        records = select(consents).where(consents.c.subscriber_id.in_(people), consents.c.act == "joined")
        for row in self._connection.execute(records.order_by(consents.c.id)):
            newest[row.subscriber_id, row.digest] = consent_of(row)
        found: dict[int, list[Followed]] = {}
        query = select(subscriptions).where(subscriptions.c.subscriber_id.in_(people))
        for row in self._connection.execute(query.order_by(subscriptions.c.joined_at, subscriptions.c.digest)):
            consented = newest.get((row.subscriber_id, row.digest))
            followed = Followed(DigestId(row.digest), row.joined_at, row.left_at, consented)
            found.setdefault(row.subscriber_id, []).append(followed)
        return found

    def followers(self) -> dict[DigestId, int]:
        """How many follow each digest that has followers, including suppressed people, configured or not."""
        query = (
            select(subscriptions.c.digest, func.count().label("number"))
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .where(subscriptions.c.left_at.is_(None), subscribers.c.erased_at.is_(None))
            .group_by(subscriptions.c.digest)
            .order_by(subscriptions.c.digest)
        )
        return {DigestId(row.digest): row.number for row in self._connection.execute(query)}


_PERSON = (
    "address",
    "address_key",
    "name",
    "language",
    "format",
    "timezone",
    "topics",
    "paused_until",
    "created_at",
    "suppressed",
)
_SUBSCRIPTION = ("subscriber_id", "digest", "joined_at", "since", "behind")
_CONSENT = ("subscriber_id", "digest", "act", "source", "wording", "asked_at", "at")


class Newcomers:
    """People in bulk."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, addresses: Iterable[str]) -> dict[str, KnownPerson]:
        """The known people among these addresses, by the requested address, ignoring case."""
        keys = {address: address_key(address) for address in addresses}
        found: dict[str, tuple[SubscriberId, str]] = {}
        for batch in batches(set(keys.values())):
            query = select(subscribers.c.id, subscribers.c.address_key, subscribers.c.suppressed)
            for row in self._connection.execute(query.where(subscribers.c.address_key.in_(batch))):
                found[row.address_key] = (SubscriberId(row.id), row.suppressed)
        digests: dict[SubscriberId, dict[DigestId, bool]] = {}
        for numbers in batches(number for number, _ in found.values()):
            query_all = select(subscriptions.c.subscriber_id, subscriptions.c.digest, subscriptions.c.left_at)
            for row in self._connection.execute(query_all.where(subscriptions.c.subscriber_id.in_(numbers))):
                followed = digests.setdefault(SubscriberId(row.subscriber_id), {})
                followed[DigestId(row.digest)] = row.left_at is None
        return {
            address: KnownPerson(*found[key], digests.get(found[key][0], {}))
            for address, key in keys.items()
            if key in found
        }

    def erased(self, hashes: Iterable[str]) -> set[str]:
        """Those of these hashes that belong to erased addresses."""
        found: set[str] = set()
        for batch in batches(hashes):
            query = select(erased.c.address_hash).where(erased.c.address_hash.in_(batch))
            found.update(self._connection.execute(query).scalars())
        return found

    def add(self, people: Sequence[Newcomer], now: datetime) -> None:
        """Add people and their subscriptions; none of them is known, and no two have one address."""
        rows = (
            (
                person.address,
                address_key(person.address),
                person.name,
                person.language,
                person.format,
                person.timezone,
                list(person.topics),
                person.paused_until,
                now,
                "",
            )
            for person in people
        )
        insert_rows(self._connection, subscribers, _PERSON, rows)
        numbers = self._numbers(people)
        joins = [(numbers[address_key(person.address)], person, join) for person in people for join in person.joins]
        followed: list[tuple[Any, ...]] = [
            (number, join.digest, now, now, person.paused_until is not None) for number, person, join in joins
        ]
        records: list[tuple[Any, ...]] = [
            (number, join.digest, "joined", join.source, join.wording, join.asked_at, join.at)
            for number, _, join in joins
        ]
        insert_rows(self._connection, subscriptions, _SUBSCRIPTION, followed)
        insert_rows(self._connection, consents, _CONSENT, records)

    def _numbers(self, people: Sequence[Newcomer]) -> dict[str, int]:
        numbers: dict[str, int] = {}
        for batch in batches(address_key(person.address) for person in people):
            query = select(subscribers.c.address_key, subscribers.c.id).where(subscribers.c.address_key.in_(batch))
            numbers.update((row.address_key, row.id) for row in self._connection.execute(query))
        return numbers
