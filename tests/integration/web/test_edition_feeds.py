"""Editions as feeds: one entry for each, with its whole content, frozen as it was sent."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
import time_machine
from lxml import etree

from digest.app import opened
from digest.service.publishing import edition_feeds
from digest.service.publishing.feeds import groups
from digest.settings import load
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog, Prepare

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
WEEK = timedelta(days=7)
FEED = "/digests/weekly/feed"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
X = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def weekly(blog: Blog, article: type[Article], prepared: Prepare) -> Blog:
    """Three editions, a week apart, each of one new article; the second one has a note."""

    def fill() -> None:
        shown: list[Any] = []
        for number, title in enumerate("甲乙丙"):
            day = START + number * WEEK
            shown.insert(0, article(title, (day.year, day.month, day.day), (f"{title}的正文，含 $x^2$。",)))
            with time_machine.travel(day, tick=False):
                blog.search("page.txt", *shown)
                blog.refresh()
                if number == 1:
                    blog.run("edition", "note", "**大家好**")
                blog.run("edition", "cut")

    prepared(blog.home, fill)
    return blog


@pytest.fixture
def site(weekly: Blog) -> Iterator[Site]:
    settings = load(weekly.home / "digest.toml")
    with opened(settings) as store:
        yield Site(store, settings)


def read(site: Site, address: str = f"{FEED}.atom") -> Any:
    reply = site(address)
    assert reply.status == 200
    found = feedparser.parse(reply.body)
    assert not found.bozo, found.bozo_exception
    return found


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_a_feed_has_one_entry_for_each_edition_with_its_whole_content(site: Site, kind: str) -> None:
    found = read(site, f"{FEED}.{kind}")
    assert found.feed.title == "山上 每周摘要"
    assert found.feed.subtitle == "《山上 每周摘要》，一期一条"
    assert [one.title.split(" · ")[0] for one in found.entries] == ["山上 每周摘要"] * 3
    newest, second, first = found.entries
    assert newest.id == "tag:digest.example.org,2026:edition/weekly/2026-W12"
    assert newest.link == "https://digest.example.org/editions/weekly/2026-W12"
    for one, title in ((newest, "丙"), (second, "乙"), (first, "甲")):
        body = one.content[0].value
        assert f"{title}的正文" in body
        assert f">{title}</a></h3>" in body
    assert "<strong>大家好</strong>" in second.content[0].value
    assert "大家好" not in newest.content[0].value


def test_the_json_feed_has_the_same_editions(site: Site) -> None:
    found = json.loads(site(f"{FEED}.json").body)
    assert [item["id"] for item in found["items"]] == [one.id for one in read(site).entries]
    assert found["feed_url"] == "https://digest.example.org/digests/weekly/feed.json"


def test_the_bytes_stay_the_same_and_are_validated(site: Site, weekly: Blog) -> None:
    first = site(f"{FEED}.atom")
    assert site(f"{FEED}.atom", if_none_match=first.headers["etag"]).status == 304
    assert site(f"{FEED}.atom").body == first.body
    settings = load(weekly.home / "digest.toml")
    with opened(settings) as store:
        assert Site(store, settings)(f"{FEED}.atom").body == first.body


def test_a_correction_of_an_article_changes_no_edition_that_was_made(
    site: Site, weekly: Blog, article: type[Article]
) -> None:
    before = read(site).entries[0].content[0].value
    with time_machine.travel(START + 3 * WEEK, tick=False):
        page = weekly.home / "dumps" / "page.txt"
        page.write_text(page.read_text("utf-8").replace("丙的正文", "丙的另一种正文"), "utf-8")
        weekly.refresh()
    assert read(site).entries[0].content[0].value == before


def test_what_becomes_known_of_an_article_changes_no_edition_that_was_made(blog: Blog, article: type[Article]) -> None:
    shown = article("甲", (2026, 2, 27), ("甲的正文。", "末尾。"))
    with time_machine.travel(START, tick=False):
        blog.index("index.txt", shown)
        blog.refresh()
        blog.run("edition", "cut")
    settings = load(blog.home / "digest.toml")

    def content() -> str:
        with opened(settings) as store:
            made: str = read(Site(store, settings)).entries[0].content[0].value
        return made

    before = content()
    assert "2月27日，年份未知" in before
    with time_machine.travel(START + WEEK, tick=False):
        blog.search("search.txt", shown)
        blog.refresh()
    assert blog.entries()["甲"]["date"]["year"] == 2026
    assert content() == before


def test_the_groups_of_entries_name_no_other_sources(blog: Blog) -> None:
    config = blog.home / "digest.toml"
    more = "".join(f'[[sources]]\nid = "s{n}"\ntitle = "来源{n}"\npath = "s{n}"\n' for n in range(3))
    config.write_text(config.read_text("utf-8").replace("[[digests]]", more + "[[digests]]"), "utf-8")
    for name in ("dumps", "s0", "s1", "s2"):
        (blog.home / name).mkdir(exist_ok=True)
    settings = load(config)
    entry = SimpleNamespace(sources=("s1",))
    assert [name for name, _ in groups(settings)] == ["山上", "来源0", "来源1", "来源2"]
    ((name, holds),) = groups(settings, [entry])  # type: ignore[list-item] # only its sources matter
    assert name == "来源1"
    assert holds(entry)  # type: ignore[arg-type] # as above


def test_two_corrections_between_two_editions_are_shown_one_after_the_other(blog: Blog, article: type[Article]) -> None:
    for day, number in enumerate("一二三"):
        with time_machine.travel(START + day * timedelta(days=1), tick=False):
            blog.search("page.txt", article("甲", (2026, 3, 1), (f"半径是{number}米,别的都没有变。", "末尾。")))
            blog.refresh()
            if number != "二":
                blog.run("edition", "cut")
    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        newest = read(site).entries[0]
        page = site(newest.link.removeprefix("https://digest.example.org"), accept_language="zh-CN").page
    shown = re.findall(r"<(?:del|ins)>(.)</", newest.content[0].value)
    assert shown == ["一", "二", "二", "三"]
    assert [one.text_content() for one in page.cssselect(".changes del, .changes ins")] == shown


def test_a_removed_article_is_taken_back(site: Site, weekly: Blog) -> None:
    entry = next(one["id"] for one in weekly.entries().values() if one["title"] == "丙")
    weekly.run("entries", "remove", entry)
    body = read(site).entries[0].content[0].value
    assert "丙" not in body
    assert "本站不再收录这篇文章" in body


@pytest.mark.parametrize("act", ["hold", "cancel"])
def test_an_edition_that_is_held_or_cancelled_is_in_no_feed(site: Site, weekly: Blog, act: str) -> None:
    weekly.run("edition", act, "weekly/2026-W12", *(["--yes"] if act == "cancel" else []))
    assert len(read(site).entries) == 2


def test_older_editions_are_in_archives_that_link_to_each_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edition_feeds, "IN_A_FEED", 1)
    monkeypatch.setattr(edition_feeds, "IN_AN_ARCHIVE", 1)
    newest = read(site)
    links = {link.rel: link.href for link in newest.feed.links}
    assert len(newest.entries) == 1
    assert links["prev-archive"] == "https://digest.example.org/digests/weekly/archive/2.atom"
    second = read(site, "/digests/weekly/archive/2.atom")
    around = {link.rel: link.href for link in second.feed.links}
    assert [one.id.rsplit("/", 1)[1] for one in second.entries] == ["2026-W11"]
    assert around["prev-archive"].endswith("/archive/1.atom")
    assert around["current"].endswith("/feed.atom")
    assert site("/digests/weekly/archive/3.atom").status == 404
    assert site("/digests/weekly/archive/0.atom").status == 404


def test_a_new_edition_pushes_few_others_into_an_archive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edition_feeds, "IN_A_FEED", 2)
    monkeypatch.setattr(edition_feeds, "IN_AN_ARCHIVE", 1)
    assert [one.id.rsplit("/", 1)[1] for one in read(site).entries] == ["2026-W12", "2026-W11"]
    assert [one.id.rsplit("/", 1)[1] for one in read(site, "/digests/weekly/archive/1.atom").entries] == ["2026-W10"]


def test_unknown_digests_and_formats_are_missing_and_renamed_digests_lead_on(site: Site, weekly: Blog) -> None:
    assert site("/digests/other/feed.atom").status == 404
    assert site("/digests/weekly/feed.xml").status == 404
    first = read(site)
    config = weekly.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('id = "weekly"', 'id = "news"'), "utf-8")
    weekly.run("digests", "rename", "weekly", "news")
    settings = load(config)
    with opened(settings) as store:
        renamed = Site(store, settings)
        moved = renamed("/digests/weekly/feed.atom")
        assert (moved.status, moved.headers["location"]) == (301, "/digests/news/feed.atom")
        again = read(renamed, "/digests/news/feed.atom")
    assert (again.feed.id, [one.id for one in again.entries]) == (first.feed.id, [one.id for one in first.entries])


def test_a_long_edition_shows_excerpts_in_a_feed(weekly: Blog, article: type[Article]) -> None:
    day = START + 3 * WEEK
    with time_machine.travel(day, tick=False):
        page = weekly.home / "dumps" / "page.txt"
        long = [article(one, (2026, 3, 22), (f"{one}的正文" * 150, "末尾。")) for one in "丁戊己"]
        page.write_text("".join(one.byline() for one in long) + page.read_text("utf-8"), "utf-8")
        weekly.refresh()
        weekly.run("edition", "cut")
    config = weekly.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + "[feed]\nlargest = 10000\n", "utf-8")
    settings = load(config)
    with opened(settings) as store:
        newest, older, *_ = read(Site(store, settings)).entries
    assert all(f"{one}的正文" in newest.content[0].value for one in "丁戊己")
    assert "末尾" not in newest.content[0].value
    assert len(newest.content[0].value.encode()) < 10_000 * 0.7 / 2
    assert "丙的正文" in older.content[0].value


TOPICS = "".join(f'[[topics]]\nid = "t{at}"\ntitle = "{one}"\nwords = ["{one}"]\n' for at, one in enumerate("金木"))
ORDER = ["金一", "金二", "木一", "火一"]


def test_mail_page_and_feed_have_one_order_by_topic_and_tell_what_was_corrected(
    blog: Blog, article: type[Article]
) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + TOPICS, "utf-8")
    old = ("开头一样。", "半径满足 $r\\leq 1$ 即可,后面一样。")
    with time_machine.travel(START, tick=False):
        blog.run("subscribers", "add", "ada@example.org")
        blog.search("page.txt", article("旧的", (2026, 3, 1), old))
        blog.refresh()
        blog.run("edition", "cut")
    with time_machine.travel(START + WEEK, tick=False):
        new = [article(one, (2026, 3, 9), (f"{one}的正文。",)) for one in ("火一", "木一", "金一", "金二")]
        corrected = article("旧的", (2026, 3, 1), (old[0], old[1].replace("r\\leq 1", "r\\leq 2")))
        blog.search("page.txt", *new, corrected)
        blog.refresh()
        blog.run("edition", "cut")
        blog.run("edition", "send")
    settings = load(config)
    with opened(settings) as store:
        site = Site(store, settings)
        (key, *_) = (one["key"] for one in blog.listed("edition", "list"))
        page = site(f"/editions/{key}", accept_language="zh-CN").page
        coming = read(site).entries[0]
    mails = [email.message_from_bytes(one, policy=email.policy.default) for one in blog.mails()]
    mail = next(one for one in mails if "等 4 篇" in one["Subject"])
    plain = mail.get_body(("plain",))
    assert plain
    assert re.findall(r"^\d\. ([金木火].)\s*$", plain.get_content(), re.MULTILINE) == ORDER
    assert mail["Subject"].startswith("金一 等")
    assert [one.text_content() for one in page.cssselect(".list h3")] == ORDER
    assert [one.text_content() for one in page.cssselect(".contents li:not(.rest) a")] == ORDER
    assert [one.text_content() for one in page.cssselect(".contents .rest")][:3] == ["金", "木", "其他"]
    body = coming.content[0].value
    assert re.findall(r"<h3><a [^>]*>(.+?)</a></h3>", body) == [*ORDER, "旧的"]
    assert re.findall(r"<h2>新文章 · (.+?)</h2>", body) == ["金", "木", "其他"]
    before, after = re.findall(r'<p class="(?:before|after)">(.*?)</p>', body)
    assert before.startswith("改前：半径满足 <del>")
    assert after.startswith("改后：半径满足 <ins>")
    assert "leq" not in body
    assert "$" not in body
    assert page.cssselect(".changes del")


def test_a_feed_whose_title_lacks_the_site_names_it(weekly: Blog) -> None:
    config = weekly.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('title = "山上 每周摘要"', 'title = "每周摘要"'), "utf-8")
    settings = load(config)
    with opened(settings) as store:
        assert read(Site(store, settings)).feed.title == "山上 · 每周摘要"


@pytest.mark.parametrize("kind", ["atom", "rss"])
@pytest.mark.parametrize(
    ("language", "day", "home"), [("zh-CN", "2026年3月16日", "返回首页"), ("en", "16 March 2026", "To the home page")]
)
def test_a_browser_shows_linked_editions_with_their_days_and_a_way_home(
    site: Site, kind: str, language: str, day: str, home: str
) -> None:
    reply = site(f"{FEED}.{kind}", accept=BROWSER, accept_language=language)
    assert reply.headers["content-type"] == "application/xml; charset=utf-8"
    assert reply.headers["vary"] == "Accept, Accept-Language, Accept-Encoding"
    document = etree.fromstring(reply.body)
    titles = document.findall(f".//{X}div[@class='entry']/{X}h2/{X}a")
    assert [one.get("href").rsplit("/", 1)[1] for one in titles] == ["2026-W12", "2026-W11", "2026-W10"]
    assert all((one.text or "").startswith("山上 每周摘要 · ") for one in titles)
    times = document.findall(f".//{X}time")
    assert (times[0].get("datetime"), times[0].text) == ("2026-03-16", day)
    ways = document.findall(f".//{X}div[@class='foot']//{X}a")
    assert [one.get("href") for one in ways] == ["https://digest.example.org/editions", "/"]
    assert ways[-1].text == home
    assert len(feedparser.parse(reply.body).entries) == 3
    again = site(f"{FEED}.{kind}", accept=BROWSER, accept_language=language, if_none_match=reply.headers["etag"])
    assert again.status == 304


def test_an_archive_in_a_browser_leads_to_older_editions(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edition_feeds, "IN_A_FEED", 1)
    monkeypatch.setattr(edition_feeds, "IN_AN_ARCHIVE", 1)
    document = etree.fromstring(site(f"{FEED}.atom", accept=BROWSER, accept_language="en").body)
    older = document.find(f".//{X}div[@class='foot']//{X}a")
    assert older is not None
    assert (older.get("href"), older.text) == (
        "https://digest.example.org/digests/weekly/archive/2.atom",
        "Older editions",
    )


def test_a_feed_is_there_in_the_other_script_too(site: Site) -> None:
    found = read(site, f"{FEED}.atom?script=hant")
    assert found.feed.title == "山上 每週摘要"
    assert found.entries[0].title.startswith("山上 每週摘要 · ")
    assert {link.href for link in found.feed.links if link.rel == "self"} == {
        "https://digest.example.org/digests/weekly/feed.atom?script=hant"
    }
    assert [one.id for one in found.entries] == [one.id for one in read(site).entries]
    assert "山上 每週摘要" in site(f"{FEED}.atom?script=hant", accept=BROWSER).body.decode()
