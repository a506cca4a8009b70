"""The feeds that pages offer: each article once, whatever a feed reader makes of a page."""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

import pytest
from lxml import etree, html

from tests.integration.web.conftest import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.web.site import Reply, Site


def pages(site: Site) -> Iterator[tuple[str, Reply]]:
    """Every page that a visitor reaches from the home page, by its path."""
    waiting, known = ["/", "/search?q=%E6%96%87"], {"/"}
    while waiting:
        path = waiting.pop()
        reply = site(path)
        if not reply.headers.get("content-type", "").startswith("text/html"):
            continue
        yield path, reply
        links = (urldefrag(link)[0] for link in html.fromstring(reply.body.decode()).xpath("//a/@href"))
        found = {link for link in links if link.startswith("/") and "script=" not in link} - known
        known |= found
        waiting += sorted(found)


def test_no_page_but_that_of_an_entry_has_an_article_element(site: Site) -> None:
    # Liferea takes the article elements of a page for a feed of their own, all dated today.
    with_articles = {path for path, reply in pages(site) if reply.page.xpath("//article")}
    assert len(with_articles) == 3
    assert all(path.startswith("/entries/") for path in with_articles)


def test_each_page_offers_one_feed(site: Site) -> None:
    offered = {
        path: [(link.get("type"), link.get("title"), link.get("href")) for link in found]
        for path, reply in pages(site)
        if reply.status == 200
        for found in [reply.page.xpath("//link[@rel='alternate'][@type]")]
    }
    everything = ("application/atom+xml", "山上 · 全部文章", "/feed.atom")
    assert offered["/"] == offered["/about"] == [everything]
    assert offered["/editions"] == [("application/atom+xml", "山上 每周摘要", "/digests/weekly/feed.atom")]
    assert offered["/sources/blog"] == [("application/atom+xml", "山上", "/sources/blog/feed.atom")]
    assert offered["/search?q=%E6%96%87"][0][2] == "/search.atom?q=%E6%96%87"
    assert {len(found) for found in offered.values()} == {1}
    for ((_, _, address),) in offered.values():
        assert site(address).status == 200


CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.mark.parametrize("path", ["/feed.atom", "/feed.rss", "/sources/blog/feed.rss", "/search.atom?q=%E6%96%87"])
@pytest.mark.parametrize(
    ("language", "day", "home"), [("zh-CN", "2026年3月16日", "返回首页"), ("en", "16 March 2026", "To the home page")]
)
def test_a_browser_shows_a_feed_with_links_and_dates_for_people(
    site: Site, path: str, language: str, day: str, home: str
) -> None:
    reply = site(path, accept=CHROME, accept_language=language)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    assert reply.headers["vary"] == "Accept, Accept-Language, Accept-Encoding"
    feed = etree.fromstring(reply.body)
    titles = {link.text: link.get("href") for link in feed.iterfind(f".//{XHTML}h2/{XHTML}a")}
    assert set(titles) == {"甲", "丙 & 丁", SCRIPT}
    assert all(site(urlsplit(address).path).status == 200 for address in titles.values())
    assert day in {time.text for time in feed.iter(f"{XHTML}time")}
    ways = {"".join(link.itertext()): link.get("href") for link in feed.iterfind(f".//{XHTML}p/{XHTML}a")}
    assert ways["山上"] == ways[home] == "/"
    (style,) = re.findall(rb'href="(/feed-[0-9a-f]+\.css)"', reply.body)
    assert site(style.decode()).status == 200
    assert reply.headers["etag"] != site(path).headers["etag"]


@pytest.mark.parametrize("accepted", ["", "*/*", "application/atom+xml, text/html;q=0.9", "text/html;q=0, */*"])
def test_a_feed_reader_gets_the_feed_alone(site: Site, accepted: str) -> None:
    reply = site("/feed.atom", accept=accepted)
    assert reply.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert reply.headers["vary"] == "Accept, Accept-Encoding"
    assert b"xhtml" not in reply.body
    assert reply.body == site("/feed.atom").body


def test_feeds_name_pictures_that_are_there(site: Site) -> None:
    feed, members = etree.fromstring(site("/feed.atom").body), json.loads(site("/feed.json").body)
    shapes = {}
    for name, address in {
        **{name: feed.findtext(f"{{http://www.w3.org/2005/Atom}}{name}") for name in ("icon", "logo")},
        **{f"json {name}": members[name] for name in ("icon", "favicon")},
    }.items():
        reply = site(urlsplit(address).path)
        assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
        shapes[name] = struct.unpack(">II", reply.body[16:24])
    assert shapes == {"icon": (512, 512), "logo": (512, 256), "json icon": (512, 512), "json favicon": (512, 512)}


def test_lists_of_feeds_are_named_by_their_address(site: Site) -> None:
    for name, wanted in (("feeds", ["/feed.atom"]), ("sources", ["/sources/blog/feed.atom"])):
        reply = site(f"/{name}.opml")
        assert reply.headers["content-disposition"] == f'attachment; filename="{name}.opml"'
        listed = etree.fromstring(reply.body).iterfind(".//outline[@xmlUrl]")
        assert [urlsplit(one.get("xmlUrl")).path for one in listed] == wanted
