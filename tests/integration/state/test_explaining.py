"""`digest explain`: where an entry came from, by which evidence, and what somebody got of it or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from digest.app import clock, opened
from digest.settings import load

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

TEXT = ("这是正文的第一段,长到可以认出它来,和别的文章没有一句相同的话。" * 3,)


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    """An article in two dumps, corrected in one; an edition of it that was sent."""
    blog.search("a.txt", article("位置编码", body=TEXT), article("乙", (2026, 3, 15), ("另一段文字。",)))
    blog.refresh()
    blog.run("subscribers", "add", "ada@example.org")
    blog.run("edition", "cut")
    blog.run("edition", "send")
    blog.index("b.txt", article("位置编码", body=TEXT))
    blog.refresh()
    blog.search("a.txt", article("旋转位置编码", body=TEXT), article("乙", (2026, 3, 15), ("另一段文字。",)))
    blog.refresh()
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
    assert "name one by its id" in listed
    assert name in listed
    assert "no entry '没有'" in told.run("explain", "没有", code=1)


def test_what_somebody_got_and_why_another_did_not(told: Blog) -> None:
    told.run("subscribers", "add", "bob@example.org")
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


def test_who_left_before_it_went_out_was_never_mailed(told: Blog) -> None:
    told.run("edition", "cut")
    with opened(load(told.home / "digest.toml")) as store, store.write() as tx:
        record = tx.subscribers.find("ada@example.org")
        assert record is not None
        tx.subscribers.leave(record.subscriber.id, record.digests[0], "a test", clock())
    _, correction = explained(told, "旋转位置", "ada@example.org")["subscriber"]["editions"]
    assert (correction["section"], correction["state"]) == ("corrected", "suppressed")
    assert correction["why"] == "never mailed: they left or paused before it went out"


def test_why_a_digest_told_nothing(blog: Blog, article: type[Article]) -> None:
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
