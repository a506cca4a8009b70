"""Every known payload in every field of a dump, opened in a browser: none runs."""

from __future__ import annotations

import email
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from lxml import etree
from lxml import html as lxml_html
from playwright.sync_api import sync_playwright

from digest.app import opened
from digest.settings import load
from tests.browser.conftest import FLAGS, chromium_program
from tests.conftest import Article
from tests.integration.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Dialog, Page

    from tests.conftest import Blog

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "]]><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "<math><mtext></mtext><style><img src=x onerror=alert(1)></style></math>",
    "$\\href{javascript:alert(1)}{x}$",
    "$$\\text{<img src=x onerror=alert(1)>}$$",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<base href=//evil.example/><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action=javascript:alert(1)><input autofocus onfocus=alert(1)>",
    "\ue0f0leave\ue0f1<script>alert(1)</script>",
    "\u202e<scr\x00ipt>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
]
RUNS = "//script | //iframe | //object | //embed | //base | //*[@*[starts-with(name(), 'on')]]"


@pytest.fixture(scope="module")
def fields() -> list[Article]:
    """Each payload as title, as author, as first and as a later paragraph, and as a caption."""
    made = []
    for number, payload in enumerate(PAYLOADS):
        day = (2026, 3, 1 + number)
        made.append(Article(f"{payload} 题目{number}", day, (payload, f"正文{number} {payload}", payload)))
        made.append(Article(f"作者的{number}", day, (f"正文甲{number}。",), author=payload.replace("|", "")))
    return made


@pytest.fixture
def hostile(blog: Blog, fields: list[Article]) -> Blog:
    config = blog.home / "digest.toml"
    named = config.read_text("utf-8").replace('title = "山上"', 'title = "山上 <script>alert(1)</script>"')
    config.write_text(named.replace("[[digests]]", "backlog = 100\n[feed]\nnewest = 100\n[[digests]]"), "utf-8")
    blog.search("search.txt", *fields)
    blog.index("index.txt", *fields[::2])
    assert blog.refresh()["held"] == 2  # one payload is of private-use characters
    blog.run("source", "approve", "blog")
    blog.run("subscribers", "add", "ada@example.org", "--name", PAYLOADS[0])
    blog.run("edition", "cut")
    blog.run("edition", "send")
    return blog


@pytest.fixture
def looked_at(hostile: Blog) -> Iterator[Site]:
    settings = load(hostile.home / "digest.toml")
    with opened(settings) as store:
        yield Site(store, settings)


@pytest.fixture
def markup(hostile: Blog, looked_at: Site) -> list[str]:
    """Everything that others see: feeds, pages and the mail."""
    feeds = list(markup_in_feeds(hostile))
    assert len(feeds) > 3 * len(PAYLOADS)
    return [*feeds, *pages(looked_at, hostile).values()]


@pytest.fixture
def looking(markup: list[str], needs: Callable[[str], str]) -> Iterator[Page]:
    """A page of a browser that runs scripts; `markup` comes first, since from now on there is an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        yield browser.new_page()
        browser.close()


def pages(site: Site, blog: Blog) -> dict[str, str]:
    """Every kind of page, and the mail."""
    entries = [f"/entries/{entry['id']}" for entry in blog.listed("entries", "list")]
    searches = [f"/search?q={quote(payload, safe='')}" for payload in PAYLOADS]
    (edition,) = blog.listed("edition", "list")
    paths = [
        "/",
        "/about",
        "/editions",
        f"/editions/{edition['key']}",
        "/sources/blog",
        "/leave/<script>",
        *entries,
        *searches,
    ]
    shown = {path: site(path).body.decode() for path in paths}
    (raw,) = blog.mails()
    (page,) = [p for p in email.message_from_bytes(raw).walk() if p.get_content_type() == "text/html"]
    payload = page.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return shown | {"mail": payload.decode()}


def markup_in_feeds(blog: Blog) -> Iterator[str]:
    """The HTML that a feed reader would show, of each of the three formats.

    Atom and JSON Feed say that titles and authors are text. RSS does not, so some readers take them for HTML.
    """
    for kind in ("atom", "rss"):
        tree = etree.fromstring(blog.run("feed", "--format", kind).encode(), etree.XMLParser(resolve_entities=False))
        assert not [one for one in tree.iter(etree.Element) if etree.QName(one).localname == "script"]
        for name in ("content", "encoded", "description", "summary", "title", "creator"):
            for one in tree.iter(f"{{*}}{name}"):
                is_text = kind == "atom" and one.get("type") != "html"
                if not is_text and (one.text or "").strip():
                    yield one.text
    for one in json.loads(blog.run("feed", "--format", "json"))["items"]:
        yield one["content_html"]


def test_no_feed_page_or_mail_holds_anything_that_runs(markup: list[str]) -> None:
    for one in markup:
        tree = lxml_html.document_fromstring(one if "<html" in one else f"<div>{one}</div>")
        assert tree.xpath(RUNS) == [], one[:500]
        for address in tree.xpath("//@href | //@src | //@action"):
            assert not str(address).strip().lower().startswith(("javascript:", "data:text", "vbscript:"))


def test_a_title_in_rss_says_the_same_as_text_and_as_html(hostile: Blog) -> None:
    plain, either = (
        [one.text for one in etree.fromstring(hostile.run("feed", "--format", kind).encode()).iter("{*}title")]
        for kind in ("atom", "rss")
    )
    assert [one.replace("\N{WORD JOINER}", "") for one in either] == plain
    as_html = [lxml_html.fromstring(f"<div>{one}</div>").text_content() for one in either]
    assert as_html == either
    assert sum("<script>" in one for one in plain) > 4


def test_no_feed_page_or_mail_runs_anything_in_a_browser(markup: list[str], looking: Page) -> None:
    dialogs: list[str] = []

    def trapped(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    looking.on("dialog", trapped)
    for one in markup:
        looking.set_content(one, wait_until="load")  # without the policy of the site: escaping alone has to hold
    looking.set_content("<img src=x onerror=\"alert('armed')\">", wait_until="load")
    looking.wait_for_function("() => true")
    assert dialogs == ["armed"]
