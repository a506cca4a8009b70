"""Feeds over time: every entry in one place, in three equal formats; removed entries; the hub."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.errors import UnknownError
from digest.model import EntryId
from digest.service.intake import refresh
from digest.service.publishing import feeds
from digest.service.publishing.syndication import FORMATS, Syndication
from digest.settings import Settings
from digest.store import open_store
from tests.examples import examples
from tests.unit.feeds.test_atom import conforming as conforming_atom
from tests.unit.feeds.test_other_formats import conforming_json, conforming_rss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.service.publishing.documents import Document
    from digest.store.transaction import Store
    from tests.conftest import Article

NOW = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://digest.example.org/"


@dataclass
class Press:
    """A blog of two sources whose feeds are read back."""

    folder: Path
    article: type[Article]
    store: Store
    now: datetime = NOW
    options: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, list[Article]] = field(default_factory=lambda: {"blog": [], "other": []})

    @property
    def settings(self) -> Settings:
        sources = [
            {"id": name, "title": title, "path": self.folder / name, "timezone": "Asia/Shanghai", "backlog": 1000}
            for name, title in (("blog", "山上"), ("other", "水边"))
        ]
        values: dict[str, Any] = {"feed": {"newest": 4}, **self.options}
        return Settings(data_dir=self.folder, base_url=BASE, sources=sources, **values)

    @property
    def syndication(self) -> Syndication:
        return Syndication(self.store, self.settings, "/feed.css")

    def show(self, *titles: str, source: str = "blog", body: str = "") -> None:
        """Put articles on a page of a source and read it."""
        for title in titles:
            text = body or f"这是《{title}》的正文,和别的文章没有一句相同。{title * 20}"
            known = {one.title: one for page in self.shown.values() for one in page}
            made = self.article(title, (2026, 1, 1 + len(known) % 28), (text,))
            self.shown[source].insert(0, known.get(title, made))
        folder = self.folder / source
        folder.mkdir(exist_ok=True)
        (folder / "page.txt").write_text("".join(a.byline() for a in self.shown[source]) + "最近评论\n", "utf-8")
        configured = self.settings
        chosen = configured.source(source)
        assert chosen is not None
        refresh.refresh(self.store, configured, chosen, now=self.now)
        self.now += timedelta(minutes=1)

    def pages(self, path: str = "", kind: str = "atom") -> list[Document]:
        """The subscription document and its archives, by following prev-archive."""
        made = [self.syndication.feed(path, kind)]
        while previous := linked(made[-1], "prev-archive"):
            number = int(re.fullmatch(rf"{BASE}{path}archive/(\d+)\.{kind}", previous)[1])  # type: ignore[index]
            made.append(self.syndication.feed(path, kind, page=number))
        return made

    def told(self, path: str = "", kind: str = "atom") -> list[list[str]]:
        return [titles(page) for page in self.pages(path, kind)]

    def id_of(self, title: str) -> str:
        with self.store.read() as tx:
            return next(entry.id for entry in tx.entries.newest() if entry.content.title == title)


def linked(document: Document, relation: str) -> str:
    if document.body.startswith(b"{"):
        members = json.loads(document.body)
        return {"prev-archive": members.get("next_url", ""), "self": members["feed_url"]}.get(relation, "")  # type: ignore[no-any-return]
    tree = etree.fromstring(document.body)
    found = tree.xpath(f"//*[local-name()='link'][@rel='{relation}']/@href")
    return str(found[0]) if found else ""


def titles(document: Document) -> list[str]:
    if document.body.startswith(b"{"):
        return [item["title"] for item in json.loads(document.body)["items"]]
    parsed = feedparser.parse(document.body)
    assert not parsed.bozo
    return [entry.title for entry in parsed.entries]


@pytest.fixture
def press(tmp_path: Path, article: type[Article]) -> Iterator[Press]:
    store = open_store("sqlite://")
    yield Press(tmp_path, article, store)
    store.close()


NAMES = [f"第{number}篇" for number in range(1, 12)]


@pytest.mark.parametrize("kind", FORMATS)
def test_following_the_archives_gives_every_entry_once(press: Press, kind: str) -> None:
    for name in NAMES:
        press.show(name)
        pages = press.told("", kind)
        assert [title for page in pages for title in page] == list(reversed(NAMES[: NAMES.index(name) + 1]))
        assert len(pages[0]) <= 4
        assert all(len(page) == 2 for page in pages[1:])


def test_the_entries_of_an_archive_page_never_change(press: Press) -> None:
    seen: dict[str, list[str]] = {}
    for name in NAMES:
        press.show(name)
        for page in press.pages()[1:]:
            address = linked(page, "self")
            assert seen.setdefault(address, titles(page)) == titles(page)
    assert len(seen) == 4


@settings(max_examples=examples(12))
@given(steps=st.lists(st.tuples(st.sampled_from(["blog", "other"]), st.integers(1, 5)), min_size=1, max_size=8))
def test_over_any_course_every_feed_holds_each_of_its_entries_once(
    tmp_path_factory: pytest.TempPathFactory, article: type[Article], steps: list[tuple[str, int]]
) -> None:
    press = Press(tmp_path_factory.mktemp("press"), article, open_store("sqlite://"))
    shown: dict[str, list[str]] = {"blog": [], "other": []}
    archives: dict[str, list[str]] = {}
    for source, count in steps:
        # every third article of the one source is shown by the other one too, some time
        names = [f"文章{chr(0x4E00 + 13 * (len(shown['blog']) + at))}" for at in range(count)]
        if source == "other":
            names = [name for name in shown["blog"][::3] if name not in shown["other"]][:count] or [
                f"别处{len(shown['other'])}"
            ]
        press.show(*names, source=source)
        shown[source] += names
        for path in ("", "sources/blog/", "sources/other/"):
            for page in press.pages(path)[1:]:
                assert archives.setdefault(linked(page, "self"), titles(page)) == titles(page)
    everything = set(shown["blog"]) | set(shown["other"])
    for path, wanted in (("", everything), ("sources/blog/", shown["blog"]), ("sources/other/", shown["other"])):
        found = [title for page in press.told(path) for title in page]
        assert sorted(found) == sorted(wanted)
    press.store.close()


def test_a_page_says_where_it_stands(press: Press) -> None:
    press.show(*NAMES)
    subscription, fourth, third, *_, first = press.pages()
    assert linked(subscription, "self") == f"{BASE}feed.atom"
    assert linked(fourth, "current") == linked(first, "current") == f"{BASE}feed.atom"
    assert linked(fourth, "next-archive") == ""
    assert linked(third, "next-archive") == linked(fourth, "self")
    assert linked(first, "prev-archive") == ""
    history = "{http://purl.org/syndication/history/1.0}archive"
    assert etree.fromstring(subscription.body).find(history) is None
    assert etree.fromstring(fourth.body).find(history) is not None


@pytest.mark.parametrize("page", [0, -1, 5, 99])
def test_there_is_no_other_page(press: Press, page: int) -> None:
    press.show(*NAMES)
    with pytest.raises(UnknownError):
        press.syndication.feed("", "atom", page=page)
    with pytest.raises(UnknownError):
        press.syndication.feed("topics/none/", "atom")
    with pytest.raises(UnknownError):
        press.syndication.feed("", "rdf")


def test_the_three_formats_say_the_same(press: Press) -> None:
    press.show(*NAMES[:3])
    atom, rss = (feedparser.parse(press.syndication.feed("", kind).body) for kind in ("atom", "rss"))
    items = json.loads(press.syndication.feed("", "json").body)["items"]
    assert not atom.bozo
    assert not rss.bozo
    for one, other, item in zip(atom.entries, rss.entries, items, strict=True):
        assert one.id == other.id == item["id"]
        assert one.title == other.title == item["title"]
        assert one.link == other.link == item["url"]
        assert one.content[0].value == other.content[0].value == item["content_html"]
        assert one.author == other.author == item["authors"][0]["name"]
        assert one.published_parsed == other.published_parsed
        assert one.published == item["date_published"]
        assert one.updated == item["date_modified"]
        assert one.summary == other.summary == item["summary"]


def test_a_document_too_large_leaves_entries_to_the_archives(press: Press) -> None:
    press.options = {"feed": {"newest": 6, "largest": 20_000}}
    for number in range(12):
        press.show(f"长文{number}", body=f"这是第{number}篇的正文。" + chr(0x4E00 + 31 * number) * 1500)
    pages = press.pages()
    assert all(len(page.body) <= 20_000 * 1.2 for page in pages)
    assert sorted(title for page in pages for title in titles(page)) == sorted(f"长文{n}" for n in range(12))


def test_a_topic_holds_what_its_rules_say(press: Press) -> None:
    press.options = {
        "topics": [
            {"id": "geometry", "title": "几何", "words": ["三角", "CIRCLE"]},
            {"id": "numbers", "title": "数", "patterns": [r"第\d+个(素|质)数"]},
            {"id": "water", "title": "水边的", "sources": ["other"], "authors": ["山客"]},
        ]
    }
    press.show("论三角形", "随想", "On a circle")
    press.show("第17个质数", source="other")
    assert press.told("topics/geometry/") == [["On a circle", "论三角形"]]
    assert press.told("topics/numbers/") == [["第17个质数"]]
    assert press.told("topics/water/") == [["第17个质数"]]


def test_a_topic_that_is_new_is_filled_with_what_is_there(press: Press) -> None:
    press.show("论三角形", "随想")
    press.options = {"topics": [{"id": "geometry", "title": "几何", "words": ["三角"]}]}
    assert press.told("topics/geometry/") == [[]]
    feeds.register(press.store, press.settings)
    assert press.told("topics/geometry/") == [["论三角形"]]
    press.show("又见三角")
    feeds.register(press.store, press.settings)
    assert press.told("topics/geometry/") == [["又见三角", "论三角形"]]


def test_a_search_is_a_feed(press: Press) -> None:
    press.show("论三角形", "随想")
    found = press.syndication.search_feed("三角", "atom")
    assert titles(found) == ["论三角形"]
    assert linked(found, "self") == f"{BASE}search.atom?q=%E4%B8%89%E8%A7%92"
    assert titles(press.syndication.search_feed("独角兽", "json")) == []


def test_what_is_taken_back_leaves_a_tombstone_and_comes_back_newer(press: Press) -> None:
    press.show(*NAMES)
    gone = press.id_of("第2篇")
    before = press.syndication.feed()

    feeds.remove(press.store, gone, press.now)

    for page in (press.syndication.feed(), press.syndication.feed(page=1)):
        (tombstone,) = etree.fromstring(page.body).findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
        assert tombstone.get("ref") == f"tag:digest.example.org,2026:entry/{gone}"
        assert datetime.fromisoformat(str(tombstone.get("when"))) == press.now.replace(microsecond=0)
    assert press.told()[-1] == ["第1篇"]
    press.now += timedelta(minutes=1)
    press.show("第12篇")
    assert "第2篇" not in [title for page in press.told() for title in page]
    with pytest.raises(UnknownError):
        feeds.remove(press.store, gone, press.now)

    feeds.restore(press.store, press.settings, gone, press.now)

    assert press.told()[-1] == ["第2篇", "第1篇"]
    back = etree.fromstring(press.syndication.feed(page=1).body).findall(f"{ATOM}entry/{ATOM}updated")
    assert max(datetime.fromisoformat(str(one.text)) for one in back) == press.now
    assert etree.fromstring(before.body).find("{http://purl.org/atompub/tombstones/1.0}deleted-entry") is None
    with pytest.raises(UnknownError):
        feeds.restore(press.store, press.settings, gone, press.now)


def test_what_a_source_first_shows_while_it_is_removed_joins_its_feed_when_it_comes_back(press: Press) -> None:
    press.show("甲", "乙")
    press.show("丙", source="other")
    gone = press.id_of("甲")
    feeds.remove(press.store, gone, press.now)
    press.show("甲", source="other")
    assert press.told("sources/other/") == [["丙"]]

    feeds.restore(press.store, press.settings, gone, press.now)

    assert press.told("sources/other/") == [["甲", "丙"]]


def test_the_count_of_a_removed_entry_goes_on_and_publishes_nothing(press: Press) -> None:
    press.show("甲", "乙")
    gone = EntryId(press.id_of("甲"))
    feeds.remove(press.store, gone, press.now)
    with press.store.read() as tx:
        before = tx.entries.published_state()
    page = press.shown["blog"]
    page[:] = [replace(one, readers=one.readers + 7) for one in page]

    press.show()

    with press.store.read() as tx:
        assert (tx.entries.entry(gone), tx.entries.counts(gone)) == (None, [])
        assert [entry.content.title for entry in tx.entries.newest()] == ["乙"]
        assert tx.entries.published_state() == before
    assert press.told() == [["乙"]]

    feeds.restore(press.store, press.settings, gone, press.now)

    with press.store.read() as tx:
        back = tx.entries.entry(gone)
    assert back is not None
    assert back.readers == 107


def test_equal_state_gives_equal_bytes_and_is_built_once(press: Press) -> None:
    press.show(*NAMES)
    syndication = press.syndication
    for kind in FORMATS:
        assert syndication.feed("", kind) is syndication.feed("", kind)
        assert syndication.feed("", kind) == press.syndication.feed("", kind)


def test_a_browser_gets_the_feed_with_a_style_sheet(press: Press) -> None:
    press.show("甲")
    for kind in ("atom", "rss"):
        styled = press.syndication.feed("", kind, styled=True)
        assert styled.media_type == "application/xml; charset=utf-8"
        assert b'<?xml-stylesheet type="text/css" href="/feed.css"?>' in styled.body
        assert titles(styled) == ["甲"]
        assert styled.etag != press.syndication.feed("", kind).etag


def test_a_hub_is_named_in_documents_and_headers(press: Press) -> None:
    press.options = {"feed": {"hub": "https://hub.example.org/"}}
    press.show("甲")
    for kind in FORMATS:
        document = press.syndication.feed("", kind)
        assert document.links == f'<https://hub.example.org/>; rel="hub", <{BASE}feed.{kind}>; rel="self"'
    assert linked(press.syndication.feed(), "hub") == "https://hub.example.org/"
    assert json.loads(press.syndication.feed("", "json").body)["hubs"] == [
        {"type": "WebSub", "url": "https://hub.example.org/"}
    ]


def test_the_list_of_feeds_names_each_of_them(press: Press) -> None:
    press.options = {"topics": [{"id": "geometry", "title": "几何 & <角>", "words": ["三角"]}]}
    whole, each = (etree.fromstring(press.syndication.opml(each=each)).find("body") for each in (False, True))
    assert [(one.get("text"), one.get("xmlUrl")) for one in whole] == [("山上 · 全部文章", f"{BASE}feed.atom")]
    assert [(one.get("text"), one.get("xmlUrl")) for one in each] == [
        ("山上", f"{BASE}sources/blog/feed.atom"),
        ("水边", f"{BASE}sources/other/feed.atom"),
        ("主题", None),
    ]
    assert [(one.get("text"), one.get("xmlUrl")) for one in each[-1]] == [
        ("山上 · 几何 & <角>", f"{BASE}topics/geometry/feed.atom")
    ]
    assert {one.get("type") for body in (whole, each) for one in body.iter("outline") if one.get("xmlUrl")} == {"rss"}
    press.options |= {"title": "群山", "language": "en"}
    (whole,) = etree.fromstring(press.syndication.opml()).find("body")
    assert whole.get("text") == "群山"
    assert etree.fromstring(press.syndication.opml(each=True)).find("body")[-1].get("text") == "Topics"


NASTY = [
    "<b>粗</b> & <i>斜</i>",
    "]]> <!-- &amp; &#0;",
    "表情 👩‍👩‍👧 🇨🇳 e\u0301",
    "控制\x00\x07字符\x1b[31m",
    "从右到左 \u202e\u2066abc",
    "{{ 7*7 }} {% raw %}",
    "长" * 10_000,
    r"公式 $\frac{a}{b}$ 与 $$x$$",
]


def test_every_document_of_a_store_full_of_trouble_conforms(press: Press) -> None:
    press.options = {"topics": [{"id": "all", "title": "<&> 全部", "patterns": ["."]}]}
    for number, name in enumerate(NASTY):
        press.shown["blog"].insert(
            0, press.article(name, (2026, 2, 1 + number), () if number % 3 == 0 else (name * 2,))
        )
    press.show()
    feeds.remove(press.store, press.id_of("{{ 7*7 }} {% raw %}"), press.now)
    count = 0
    for path in ("", "sources/blog/", "topics/all/"):
        for kind, conforms in (("atom", conforming_atom), ("rss", conforming_rss), ("json", conforming_json)):
            for document in press.pages(path, kind):
                conforms(document.body)
                count += 1
    for kind, conforms in (("atom", conforming_atom), ("rss", conforming_rss), ("json", conforming_json)):
        conforms(press.syndication.search_feed("<script>&", kind).body)
    assert count >= 18
