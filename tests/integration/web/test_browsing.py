"""The ways to everything: pages of the stream, archive, authors, topics, search, scripts, and what programs ask for."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

import brotli
import pytest
from lxml import etree

from digest.app import opened
from digest.service.intake import refresh
from digest.service.publishing import browsing, feeds
from digest.service.publishing.pages import CHUNK
from digest.settings import load
from digest.web import browsing as lists
from digest.web.application import application
from tests.conftest import CONFIG, Article, Blog
from tests.integration.web.site import NOW, Site, check_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.web.site import Reply

COUNT = 3 * CHUNK + 4
TOPICS = '[[topics]]\nid = "pi"\ntitle = "圆周率"\nwords = ["圆周率"]\n'


def dated(number: int) -> tuple[int, int, int]:
    """Every entry is a day older than the one above it; the last ones are of the year before."""
    day = datetime(2026, 1, 20, tzinfo=UTC) - timedelta(days=number)
    return day.year, day.month, day.day


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A blog of 49 entries by two authors, the newest found a day before NOW and without a year."""
    folder = tmp_path_factory.mktemp("browsed")
    (folder / "digest.toml").write_text(CONFIG + TOPICS, "utf-8")
    made = Blog(folder, lambda *_, **__: "")
    articles = [
        Article(
            f"第{n}篇",
            dated(n),
            (f"第{n}段说圆周率。" if n % 2 else f"第{n}段。",),
            1000 * n,
            "山客" if n % 4 else "水/客",
        )
        for n in range(COUNT)
    ]
    made.search("page.txt", *articles)
    settings = load(folder / "digest.toml")
    with opened(settings) as store:
        refresh.refresh(store, settings, settings.sources[0], now=NOW - timedelta(days=40))
        made.index("late.txt", Article("没有年份的新文章", (2026, 5, 30), ("發現於後來。",)))
        refresh.refresh(store, settings, settings.sources[0], now=NOW - timedelta(days=1))
        yield Site(store, settings)


def titles(reply: Reply) -> list[str]:
    return [one.text_content() for one in reply.page.xpath("//main//h3/a | //main//ol[contains(@class,'index')]//a")]


def way(reply: Reply, relation: str) -> str:
    """The address of the newer (`prev`) or older (`next`) page; the head and the page name the same one."""
    named = set(map(str, reply.page.xpath(f"//link[@rel='{relation}']/@href | //nav//a[@rel='{relation}']/@href")))
    assert len(named) <= 1
    return named.pop() if named else ""


def test_every_entry_is_on_one_page_of_the_stream_newest_first(home: Site) -> None:
    seen, path = [], "/"
    while path:
        reply = home(path)
        seen.append(titles(reply))
        if following := way(reply, "next"):
            back = way(home(following), "prev")
            assert back == path
        path = following
    assert [len(one) for one in seen] == [CHUNK + 5, CHUNK, CHUNK]
    assert [title for one in seen for title in one] == ["没有年份的新文章", *(f"第{n}篇" for n in range(COUNT))]
    assert titles(home("/page/1"))[-1] == f"第{COUNT - 1}篇"
    assert {home(path).status for path in ("/page/0", "/page/3", "/page/99", "/sources/blog/page/9")} == {404}
    assert titles(home("/sources/blog/page/2")) == titles(home("/page/2"))


def test_a_page_of_the_stream_never_changes_when_entries_are_added(home: Site) -> None:
    state = {path: titles(home(path)) for path in ("/page/1", "/page/2")}
    with home.store.write() as tx:
        tx.feeds.enlist("", [])
    assert {path: titles(home(path)) for path in state} == state
    first, *_ = (one for one in home("/page/1").page.xpath("//main//h3/a/@href"))
    feeds.remove(home.store, first.removeprefix("/entries/"), NOW)
    after = {path: titles(home(path)) for path in state}
    feeds.restore(home.store, home.settings, first.removeprefix("/entries/"), NOW)
    assert after == {"/page/1": state["/page/1"][1:], "/page/2": state["/page/2"]}


