"""The feeds that pages offer: each article once, whatever a feed reader makes of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from lxml import html

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
