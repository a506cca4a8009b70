"""A subscriber's private feed: their editions and topics, beside mails or instead, at an address that can change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
import time_machine
from lxml import etree

from digest.app import opened
from digest.mail.tokens import preferences_token, private_feed_token, read_private_feed_token
from digest.model import DigestId, PrivateFeed, SubscriberId
from digest.service.people import preferences
from digest.settings import load
from tests.integration.web.site import FORM, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

START = datetime(2026, 6, 1, 4, tzinfo=UTC)
WEEK = timedelta(days=7)
ADA, WEEKLY = SubscriberId(1), DigestId("weekly")


class Reader:
    """One subscriber of a blog that brings an article a week, and the site."""

    def __init__(self, blog: Blog, article: type[Article]) -> None:
        self.blog, self._article, self._shown = blog, article, list[Any]()
        self.now = START

    def week(self, title: str) -> None:
        """Bring an article, make its edition and send it."""
        self._shown.insert(
            0, self._article(title, (self.now.year, self.now.month, self.now.day), (f"{title}的正文。",))
        )
        with time_machine.travel(self.now, tick=False):
            self.blog.search("page.txt", *self._shown)
            self.blog.refresh()
            self.blog.run("edition", "cut")
            self.blog.run("edition", "send")
        self.now += WEEK

    def run(self, *command: str) -> str:
        with time_machine.travel(self.now - WEEK / 2, tick=False):
            return self.blog.run(*command)

    def mailed(self) -> int:
        return len(self.blog.mails())


@pytest.fixture
def reader(blog: Blog, article: type[Article]) -> Reader:
    made = Reader(blog, article)
    made.week("甲")
    made.run("subscribers", "add", "ada@example.org")
    made.run("edition", "send")
    return made


@pytest.fixture
def site(reader: Reader) -> Iterator[Site]:
    settings = load(reader.blog.home / "digest.toml")
    with opened(settings) as store:
        yield Site(store, settings)


def choose(site: Site, feed: PrivateFeed, *, renew: bool = False) -> str:
    """Choose a feed; its path."""
    preferences.choose_feed(site.store, ADA, feed, START + 99 * WEEK, renew=renew)
    with site.store.read() as tx:
        record = tx.subscribers.get(ADA)
    assert record
    return preferences.private_feed_url(site.store, site.settings, record.subscriber).removeprefix(
        "https://digest.example.org"
    )


def titles(site: Site, path: str) -> list[str]:
    reply = site(path)
    assert reply.status == 200
    found = feedparser.parse(reply.body)
    assert not found.bozo, found.bozo_exception
    return ["".join(one for one in "甲乙丙丁" if f"{one}的正文" in entry.content[0].value) for entry in found.entries]


def test_it_has_the_edition_that_newcomers_get_and_those_after(reader: Reader, site: Site) -> None:
    path = choose(site, PrivateFeed.BESIDE)
    reader.week("乙")
    assert titles(site, path) == ["乙", "甲"]
    assert reader.mailed() == 2


def test_its_address_is_a_secret(reader: Reader, site: Site) -> None:
    path = choose(site, PrivateFeed.BESIDE)
    reply = site(path)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-robots-tag"] == "noindex"
    assert "ada" not in reply.body.decode()
    assert site(path, if_none_match=reply.headers["etag"]).status == 304
    assert site(path[:-1]).status == site(path.replace("/private/", "/private/A")).status == 404
    assert path not in site("/").body.decode()


def test_a_new_address_ends_the_former_one_and_no_feed_ends_both(reader: Reader, site: Site) -> None:
    first = choose(site, PrivateFeed.BESIDE)
    second = choose(site, PrivateFeed.BESIDE, renew=True)
    assert (site(first).status, site(second).status) == (404, 200)
    choose(site, PrivateFeed.NONE)
    assert site(second).status == 404
    third = choose(site, PrivateFeed.INSTEAD)
    assert third not in {first, second}
    assert [site(one).status for one in (first, second, third)] == [404, 404, 200]


def test_only_editions_with_an_entry_of_their_topics_are_in_it(reader: Reader) -> None:
    config = reader.blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + '[[topics]]\nid = "second"\ntitle = "乙"\nwords = ["乙"]\n', "utf-8")
    reader.run("subscribers", "set", "ada@example.org", "--topics", "second")
    reader.week("乙")
    reader.week("丙")
    settings = load(config)
    with opened(settings) as store:
        site = Site(store, settings)
        assert titles(site, choose(site, PrivateFeed.BESIDE)) == ["乙"]


def test_instead_of_mails_nothing_is_mailed_and_with_mails_again_nothing_comes_twice(reader: Reader) -> None:
    reader.run("subscribers", "set", "ada@example.org", "--feed", "instead")
    before = reader.mailed()
    reader.week("乙")
    assert reader.mailed() == before
    reader.run("subscribers", "set", "ada@example.org", "--feed", "none")
    reader.week("丙")
    (mail,) = reader.blog.mails()[before:]
    settings = load(reader.blog.home / "digest.toml")
    with opened(settings) as store, store.read() as tx:
        assert [one.behind for one in tx.subscribers.followers(WEEKLY)] == [False]
    assert "every row satisfies them" in reader.run("check", "--deep")
    assert b"Message-ID" in mail


def test_a_mail_that_was_planned_is_not_sent_after_the_feed_was_chosen(reader: Reader, article: type[Article]) -> None:
    with time_machine.travel(reader.now, tick=False):
        reader.blog.search("page.txt", article("乙", (2026, 6, 8), ("乙的正文。",)))
        reader.blog.refresh()
        reader.blog.run("edition", "cut")
        before = reader.mailed()
        reader.blog.run("subscribers", "set", "ada@example.org", "--feed", "instead")
        reader.blog.run("edition", "send")
    assert reader.mailed() == before


def test_the_preferences_page_offers_it_shows_its_address_and_ends_it(reader: Reader, site: Site) -> None:
    path = preferences.preferences_url(site.store, site.settings, ADA).removeprefix("https://digest.example.org")

    def act(name: str) -> str:
        body = f"act={name.replace(' ', '+')}".encode()
        return site(path, "POST", body, content_type=FORM).body.decode()

    assert "/private/" not in act("save&format=both&digest=weekly")
    page = act("feed instead")
    address = site_path(page)
    assert site(address).status == 200
    renewed = site_path(act("feed renew"))
    assert renewed != address
    assert site(address).status == 404
    assert "/private/" not in act("feed off")
    assert site(renewed).status == 404


def site_path(page: str) -> str:
    """The path of the feed that a page shows."""
    return "/private/" + page.partition('href="https://digest.example.org/private/')[2].partition('"')[0]


def test_an_erased_person_has_no_feed(reader: Reader, site: Site) -> None:
    path = choose(site, PrivateFeed.BESIDE)
    assert '"private_feed": "beside"' in reader.run("subscribers", "show", "ada@example.org")
    reader.run("subscribers", "erase", "ada@example.org", "--yes")
    assert site(path).status == 404


def test_tokens_are_of_one_purpose() -> None:
    token = private_feed_token(b"s" * 32, ADA, 3)
    assert read_private_feed_token(b"s" * 32, token) == (ADA, 3)
    assert read_private_feed_token(b"x" * 32, token) is None
    for other in ("", "A", token[:-1], token + "A", "\N{SNOWMAN}", preferences_token(b"s" * 32, ADA)):
        assert read_private_feed_token(b"s" * 32, other) is None


@pytest.mark.parametrize("kind", ["atom", "rss"])
@pytest.mark.parametrize(
    ("language", "secret", "ways"),
    [
        ("zh-CN", ("请勿公开", "更换订阅源地址"), "返回首页"),
        ("en", ("is a secret", "another address"), "To the home page"),
    ],
)
def test_in_a_browser_it_says_that_its_address_is_a_secret_and_how_to_make_it_invalid(
    site: Site, kind: str, language: str, secret: tuple[str, str], ways: str
) -> None:
    path = choose(site, PrivateFeed.BESIDE).replace(".atom", f".{kind}")
    reply = site(path, accept="text/html,*/*;q=0.8", accept_language=language)
    assert (reply.headers["cache-control"], reply.headers["x-robots-tag"]) == ("no-store", "noindex")
    shown = etree.fromstring(reply.body)
    notes = " ".join("".join(one.itertext()) for one in shown.findall(".//{*}p[@class='note']"))
    assert all(words in notes for words in secret)
    assert [one.get("href") for one in shown.findall(".//{*}h2/{*}a")] == [
        "https://digest.example.org/editions/weekly/2026-W23"
    ]
    assert shown.findall(".//{*}time")
    assert [one.text for one in shown.findall(".//{*}div[@class='foot']//{*}a")][-1] == ways
    assert not [words for words in secret if words in site(path).body.decode()]
