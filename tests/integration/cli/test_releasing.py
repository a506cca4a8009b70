"""`digest deliveries release`: an operator frees leases of drains that died or whose clock was wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.app import opened
from digest.settings import load

if TYPE_CHECKING:
    from digest.model import DeliveryState, EditionKey, SubscriberId
    from tests.conftest import Article, Blog

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
PEOPLE = ["ada@one.example", "bob@one.example", "cleo@two.example"]


class Leasing:
    """An edition to three people, and drains that lease it."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.key = blog, ""

    def run(self, *arguments: str, code: int = 0) -> str:
        with time_machine.travel(NOW, tick=False):
            return self.blog.run("deliveries", "release", *arguments, code=code)

    def lease(self, *, until: timedelta, begins: int = 0) -> list[tuple[EditionKey, SubscriberId, datetime]]:
        """Lease all that is due until then, and begin so many; the leases."""
        settings = load(self.blog.home / "digest.toml")
        with time_machine.travel(NOW, tick=False), opened(settings) as store, store.write() as tx:
            leased = [
                (one.edition, one.subscriber.id, one.leased_until) for one in tx.deliveries.lease(NOW, NOW + until, 99)
            ]
            tx.deliveries.begin_all(leased[:begins], NOW + until, NOW)
        return leased

    def begin(self, leases: list[tuple[EditionKey, SubscriberId, datetime]]) -> list[DeliveryState | None]:
        with opened(load(self.blog.home / "digest.toml")) as store, store.write() as tx:
            return tx.deliveries.begin_all(leases, NOW + HOUR, NOW)

    def states(self) -> dict[str, tuple[str, int]]:
        shown = self.blog.listed("edition", "show", self.key)[0]["recipients"]
        return {one["address"]: (one["state"], one["uncertain"]) for one in shown}


@pytest.fixture
def leasing(blog: Blog, article: type[Article]) -> Leasing:
    blog.index("a.txt", article("一"))
    made = Leasing(blog)
    with time_machine.travel(NOW, tick=False):
        for one in PEOPLE:
            blog.run("subscribers", "add", one)
        blog.refresh()
        made.key = json.loads(blog.run("edition", "cut", "--json"))["key"]
    return made


def test_leases_of_a_clock_that_was_ahead_are_freed_and_their_holder_can_begin_nothing(leasing: Leasing) -> None:
    leases = leasing.lease(until=2 * YEAR)
    assert leasing.run("--json") == '{"released": 3, "unknown": 0, "left": 0}\n'
    assert leasing.begin(leases) == [None] * 3
    assert leasing.states() == dict.fromkeys(PEOPLE, ("planned", 0))
    with time_machine.travel(NOW, tick=False):
        leasing.blog.run("edition", "send")
    assert len(leasing.blog.mails()) == 3


def test_what_a_drain_at_work_may_hold_is_freed_by_force_alone(leasing: Leasing) -> None:
    leasing.lease(until=HOUR)
    assert "0 released; 3 not released" in leasing.run()
    assert leasing.states() == dict.fromkeys(PEOPLE, ("leased", 0))
    assert "3 released" in leasing.run("--force")
    assert leasing.states() == dict.fromkeys(PEOPLE, ("planned", 0))


def test_what_was_begun_is_unknown_and_asked_about_first(leasing: Leasing) -> None:
    leasing.lease(until=YEAR, begins=1)
    assert "1 of 3 may have arrived" in leasing.run(code=1)
    assert leasing.states() == dict.fromkeys(PEOPLE, ("leased", 0))
    assert "3 released, 1 of them are sent at most once more" in leasing.run("--yes")
    assert leasing.states() == dict.fromkeys(PEOPLE[1:], ("planned", 0)) | {PEOPLE[0]: ("unknown", 1)}


def test_a_lease_that_has_ended_is_freed(leasing: Leasing) -> None:
    leasing.lease(until=-HOUR)
    assert "3 released" in leasing.run()


@pytest.mark.parametrize(
    ("which", "freed"),
    [
        (["bob@one.example"], PEOPLE[1:2]),
        (["BOB@one.example"], PEOPLE[1:2]),
        (["one.example"], PEOPLE[:2]),
        (["@two.example"], PEOPLE[2:]),
        (["KEY", "cleo@two.example"], PEOPLE[2:]),
        (["KEY"], PEOPLE),
    ],
)
def test_an_edition_a_reader_or_a_domain_may_be_named(leasing: Leasing, which: list[str], freed: list[str]) -> None:
    leasing.lease(until=YEAR)
    leasing.run(*(leasing.key if one == "KEY" else one for one in which))
    assert [person for person, (state, _) in leasing.states().items() if state == "planned"] == freed


@pytest.mark.parametrize("which", ["weekly/1999-W01", "nobody@one.example", "three.example"])
def test_what_is_not_there_is_refused_by_name(leasing: Leasing, which: str) -> None:
    leasing.lease(until=YEAR)
    told = leasing.run(which, code=1)
    assert "release --dry-run" in told or "edition list" in told
    assert leasing.states() == dict.fromkeys(PEOPLE, ("leased", 0))


def test_a_dry_run_shows_each_lease_and_frees_none(leasing: Leasing) -> None:
    leasing.lease(until=YEAR, begins=1)
    rows: list[dict[str, Any]] = [json.loads(line) for line in leasing.run("--dry-run", "--json").splitlines()]
    assert [(row["address"], row["lease"], row["begun"], row["released"]) for row in rows] == [
        (PEOPLE[0], "ahead", True, True),
        (PEOPLE[1], "ahead", False, True),
        (PEOPLE[2], "ahead", False, True),
    ]
    assert "released" in leasing.run("--dry-run")
    assert leasing.states() == dict.fromkeys(PEOPLE, ("leased", 0))
