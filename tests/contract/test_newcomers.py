"""Lists of people in short transactions: others write in between, and an interruption loses nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.mail.tokens import address_hash
from digest.model import DigestId, Format
from digest.records.people import Joining, Newcomer
from digest.service.people.importing import import_people, read_people, try_people
from digest.service.upkeep.turns import in_turns
from digest.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.store.transaction import Store, Transaction
    from tests.contract.conftest import Hand

WEEKLY, DAILY = DigestId("weekly"), DigestId("daily")
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = 1_200
ROWS = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(MANY))


@pytest.fixture
def configured() -> Settings:
    return Settings(digests=[{"id": "weekly", "title": "Weekly"}])


def addresses(store: Store) -> list[str]:
    with store.read() as tx:
        return [one.subscriber.address for one in tx.roster.people() if one.followed]


def test_others_write_between_the_transactions(store: Store, hand: Hand, configured: Settings) -> None:
    leaving = [hand.subscriber(f"early{number}@example.org") for number in range(30)]
    left: list[int] = []
    seen: list[tuple[int, int]] = []

    def meanwhile(done: int, total: int) -> None:
        seen.append((done, total))
        with store.write() as tx:  # waits for nobody
            assert tx.subscribers.leave(leaving[len(left)], WEEKLY, "one click", NOW)
        left.append(done)

    report = import_people(store, configured, read_people(ROWS.encode(), NOW), now=NOW, progress=meanwhile)
    assert report.counts()["added"] == MANY
    assert len(seen) >= 3
    assert seen[-1] == (MANY, MANY)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


class BreakError(Exception):
    """The machine went away."""


def test_a_break_in_the_middle_loses_nobody(store: Store, configured: Settings) -> None:
    def broken(done: int, _total: int) -> None:
        if done > 200:
            raise BreakError

    listed = read_people(ROWS.encode(), NOW)
    with pytest.raises(BreakError):
        import_people(store, configured, listed, now=NOW, progress=broken)
    before = len(addresses(store))
    assert 200 < before < MANY
    assert try_people(store, configured, listed, now=NOW).counts()["added"] == MANY - before
    report = import_people(store, configured, listed, now=NOW)
    assert (report.counts()["known"], report.counts()["added"]) == (before, MANY - before)
    assert addresses(store) == [f"reader{number}@example.org" for number in range(MANY)]


def test_a_part_that_fails_is_not_stored_by_half(store: Store, hand: Hand) -> None:
    def write(tx: Transaction, batch: Sequence[int]) -> None:
        for number in batch:
            tx.subscribers.add(f"{number}@example.org", name="", language="en", fmt=Format.BOTH, now=NOW)
        if batch[0] > 0:
            raise BreakError

    with pytest.raises(BreakError):
        in_turns(store, range(1_000), write)
    with store.read() as tx:
        assert len(tx.subscribers.all()) == 100


def newcomer(address: str, *joins: Joining, paused_until: datetime | None = None) -> Newcomer:
    return Newcomer(address, "某人", "en", Format.TEXT, "Asia/Tokyo", ("maths",), paused_until, joins)


def test_newcomers_are_stored_with_all_that_is_known_of_them(store: Store) -> None:
    weekly = Joining(WEEKLY, "book fair", NOW - 9 * DAY, "words", NOW - 10 * DAY)
    daily = Joining(DAILY, "operator", NOW)
    with store.write() as tx:
        tx.newcomers.add([newcomer("Ada@example.org", weekly, daily), newcomer("bob@example.org", daily)], NOW)
        tx.newcomers.add([newcomer("cleo@example.org", weekly, paused_until=NOW + DAY)], NOW)
    with store.read() as tx:
        ada = tx.subscribers.find("ada@EXAMPLE.org")
        assert ada is not None
        person = ada.subscriber
        assert (person.address, person.name, person.language, person.format) == (
            "Ada@example.org",
            "某人",
            "en",
            "text",
        )
        assert (person.timezone, person.topics, person.created_at) == ("Asia/Tokyo", ("maths",), NOW)
        assert set(ada.digests) == {WEEKLY, DAILY}
        first = next(one for one in ada.consents if one.digest == WEEKLY)
        assert (first.act, first.source, first.at) == ("joined", "book fair", NOW - 9 * DAY)
        assert (first.wording, first.asked_at) == ("words", NOW - 10 * DAY)
        assert tx.subscribers.subscription(person.id, WEEKLY) == (NOW, None)
        assert [(one.subscriber.address, one.behind) for one in tx.subscribers.followers(WEEKLY)] == [
            ("Ada@example.org", False),
            ("cleo@example.org", True),
        ]


def test_known_and_erased_people_are_found(store: Store, hand: Hand) -> None:
    ada, bob = hand.subscriber("ada@example.org", "weekly", "daily"), hand.subscriber("Bob@example.org")
    gone = hand.subscriber("gone@example.org")
    secret = store.secret()
    with store.write() as tx:
        tx.subscribers.leave(ada, DAILY, "them", NOW)
        tx.subscribers.suppress(bob, "550 5.1.1", NOW)
        tx.subscribers.erase(gone, address_hash(secret, "gone@example.org"), NOW)
    hashes = {name: address_hash(secret, f"{name}@example.org") for name in ("ada", "gone")}
    with store.read() as tx:
        known = tx.newcomers.known(["ADA@example.org", "bob@example.org", "gone@example.org", "new@example.org"])
        assert tx.newcomers.erased(hashes.values()) == {hashes["gone"]}
        assert tx.roster.followers() == {WEEKLY: 2}
    assert {address: one.id for address, one in known.items()} == {"ADA@example.org": ada, "bob@example.org": bob}
    assert known["ADA@example.org"].digests == {WEEKLY: True, DAILY: False}
    assert known["bob@example.org"].suppressed == "550 5.1.1"


def test_the_roster_names_everybody_in_the_order_of_joining(store: Store, hand: Hand) -> None:
    people = [hand.subscriber(f"{number}@example.org", now=NOW + number * DAY) for number in range(5)]
    with store.write() as tx:
        tx.subscribers.leave(people[1], WEEKLY, "them", NOW + 9 * DAY)
        tx.subscribers.join(people[1], WEEKLY, "again", NOW + 10 * DAY, consented_at=NOW - DAY)
        tx.subscribers.leave(people[2], WEEKLY, "them", NOW + 9 * DAY)
        tx.subscribers.erase(people[3], "hash", NOW)
    with store.read() as tx:
        found = {one.subscriber.id: one.followed for one in tx.roster.people()}
    assert list(found) == [people[0], people[1], people[2], people[4]]
    (again,) = found[people[1]]
    assert (again.left_at, again.joined_at) == (None, NOW + 10 * DAY)
    assert again.consent is not None
    assert (again.consent.source, again.consent.at) == ("again", NOW - DAY)
    assert found[people[2]][0].left_at == NOW + 9 * DAY
