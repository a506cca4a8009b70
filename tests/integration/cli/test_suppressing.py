"""`digest subscribers suppress` and `unsuppress`: what waits for a decision, and lifting many at once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import DeliveryState, EditionKey
from digest.records.mailing import Evidence
from digest.store import open_store

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
PEOPLE = ["ada@one.example", "bob@one.example", "eve@two.example", "zoe@two.example"]


@pytest.fixture
def people(blog: Blog) -> list[str]:
    """Four suppressed people, a day apart, for two reasons."""
    for address in PEOPLE:
        blog.run("subscribers", "add", address)
    for day, address in enumerate(PEOPLE):
        suppress(blog, address, "bounced: 5.1.90 daily limit" if day % 2 else "bounced: 5.1.1 unknown", day)
    return PEOPLE


def suppress(blog: Blog, address: str, reason: str, day: int = 0) -> None:
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        record = tx.subscribers.find(address)
        assert record is not None
        tx.subscribers.suppress(record.subscriber.id, reason, MONDAY + day * DAY)


def suppressed(blog: Blog) -> list[str]:
    return [one["address"] for one in blog.listed("subscribers", "list") if one["suppressed"]]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["ada@one.example", "ZOE@two.example"], ["bob@one.example", "eve@two.example"]),
        (["two.example"], ["ada@one.example", "bob@one.example"]),
        (["@two.example", "ada@one.example"], ["bob@one.example"]),
        (["--domain", "one.example"], ["eve@two.example", "zoe@two.example"]),
        (["--since", "2026-11-18"], ["ada@one.example", "bob@one.example"]),
        (["--since", "2026-11-18T00:01"], ["ada@one.example", "bob@one.example", "eve@two.example"]),
        (["--since", "2026-11-18T08:00:00+0800"], ["ada@one.example", "bob@one.example"]),
        (["--reason", "Daily Limit"], ["ada@one.example", "eve@two.example"]),
        (["--reason", "5.1.90", "--domain", "two.example"], ["ada@one.example", "bob@one.example", "eve@two.example"]),
        (["--since", "2026-01-01"], []),
    ],
)
def test_many_are_taken_back_at_once(blog: Blog, people: list[str], arguments: list[str], left: list[str]) -> None:
    blog.run("subscribers", "unsuppress", *arguments)
    assert suppressed(blog) == left


def test_a_file_names_whom_to_take_back_whatever_else_stands_in_it(blog: Blog, people: list[str]) -> None:
    file = blog.home / "again.csv"
    file.write_text('\ufeffEmail,Name\n"Ada" <ada@one.example>,x\neve@two.example;Eve\nno-one@one.example\n\n', "utf-8")
    told = blog.run("subscribers", "unsuppress", "--file", str(file))
    assert "2 get mail again" in told
    assert "skipped 1 that are not suppressed" in told
    assert suppressed(blog) == ["bob@one.example", "zoe@two.example"]


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_the_file_may_be_a_list_as_it_was_imported(blog: Blog, people: list[str], encoding: str) -> None:
    file = blog.home / "list.csv"
    file.write_bytes("姓名\t邮箱\n林小满\tada＠one.example\n王大明\tnew@one.example\n".encode(encoding))
    assert "skipped 1" in blog.run("subscribers", "unsuppress", "--file", str(file))
    assert suppressed(blog) == ["bob@one.example", "eve@two.example", "zoe@two.example"]


@pytest.mark.parametrize("written", ["lin@bücher.example", "LIN＠Bücher.example", "bücher.example"])
def test_an_address_is_taken_back_however_it_is_spelled(blog: Blog, written: str) -> None:
    blog.run("subscribers", "add", "lin@bücher.example")
    suppress(blog, "lin@bücher.example", "5.1.1 unknown")
    blog.run("subscribers", "unsuppress", written)
    assert suppressed(blog) == []


def test_the_people_who_are_meant_have_to_be_named(blog: Blog, people: list[str]) -> None:
    assert "name an address" in blog.run("subscribers", "unsuppress", code=2)
    (blog.home / "empty").write_text("nobody\n", "utf-8")
    assert "contains no address" in blog.run("subscribers", "unsuppress", "--file", str(blog.home / "empty"), code=1)
    told = blog.run("subscribers", "unsuppress", "ada@one.example", "--reason", "full", code=1)
    assert "is suppressed for another reason" in told
    assert suppressed(blog) == people


def test_a_person_who_is_added_again_while_suppressed_learns_how_that_is_lifted(blog: Blog, people: list[str]) -> None:
    told = blog.run("subscribers", "add", "ada@one.example", code=1)
    assert "5.1.1 unknown" in told
    assert "digest subscribers unsuppress" in told


@pytest.fixture
def key(blog: Blog, article: type[Article]) -> EditionKey:
    """An edition that requests to suppress twenty of its twenty-five subscribers."""
    blog.search("page.txt", article("甲"))
    blog.refresh()
    for number in range(25):
        blog.run("subscribers", "add", f"reader{number}@one.example")
    (made,) = blog.listed("edition", "cut")
    key = EditionKey(made["key"])
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        for leased in tx.deliveries.lease(MONDAY + 900 * DAY, MONDAY + 901 * DAY, 100, key):
            person = leased.subscriber.id
            tx.deliveries.record(key, person, DeliveryState.FAILED, now=MONDAY, code=550, text="5.1.1")
            if person > 5:
                tx.breaker.ask(key, person, Evidence.EDITIONS, "550 5.1.1 unknown", MONDAY)
    return key


def test_an_edition_that_asks_for_too_much_is_shown_and_confirmed(blog: Blog, key: EditionKey) -> None:
    told = blog.run("status")
    assert "sending is paused" in told
    assert f"digest subscribers suppress {key}" in told
    (state,) = blog.listed("status")
    assert state["held_suppressions"] == [{"edition": key, "asked": 20, "mails": 25}]
    assert "sending is paused" in blog.run("edition", "send", code=1)
    assert len(blog.listed("subscribers", "suppress", key)) == 20
    assert "reader24@one.example" in blog.run("subscribers", "suppress", key)
    assert suppressed(blog) == []

    assert "20 suppressed" in blog.run("subscribers", "suppress", key, "--confirm")

    assert len(suppressed(blog)) == 20
    assert "sending is paused" not in blog.run("status")
    assert "no suppressions are waiting" in blog.run("subscribers", "suppress", key)
    assert "asks for no suppressions" in blog.run("subscribers", "suppress", key, "--confirm", code=1)


def test_an_edition_that_asks_for_too_much_may_be_dismissed(blog: Blog, key: EditionKey) -> None:
    assert blog.listed("subscribers", "suppress", key, "--dismiss") == [{"edition": key, "dismissed": 20}]
    assert suppressed(blog) == []
    assert "sending is paused" not in blog.run("status")
    blog.run("subscribers", "suppress", key, "--dismiss", "--confirm", code=2)
    assert "no edition" in blog.run("subscribers", "suppress", "weekly/1", "--confirm", code=1)


def test_an_address_is_suppressed_by_hand(blog: Blog) -> None:
    blog.run("subscribers", "add", "ada@example.org")
    assert "ada@example.org: gets no mail any more" in blog.run("subscribers", "suppress", "ada@example.org")
    assert blog.listed("subscribers", "list")[0]["suppressed"] == "the operator suppressed it"
    assert "is suppressed already" in blog.run("subscribers", "suppress", "ada@example.org", "--json", code=1)
    (act, *_) = blog.listed("audit", "list")
    assert (act["act"], act["target"], act["outcome"]) == ("subscribers.suppress", "a***@e***.org", "failed")