def test_the_home_page_names_the_days_of_finding_and_what_is_unknown(home: Site) -> None:
    for language, found, unknown in (("zh-CN", "昨天收录", "年份未知"), ("en", "Found yesterday", "year unknown")):
        page = home("/", accept_language=language).page
        newest, *_ = page.xpath("//section[contains(@class, 'part')]")
        assert newest.xpath("string(h2)") == found
        assert newest.xpath("h2/time/@datetime") == ["2026-06-30T16:00+08:00"]
        assert unknown in newest.xpath("string(.//p[contains(@class,'facts')])")
        assert newest.xpath(".//p[contains(@class,'facts')]//time/@datetime") == ["05-30"]


def test_the_archive_counts_each_month_and_leads_to_it(home: Site) -> None:
    page = home("/archive").page
    rows = [[cell.text_content().strip() for cell in row.xpath("th | td")] for row in page.xpath("//tbody/tr")]
    assert rows[0] == ["2026", "1月 20", *[""] * 11, "20"]
    assert rows[1] == ["2025", *[""] * 11, "12月 29", "29"]
    assert rows[2] == ["年份未知", "1"]
    assert titles(home("/archive/2026/01")) == [f"第{n}篇" for n in range(20)]
    assert titles(home("/archive/undated")) == ["没有年份的新文章"]
    assert len(titles(home("/archive/2025"))) == 29
    assert {
        home(path).status for path in ("/archive/2024", "/archive/2026/13", "/archive/0", "/archive/2026?page=2")
    } == {404}
    assert home("/archive", accept_language="en").page.xpath("//a[@href='/most-read']")


def test_a_long_list_of_titles_has_pages(home: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "TITLES", 12)
    home = Site(home.store, home.settings)  # it remembers no page
    first, last = home("/archive/2025"), home("/archive/2025?page=3")
    assert way(first, "next") == "/archive/2025?page=2"
    assert (way(last, "prev"), way(last, "next")) == ("/archive/2025?page=2", "")
    assert [len(titles(home(f"/archive/2025?page={n}"))) for n in (1, 2, 3)] == [12, 12, 5]
    assert {home(f"/archive/2025?page={n}").status for n in ("0", "4", "x", "-1", "9" * 30)} == {404}
    assert last.page.xpath("//link[@rel='canonical']/@href") == ["https://digest.example.org/archive/2025?page=3"]


def test_authors_and_topics_have_pages(home: Site) -> None:
    authors = {a.text_content(): a.get("href") for a in home("/authors").page.xpath("//main//li/a")}
    assert authors == {"山客": "/authors/" + quote("山客"), "水/客": "/authors/" + quote("水/客", safe="")}
    hers = home(authors["水/客"])
    assert hers.page.xpath("string(//h1)") == "水/客"
    assert titles(hers) == [f"第{n}篇" for n in range(0, COUNT, 4)]
    assert titles(home(authors["山客"] + "/page/1"))[-1] == f"第{COUNT - 2}篇"
    assert {home(path).status for path in ("/authors/x", authors["山客"] + "/page/9")} == {404}
    topic = home("/topics/pi")
    assert topic.page.xpath("string(//h1)") == "圆周率"
    assert titles(topic)[:2] == ["第1篇", "第3篇"]
    assert (home("/topics/x").status, home("/topics/pi/page/99").status) == (404, 404)


def test_the_most_read_are_listed_with_separators_and_plurals(home: Site) -> None:
    page = home("/most-read", accept_language="en").page
    first, *_ = page.xpath("//section[last()]//li")
    assert " ".join(first.text_content().split()) == "1 第48篇 48,000 readers"
    one = home("/search?q=" + quote("第1段"), accept_language="en").page
    assert "1 article" in one.xpath("string(//main)")
    assert "1,000 readers" in one.xpath("string(//main)")
    assert "4.8万位读者" in home("/most-read").page.xpath("string(//main)")


def test_a_search_says_how_many_there_are_and_has_pages(home: Site) -> None:
    asked = "/search?q=" + quote("圆周率")
    first = home(asked)
    assert "24篇文章" in first.page.xpath("string(//main)")
    assert len(titles(first)) == browsing.HITS
    second = home(way(first, "next"))
    assert len(titles(second)) == 24 - browsing.HITS
    assert set(titles(first)).isdisjoint(titles(second))
    assert urljoin(asked, way(second, "prev")) == asked
    assert first.headers["x-robots-tag"] == "noindex"
    by_author = home(f"{asked}&author={quote('山客')}&year=2026")
    assert "10篇文章" in by_author.page.xpath("string(//main)")
    assert by_author.page.xpath("//option[@selected]/text()") == ["2026", "山客"]
    assert "0篇文章" in home(f"{asked}&year=1999&source=blog").page.xpath("string(//main)")
    assert home(f"{asked}&year=abc&source=nothing&page=x").status == 200


