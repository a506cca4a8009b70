"""A served site with something of every kind, and the browser that opens it."""

from __future__ import annotations

import asyncio
import contextlib
import email
import io
import json
import re
import shutil
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from playwright.sync_api import Browser, sync_playwright

from digest.app import opened
from digest.cli import main
from digest.mail.tokens import confirmation_token, form_token, preferences_token
from digest.service.people import consent
from digest.settings import load
from digest.web.serve import Server
from tests.conftest import CONFIG, Article
from tests.serving import free_port
from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.web.serve import Listener

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
SCRIPT = "<script>alert(1)</script>"
PEOPLE = ("ada@example.org", "bob@example.org", "cleo@example.org")
DAYS = ("2026-03-17T02:00Z", "2026-03-18T02:00Z", "2026-03-20T02:00Z", "2026-03-24T02:00Z")

NARROW = (320, 330, 345, 360, 375, 390, 412, 600)  # px
# The lines of each element, as a browser breaks them: a letter begins one where it lies to the left of the last one's
# end. A formula or a picture is one character, FORMULA.
FORMULA = "\ufffc"
LINES = """selector => [...document.querySelectorAll(selector)].map(p => {
    const lines = []; let right = Infinity;
    const add = (letter, box) => {
        if (box.left < right - 4) lines.push('');
        lines[lines.length - 1] += letter; right = box.right;
    };
    const walk = document.createTreeWalker(p, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        if (['IMG', 'math'].includes(node.nodeName)) { add('\ufffc', node.getBoundingClientRect()); continue; }
        if (node.nodeType !== 3 || node.parentElement.closest('math, .unseen')) continue;
        for (let at = 0; at < node.length; at++) {
            const range = document.createRange();
            range.setStart(node, at); range.setEnd(node, at + 1);
            // WebKit gives the first letter of a line a second, empty box at the end of the line before.
            const box = [...range.getClientRects()].findLast(box => box.width);
            if (box) add(node.data[at], box);
        }
    }
    return lines;
})"""
NEVER_FIRST = frozenset("，。、；：！？）》”’…")


def begins(lines: list[list[str]]) -> set[str]:
    """What begins the lines of paragraphs, without their first ones."""
    return {line[0] for paragraph in lines for line in paragraph[1:]}


def alone(lines: list[list[str]]) -> list[str]:
    """The last lines of paragraphs that have a single character beside marks; a long Latin word may break anywhere."""
    single = re.compile(r"[^\w\ufffc]*(?![A-Za-z])[\w\ufffc][^\w\ufffc]*")
    return [one[-1] for one in lines if len(one) > 1 and single.fullmatch(one[-1])]


NAMES = (
    *("home", "entry", "revised", "hostile", "long", "empty", "removed", "edition", "search", "found-nothing"),
    *(
        "archive",
        "year",
        "reading",
        "editions",
        "source",
        "about",
        "leave",
        "subscribe",
        "confirm",
        "whose",
        "choices",
        "expired",
        "missing",
    ),
    *("atom", "rss"),
)
LONG_SUM = (
    r"$$\sum_{n=1}^{\infty}\frac{1}{n^2}=\prod_{p}\frac{1}{1-p^{-2}}=1+\frac{1}{4}+\frac{1}{9}+\frac{1}{16}"
    r"+\frac{1}{25}+\frac{1}{36}+\frac{1}{49}+\frac{1}{64}+\cdots=\frac{\pi^2}{6}$$"
)
FORMULAS = tuple(
    f"{'这里说的是' * times}对于任意的$n$维向量$\\boldsymbol{{x}}$,只要$\\frac{{a}}{{b}}>0$,就有$\\sum_k x_k>0$;"
    f"也就是说,若$\\sqrt{{x}}$(参见上文)存在,那么$\\int_0^1 f$、$\\frac{{1}}{{2}}$都不难得到。"
    for times in range(4)
)
CHANGED = "这一句是后来改过的,原来说的不是这个意思。"
RICH = Article(
    "各种各样的内容:公式、诗、代码与图",
    (2026, 3, 14),
    (
        "先是一段普通的文字,里面有行内公式 $e^{i\\pi}+1=0$、English words 和一个很长的地址 "
        "https://example.org/a/very/long/path/that/does/not/end/soon/and/has/no/place/to/break/at/all?q=" + "x" * 120,
        "显示的公式",
        "\\begin{equation}\\int_0^1 \\frac{x^4(1-x)^4}{1+x^2}\\,dx=\\frac{22}{7}-\\pi\\end{equation}",
        LONG_SUM,
        *FORMULAS,
        "一首诗",
        "白日依山尽,",
        "黄河入海流。",
        "欲穷千里目,",
        "更上一层楼。",
        "一段代码",
        "import numpy as np",
        "def softmax(x, axis=-1):",
        "    y = np.exp(x - x.max(axis=axis, keepdims=True))  # " + "a long comment that goes on " * 6,
        "    return y / y.sum(axis=axis, keepdims=True)",
        "一张图的说明",
        "一张图的说明",
        "最后一段,说的是读者读完以后会知道些什么。",
    ),
)
INFERRED = Article("只知道月和日,年份由邻居推断", (2026, 3, 12))
OLDEST = Article("最早的一篇", (2026, 3, 10))
PARTIAL = Article("只知道月和日,年份不明", (2026, 5, 30))
EMPTY = Article("没有摘要的一篇", (2026, 3, 9), ())
HOSTILE = Article(
    SCRIPT, (2026, 3, 8), (f"正文里也有 {SCRIPT} 和 <img src=x onerror=alert(2)>。",), author="<b>山客</b>"
)
LONG = Article("Pneumono" * 25, (2026, 3, 7))
REVISED = Article(
    "后来改过的一篇", (2026, 3, 6), ("第一句没有变过。", "这一句原来说的是别的意思。", "末句也没有变过。")
)
REMOVED = Article("被撤回的一篇", (2026, 3, 5))
LATE = Article("第二周的新文章", (2026, 3, 23))


