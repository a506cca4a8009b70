"""Other people's feed readers read what our web server serves, and then learn that nothing changed.

Each reads every document of a blog whose feed has archives: the one that people subscribe to, the archives, a topic.
"""

from __future__ import annotations

import asyncio
import calendar
import contextlib
import email.policy
import json
import os
import re
import sqlite3
import subprocess
import threading
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import feedparser
import pytest
from lxml import etree, html

from digest.service.intake import refresh
from digest.service.publishing import feeds
from digest.settings import Settings
from digest.store import open_store
from digest.typeset.titles import display_title
from digest.web.application import application
from digest.web.serve import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.model import Entry
    from tests.conftest import Article

ZONE = ZoneInfo("Asia/Shanghai")
HUB = "https://hub.example.org/"
SCRIPT = "<script>alert(1)</script>"
REMOVED, UNDATED = "被撤回的文章", "没有日期的文章"
TITLES = [  # the oldest first
    "第一篇:为什么要写",
    SCRIPT,
    "甲 & 乙 &amp; 丙",
    "😀 表情与 👩‍👩‍👧 家庭",
    REMOVED,
    "a < b && c > d",
    "$e^{i\\pi}+1=0$ 的证明",
    "\"引号\" 与 'apostrophe'",
    "三角形里的 $a^2+b^2=c^2$",
    "<b>三角</b> & <i>圆</i>",
    "🚀 三角学 𝒜",
    UNDATED,
]
DOCUMENTS = {  # what stands where, the newest first: places in TITLES
    "feed": [12, 11, 10, 9],
    "archive/4": [8, 7],
    "archive/3": [6],
    "archive/2": [4, 3],
    "archive/1": [2, 1],
    "topics/geometry/feed": [11, 10, 9],
}
Told = tuple[str, str, str, datetime | None]  # title, id, address, date
XML = ["atom", "rss"]
ALL = ["atom", "rss", "json"]