@pytest.mark.parametrize("asked", ["圓周率", "圆周率", "發現於後", "发现于后来"])
def test_simplified_and_traditional_find_each_other_and_are_marked(home: Site, asked: str) -> None:
    page = home("/search?q=" + quote(asked)).page
    marked = page.xpath("//main//mark/text()")
    assert marked
    assert set(marked) <= {"圆周率", "發現於後", "發現於後來"}


def test_a_visitor_chooses_the_script_and_keeps_it(home: Site) -> None:
    reply = home("/?script=hant")
    page = reply.page
    assert page.get("lang") == "zh-Hant"
    assert "沒有年份的新文章" in page.text_content()
    assert "沒有" not in home("/").page.text_content()
    links = [str(one) for one in page.xpath("//main//a/@href | //header//a/@href")]
    assert all(link.endswith("script=hant") or "script=hant#" in link for link in links if link.startswith("/"))
    assert page.xpath("//link[@rel='canonical']/@href") == ["https://digest.example.org/"]
    assert not [one for one in page.xpath("//link[@rel='stylesheet' or @rel='icon']/@href") if "script" in one]
    simplified = home("/search?script=hans&q=" + quote("發現"))
    assert simplified.page.get("lang") == "zh-Hans"
    assert "发现" in simplified.page.xpath("string(//mark)")
    assert simplified.page.xpath("//input[@name='script']/@value") == ["hans"]
    assert simplified.page.xpath("//input[@name='q']/@value") == ["發現"]
    assert home("/?script=klingon").page.get("lang") == "zh-CN"
    english = home("/?script=hant", accept_language="en").page
    assert english.get("lang") == "en"
    assert "zh-Hant" in english.xpath("//h3/@lang")
    check_safe(reply)


def test_the_page_to_subscribe_offers_the_scripts_too(home: Site) -> None:
    page = home("/subscribe?script=hant").page
    assert "訂閱" in page.xpath("string(//h1)")
    assert page.xpath("//*[@class='scripts']/a/@href") == [
        "/subscribe?script=",
        "/subscribe?script=hans",
        "/subscribe?script=hant",
    ]


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_a_feed_has_the_script_that_was_asked_for(home: Site, kind: str) -> None:
    plain, hant = (home(f"/feed.{kind}{query}").body.decode() for query in ("", "?script=hant"))
    assert ("没有年份的新文章" in plain, "沒有年份的新文章" in hant) == (True, True)
    assert "没有" not in hant
    assert "zh-Hant" in hant
    assert f"https://digest.example.org/feed.{kind}?script=hant" in hant
    ids = r"tag:[^<\"]*"
    assert re.findall(ids, hant) == re.findall(ids, plain)
    shown = home(f"/feed.{kind}?script=hant", accept="text/html,*/*;q=0.1").body.decode()
    assert "沒有年份的新文章" in shown
    assert "發現" not in home(f"/search.{kind}?q={quote('发现')}&script=hans").body.decode()