FREQUENCIES = """
[signup]
mx = false  # tests ask no name server
[[digests]]
id = "daily"
title = "山上 每日摘要"
schedule = "daily 07:00"
timezone = "Asia/Shanghai"
[[topics]]
id = "maths"
title = "数学"
words = ["公式"]
"""


@dataclass(frozen=True)
class Page:
    """A page of the site, and what it answers with."""

    path: str
    status: int = 200


@dataclass(frozen=True)
class Site:
    """A running server, and its pages by name. `leaving` holds one leave page for each of PEOPLE.

    `signed` is the token of a form to subscribe that was made an hour ago.
    """

    address: str
    pages: dict[str, Page]
    leaving: tuple[str, ...]
    signed: str

    def url(self, name: str) -> str:
        return self.address + self.pages[name].path


def _run(home: Path, *arguments: str, code: int = 0) -> str:
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer, "utf-8", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pytest.raises(SystemExit) as ended:
        main([*arguments, "--config", str(home / "digest.toml")])
    said = buffer.getvalue().decode()
    assert (ended.value.code or 0) == code, said
    return said


def _byline(home: Path, name: str, *articles: Article) -> None:
    (home / "dumps" / name).write_text("".join(a.byline() for a in articles) + "最近评论\n", "utf-8")


def _dateblock(home: Path, name: str, *articles: Article) -> None:
    (home / "dumps" / name).write_text("".join(a.dateblock() for a in articles), "utf-8")


def _filled(home: Path) -> None:
    """Four readings of a blog, an edition after the first and the last."""
    (home / "dumps").mkdir()
    for number, day in enumerate(DAYS):
        with time_machine.travel(day):
            later = number == len(DAYS) - 1
            seen = [
                Article(a.title, a.date, a.body, a.readers + number**2 * 150, a.author)
                for a in (RICH, OLDEST, EMPTY, HOSTILE, LONG, REVISED, REMOVED)
            ]
            if later:
                first, _, last = REVISED.body
                seen[5] = Article(REVISED.title, REVISED.date, (first, CHANGED, last), 900)
                seen = [LATE, *seen]
                (home / "dumps" / "unknown.txt").write_text("nothing that looks like a listing", "utf-8")
            _byline(home, "search.txt", *seen)
            _dateblock(home, "index.txt", RICH, INFERRED, OLDEST)
            _dateblock(home, "lone.txt", PARTIAL)
            if not number:
                for address in PEOPLE:
                    _run(home, "subscribers", "add", address, "--digest", "weekly")
            _run(home, "refresh", code=1 if later else 0)
            if later or not number:
                _run(home, "edition", "cut", "weekly")