@dataclass
class Site:
    """The server, and what it answered: paths and status codes."""

    address: str
    published: dict[str, Entry]
    answers: list[tuple[str, int]] = field(default_factory=list)

    def documents(self, kind: str) -> dict[str, list[Entry]]:
        """What each document must show, by its address."""
        return {
            f"{self.address}/{name}.{kind}": [self.published[TITLES[place - 1]] for place in places]
            for name, places in DOCUMENTS.items()
        }

    def told(self, entry: Entry, *, undated: datetime | None = None) -> Told:
        """What a feed reader must show of an entry: its day at noon, or `undated` where there is no date."""
        full = entry.date.full if entry.date else None
        assert (full is None) == (entry.content.title == UNDATED)
        day = datetime(full.year, full.month, full.day, 12, tzinfo=ZONE) if full else undated
        return display_title(entry.content), entry.atom_id, f"{self.address}/entries/{entry.id}", day

    def answered(self) -> list[int]:
        """The status codes since this was asked last."""
        codes = [code for _, code in self.answers]
        self.answers.clear()
        return codes

    def counting(self, app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers.append((scope["path"], message["status"]))
                await send(message)

            await app(scope, receive, noted)

        return counted


@pytest.fixture
def site(tmp_path: Path, article: type[Article]) -> Iterator[Site]:
    """The server over a store that learned of eleven articles, then of one without a year; one was taken back."""
    folder, now = tmp_path / "dumps", datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
    folder.mkdir()
    settings = Settings(
        data_dir=tmp_path,
        tag="digest.example.org,2026",
        sources=[{"id": "blog", "title": "山上", "path": folder, "timezone": "Asia/Shanghai", "backlog": 1000}],
        topics=[{"id": "geometry", "title": "几何 & <角>", "words": ["三角"]}],
        feed={"newest": 4, "hub": HUB},
        web={"listen": "127.0.0.1:0"},
    )
    made = [
        article(title, (2026, 1, day), (f"这是第{day}篇的正文,其中 1 < 2 & $x_{{{day}}}^2$。{SCRIPT}{title * 9}",))
        for day, title in enumerate(TITLES, 1)
    ]
    store = open_store("sqlite://")
    (folder / "page.txt").write_text("".join(one.byline() for one in made[-2::-1]) + "最近评论\n", "utf-8")
    refresh.refresh(store, settings, settings.sources[0], now=now)
    (folder / "index.txt").write_text(made[-1].dateblock(), "utf-8")
    refresh.refresh(store, settings, settings.sources[0], now=now + timedelta(minutes=1))
    with store.read() as tx:
        published = {entry.content.title: entry for entry in reversed(tx.feeds.members("", 1, len(TITLES)))}
    assert list(published) == TITLES
    feeds.remove(store, published[REMOVED].id, now + timedelta(minutes=2))

    server = Server(settings, store, lambda: now)
    settings = settings.model_copy(update={"base_url": server.address})
    running = Site(server.address, published)
    server._server.config.app = running.counting(application(store, settings, now=lambda: now))
    server._socket.listen()  # a request before uvicorn is ready waits for it
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    yield running
    server.stop()
    thread.join(30)
    assert not thread.is_alive()
    store.close()


def seen(title: str | None) -> str:
    """A title as a person sees it: RSS keeps what looks like HTML from being taken for it by a mark that none sees."""
    return (title or "").replace("\N{WORD JOINER}", "")


def moment(parsed: Any) -> datetime | None:
    """A time as feedparser gives it."""
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None


def ran(*command: str | Path, home: Path, given: bytes = b"") -> str:
    """What a program prints; it finds nothing of ours in its environment."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, cwd=home, input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("kind", XML)
@pytest.mark.parametrize("condition", ["etag", "modified"])
def test_feedparser(site: Site, kind: str, condition: str) -> None:
    for url, entries in site.documents(kind).items():
        whole = feedparser.parse(url)
        assert (whole.status, whole.bozo) == (200, 0)
        shown = [(seen(one.title), one.id, one.link, moment(one.get("published_parsed"))) for one in whole.entries]
        assert shown == [site.told(entry) for entry in entries]
        assert [moment(one.updated_parsed) for one in whole.entries] == [entry.updated_at for entry in entries]

        again = feedparser.parse(url, **{condition: whole[condition]})
        assert (again.status, again.bozo, again.entries) == (304, 0, [])


@pytest.mark.parametrize("kind", ALL)
def test_reader(site: Site, needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    needs("python:reader")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from reader import make_reader  # noqa: PLC0415

    documents = site.documents(kind)
    with contextlib.closing(make_reader(str(tmp_path / "reader.db"))) as reader:
        for url in documents:
            reader.add_feed(url)
        reader.update_feeds()
        assert site.answered() == [200] * len(documents)
        for url, entries in documents.items():
            assert reader.get_feed(url).last_exception is None
            shown = [(seen(one.title), one.id, one.link, one.published) for one in reader.get_entries(feed=url)]
            assert shown == [site.told(entry) for entry in entries]

        reader.update_feeds()
        assert site.answered() == []  # it keeps to max-age
        reader.update_feeds(scheduled=False)
        assert site.answered() == [304] * len(documents)
        assert reader.get_entry_counts().total == sum(map(len, documents.values()))


@pytest.mark.parametrize("kind", XML)
def test_newsboat(site: Site, needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    program = needs("newsboat")
    for number, (url, entries) in enumerate(site.documents(kind).items()):
        urls, config, cache = (tmp_path / f"{number}.{name}" for name in ("urls", "config", "db"))
        urls.write_text(f"{url}\n")
        config.write_text("reload-threads 1\n")
        reload = (program, "-q", "-C", config, "-u", urls, "-c", cache, "-x", "reload", "print-unread")
        for _ in range(3):  # version 2.21 keeps a tag only once it knows the feed, so from the second time on
            assert ran(*reload, home=tmp_path) == f"{len(entries)} unread articles\n"
        codes = site.answered()
        assert (len(codes), codes[0], codes[-1]) == (3, 200, 304)
        with contextlib.closing(sqlite3.connect(cache)) as db:  # which takes the last entry of a document first
            rows = db.execute("SELECT title, guid, url, pubDate FROM rss_item ORDER BY id DESC").fetchall()
        shown = [(seen(title), *row, datetime.fromtimestamp(at, UTC)) for title, *row, at in rows]
        if kind == "rss" and shown[0][0] == UNDATED:
            shown[0] = (*shown[0][:3], entries[0].updated_at)  # it says when it read the feed
        assert shown == [site.told(entry, undated=entry.updated_at) for entry in entries]


R2E = """[DEFAULT]
from = feeds@example.org
to = reader@example.org
email-protocol = maildir
maildir-path = {mails}
maildir-mailbox = INBOX
date-header = True
date-header-order = issued, modified
"""


@pytest.mark.parametrize("kind", XML)
def test_rss2email(site: Site, needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    program = needs("r2e")
    for number, (url, entries) in enumerate(site.documents(kind).items()):
        home = tmp_path / str(number)
        box = home / "mails" / "INBOX"
        for name in ("cur", "new", "tmp"):
            (box / name).mkdir(parents=True)
        config, data = home / "config", home / "data.json"
        config.write_text(R2E.format(mails=box.parent))
        ran(program, "-c", config, "-d", data, "add", "blog", url, home=home)
        ran(program, "-c", config, "-d", data, "run", home=home)
        assert site.answered() == [200]
        files = sorted((box / "new").iterdir(), key=lambda file: int(re.findall(r"Q(\d+)", file.name)[0]))
        mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        shown = [
            (seen(mail["Subject"]), mail["X-RSS-ID"], mail["X-RSS-URL"], mail["Date"].datetime.replace(tzinfo=UTC))
            for mail in mails
        ]
        assert shown == [site.told(entry, undated=entry.updated_at) for entry in reversed(entries)]

        ran(program, "-c", config, "-d", data, "run", home=home)
        assert site.answered() == [304]
        assert len(list((box / "new").iterdir())) == len(entries)


FEEDSMITH = """
const { parseFeed } = require(process.argv[1])
async function read(url) {
  const whole = await fetch(url)
  const again = await fetch(url, { headers: { 'If-None-Match': whole.headers.get('etag') } })
  return { whole: whole.status, again: again.status, ...parseFeed(await whole.text()) }
}
Promise.all(process.argv.slice(2).map(read)).then((all) => console.log(JSON.stringify(all)))
"""


@pytest.mark.parametrize("kind", ALL)
def test_feedsmith(site: Site, needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    node, package = needs("node"), needs("tests/npm/node_modules/feedsmith")
    documents = site.documents(kind)
    printed = ran(node, "-e", FEEDSMITH, package, *documents, home=tmp_path)
    names = list(documents)
    for at, (entries, read) in enumerate(zip(documents.values(), json.loads(printed), strict=True)):
        assert (read["format"], read["whole"], read["again"]) == (kind, 200, 304)
        shown, links = smith(kind, read["feed"])
        assert shown == [site.told(entry) for entry in entries]
        assert links["hub"] == HUB
        assert links["self"] == names[at]
        assert links.get("prev-archive") == (names[at + 1] if at < 4 else None)
    assert site.answered().count(304) == len(documents)


def smith(kind: str, feed: Any) -> tuple[list[Told], dict[str, str]]:
    """Entries and links as feedsmith names them."""
    if kind == "json":
        links = {"hub": feed["hubs"][0]["url"], "self": feed["feed_url"]}
        if "next_url" in feed:
            links["prev-archive"] = feed["next_url"]
        items = [(one["title"], one["id"], one["url"], one.get("date_published")) for one in feed["items"]]
    elif kind == "rss":
        links = {link["rel"]: link["href"] for link in feed["atom"]["links"]}
        items = [(seen(one["title"]), one["guid"]["value"], one["link"], one.get("pubDate")) for one in feed["items"]]
    else:
        links = {link["rel"]: link["href"] for link in feed["links"]}
        items = [
            (one["title"]["value"], one["id"], one["links"][0]["href"], one.get("published")) for one in feed["entries"]
        ]
    read = parsedate_to_datetime if kind == "rss" else datetime.fromisoformat
    return [(*said, read(day) if day else None) for *said, day in items], links


@pytest.mark.parametrize("kind", XML)
def test_sfeed(site: Site, needs: Callable[[str], str], kind: str, tmp_path: Path) -> None:
    sfeed, curl = needs("sfeed"), needs("curl")
    tag, body = tmp_path / "etag", tmp_path / "body"
    for url, entries in site.documents(kind).items():
        tag.unlink(missing_ok=True)
        fetch = (curl, "-sSf", "--compressed", "--etag-save", tag, "--etag-compare", tag, "-o", body, url)
        ran(*fetch, home=tmp_path)
        rows = [line.split("\t") for line in ran(sfeed, home=tmp_path, given=body.read_bytes()).splitlines()]
        shown = [
            (seen(row[1]), row[5], row[2], datetime.fromtimestamp(int(row[0]), UTC) if row[0] else None) for row in rows
        ]
        undated = entries[0].updated_at if kind == "atom" else None
        assert shown == [site.told(entry, undated=undated) for entry in entries]

        ran(*fetch, home=tmp_path)
        assert site.answered() == [200, 304]


def test_markup_in_a_text_stays_text_where_rss_shows_it_as_html(site: Site) -> None:
    for url in site.documents("rss"):
        with urlopen(url, timeout=10) as answer:
            items = etree.fromstring(answer.read()).findall("channel/item/description")
        for item in items:
            shown = html.fragment_fromstring(item.text, create_parent="div")
            assert not list(shown)
            assert "其中 1 < 2 & x" in shown.text_content()
            assert SCRIPT in shown.text_content()
