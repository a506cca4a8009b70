"""People in bulk: a few queries for all of them, because single ones would take a hundred times as long."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from digest.addresses import address_key
from digest.model import DigestId, SubscriberId
from digest.records.people import KnownPerson, Newcomer
from digest.store.database.statements import batches, insert_rows
from digest.store.database.tables.people import consents, erased, subscribers, subscriptions

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
