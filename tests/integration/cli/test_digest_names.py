"""`digest digests rename|end`: subscribers, links and bounces of a digest continue under its new name."""

from __future__ import annotations

import email
import email.policy
import json
import re
from typing import TYPE_CHECKING

import pytest

from digest.app import exclusive_lock
from digest.settings import load

if TYPE_CHECKING:
    from tests.conftest import Article, Blog


class Village:
    """A blog with three subscribers of its weekly digest, who got an edition."""

    def __init__(self, blog: Blog, article: type[Article]) -> None:
        self.blog, self.file, self.article = blog, blog.home / "digest.toml", article
        self.publish(1)
        for name in ("ada", "bob", "cleo"):
            blog.run("subscribers", "add", f"{name}@example.org")
        blog.run("edition", "cut")
        blog.run("edition", "send")

    def publish(self, last: int) -> None:
        articles = (
            self.article(f"文章{n}", (2026, 3, n), (f"第{n}篇的正文,不同于别的。",)) for n in range(1, last + 1)
        )
        self.blog.search("page.txt", *articles)
        self.blog.refresh()

    def rename(self, old: str = "weekly", new: str = "news", *, code: int = 0) -> str:
        return self.blog.run("digests", "rename", old, new, code=code)

    def configure(self, old: str = "weekly", new: str = "news") -> None:
        self.file.write_text(self.file.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")

    def leave_tokens(self) -> list[str]:
        """Each mail that was sent, in the order of subscribers."""
        found = {}
        for raw in self.blog.mails():
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            link = re.search(r"/leave/([\w-]+)", mail["List-Unsubscribe"])
            assert link
            found[mail["To"]] = link[1]
        return [found[to] for to in sorted(found)]

    def told(self) -> dict[str, int]:
        """How many mails went to each subscriber."""
        mails = [email.message_from_bytes(raw, policy=email.policy.default)["To"] for raw in self.blog.mails()]
        return {to: mails.count(to) for to in mails}


@pytest.fixture
def village(blog: Blog, article: type[Article]) -> Village:
    return Village(blog, article)


@pytest.mark.parametrize("first", ["rename", "configure", "configure and run"])
def test_subscribers_get_what_is_new_and_nothing_twice(village: Village, first: str) -> None:
    blog = village.blog
    if first == "rename":
        said = village.rename()
        assert "3 subscribers and 1 editions" in said
        assert 'id = "weekly"' in said
        assert "was renamed to news" in blog.run("status", code=2)
        village.configure()
    else:
        village.configure()
        if first == "configure and run":
            village.publish(2)
            blog.run("subscribers", "add", "dora@example.org")
            blog.run("edition", "cut")
            blog.run("edition", "send")
        village.rename()
    village.publish(3)
    blog.run("edition", "cut")
    blog.run("edition", "send")
    assert blog.run("check", "--deep")
    mails = village.told()
    assert {to: mails[to] for to in ("ada@example.org", "bob@example.org", "cleo@example.org")} == dict.fromkeys(
        ("ada@example.org", "bob@example.org", "cleo@example.org"), 2
    )
    newest = [
        email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
        for raw in blog.mails()
        if b"ada@example.org" in raw
    ]
    texts = [part.get_content() for part in newest if part is not None]
    for title in ("文章1", "文章2", "文章3") if first == "configure and run" else ("文章1", "文章3"):
        assert sum(title in text for text in texts) == 1, (title, texts)
    assert blog.listed("edition", "list")[0]["key"].startswith("news/")


def test_links_in_old_mails_let_people_leave_the_digest_of_today(village: Village) -> None:
    from digest.app import clock, opened  # noqa: PLC0415 - one test's own
    from digest.service.people import consent, links, subscribers  # noqa: PLC0415

    token = village.leave_tokens()[0]
    village.rename()
    village.rename("news", "letters")
    village.configure("weekly", "letters")
    settings = load(village.file)
    with opened(settings) as store:
        link = links.leave_link(store, token)
        assert link.digest == "letters"
        assert link.person is not None
        assert link.person.digests == ("letters",)
        assert subscribers.leave(store, token, source="link in a mail", now=clock())
        with store.read() as tx:
            assert len(tx.subscribers.active(link.digest)) == 2
        assert consent.can_undo(store, token, clock())
        assert consent.undo(store, settings, token, clock())
        with store.read() as tx:
            assert len(tx.subscribers.active(link.digest)) == 3


def test_pages_and_mails_under_way_of_old_editions_stay(village: Village) -> None:
    village.publish(2)
    village.blog.run("edition", "cut")
    keys = [one["key"] for one in village.blog.listed("edition", "list")]
    village.rename()
    village.configure()
    assert [one["key"] for one in village.blog.listed("edition", "list")] == keys
    village.blog.run("edition", "send")
    assert set(village.told().values()) == {2}


def test_check_counts_the_subscribers_of_a_digest_that_is_no_longer_configured(village: Village) -> None:
    blog = village.blog
    blog.run("subscribers", "leave", "cleo@example.org")
    village.configure()
    said = blog.run("check", "--strict", code=1)
    assert "2 people follow it, and it is no longer configured" in said
    assert "digest digests rename weekly NEW" in said
    village.rename()
    assert "no longer configured" not in blog.run("check")
    assert [one["digests"] for one in blog.listed("subscribers", "list")] == [["news"], ["news"], []]


def test_check_says_once_that_the_configuration_names_a_digest_by_its_former_name(village: Village) -> None:
    village.rename()
    said = village.blog.run("check", code=1)
    assert 'write id = "news"' in said
    assert "no longer configured" not in said


def test_a_digest_that_is_over_lets_everybody_go(village: Village) -> None:
    blog = village.blog
    assert "is configured" in blog.run("digests", "end", "weekly", "--yes", code=2)
    village.configure()
    assert "3 unsubscribed" in blog.run("digests", "end", "weekly", "--yes")
    assert "no longer configured" not in blog.run("check")
    assert "no digest 'weekly'" in blog.run("digests", "end", "weekly", "--yes", code=1)
    consents = [json.loads(line)["consents"][-1] for line in blog.run("subscribers", "export").splitlines()]
    assert {(c["act"], c["source"]) for c in consents} == {("left", "operator, digest digests end")}


def test_what_cannot_be_renamed_is_refused(village: Village) -> None:
    assert "no digest 'hourly'" in village.rename("hourly", "daily", code=1)
    assert "is its name" in village.rename("weekly", "weekly", code=2)
    assert "not a valid name" in village.rename("weekly", "No Name", code=2)
    text = village.file.read_text("utf-8")
    village.file.write_text(text.replace("[mail]", '[[digests]]\nid = "daily"\ntitle = "日"\n[mail]'), "utf-8")
    assert "both configured" in village.rename("weekly", "daily", code=2)
    village.file.write_text(text, "utf-8")
    village.rename()
    assert "it is news now" in village.rename("weekly", "other", code=1)
    with exclusive_lock(load(village.file).database_folder):
        assert "another `digest run`" in village.rename("news", "other", code=2)
