"""RSS and JSON Feed: conforming whatever the words are, and the same as Atom."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from digest.errors import ConfigurationError
from digest.feeds.atom import atom
from digest.feeds.browser import for_browser
from digest.feeds.json_feed import json_feed
from digest.feeds.opml import opml
from digest.feeds.rss import rss
from digest.feeds.values import Paging, Tombstone
from tests.examples import examples
from tests.unit.feeds.test_atom import ATOM, ENTRY, FACTS, NOW, conforming, entry_lists, texts, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.feeds.values import FeedEntry

CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
XHTML = "{http://www.w3.org/1999/xhtml}"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
NAMESPACES = ("http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/modules/content/",
              "http://purl.org/dc/elements/1.1/", "http://purl.org/syndication/history/1.0")  # fmt: skip


def conforming_rss(document: bytes) -> etree._Element:
    """The channel, after the rules of RSS 2.0 and of the Advisory Board's profile were checked."""
    parsed = etree.fromstring(document, etree.XMLParser(resolve_entities=False))
    assert b"<!DOCTYPE" not in document
    assert (parsed.tag, parsed.get("version")) == ("rss", "2.0")
    (channel,) = parsed
    for name in ("title", "link", "description", "language", "lastBuildDate", "generator"):
        assert len(channel.findall(name)) == 1, name
    assert channel.findtext("title")
    (link,) = [one for one in channel.findall(f"{ATOM}link") if one.get("rel") == "self"]
    assert link.get("type") == "application/rss+xml"
    guids = [guid.text for guid in channel.iter("guid")]
    assert len(set(guids)) == len(guids)
    for item in channel.findall("item"):
        check_item(item)
    for element in channel.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{"):
            assert element.tag[1:].partition("}")[0] in NAMESPACES
        for value in (element.get("href"), element.text if element.tag in {"link", "docs"} else None):
            assert value is None or urlsplit(value).scheme in {"http", "https"}
    for name in ("lastBuildDate", "pubDate"):
        for moment in channel.iter(name):
            assert parsedate_to_datetime(str(moment.text)).tzinfo is not None
            assert len(str(moment.text).split()[3]) == 4
    return channel


def check_item(item: etree._Element) -> None:
    assert item.findtext("title") or item.findtext("description")
    for name in ("title", "link", "guid", "description", "pubDate", CONTENT, CREATOR, "author"):
        assert len(item.findall(name)) <= 1, name
    assert item.find("guid").get("isPermaLink") == "false"
    assert item.find("author") is None  # which must be a mail address
    order = [child.tag for child in item if child.tag in {"description", CONTENT}]
    assert order == ["description", CONTENT][: len(order)]
    described = lxml_html.fragment_fromstring(item.findtext("description") or "", create_parent=True)
    assert len(described) == 0  # text, and no markup that a feed reader would take for its own


def conforming_json(document: bytes) -> dict[str, Any]:
    """The members, after the rules of JSON Feed 1.1 were checked."""
    feed = json.loads(document.decode("utf-8"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    for name in ("home_page_url", "feed_url", "next_url"):
        assert urlsplit(feed.get(name, "https://x")).scheme in {"http", "https"}
    assert feed.get("next_url") != feed["feed_url"]
    assert all(name.startswith("_") or name in KNOWN for name in feed)
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert "content_html" in item or "content_text" in item
        assert item.get("authors") != []
        assert all(set(author) <= {"name", "url", "avatar"} and author for author in item.get("authors", []))
        for name in ("date_published", "date_modified"):
            assert name not in item or datetime.fromisoformat(item[name]).tzinfo
        assert None not in item.values()
    return dict(feed)


KNOWN = {"version", "title", "home_page_url", "feed_url", "next_url", "authors", "language", "hubs", "items",
         "description", "icon", "favicon"}  # fmt: skip


@settings(max_examples=examples(150))
@given(entry_lists(), words, words)
def test_any_values_make_conforming_feeds_that_say_the_same(entries: list[FeedEntry], title: str, author: str) -> None:
    facts = replace(FACTS, title=title, author=author)
    channel, members = conforming_rss(rss(facts, entries)), conforming_json(json_feed(facts, entries))
    feed = etree.fromstring(atom(facts, entries))
    items = channel.findall("item")

    assert [item.findtext("guid") for item in items] == [item["id"] for item in members["items"]] == texts(feed, "id")
    assert [item.findtext("title").replace("\N{WORD JOINER}", "") for item in items] == [
        one.replace("\N{WORD JOINER}", "") for one in texts(feed, "title")
    ]
    for text in [item.findtext(name) for item in items for name in ("title", CREATOR) if item.findtext(name)]:
        as_html = lxml_html.fragment_fromstring(text, create_parent=True)
        assert (len(as_html), as_html.text) == (0, text)
    assert [item["title"] for item in members["items"]] == texts(feed, "title")
    assert [item.findtext(CONTENT) or "" for item in items] == [entry.html for entry in entries]
    assert [item["content_html"] for item in members["items"]] == [entry.html for entry in entries]
    terms = [[one.get("term") for one in entry.iter(f"{ATOM}category")] for entry in feed.iter(f"{ATOM}entry")]
    assert [item.get("tags", []) for item in members["items"]] == terms
    assert [[one.text.replace("\N{WORD JOINER}", "") for one in item.iter("category")] for item in items] == [
        [term.replace("\N{WORD JOINER}", "") for term in some] for some in terms
    ]
    for item, entry in zip(items, entries, strict=True):
        date = item.findtext("pubDate")
        assert (parsedate_to_datetime(date) if date else None) == entry.published


def test_a_date_keeps_its_offset_and_is_absent_where_it_is_not_known() -> None:
    undated = replace(ENTRY, published=None)
    for entry, said in ((ENTRY, "Sat, 14 Mar 2026 12:00:00 +0800"), (undated, None)):
        assert conforming_rss(rss(FACTS, [entry])).findtext("item/pubDate") == said
        assert ("date_published" in conforming_json(json_feed(FACTS, [entry]))["items"][0]) is (said is not None)


def test_nobody_is_named_as_the_author_of_what_has_none() -> None:
    anonymous = replace(ENTRY, author=" ")
    channel, members = conforming_rss(rss(FACTS, [anonymous])), conforming_json(json_feed(FACTS, [anonymous]))
    assert channel.find(f"item/{CREATOR}") is None
    assert "authors" not in members["items"][0]
    assert members["authors"] == [{"name": "山客"}]
    assert conforming_rss(rss(FACTS, [ENTRY])).findtext(f"item/{CREATOR}") == "山客"


def test_a_feed_says_what_it_contains_and_shows_its_icon() -> None:
    facts = replace(FACTS, subtitle="新文章 <1>", icon="https://x.example/icon.png")
    members = conforming_json(json_feed(facts, []))
    assert members["description"] == "新文章 <1>"
    assert members["icon"] == members["favicon"] == facts.icon
    assert conforming_rss(rss(facts, [])).findtext("description") == "新文章 &lt;1&gt;"
    assert conforming_rss(rss(FACTS, [])).findtext("description") == FACTS.title
    assert {"description", "icon", "favicon"} & set(conforming_json(json_feed(FACTS, []))) == set()


@pytest.mark.parametrize("make", [atom, rss])
def test_markup_is_in_sections_that_no_parser_expands(make: Callable[..., bytes]) -> None:
    odd = "<p title=']]>'>]]]]>> &amp; &lt;</p>"
    entries = [
        replace(ENTRY, id=f"tag:x,2026:{at}", summary="1 < 2", html=odd if at else "<p>&amp;</p>" * 5_000)
        for at in range(3)
    ]
    document = make(FACTS, entries)
    assert len(re.findall(rb"&", re.sub(rb"<!\[CDATA\[.*?\]\]>", b"", document, flags=re.DOTALL))) < 20
    parsed = etree.fromstring(document)
    bodies = [one.text for one in parsed.iter(CONTENT, f"{ATOM}content")]
    assert bodies == [entry.html for entry in entries]
    assert [one.get("type") for one in parsed.iter(f"{ATOM}content")] == ["html"] * 3 * (make is atom)
    returned = make(FACTS, [replace(ENTRY, html="<p>a\rb</p>")])
    assert [one.text for one in etree.fromstring(returned).iter(CONTENT, f"{ATOM}content")] == ["<p>a\rb</p>"]


def test_equal_values_give_equal_bytes() -> None:
    for make in (rss, json_feed):
        assert make(FACTS, [ENTRY]) == make(replace(FACTS), [replace(ENTRY)])


def test_what_was_taken_back_and_where_a_page_stands() -> None:
    paged = replace(
        FACTS,
        hub="https://hub.example/",
        paging=Paging(archive=True, current="https://x.example/f", previous="https://x.example/p"),
    )
    gone = [Tombstone("tag:x,2026:gone", NOW)]
    members = conforming_json(json_feed(paged, [], gone))
    assert members["next_url"] == "https://x.example/p"
    assert members["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert members["_digest"] == {"archive": True, "removed": [{"id": "tag:x,2026:gone", "at": NOW.isoformat()}]}
    channel = conforming_rss(rss(paged, []))
    links = {link.get("rel"): link.get("href") for link in channel.findall(f"{ATOM}link")}
    assert links["prev-archive"] == "https://x.example/p"
    assert links["current"] == "https://x.example/f"
    assert channel.find("{http://purl.org/syndication/history/1.0}archive") is not None


@given(words, st.lists(st.tuples(words, st.just("https://x.example/feed.atom")), max_size=3))
def test_a_list_of_feeds_is_well_formed_whatever_they_are_called(title: str, feeds: list[tuple[str, str]]) -> None:
    parsed = etree.fromstring(opml(title, "https://x.example/", feeds))
    assert parsed.get("version") == "2.0"
    assert parsed.find("head/docs") is None
    assert [one.get("xmlUrl") for one in parsed.iter("outline")] == [url for _, url in feeds]
    assert all(one.get("type") == "rss" and one.get("text") is not None for one in parsed.iter("outline"))


def test_a_list_of_feeds_has_folders() -> None:
    feed, other = ("一", "https://x.example/1"), ("二", "https://x.example/2")
    body = etree.fromstring(opml("全部", "https://x.example/", [feed], {"主题": [other]})).find("body")
    assert [(one.get("text"), one.get("type"), one.get("xmlUrl")) for one in body.iter("outline")] == [
        ("一", "rss", feed[1]),
        ("主题", None, None),
        ("二", "rss", other[1]),
    ]
    assert body[1][0].get("text") == "二"


def shown(*parts: str) -> str:
    return f"<div xmlns='http://www.w3.org/1999/xhtml'>{''.join(f'<p>{part}</p>' for part in parts)}</div>"


@pytest.mark.parametrize("make", [atom, rss])
def test_a_browser_gets_the_feed_with_what_it_shows(make: Callable[..., bytes]) -> None:
    entries = [replace(ENTRY, id=f"tag:x,2026:{at}", title=f"题目{at}") for at in range(2)]
    document = make(FACTS, entries)
    made = for_browser(document, "/feed.css", shown("开头", "<a href='/1'>一</a>", "二", "结尾"))
    assert made.splitlines()[1] == b'<?xml-stylesheet type="text/css" href="/feed.css"?>'
    assert made.count(b"<![CDATA[") == document.count(b"<![CDATA[")
    assert b"<html" not in made
    parsed = etree.fromstring(made)
    (conforming if make is atom else conforming_rss)(etree.tostring(without_xhtml(made), xml_declaration=True))
    inside = parsed.findall(f".//{XHTML}p")
    assert ["".join(part.itertext()) for part in inside] == ["开头", "一", "二", "结尾"]
    assert [etree.QName(part.getparent()).localname for part in inside[1:3]] == [
        "entry" if make is atom else "item"
    ] * 2
    assert [etree.QName(part.getparent()).localname for part in inside[::3]] == [
        "feed" if make is atom else "channel"
    ] * 2
    assert feedparser.parse(made).entries[1].title == "题目1"
    for wrong in (shown("开头", "结尾"), "<p>", shown("a", "b", "c", "d", "e")):
        with pytest.raises(ConfigurationError, match=r"web/feed\.html"):
            for_browser(document, "/feed.css", wrong)


def without_xhtml(document: bytes) -> etree._Element:
    parsed = etree.fromstring(document)
    for part in list(parsed.iter(f"{XHTML}*")):
        if part.getparent() is not None:
            part.getparent().remove(part)
    return parsed