@pytest.mark.parametrize("path", ["/", "/archive", "/feeds.opml", "/sitemap.xml"])
def test_pages_and_lists_are_compressed_and_are_not_sent_twice(home: Site, path: str) -> None:
    plain, small = home(path), home(path, accept_encoding="br")
    assert brotli.decompress(small.body) == plain.body
    assert len(small.body) < len(plain.body)
    assert "Accept-Encoding" in small.headers["vary"]
    again = home(path, accept_encoding="br", if_none_match=small.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    other = home(path, accept_language="en", if_none_match=plain.headers["etag"])
    assert other.status == (200 if path in {"/", "/archive"} else 304)


def test_a_page_kept_in_memory_is_made_again_the_next_day(home: Site) -> None:
    words = "//section[1]/h2"
    now = [NOW]
    own = Site(home.store, home.settings)
    own._app = application(home.store, home.settings, now=lambda: now[0])
    first = own("/")
    assert own("/") == first
    now[0] += timedelta(days=1)
    assert (first.page.xpath(f"string({words})"), own("/").page.xpath(f"string({words})")) == ("昨天收录", "2天前收录")


def test_each_page_says_what_it_is_to_other_programs(home: Site) -> None:
    entry = home(str(home("/").page.xpath("//h3/a/@href")[0]))
    found = {
        meta.get("property") or meta.get("name"): meta.get("content") for meta in entry.page.xpath("//meta[@content]")
    }
    assert found["og:title"] == "没有年份的新文章 · 山上"
    assert found["og:description"] == found["description"] == "發現於後來。"
    assert found["og:type"] == "article"
    assert found["og:url"].startswith("https://digest.example.org/entries/")
    image = found["og:image"].removeprefix("https://digest.example.org")
    assert home(image).body.startswith(b"\x89PNG")
    manifest = json.loads(home("/manifest.webmanifest").body)
    assert manifest["name"] == "山上"
    assert all(home(icon["src"]).status == 200 for icon in manifest["icons"])
    assert not home("/nothing").page.xpath("//link[@rel='canonical']")


def test_search_engines_find_every_page(home: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Sitemap: https://digest.example.org/sitemap.xml" in home("/robots.txt").body.decode()
    paths = {one.removeprefix("https://digest.example.org") for one in located(home("/sitemap.xml"))}
    assert {
        "/",
        "/archive/2025/12",
        "/archive/undated",
        "/sources/blog",
        "/topics/pi",
        "/authors/" + quote("山客"),
    } <= paths
    assert len([path for path in paths if path.startswith("/entries/")]) == COUNT + 1
    assert {home(path).status for path in paths} == {200}
    monkeypatch.setattr(lists, "_ON_A_SITEMAP", 20)
    home = Site(home.store, home.settings)  # it remembers no page
    whole = {f"https://digest.example.org{path}" for path in paths}
    index = [one.removeprefix("https://digest.example.org") for one in located(home("/sitemap.xml"))]
    assert index == ["/sitemap-pages.xml", "/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    assert whole == {one for part in index for one in located(home(part))}
    assert {home(f"/sitemap-{name}.xml").status for name in ("0", "4", "x", "²")} == {404}


def located(reply: Reply) -> list[str]:
    return [str(one) for one in etree.fromstring(reply.body).xpath("//*[local-name()='loc']/text()")]


def test_a_neighbour_is_called_newer_only_where_its_day_is_known(home: Site) -> None:
    undated, first, second = [str(one) for one in home("/").page.xpath("//h3/a/@href")[:3]]
    for path, words in (
        (undated, ["列表中的下一篇"]),
        (first, ["列表中的上一篇", "列表中的下一篇"]),
        (second, ["较新", "较早"]),
    ):
        shown = home(path).page.xpath("//div[@class='ways']/p/text()[1]")
        assert [" ".join(one.split()) for one in shown] == words


@pytest.mark.parametrize(
    "path", ["/feed.atom/", "/entries/x/", "/healthz/", "/leave/none/", "/editions/x//", "/search/"]
)
def test_a_slash_too_many_leads_to_the_address_without_it(site: Site, path: str) -> None:
    reply = site(path, host="evil.example")

    assert (reply.status, reply.headers["location"]) == (301, path.rstrip("/"))
    assert site(f"{path}?q=x").headers["location"] == f"{path.rstrip('/')}?q=x"


@pytest.mark.parametrize(
    "path", ["/nothing/", "/%2Ffeed.atom/", "/%2Fevil.example/", "/%5Cevil.example/", "/leave/none/"]
)
def test_no_other_slash_is_taken_away(site: Site, path: str) -> None:
    reply = site(path, "POST" if path.startswith("/leave") else "GET")

    assert (reply.status, "location" in reply.headers) == (404, False)


@pytest.mark.parametrize(
    ("path", "feed"),
    [("/feed", "atom"), ("/atom.xml", "atom"), ("/feed.xml", "atom"), ("/rss", "rss"), ("/index.xml", "rss")],
)
def test_the_usual_addresses_of_feeds_lead_to_ours(site: Site, path: str, feed: str) -> None:
    assert (site(path).status, site(path).headers["location"]) == (301, f"/feed.{feed}")
    assert site(f"{path}/").headers["location"] == f"/feed.{feed}"  # at once: feed readers follow few redirects
    assert site(f"{path}/?script=hant").headers["location"] == f"/feed.{feed}?script=hant"
