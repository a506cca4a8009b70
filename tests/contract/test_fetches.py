"""What was fetched for sources, on every store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.model import SourceId
from digest.records.intake import FetchState, KeptFetch
from digest.store.intake.fetches import packed
from tests.contract.conftest import DAY, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store.transaction import Store

BLOG, OTHER = SourceId("blog"), SourceId("other")
URL, HOST = "https://blog.example.org/feed", "https://blog.example.org"
STATE = FetchState(BLOG, URL, HOST, NOW, NOW + DAY)


def begin(store: Store, *states: FetchState) -> None:
    with store.write() as tx:
        for source in (BLOG, OTHER):
            tx.readings.register_source(source, NOW)
        for state in states:
            tx.fetches.store_state(state)


def keep(store: Store, sha256: str, body: bytes, at: datetime, url: str = URL) -> None:
    with store.write() as tx:
        tx.fetches.keep(KeptFetch(BLOG, url, sha256, len(body), "text/html", at, at), packed(body))


def test_a_state_is_read_back_and_replaced(store: Store) -> None:
    full = replace(
        STATE,
        found_at=f"{URL}/",
        etag='W/"1"',
        last_modified="Tue, 01 Dec 2026 10:00:00 GMT",
        media_type="text/html",
        sha256="a1",
        size=7,
        fetched_at=NOW,
        confirmed_at=NOW,
        failures=2,
        shrunken=1,
        problem="did not answer",
        status=503,
        host_until=NOW + DAY,
        moved_to=f"{URL}/",
    )
    begin(store, STATE, replace(STATE, source=OTHER), full)
    with store.read() as tx:
        assert tx.fetches.states(BLOG) == {URL: full}
        assert tx.fetches.all_states() == {BLOG: {URL: full}, OTHER: {URL: replace(STATE, source=OTHER)}}
        assert set(tx.fetches.sources()) == {BLOG, OTHER}


def test_a_host_that_asks_to_be_spared_is_spared_by_all_sources(store: Store) -> None:
    longer = replace(STATE, source=OTHER, host_until=NOW + 2 * DAY)
    begin(store, replace(STATE, host_until=NOW + DAY), longer)
    with store.read() as tx:
        assert tx.fetches.waits(HOST, NOW) == NOW + 2 * DAY
        assert tx.fetches.waits(HOST, NOW + 3 * DAY) is None
        assert tx.fetches.waits("https://elsewhere.example.org", NOW) is None


def test_a_body_is_kept_once_and_comes_back_as_it_was(store: Store) -> None:
    begin(store, replace(STATE, sha256="b2"))
    page = "科学空间".encode() * 1000
    keep(store, "a1", page, NOW)
    keep(store, "b2", b"other", NOW + DAY)
    keep(store, "a1", page, NOW + 2 * DAY)
    with store.read() as tx:
        assert tx.fetches.body(BLOG, URL, "a1") == page
        assert tx.fetches.body(BLOG, URL, "c3") is None
        kept = tx.fetches.kept(BLOG)
    assert [(one.sha256, one.first_at, one.last_at) for one in kept] == [
        ("a1", NOW, NOW + 2 * DAY),
        ("b2", NOW + DAY, NOW + DAY),
    ]


def test_old_bodies_go_but_never_the_newest_of_an_address(store: Store) -> None:
    begin(store, replace(STATE, sha256="b2"))
    for number, name in enumerate(("a1", "b2", "c3")):
        keep(store, name, name.encode(), NOW + number * DAY)
    keep(store, "d4", b"without state", NOW, f"{URL}?page=2")
    with store.write() as tx:
        assert tx.fetches.forget_bodies(BLOG, NOW + 2 * DAY) == 2
        assert tx.fetches.forget_bodies(OTHER, NOW + 9 * DAY) == 0
    with store.read() as tx:
        assert {one.sha256 for one in tx.fetches.kept(BLOG)} == {"b2", "c3"}


def test_only_so_many_bodies_of_an_address_are_kept(store: Store) -> None:
    begin(store, STATE)
    for number in range(5):
        keep(store, f"a{number}", b"page", NOW + number * DAY)
    keep(store, "b", b"other", NOW, f"{URL}?page=2")
    with store.write() as tx:
        assert tx.fetches.keep_newest(BLOG, URL, 2) == 3
        assert tx.fetches.keep_newest(BLOG, URL, 2) == 0
    with store.read() as tx:
        assert [one.sha256 for one in tx.fetches.kept(BLOG)] == ["a4", "a3", "b"]


def test_addresses_that_are_no_longer_used_go_with_their_bodies(store: Store) -> None:
    other = f"{URL}?page=2"
    begin(store, replace(STATE, sha256="a1"), replace(STATE, url=other, sha256="b2"))
    keep(store, "a1", b"one", NOW)
    keep(store, "b2", b"two", NOW, other)
    with store.write() as tx:
        assert tx.fetches.forget_addresses(BLOG, {URL}, NOW) == 0  # tried at that time, not before
        assert tx.fetches.forget_addresses(BLOG, {URL}, NOW + DAY) == 1
    with store.read() as tx:
        assert set(tx.fetches.states(BLOG)) == {URL}
        assert [one.sha256 for one in tx.fetches.kept(BLOG)] == ["a1"]


def test_what_was_fetched_follows_a_renamed_source(store: Store) -> None:
    begin(store, replace(STATE, sha256="a1"))
    keep(store, "a1", b"one", NOW)
    new = SourceId("new")
    with store.write() as tx:
        tx.renames.rename(BLOG, new, {}, NOW)
    with store.read() as tx:
        assert tx.fetches.states(BLOG) == {}
        assert tx.fetches.states(new)[URL].sha256 == "a1"
        assert tx.fetches.body(new, URL, "a1") == b"one"