def _left(home: Path) -> tuple[str, ...]:
    """The leave addresses, as they stand in the mails: one for each of PEOPLE."""
    _run(home, "edition", "send")
    found = {}
    for path in sorted((home / "mail" / "new").glob("*")):
        message = email.message_from_bytes(path.read_bytes())
        url = re.sub(r"\s", "", message["List-Unsubscribe"]).strip("<>")
        found[str(message["To"])] = urlsplit(url).path
    assert len(found) == len(PEOPLE)
    return tuple(found.values())


def _asking(home: Path) -> dict[str, Page]:
    """The pages behind the links in subscribers' mails."""
    settings = load(home / "digest.toml")
    now = datetime.now(UTC)
    with opened(settings) as store:
        with store.read() as tx:
            person = tx.subscribers.find(PEOPLE[0])
        assert person is not None
        secret, network = store.secret(), "192.0.2.0/24"
        consent.request_subscription(
            store, settings, "dora@example.org", digests=(), language="en", latest=False, network=network, now=now
        )
        consent.request_access(store, settings.signup, person, language="en", network=network, now=now)
        with store.write() as tx:
            join, access = tx.confirmations.lease(now, now, 2)
    return {
        "confirm": Page(f"/confirm/{confirmation_token(secret, join)}"),
        "whose": Page(f"/preferences/{preferences_token(secret, person.subscriber.id)}"),
        "choices": Page(f"/preferences/{confirmation_token(secret, access)}"),
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    listen = f"127.0.0.1:{free_port()}"  # pages and feeds name the address: it is needed before there is a server
    config = CONFIG.replace("https://digest.example.org", f"http://{listen}")
    config += f'[web]\nlisten = "{listen}"\n{FREQUENCIES}'
    (home / "digest.toml").write_text(config, "utf-8")
    _filled(home)
    leaving, asking = _left(home), _asking(home)
    ids = {
        entry["title"]: entry["id"] for entry in map(json.loads, _run(home, "entries", "list", "--json").splitlines())
    }
    _run(home, "entries", "remove", ids[REMOVED.title])
    (newest, *_) = map(json.loads, _run(home, "edition", "list", "--json").splitlines())
    pages = {
        "home": Page("/"),
        "entry": Page(f"/entries/{ids[RICH.title]}"),
        "revised": Page(f"/entries/{ids[REVISED.title]}"),
        "hostile": Page(f"/entries/{ids[SCRIPT]}"),
        "long": Page(f"/entries/{ids[LONG.title]}"),
        "empty": Page(f"/entries/{ids[EMPTY.title]}"),
        "removed": Page(f"/entries/{ids[REMOVED.title]}", 410),
        "edition": Page(f"/editions/{newest['key']}"),
        "search": Page("/search?q=" + quote("第一")),
        "found-nothing": Page("/search?q=zyzzyva"),
        "archive": Page("/archive"),
        "year": Page("/archive/2026"),
        "reading": Page("/reading"),
        "editions": Page("/editions"),
        "source": Page("/sources/blog"),
        "about": Page("/about"),
        "leave": Page(leaving[0]),
        "subscribe": Page("/subscribe"),
        **asking,
        "expired": Page("/confirm/none", 410),
        "missing": Page("/nothing", 404),
        "atom": Page("/feed.atom"),
        "rss": Page("/feed.rss"),
    }
    assert tuple(pages) == NAMES
    settings = load(home / "digest.toml")
    with opened(settings) as store, served(Server(settings, store, lambda: datetime.now(UTC))) as address:
        yield Site(address, pages, leaving, form_token(store.secret(), datetime.now(UTC) - timedelta(hours=1)))


def wait_for(address: str) -> None:
    """Until the server listens: its address is taken before."""
    host, _, port = urlsplit(address).netloc.rpartition(":")
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def served(server: Listener) -> Iterator[str]:
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        wait_for(server.address)
        yield server.address
    finally:
        server.stop()
        ended(thread)


def chromium_program(needs: Callable[[str], str]) -> str:
    """The path of Chromium without its window, which takes a third of the time; where that is missing, of Chromium."""
    return shutil.which("chromium-headless-shell") or needs("chromium")


@pytest.fixture(scope="module")
def browser(site: Site, needs: Callable[[str], str]) -> Iterator[Browser]:
    """Chromium. While it runs, this thread has an event loop: what makes its own was done by `site`."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        yield made
        made.close()
