"""Feed readers subscribe in every way that is offered, and come again: they show each article once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import threading
import warnings
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from urllib.request import urlopen

import feedparser
import pytest
from lxml import etree, html

from digest.service.intake import refresh
from digest.service.publishing import feeds
from digest.service.publishing.syndication import Syndication
from digest.settings import Settings
from digest.store import open_store
from digest.web.application import application
from digest.web.serve import Server
from tests.contract.test_released_stores import STORES
from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from digest.store.transaction import Store
    from tests.conftest import Article

BEFORE = Path(__file__).parents[2] / "golden" / "before"
TITLES = [f"第{number}篇 $x_{number}<y$ & 其他" for number in range(12)]
CORRECTED, REMOVED = TITLES[3], TITLES[7]
CORRECTION = "这一段已经改正。"
WAYS = ("home", "source page", "atom", "rss", "json", "source", "topic", "opml", "sources.opml")


@dataclass
class Live:
    """A blog on a running server. Its articles have an author and a date, or neither."""

    folder: Path
    settings: Settings
    store: Store
    address: str
    articles: list[Article] = field(default_factory=list)
    # Later than the store was made, or Last-Modified would not move: curl drops a body that is not newer by its date.
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def show(self) -> None:
        """The pages show the articles as they are now, and are read."""
        dated, undated = self.articles[::2], self.articles[1::2]
        (self.folder / "page.txt").write_text("".join(one.byline() for one in dated) + "最近评论\n", "utf-8")
        (self.folder / "index.txt").write_text("".join(one.dateblock() for one in undated), "utf-8")
        self.read()

    def read(self) -> None:
        self.now += timedelta(hours=1)
        refresh.refresh(self.store, self.settings, self.settings.sources[0], now=self.now)

    def correct_and_remove(self) -> None:
        """One article gets another text, and another one is taken back."""
        self.articles = [
            replace(one, body=(*one.body[:-1], CORRECTION)) if one.title == CORRECTED else one for one in self.articles
        ]
        self.show()
        with self.store.read() as tx:
            by_title = {entry.content.title: entry for entry in tx.entries.newest()}
        assert CORRECTION in by_title[CORRECTED].content.paragraphs
        feeds.remove(self.store, by_title[REMOVED].id, self.now)

    def offered(self, way: str) -> list[str]:
        """The addresses of the feeds to which a way of subscribing leads."""
        if way in {"home", "source page"}:
            page = self.address + ("/" if way == "home" else "/sources/blog")
            kinds = ("application/atom+xml", "application/rss+xml", "application/feed+json")
            links = html.fromstring(fetched(page)).xpath("//link[@rel='alternate']")
            return [urljoin(page, link.get("href")) for link in links if link.get("type") in kinds]
        if way.endswith("opml"):
            listed = etree.fromstring(fetched(f"{self.address}/{'feeds.opml' if way == 'opml' else way}"))
            return [one.get("xmlUrl") for one in listed.iter("outline") if one.get("xmlUrl")]
        paths = {"source": "sources/blog/feed.atom", "topic": "topics/all/feed.atom"}
        return [f"{self.address}/{paths.get(way, f'feed.{way}')}"]


def fetched(url: str) -> bytes:
    with urlopen(url, timeout=10) as reply:
        return bytes(reply.read())


@contextlib.contextmanager
def living(folder: Path, **more: Any) -> Iterator[Live]:
    dumps = folder / "dumps"
    dumps.mkdir()
    settings = Settings(
        data_dir=folder,
        tag="digest.example.org,2026",
        sources=[{"id": "blog", "title": "山上", "path": dumps, "timezone": "Asia/Shanghai", "backlog": 5}],
        web={"listen": "127.0.0.1:0"},
        **more,
    )
    store = open_store("sqlite://")
    server = Server(settings, store, lambda: datetime.now(UTC))
    settings = settings.model_copy(update={"base_url": server.address})
    server._server.config.app = application(store, settings, now=lambda: datetime.now(UTC))
    server._socket.listen()  # a request before uvicorn is ready waits for it
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        yield Live(dumps, settings, store, server.address)
    finally:
        server.stop()
        ended(thread)
        store.close()


@pytest.fixture
def live(tmp_path: Path, article: type[Article]) -> Iterator[Live]:
    topics = [{"id": "all", "title": "全部", "patterns": ["."]}]
    with living(tmp_path, topics=topics) as made:
        for number, title in enumerate(TITLES):
            body = (f"这是{title}的第一段，它与别的段落都不相同。" + "1 < 2 && 3 > 2；" * 9, f"{title}的第二段。")
            made.articles.append(article(title, (2026, 1 + number % 5, 1 + number), body))
        made.show()
        yield made


@pytest.fixture
def real(tmp_path: Path, real_dumps: Path) -> Iterator[Live]:
    with living(tmp_path) as made:
        for dump in real_dumps.glob("*.txt"):
            (made.folder / dump.name).write_bytes(dump.read_bytes())
        made.read()
        yield made


@dataclass
class Shelf:
    """A feed reader with one subscription: what it holds, and how much of that is unread."""

    fetch: Callable[[], None]
    ids: Callable[[], list[str]]
    text: Callable[[], str]
    unread: Callable[[], int]
    read_all: Callable[[], None]


@contextlib.contextmanager
def reader_of(urls: list[str], feed_root: str | None = None) -> Iterator[Shelf]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from reader import make_reader  # noqa: PLC0415

    with contextlib.closing(make_reader(":memory:", feed_root=feed_root)) as reader:
        for url in urls:
            reader.add_feed(url)

        def fetch() -> None:
            reader.update_feeds(scheduled=False)
            assert [one.last_exception for one in reader.get_feeds()] == [None] * len(urls)

        def read_all() -> None:
            for entry in list(reader.get_entries()):
                reader.mark_entry_as_read(entry)

        yield Shelf(
            fetch,
            lambda: [entry.id for entry in reader.get_entries()],
            lambda: "".join(entry.content[0].value for entry in reader.get_entries()),
            lambda: reader.get_entry_counts(read=False).total or 0,
            read_all,
        )


@contextlib.contextmanager
def newsboat_of(urls: list[str], program: str, home: Path) -> Iterator[Shelf]:
    home.mkdir()
    (home / "urls").write_text("".join(f"{url}\n" for url in urls))
    (home / "config").touch()
    command: list[str | Path] = [program, "-q", "-C", home / "config", "-u", home / "urls", "-c", home / "cache"]

    def asked(statement: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(home / "cache")) as db, db:
            return db.execute(statement).fetchall()

    def fetch() -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
        subprocess.run([*command, "-x", "reload"], env=environment, check=True, capture_output=True, timeout=60)

    def read_all() -> None:
        asked("UPDATE rss_item SET unread = 0")

    yield Shelf(
        fetch,
        lambda: [row[0] for row in asked("SELECT guid FROM rss_item WHERE deleted = 0")],
        lambda: "".join(row[0] for row in asked("SELECT content FROM rss_item")),
        lambda: int(asked("SELECT count(*) FROM rss_item WHERE unread = 1")[0][0]),
        read_all,
    )


def visits(live: Live, shelf: Shelf) -> None:
    """A feed reader comes twice, and once more after a correction and a removal: it shows nothing twice or anew."""
    for _ in range(2):
        shelf.fetch()
        assert len(shelf.ids()) == len(set(shelf.ids())) == shelf.unread() == len(TITLES)
    before = set(shelf.ids())
    shelf.read_all()
    live.correct_and_remove()
    shelf.fetch()
    assert set(shelf.ids()) <= before
    assert len(shelf.ids()) in {len(TITLES), len(TITLES) - 1}  # some keep what was taken back
    assert shelf.unread() == 0
    assert shelf.text().count(CORRECTION) == 1


@pytest.mark.parametrize("way", WAYS[:-1])
def test_reader_shows_each_article_once_in_every_way(live: Live, needs: Callable[[str], str], way: str) -> None:
    needs("python:reader")
    with reader_of(live.offered(way)) as shelf:
        visits(live, shelf)


@pytest.mark.parametrize("way", ["home", "rss", "opml"])
def test_newsboat_shows_each_article_once(live: Live, needs: Callable[[str], str], way: str, tmp_path: Path) -> None:
    with newsboat_of(live.offered(way), needs("newsboat"), tmp_path / "newsboat") as shelf:
        visits(live, shelf)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "topic"])
def test_the_articles_of_the_real_dumps_are_twenty_three_in_every_way(
    real: Live, needs: Callable[[str], str], way: str, tmp_path: Path
) -> None:
    needs("python:reader")
    with reader_of(real.offered(way)) as shelf:
        shelf.fetch()
        shelf.fetch()
        assert len(shelf.ids()) == len(set(shelf.ids())) == 23
    if not way.endswith("json"):
        with newsboat_of(real.offered(way), needs("newsboat"), tmp_path / "newsboat") as shelf:
            shelf.fetch()
            assert len(shelf.ids()) == 23


PARSERS = """
const [, accept, smith, ...parsers] = process.argv
const { parseFeed } = require(smith)
const counts = async (url) => {
  const text = await (await fetch(url, { headers: { accept } })).text()
  const { format, feed } = parseFeed(text)
  const found = [(feed.entries ?? feed.items).length]
  for (const parser of format === "json" ? [] : parsers.slice(0, 2)) {
    const { XMLParser } = require(parser)
    const read = new XMLParser({ ignoreAttributes: false }).parse(text)
    const entries = read.feed ? read.feed.entry : read.rss.channel.item
    found.push(entries.filter((one) => (one["content:encoded"] ?? one.content["#text"]).startsWith("<")).length)
  }
  return found
}
Promise.all(parsers.slice(2).map(counts)).then((all) => console.log(JSON.stringify(all)))
"""
BOTH = ("fast-xml-parser", "fast-xml-parser-4")  # 4.5.7 refuses more than a thousand references in a document


def parsed(needs: Callable[[str], str], urls: list[str], accept: str = "*/*") -> list[list[int]]:
    """The numbers of entries that feedsmith and, in XML, both versions of fast-xml-parser find in each document."""
    packages = [needs(f"tests/npm/node_modules/{name}") for name in ("feedsmith", *BOTH)]
    command = [needs("node"), "-e", PARSERS, accept, *packages, *urls]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[int]] = json.loads(done.stdout)
    return found


def test_parsers_that_count_references_read_whole_documents(
    live: Live, needs: Callable[[str], str], article: type[Article]
) -> None:
    live.articles += [
        article(f"更多{number}", (2026, 4, 2), (f"第{number}篇说 <b> & </b>。" + "a < b && c > d；" * 40,))
        for number in range(37)
    ]
    live.show()
    urls = [url for way in WAYS if not way.endswith("opml") for url in live.offered(way)]
    assert fetched(urls[0]).count(b"&lt;") > 1_000
    assert parsed(needs, urls) == [[49] if url.endswith("json") else [49, 49, 49] for url in urls]


def test_parsers_read_the_real_dumps(real: Live, needs: Callable[[str], str]) -> None:
    urls = [f"{real.address}/{path}feed.{kind}" for path in ("", "sources/blog/") for kind in ("atom", "rss", "json")]
    assert parsed(needs, urls) == [[23] if url.endswith("json") else [23, 23, 23] for url in urls]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_program_that_asks_as_browsers_do_gets_the_feed(live: Live, needs: Callable[[str], str]) -> None:
    urls = [f"{live.address}/feed.{kind}" for kind in ("atom", "rss")]
    assert parsed(needs, urls, accept=BROWSER) == [[12, 12, 12]] * 2
    for url in urls:
        found = feedparser.parse(url, request_headers={"Accept": BROWSER})
        assert not found.bozo
        assert {one.title.replace("\N{WORD JOINER}", "") for one in found.entries} == set(TITLES)
        assert found.headers["content-type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_a_new_version_announces_nothing_again(needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    """The feed of a store as version 0.2.0 published it, and then as it is published from the same store now."""
    needs("python:reader")
    dumps, file, document = tmp_path / "dumps", tmp_path / "digest.db", tmp_path / f"feed.{kind}"
    dumps.mkdir()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript((STORES / "0012" / "store.sql").read_text("utf-8"))
        connection.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
        connection.commit()
    link = "https://blog.example.org/search/{title}/"
    source = {"id": "blog", "title": "山上", "path": dumps, "timezone": "Asia/Shanghai", "link": link}
    settings = Settings(data_dir=tmp_path, base_url="https://digest.example.org", sources=[source])
    with contextlib.closing(open_store(f"sqlite:///{file}")) as store:
        now = Syndication(store, settings).feed("", kind).body
    before = (BEFORE / document.name).read_bytes()
    assert now != before
    assert [marks(kind, body) for body in (before, now)] == [marks(kind, before)] * 2
    with contextlib.ExitStack() as stack:
        shelves = [stack.enter_context(reader_of([document.name], feed_root=str(tmp_path)))]
        if kind != "json":
            newsboat = newsboat_of([document.as_uri()], needs("newsboat"), tmp_path / "newsboat")
            shelves.append(stack.enter_context(newsboat))
        for shelf in shelves:
            document.write_bytes(before)
            shelf.fetch()
            assert shelf.unread() == 4
            shelf.read_all()
            document.write_bytes(now)
            shelf.fetch()
            assert (len(shelf.ids()), shelf.unread()) == (4, 0)


def marks(kind: str, document: bytes) -> list[tuple[str, str]]:
    """By what feed readers tell whether they know an entry: its id and when it was updated."""
    if kind == "json":
        return [(one["id"], one["date_modified"]) for one in json.loads(document)["items"]]
    return [(one.id, one.updated) for one in feedparser.parse(document).entries]
