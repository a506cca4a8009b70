"""The feed's document: valid by RFC 4287 whatever the words are, read back as given, equal for equal values."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.changes.backlog import published_at
from digest.feeds.atom import atom
from digest.feeds.values import FeedEntry, FeedFacts
from digest.model import Block, BlockKind
from digest.typeset.html import html
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

ATOM = "{http://www.w3.org/2005/Atom}"
KNOWN = (ATOM, "{http://purl.org/syndication/history/1.0}", "{http://purl.org/atompub/tombstones/1.0}")
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SCRIPT = "<script>alert(1)</script>"

FACTS = FeedFacts(
    id="tag:digest.example.org,2026:feed",
    title="山上",
    author="山客",
    language="zh-CN",
    self_url="https://digest.example.org/feed.atom",
    home_url="https://digest.example.org/",
    updated_at=NOW,
)
ENTRY = FeedEntry(
    id="tag:digest.example.org,2026:entry/1",
    title="题目",
    author="山客",
    language="zh-CN",
    url="https://digest.example.org/entries/1",
    via="https://blog.example.org/search/%E9%A2%98/",
    updated_at=NOW,
    published=datetime(2026, 3, 14, 12, tzinfo=SHANGHAI),
    summary="摘要",
    html="<p>正文</p>",
    tags=("数学", "a < b"),
)


def conforming(document: bytes) -> etree._Element:
    """The feed element, after every rule of RFC 4287 that a document of ours could break was checked."""
    parsed = etree.fromstring(document, etree.XMLParser(resolve_entities=False))
    assert document.startswith(b"<?xml")
    assert b"<!DOCTYPE" not in document
    assert parsed.tag == f"{ATOM}feed"
    entries = parsed.findall(f"{ATOM}entry")
    for element in (parsed, *entries):
        check_container(element)
    assert len(parsed.findall(f"{ATOM}author")) >= 1
    assert [link.get("rel") for link in parsed.findall(f"{ATOM}link")].count("self") == 1
    ids = [element.findtext(f"{ATOM}id") for element in (parsed, *entries)]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        check_entry(entry)
    return parsed


def check_container(element: etree._Element) -> None:
    """What holds for a feed and an entry alike: sections 4.1.1, 4.1.2, 4.2."""
    for name in ("icon", "logo"):
        assert all(urlsplit(one.text).scheme in {"http", "https"} for one in element.findall(f"{ATOM}{name}"))
    for name in ("id", "title", "updated"):
        assert len(element.findall(f"{ATOM}{name}")) == 1, name
    for name in ("generator", "icon", "logo", "subtitle", "rights", "published", "summary", "content"):
        assert len(element.findall(f"{ATOM}{name}")) <= 1, name
    assert all(child.tag.startswith(KNOWN) for child in element.iter() if isinstance(child.tag, str))
    assert element.get(LANGUAGE) is None or TAG.fullmatch(element.get(LANGUAGE))
    assert urlsplit(element.findtext(f"{ATOM}id")).scheme
    for name in ("updated", "published"):
        for moment in element.findall(f"{ATOM}{name}"):
            assert DATE.fullmatch(moment.text), moment.text
    for name in ("title", "summary", "rights", "subtitle"):
        for text in element.findall(f"{ATOM}{name}"):
            assert text.get("type", "text") in {"text", "html", "xhtml"}
            assert text.get("type", "text") == "xhtml" or len(text) == 0
    for person in element.findall(f"{ATOM}author"):
        assert len(person.findall(f"{ATOM}name")) == 1
    links = element.findall(f"{ATOM}link")
    assert all(urlsplit(link.get("href")).scheme in {"http", "https"} for link in links)
    alternates = [
        (link.get("type"), link.get("hreflang")) for link in links if link.get("rel", "alternate") == "alternate"
    ]
    assert len(set(alternates)) == len(alternates)


def check_entry(entry: etree._Element) -> None:
    """Section 4.1.2 and 4.1.3: somebody wrote it, it can be found or read, its content is of a known type."""
    parent = entry.getparent()
    assert entry.findall(f"{ATOM}author") or parent.findall(f"{ATOM}author")
    content = entry.find(f"{ATOM}content")
    relations = [link.get("rel", "alternate") for link in entry.findall(f"{ATOM}link")]
    assert content is not None or "alternate" in relations
    if content is not None:
        assert content.get("type", "text") in {"text", "html", "xhtml"}
        assert content.get("src") is None
        assert content.get("type") == "xhtml" or len(content) == 0


def parsed_again(document: bytes) -> Any:
    found = feedparser.parse(document)
    assert not found.bozo, found.bozo_exception
    return found


def texts(feed: etree._Element, name: str) -> list[str]:
    return [entry.findtext(f"{ATOM}{name}") for entry in feed.findall(f"{ATOM}entry")]


NASTY = (
    "\x00", "\x07", "\x0b", "\x1b[31m", "\x7f", "\x85", "\ud800", "\udfff", "\ufffe", "\uffff", "\ufeff", "\u202e",
    "\u2066", "]]>", "<![CDATA[", "<!--", "-->", "&", "&amp;", "&#0;", "<br>", SCRIPT, "</entry>", "'", '"', "😀",
    "👩‍👩‍👧", "🇨🇳", "e\u0301", "\U0001fffe", "\r\n", "\t", "\u2028", "$a<b$", "词",
)  # fmt: skip
words = st.lists(st.sampled_from(NASTY) | st.text(st.characters(), max_size=8), max_size=6).map("".join)
zones = st.sampled_from([UTC, SHANGHAI, ZoneInfo("Asia/Kathmandu")])
moments = st.integers(0, 4_000_000_000).flatmap(
    lambda second: zones.map(lambda zone: datetime.fromtimestamp(second, zone))
)
bodies = st.lists(st.builds(Block, st.sampled_from(BlockKind), words), max_size=3).map(html)


@st.composite
def entry_lists(draw: st.DrawFn) -> list[FeedEntry]:
    return [
        FeedEntry(
            id=f"tag:digest.example.org,2026:entry/{number}",
            title=draw(words),
            author=draw(words),
            language=draw(st.sampled_from(["zh-CN", "en", "zh-Hant-TW"])),
            url=f"https://digest.example.org/entries/{number}",
            via=draw(st.sampled_from(["", ENTRY.via])),
            updated_at=draw(moments),
            published=draw(st.none() | moments),
            summary=draw(words),
            html=draw(bodies),
            tags=tuple(draw(st.lists(words, max_size=3))),
        )
        for number in draw(st.permutations(range(draw(st.integers(0, 4)))))
    ]


@settings(max_examples=examples(200))
@given(entry_lists(), words, words)
def test_any_values_make_a_conforming_feed(entries: list[FeedEntry], title: str, author: str) -> None:
    document = atom(replace(FACTS, title=title, author=author), entries)
    feed = conforming(document)

    assert texts(feed, "id") == [entry.id for entry in entries]
    assert [entry.get(LANGUAGE) for entry in feed.findall(f"{ATOM}entry")] == [entry.language for entry in entries]
    assert not BIDI.search(document.decode())
    assert all(text.strip() for text in (feed.findtext(f"{ATOM}title"), *texts(feed, "title")))
    assert [text or "" for text in texts(feed, "content")] == [entry.html for entry in entries]


# feedparser takes a title that could be UTF-8 misread as Latin-1 for just that, so it is given none.
plain = st.lists(
    st.sampled_from([piece for piece in NASTY if piece != "\x85"])
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"], min_codepoint=0x100) | st.sampled_from("abz 019,.")),
    max_size=6,
).map("".join)


@settings(max_examples=examples(200))
@given(st.lists(plain, max_size=4))
def test_a_reader_gets_the_titles_and_ids_back(titles: list[str]) -> None:
    entries = [
        replace(ENTRY, id=f"tag:digest.example.org,2026:entry/{number}", title=title)
        for number, title in enumerate(titles)
    ]
    found = parsed_again(atom(FACTS, entries))

    forbidden = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]")
    visible = [" ".join(BIDI.sub("", forbidden.sub("", title)).split()) for title in titles]
    assert [entry.title for entry in found.entries] == [title or "—" for title in visible]
    assert [entry.id for entry in found.entries] == [entry.id for entry in entries]


@settings(max_examples=examples(50))
@given(entry_lists())
def test_equal_values_give_equal_bytes(entries: list[FeedEntry]) -> None:
    copies = [replace(entry) for entry in entries]

    assert atom(FACTS, entries) == atom(replace(FACTS), copies)


def test_every_time_in_the_document_comes_from_the_values() -> None:
    feed = conforming(atom(FACTS, [ENTRY]))
    said = {element.text for name in ("updated", "published") for element in feed.iter(f"{ATOM}{name}")}

    assert said == {"2026-03-14T09:26:53.589793+00:00", "2026-03-14T12:00:00+08:00"}


def test_a_feed_without_entries_is_valid() -> None:
    feed = conforming(atom(FACTS, []))

    assert not parsed_again(atom(FACTS, [])).entries
    assert feed.findtext(f"{ATOM}updated") == NOW.isoformat()


def test_the_feed_says_who_where_and_in_which_language_it_is() -> None:
    document = atom(FACTS, [])
    feed = conforming(document)

    assert feed.get(LANGUAGE) == "zh-CN"
    assert feed.findtext(f"{ATOM}id") == FACTS.id
    assert feed.findtext(f"{ATOM}title") == "山上"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "山客"
    assert [dict(link.attrib) for link in feed.findall(f"{ATOM}link")] == [
        {"rel": "self", "type": "application/atom+xml", "href": FACTS.self_url},
        {"rel": "alternate", "type": "text/html", "href": FACTS.home_url},
    ]
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_the_feed_says_what_it_contains_and_shows_its_pictures() -> None:
    facts = replace(
        FACTS, subtitle="“山上”的\n新文章", icon="https://x.example/icon.png", logo="https://x.example/logo.png"
    )
    feed = conforming(atom(facts, []))
    said = {name: feed.findtext(f"{ATOM}{name}") for name in ("subtitle", "icon", "logo")}
    assert said == {"subtitle": "“山上”的 新文章", "icon": facts.icon, "logo": facts.logo}
    assert {feed.find(f"{ATOM}{name}") for feed in [conforming(atom(FACTS, []))] for name in said} == {None}


@pytest.mark.parametrize("author", ["", " ", "\x00"])
def test_nobody_is_named_as_the_author_of_what_has_none(author: str) -> None:
    feed = conforming(atom(FACTS, [replace(ENTRY, author=author)]))
    assert feed.find(f"{ATOM}entry/{ATOM}author") is None
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "山客"


def test_an_entry_says_all_that_is_known_of_it() -> None:
    (entry,) = parsed_again(atom(FACTS, [ENTRY])).entries

    assert (entry.id, entry.title, entry.author, entry.summary) == (ENTRY.id, "题目", "山客", "摘要")
    assert [tag.term for tag in entry.tags] == ["数学", "a < b"]
    assert [(link.rel, link.type, link.href) for link in entry.links] == [
        ("alternate", "text/html", ENTRY.url),
        ("via", "text/html", ENTRY.via),
    ]
    assert [(content.type, content.value) for content in entry.content] == [("text/html", "<p>正文</p>")]
    assert entry.title_detail.language == "zh-CN"


def test_what_is_unknown_is_left_out() -> None:
    feed = conforming(atom(FACTS, [replace(ENTRY, via="", summary="", published=None, tags=("", " "))]))
    (entry,) = feed.findall(f"{ATOM}entry")

    assert entry.find(f"{ATOM}published") is None
    assert entry.find(f"{ATOM}summary") is None
    assert entry.find(f"{ATOM}category") is None
    assert [link.get("rel") for link in entry.findall(f"{ATOM}link")] == ["alternate"]


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (datetime(2026, 3, 14, tzinfo=SHANGHAI), "2026-03-14T00:00:00+08:00"),
        (datetime(2026, 3, 14, tzinfo=timezone(timedelta(hours=-5))), "2026-03-14T00:00:00-05:00"),
        (datetime(2026, 3, 14, tzinfo=ZoneInfo("Asia/Kathmandu")), "2026-03-14T00:00:00+05:45"),
        (datetime(2026, 3, 14, tzinfo=UTC), "2026-03-14T00:00:00+00:00"),
        (datetime(1988, 7, 1, tzinfo=SHANGHAI), "1988-07-01T00:00:00+09:00"),
    ],
)
def test_published_keeps_the_offset_of_its_source(published: datetime, said: str) -> None:
    assert texts(conforming(atom(FACTS, [replace(ENTRY, published=published)])), "published") == [said]


def test_a_date_before_its_zone_had_a_law_is_valid_too() -> None:
    conforming(atom(FACTS, [replace(ENTRY, published=published_at(date(1900, 1, 1), SHANGHAI))]))


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_entries_stand_in_the_order_given(numbers: Sequence[int]) -> None:
    entries = [
        replace(ENTRY, id=f"tag:a.example,2026:{number}", updated_at=NOW + timedelta(days=number), title=str(number))
        for number in numbers
    ]

    assert texts(conforming(atom(FACTS, entries)), "title") == [str(number) for number in numbers]


@pytest.mark.parametrize(
    "title", [SCRIPT, "a]]>b", "<![CDATA[x]]>", "AT&T &amp; &lt;b&gt;", "</title></entry>", "1 < 2"]
)
def test_markup_in_words_stays_text(title: str) -> None:
    document = atom(replace(FACTS, title=title), [replace(ENTRY, title=title, author=title, summary=title)])
    feed = conforming(document)
    found = parsed_again(document)

    assert b"<script" not in document
    assert feed.findtext(f"{ATOM}title") == title
    assert texts(feed, "title") == texts(feed, "summary") == [title]
    assert feed.findtext(f"{ATOM}entry/{ATOM}author/{ATOM}name") == title
    assert (found.feed.title, found.entries[0].title) == (title, title)
    assert found.entries[0].title_detail.type == "text/plain"


@pytest.mark.parametrize("title", ["", "  \n", "\x00\u202e", "\ud800"])
def test_what_has_no_visible_title_gets_a_dash(title: str) -> None:
    feed = conforming(atom(replace(FACTS, title=title, author=title), [replace(ENTRY, title=title, author=title)]))

    assert feed.findtext(f"{ATOM}title") == "—"
    assert texts(feed, "title") == ["—"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda feed: feed.append(etree.fromstring(f'<id xmlns="{ATOM[1:-1]}">tag:a,2026:x</id>')),
        lambda feed: feed.remove(feed.find(f"{ATOM}title")),
        lambda feed: feed.remove(feed.find(f"{ATOM}link")),
        lambda feed: feed.remove(feed.find(f"{ATOM}author")),
        lambda feed: setattr(feed.find(f"{ATOM}updated"), "text", "2026-03-14T00:00:00"),
        lambda feed: setattr(feed.find(f"{ATOM}entry/{ATOM}id"), "text", FACTS.id),
        lambda feed: feed.find(f"{ATOM}entry/{ATOM}content").set("type", "markdown"),
        lambda feed: feed.find(f"{ATOM}entry/{ATOM}link[@rel='via']").set("rel", "alternate"),
    ],
)
def test_the_checker_itself_sees_what_is_wrong(break_it: Any) -> None:
    feed = conforming(atom(FACTS, [ENTRY]))
    break_it(feed)

    with pytest.raises(AssertionError):
        conforming(etree.tostring(feed, xml_declaration=True, encoding="utf-8"))
