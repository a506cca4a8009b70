"""`digest explain`: where an entry came from, on which evidence, and what somebody got of it or why not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from digest.app import clock, opened
from digest.settings import load

if TYPE_CHECKING:
    from digest.model import Subscriber
    from tests.conftest import Article, Blog, Prepare

TEXT = ("这是正文的第一段,长到可以认出它来,和别的文章没有一句相同的话。" * 3,)


@pytest.fixture
def told(blog: Blog, article: type[Article], prepared: Prepare) -> Blog:
    """An article in two dumps, corrected in one; an edition of it that was sent."""

    def fill() -> None:
        blog.search("a.txt", article("位置编码", body=TEXT), article("乙", (2026, 3, 15), ("另一段文字。",)))
        blog.refresh()
        blog.run("subscribers", "add", "ada@example.org")
        blog.run("edition", "cut")
        blog.run("edition", "send")
        blog.index("b.txt", article("位置编码", body=TEXT))
        blog.refresh()
        blog.search("a.txt", article("旋转位置编码", body=TEXT), article("乙", (2026, 3, 15), ("另一段文字。",)))
        blog.refresh()

    prepared(blog.home, fill)
    return blog


def explained(blog: Blog, *arguments: str) -> dict[str, Any]:
    (one,) = blog.listed("explain", *arguments)
    return one


def test_each_step_names_its_dump_and_its_evidence(told: Blog) -> None:
    story = explained(told, "旋转位置")

    assert (story["title"], story["announced"]) == ("旋转位置编码", True)
    assert story["came"] == [
        {
            "source": "blog",
            "dump": "a.txt",
            "at": story["first_seen_at"],
            "because": "no known entry has its title and day, or its text",
        }
    ]
    assert [(one["dump"], one["because"]) for one in story["stands"]] == [
        ("a.txt", "no known entry has its title and day, or its text"),
        ("b.txt", "same title, no other text"),
    ]
    assert [(one["cause"], one["dump"]) for one in story["revisions"]] == [("first", "a.txt"), ("title", "a.txt")]
    (edition,) = story["editions"]
    assert (edition["section"], edition["revision"], edition["deliveries"]) == ("new", 1, {"accepted": 1})


def test_it_is_found_by_id_and_former_title_and_several_are_listed(told: Blog, article: type[Article]) -> None:
    name = explained(told, "旋转位置")["id"]
    assert explained(told, name)["id"] == explained(told, "位置编码")["id"] == name
    told.search("c.txt", article("位置之外", (2026, 3, 18), ("说的是别的。",)))
    told.refresh()
    listed = told.run("explain", "位置", code=1)
    assert "give the id of one" in listed
    assert name in listed
    assert "no entry '没有'" in told.run("explain", "没有", code=1)


def test_what_somebody_got_and_why_another_did_not(told: Blog) -> None:
    told.run("subscribers", "add", "bob@example.org", "--no-welcome")
    got = explained(told, "旋转位置", "ada@example.org")["subscriber"]
    assert (got["address"], got["why"]) == ("a***@e***.org", "subscribed to weekly")
    (mail,) = got["editions"]
    assert (mail["why"], mail["state"], mail["attempts"]) == ("it was sent", "accepted", 1)
    assert mail["accepted_at"]
    (missed,) = explained(told, "旋转位置", "BOB@example.org")["subscriber"]["editions"]
    assert missed["why"].startswith("they were not subscribed when it was made, at ")
    said = told.run("explain", "旋转位置", "ada@example.org")
    assert "it was sent" in said
    assert "ada@example.org" not in said
    assert "no subscriber" in told.run("explain", "旋转位置", "eve@example.org", code=1)


def test_a_person_who_left_before_it_went_out_was_never_mailed(told: Blog) -> None:
    told.run("edition", "cut")
    with opened(load(told.home / "digest.toml")) as store, store.write() as tx:
        record = tx.subscribers.find("ada@example.org")
        assert record is not None
        tx.subscribers.leave(record.subscriber.id, record.digests[0], "a test", clock())
    _, correction = explained(told, "旋转位置", "ada@example.org")["subscriber"]["editions"]
    assert (correction["section"], correction["state"]) == ("corrected", "suppressed")
    assert correction["why"] == "never mailed: they left or paused before it went out"


def test_why_a_digest_announced_nothing(blog: Blog, article: type[Article]) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[[digests]]", "backlog = 1\n[[digests]]"), "utf-8")
    blog.search("a.txt", article("新的", (2026, 3, 15), ("另一段文字。",)), article("旧的", (2026, 3, 14)))
    blog.refresh()
    (new,), (old,) = explained(blog, "新的")["untold"], explained(blog, "旧的")["untold"]
    assert new["why"].startswith("it waits for the next edition, at ")
    assert "older than its `backlog`" in old["why"]
    blog.run("fence")
    assert "fenced" in explained(blog, "新的")["untold"][0]["why"]
    blog.run("entry", "remove", explained(blog, "新的")["id"])
    assert explained(blog, "新的")["untold"][0]["why"] == "it was removed"


def test_to_whom_and_when_an_entry_was_announced_is_reported_without_a_list_of_twenty(
    told: Blog, article: type[Article]
) -> None:
    (edition,) = explained(told, "旋转位置")["editions"]
    (reached,) = edition["reached"]
    assert (reached["address"], edition["further"]) == ("a***@e***.org", 0)
    accepted = explained(told, "旋转位置", "ada@example.org")["subscriber"]["editions"][0]["accepted_at"]
    assert reached["at"] == accepted
    said = told.run("explain", "旋转位置")
    assert " UTC to a***@e***.org" in said
    assert "ada@example.org" not in said

    told.search("new.txt", article("丁", (2026, 3, 18), ("说的是另一件事,和别的都不同。",)))
    told.refresh()
    people = told.home / "people.csv"
    people.write_text("address\n" + "".join(f"x{number}@example.org\n" for number in range(21)), "utf-8")
    told.run("subscribers", "import", str(people))
    told.run("edition", "cut")
    told.run("edition", "send")
    (edition,) = explained(told, "丁")["editions"]
    assert edition["deliveries"] == {"accepted": 22}
    assert (len(edition["reached"]), edition["further"]) == (20, 2)
    assert f"and to 2 more: see `digest edition show {edition['edition']}`" in told.run("explain", "丁")


def test_an_entry_of_a_held_dump_says_so_and_one_that_was_never_let_in_names_the_dump(
    told: Blog, article: type[Article]
) -> None:
    told.search("a.txt", *(article(f"陌生的{n}", (2026, 4, n), (f"别处的第{n}段话。",)) for n in range(1, 9)))
    assert told.refresh()["held"] == 1
    (trouble,) = explained(told, "旋转位置")["troubled"]
    assert (trouble["source"], trouble["dump"], trouble["state"]) == ("blog", "a.txt", "held")
    assert "entries that it showed are left" in trouble["reason"]
    assert f"blog/a.txt is held: {trouble['reason']}" in told.run("explain", "旋转位置")
    refused = told.run("explain", "陌生的3", code=1)
    assert "no entry '陌生的3'" in refused
    assert "only a held dump shows: blog/a.txt: see `digest source show ID`" in refused


def test_ambiguous_sightings_are_reported_with_their_outcome(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("新年快乐", (2019, 1, 1), ("短。",)), article("新年快乐", (2020, 1, 1), ("短。",)))
    blog.refresh()
    blog.index("index.txt", article("新年快乐", (2026, 1, 1), ()))
    blog.refresh()
    for entry in blog.listed("entries", "list"):
        story = explained(blog, entry["id"])
        (report,) = story["ambiguous"]
        assert report["title"] == "新年快乐"
        said = blog.run("explain", entry["id"])
        assert f"in blog/index.txt: 新年快乐: {report['outcome']}" in said


def test_a_removed_entry_says_when_and_still_who_had_it(told: Blog) -> None:
    name = explained(told, "旋转位置")["id"]
    told.run("entry", "remove", name)
    story = explained(told, name)
    assert story["removed_at"]
    assert story["editions"][0]["deliveries"] == {"accepted": 1}
    said = told.run("explain", name, "ada@example.org")
    assert f"removed {story['removed_at'][:10]}" in said
    assert "it was sent" in said


@pytest.mark.parametrize(
    ("state", "next_at", "why"),
    [
        ("planned", True, "it waits to be sent"),
        ("deferred", True, "the server refused it for now; it is tried again"),
        ("failed", False, "the server refused it permanently"),
        ("unknown", True, "the connection was lost: they may have it"),
    ],
)
def test_each_state_of_a_delivery_has_its_sentence_and_the_servers_words(
    told: Blog, state: str, why: str, *, next_at: bool
) -> None:
    moment = "'2027-01-01 00:00:00.000000'" if next_at else "NULL"
    with closing(sqlite3.connect(told.home / "var" / "digest.db")) as connection, connection:
        connection.execute(
            f"UPDATE deliveries SET state = '{state}', next_at = {moment}, accepted_at = NULL, code = 451, text = 'no'"  # noqa: S608 - constants of this test
        )
    (mail,) = explained(told, "旋转位置", "ada@example.org")["subscriber"]["editions"]
    assert (mail["why"], mail["state"], mail["code"], mail["text"]) == (why, state, 451, "no")
    assert mail["accepted_at"] is None
    said = told.run("explain", "旋转位置", "ada@example.org")
    assert f"{why} ({state}, 1 attempts): 451 no" in said
    assert explained(told, "旋转位置")["editions"][0]["reached"] == []


def preferred(blog: Blog, **changes: Any) -> None:
    with opened(load(blog.home / "digest.toml")) as store, store.write() as tx:
        record = tx.subscribers.find("ada@example.org")
        assert record is not None
        person: Subscriber = record.subscriber
        wanted = {"topics": (), "paused_until": None} | changes
        tx.subscribers.prefer(
            person.id, language=person.language, fmt=person.format, timezone=person.timezone, **wanted
        )


def test_a_paused_or_suppressed_person_is_reported_as_such(told: Blog) -> None:
    preferred(told, paused_until=clock() + timedelta(days=30))
    told.run("edition", "cut")
    paused = explained(told, "旋转位置", "ada@example.org")["subscriber"]
    assert paused["why"].startswith("paused until ")
    assert paused["editions"][1]["why"].startswith("no mail was made for them: they paused")

    preferred(told)
    with opened(load(told.home / "digest.toml")) as store, store.write() as tx:
        record = tx.subscribers.find("ada@example.org")
        assert record is not None
        tx.subscribers.suppress(record.subscriber.id, "three hard bounces", clock())
    struck = explained(told, "旋转位置", "ada@example.org")["subscriber"]
    assert struck["why"] == "not mailed any more: three hard bounces"


def test_a_person_who_reads_other_topics_is_reported_as_such(blog: Blog, article: type[Article]) -> None:
    config = blog.home / "digest.toml"
    topics = '[[topics]]\nid = "maths"\ntitle = "数学"\nwords = ["数论"]\n'
    config.write_text(config.read_text("utf-8") + topics, "utf-8")
    blog.run("subscribers", "add", "ada@example.org")
    preferred(blog, topics=("maths",))
    blog.search("a.txt", article("位置编码", body=TEXT))
    blog.refresh()
    blog.run("edition", "cut")
    (none,) = explained(blog, "位置编码", "ada@example.org")["subscriber"]["editions"]
    assert (none["state"], none["why"]) == (None, "they read maths only")

    blog.search(
        "b.txt",
        article("又一篇", (2026, 3, 18), ("另一件事,很长的一段话。",)),
        article("数论", (2026, 3, 19), ("说的是素数。",)),
    )
    blog.refresh()
    blog.run("edition", "cut")
    (left_out,) = explained(blog, "又一篇", "ada@example.org")["subscriber"]["editions"]
    assert (left_out["state"], left_out["why"].partition(":")[0]) == (
        "planned",
        "their mail of this edition leaves it out",
    )
    (told,) = explained(blog, "数论", "ada@example.org")["subscriber"]["editions"]
    assert told["why"] == "it waits to be sent"
