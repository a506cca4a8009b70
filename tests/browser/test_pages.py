"""Every page in Chromium: what it loads, whether it fits, whether everybody can use it; and the verdict of checkers."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import subprocess
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from lxml import etree
from lxml import html as lxml_html

from tests.browser.conftest import FORMULAS, LINES, LONG, NAMES, NARROW, NEVER_FIRST, SCRIPT, alone, begins
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Response

    from tests.browser.conftest import Site

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
HTML = tuple(name for name in NAMES if name not in {"atom", "rss"})
SCREENSHOTS = ROOT / "build" / "screenshots"
LARGEST_HOME = 60_000  # bytes, with its style and icon
MOST_TABS = 60
AXE, VNU = "tests/npm/node_modules/axe-core/axe.min.js", "tests/npm/node_modules/vnu-jar/build/dist/vnu.jar"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OWN_RULES = {"scrollable-region-focusable": {"enabled": False}}  # see test_a_wide_formula_scrolls_by_keyboard


_CONTEXTS: dict[tuple[Browser, str], BrowserContext] = {}


class Visit:
    """A page in a context of its own, and what went wrong while it was looked at."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self._site = page, site
        self.troubles: list[str] = []
        self.loaded: list[Response] = []
        page.on("console", lambda said: self._console(said.text))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        page.on("request", lambda request: self._asked(request.url))
        page.on("response", self._answered)
        page.on("dialog", self._opened)

    def __call__(self, name: str, path: str = "") -> Page:
        """Open a page by its name, or another of its kind by its path; it answers as it should."""
        self._expected = self._site.pages[name].status
        answer = self.page.goto(self._site.address + (path or self._site.pages[name].path))
        assert answer is not None
        assert answer.status == self._expected
        return self.page

    def check(self) -> None:
        assert not self.troubles
        assert all(response.status < 400 for response in self.loaded[1:]), [r.url for r in self.loaded]

    def _console(self, said: str) -> None:
        if not (self._expected >= 400 and f"the server responded with a status of {self._expected}" in said):
            self.troubles.append(f"console: {said}")

    def _answered(self, response: Response) -> None:
        self.loaded.append(response)

    def _opened(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, url: str, reason: str | None) -> None:
        if reason != "net::ERR_ABORTED":  # the icon, where the test went on before it came
            self.troubles.append(f"failed: {url}: {reason}")

    def _asked(self, url: str) -> None:
        if not url.startswith(self._site.address + "/"):
            self.troubles.append(f"elsewhere: {url}")


@contextlib.contextmanager
def visiting(browser: Browser, site: Site, size: str = "desktop", **options: Any) -> Iterator[Visit]:
    """A new page in a context with these options, which the pages of all tests share: a context costs a process."""
    width, height = SIZES[size]
    options = {"viewport": {"width": width, "height": height}, "locale": "zh-CN"} | options
    key = (browser, json.dumps(options))
    if key not in _CONTEXTS:
        _CONTEXTS[key] = browser.new_context(**options)
    page = _CONTEXTS[key].new_page()
    try:
        yield Visit(page, site)
    finally:
        page.close()


def screenshot(page: Page, name: str) -> None:
    """For people to look at, with DIGEST_TEST_SCREENSHOTS=1. Playwright's own waits for ever on XML."""
    if os.environ.get("DIGEST_TEST_SCREENSHOTS") != "1":
        return
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"captureBeyondViewport": True})
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_and_loads_only_its_own(browser: Browser, site: Site, name: str) -> None:
    for size in SIZES:
        with visiting(browser, site, size) as visit:
            page = visit(name)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                screenshot(page, f"{name}-{scheme}-{SIZES[size][0]}")
                assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], (size, scheme)
            visit.check()


@pytest.mark.parametrize("name", HTML)
def test_a_page_speaks_the_language_of_the_browser(browser: Browser, site: Site, name: str) -> None:
    for locale, words in (("zh-CN", "文章 往期 搜索 订阅"), ("en-US", "Articles Editions Search Subscribe")):
        with visiting(browser, site, "phone", locale=locale) as visit:
            page = visit(name)
            assert page.locator("html").get_attribute("lang") == locale.replace("-US", "")
            assert page.locator("header nav").inner_text().split() == words.split()
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
            visit.check()


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_that_keeps_anybody_out(
    browser: Browser, site: Site, needs: Callable[[str], str], name: str
) -> None:
    program = Path(needs(AXE)).read_text("utf-8")
    found: dict[str, list[str]] = {}
    for scheme, size in zip(SCHEMES, SIZES, strict=True):
        with visiting(browser, site, size, color_scheme=scheme) as visit:
            page = visit(name)
            page.evaluate(program)  # as the inspector does it: the page's policy stays as it is
            report = page.evaluate("rules => axe.run(document, rules)", {"runOnly": RULES, "rules": OWN_RULES})
            found |= {
                f"{one['impact']} {one['id']} {scheme} {size}": [node["html"] for node in one["nodes"]]
                for one in report["violations"]
            }
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


@pytest.mark.parametrize("name", HTML)
def test_without_javascript_nothing_is_missing(browser: Browser, site: Site, name: str) -> None:
    texts = []
    for enabled in (True, False):
        with visiting(browser, site, java_script_enabled=enabled) as visit:
            texts.append(visit(name).locator("body").inner_text())
            visit.check()
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_prints(browser: Browser, site: Site, name: str) -> None:
    with visiting(browser, site) as visit:
        printed = visit(name).pdf(format="A4")
        visit.check()
    assert printed.startswith(b"%PDF-")
    assert 0 < printed.count(b"/Type /Page\n") < 20


def test_markup_of_others_is_text_in_the_browser_too(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit("hostile")
        assert page.locator("h1").inner_text() == SCRIPT
        assert page.locator("script, main img").count() == 0
        assert visit("long").locator("h1").inner_text() == LONG.title
        visit.check()


def focused(page: Page) -> str:
    """What has the focus, as an address or a name."""
    said = page.evaluate("(({tagName, id, href, name}) => href || name || id || tagName)(document.activeElement)")
    return str(said)


def tabbed(page: Page) -> Iterator[str]:
    """What Tab reaches, in order; each must be seen, and be seen to have the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        reached = focused(page)
        if reached == "BODY":
            return
        box, style = page.evaluate(
            "[document.activeElement.getBoundingClientRect().toJSON(),"
            " (s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))]"
        )
        assert box["width"] > 0, reached
        assert box["left"] >= 0, reached
        assert box["bottom"] > 0, reached
        assert style[0] != "none", reached
        assert style[1] != "0px", reached
        yield reached


@pytest.mark.parametrize("name", HTML)
def test_the_keyboard_reaches_all_links_the_skip_link_first(browser: Browser, site: Site, name: str) -> None:
    with visiting(browser, site) as visit:
        page = visit(name)
        reached = list(tabbed(page))
        links = page.evaluate("[...document.links].filter(a => !a.closest('details:not([open])')).map(a => a.href)")

    assert urlsplit(reached[0]).fragment == "content"
    assert [one for one in reached if ":" in one] == links


def test_a_wide_formula_scrolls_by_keyboard(browser: Browser, site: Site) -> None:
    """Browsers reach what scrolls by Tab of their own; axe wants a tabindex, which the feed would carry too."""
    with visiting(browser, site, "phone") as visit:
        page = visit("entry")
        wide = "[...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth"
        wide += " && getComputedStyle(e).overflowX === 'auto')"
        assert page.evaluate(f"{wide}.length") == 1
        for _ in tabbed(page):
            if page.evaluate(f"{wide}[0] === document.activeElement"):
                break
        page.keyboard.press("ArrowRight")
        for _ in range(100):  # asked again from here: waiting within the page is eval, which its policy forbids
            if page.evaluate(f"{wide}[0].scrollLeft") > 0:
                break
            page.wait_for_timeout(50)
        assert page.evaluate(f"{wide}[0].scrollLeft") > 0
        visit.check()


def test_the_skip_link_skips(browser: Browser, site: Site) -> None:
    with visiting(browser, site, "phone") as visit:
        page = visit("home")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
        assert page.url.endswith("/#content")


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_a_feed_opened_in_a_browser_leads_to_articles_and_home(browser: Browser, site: Site, kind: str) -> None:
    with visiting(browser, site) as visit:
        page = visit(kind)
        titles = page.locator(".entry h2 a")
        assert titles.count() > 2
        assert page.locator("entry > title, item > title, content, pubDate").first.is_hidden()
        words = titles.first.inner_text()
        with page.expect_navigation():
            titles.first.click()
        assert page.locator("h1").inner_text() == words
        page = visit(kind)
        with page.expect_navigation():
            page.locator(".foot a").last.click()
        assert page.url == site.address + "/"


def test_one_searches_by_keyboard(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit("search", "/search")
        assert "q" in tabbed(page)
        page.keyboard.type("第一")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert unquote(urlsplit(page.url).query) == "q=第一"
        assert page.locator(".list > li").count() > 2
        assert page.locator("mark").first.inner_text() == "第一"
        assert page.locator("input[name=q]").input_value() == "第一"
        visit.check()


@pytest.mark.parametrize(("who", "scripts"), [(1, True), (2, False)])
def test_one_leaves_and_comes_back_by_keyboard(browser: Browser, site: Site, who: int, scripts: bool) -> None:
    with visiting(browser, site, java_script_enabled=scripts) as visit:
        page = visit("leave", site.leaving[who])
        button = page.locator("main form button")
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url == site.address + site.leaving[who]
        screenshot(page, "left-light-1280")
        assert button.inner_text() == "恢复订阅"
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.locator("h1").inner_text() == "已恢复订阅《山上 每周摘要》"
        visit.check()


def test_the_home_page_is_light(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        visit("home")
        sizes = {one.url: len(one.body()) for one in visit.loaded if one.request.resource_type != "font"}
    assert sum(sizes.values()) < LARGEST_HOME, sizes


def fetched(site: Site, url: str, language: str = "zh-CN") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(urlsplit(site.address).netloc, timeout=10)
    with contextlib.closing(connection):
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        connection.request("GET", parts.path + query, headers={"Accept-Language": language, "Accept": "text/html,*/*"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()


def test_the_nu_checker_finds_no_error(site: Site, needs: Callable[[str], str], tmp_path: Path) -> None:
    java, checker = needs("java"), needs(VNU)
    for name in HTML:
        for language in ("zh-CN", "en"):
            (tmp_path / f"{name}-{language}.html").write_bytes(fetched(site, site.url(name), language)[2])
    (style,) = lxml_html.fromstring(fetched(site, site.url("home"))[2]).xpath("//link[@rel='stylesheet']/@href")
    (tmp_path / "style.css").write_bytes(fetched(site, str(style))[2])
    done = subprocess.run(
        [java, "-jar", checker, "--stdout", "--format", "json", "--also-check-css", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = json.loads(done.stdout)["messages"]
    told = {
        f"{Path(m['url']).name}: {m['message']}: {m.get('extract', '')}"
        for m in said
        if m["type"] != "info" and not _right(m)
    }
    assert not told, "\n".join(sorted(told))
    assert said, "it remarks on every void element: it looked"


def _right(message: dict[str, str]) -> bool:
    """Whether the checker errs: `feed:https://…` is a valid URL (an opaque path), and what feed readers register."""
    return message["message"].startswith("Bad value “feed:http")


def links(kind: str, body: bytes) -> tuple[set[str], set[str]]:
    """The addresses that a document names, and the fragments that it has."""
    if kind == "text/html":
        page = lxml_html.fromstring(body)
        named = page.xpath("//@href | //@src | //@action")
        return {str(one) for one in named}, {str(one) for one in page.xpath("//@id")}
    if kind.endswith(("xml", "opml")):
        feed = etree.fromstring(body)
        named = feed.xpath(
            "//@href | //@xmlUrl | //@htmlUrl | //link/text() | //guid[not(@isPermaLink='false')]/text()"
        )
        styles = feed.xpath("//processing-instruction('xml-stylesheet') | /processing-instruction()")
        return {str(one) for one in named} | {one.attrib["href"] for one in styles}, set()
    if kind == "application/feed+json":
        feed = json.loads(body)
        named = [feed[key] for key in ("home_page_url", "feed_url", "next_url") if key in feed]
        return {*named, *(item["url"] for item in feed["items"])}, set()
    return set(), set()


def test_no_link_leads_nowhere(site: Site) -> None:
    seen: dict[str, set[str]] = {}
    waiting = [(site.address + "/", "the start"), *((site.url(name), "a name") for name in NAMES)]
    expected = {site.url(name): page.status for name, page in site.pages.items()}
    wanted, elsewhere = [], set[str]()
    while waiting:
        url, origin = waiting.pop()
        url, fragment = urldefrag(url.removeprefix("feed:"))
        wanted.append((url, fragment, origin))
        if url in seen:
            continue
        if not url.startswith(site.address + "/"):
            elsewhere.add(url)
            continue
        status, kind, body = fetched(site, url)
        assert status == expected.get(url, 200), f"{url} from {origin}"
        assert body, url
        named, seen[url] = links(kind, body)
        waiting += [(urljoin(url, one), url) for one in named if "script=" not in one]

    assert not [one for one in wanted if one[1] and one[1] not in seen.get(one[0], {one[1]})]
    places = {urlsplit(url).hostname or urlsplit(url).scheme for url in elsewhere}
    assert places == {"blog.example.org"}, elsewhere
    assert len(seen) > len(NAMES)


PARAGRAPHS = {
    "entry": ".text > p:not(.formula), h1",
    "edition": ".changes p, .text > p, h1, .index > li > a",
    "about": "main p",
    "home": ".excerpt > p, h3",
    "reading": "main p",
}


def test_lines_of_pages_keep_the_rules_of_chinese_at_eight_widths(browser: Browser, site: Site) -> None:
    with visiting(browser, site, "phone") as visit:
        for name, selector in PARAGRAPHS.items():
            page = visit(name)
            assert page.locator(selector).count()
            for width in NARROW:
                page.set_viewport_size({"width": width, "height": 740})
                lines = page.evaluate(LINES, selector)
                assert not begins(lines) & NEVER_FIRST, (name, width)
                assert not alone(lines), (name, width)
        visit.check()


def test_a_browser_that_does_not_balance_paragraphs_leaves_no_character_alone_either(
    browser: Browser, site: Site
) -> None:
    """Firefox has no `text-wrap: pretty`; the last two characters of a paragraph stay together for it."""
    with visiting(browser, site, "phone") as visit:
        page = visit("entry")
        page.evaluate("document.querySelectorAll('.text p').forEach(p => p.style.textWrap = 'wrap')")

        def left() -> list[str]:
            found = []
            for width in NARROW:
                page.set_viewport_size({"width": width, "height": 740})
                found += alone(page.evaluate(LINES, PARAGRAPHS["entry"]))
            return found

        assert not left()
        page.evaluate("document.querySelectorAll('.text p > .glued').forEach(end => end.style.whiteSpace = 'normal')")
        assert left(), "these widths do part the last character from the others"
        visit.check()


# The gap on each side of a formula to the character beside it on its line, in em of the text.
GAPS = """() => [...document.querySelectorAll('.text > p:not(.formula) math')].flatMap(math => {
    const here = math.getBoundingClientRect(), em = parseFloat(getComputedStyle(math.closest('p')).fontSize);
    const letters = [];
    const walk = document.createTreeWalker(math.closest('p'), NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        for (let at = 0; !node.parentElement.closest('math') && at < node.length; at++) {
            const range = document.createRange();
            range.setStart(node, at); range.setEnd(node, at + 1);
            const box = range.getBoundingClientRect();
            if (!node.data[at].trim() || box.bottom < here.top || box.top > here.bottom) continue;
            letters.push([node.data[at], here.left - box.right, box.left - here.right]);
        }
    }
    const near = side => letters.filter(one => one[side] > -1).sort((a, b) => a[side] - b[side])[0];
    return [1, 2].flatMap(side => near(side) && near(side)[side] < em ? [[near(side)[0], near(side)[side] / em]] : []);
})"""


def test_a_formula_stands_apart_from_characters_and_close_to_marks(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit("entry")
        page.evaluate("document.querySelectorAll('.text').forEach(text => text.style.textAlign = 'left')")
        for width in (*NARROW, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            gaps = page.evaluate(GAPS)
            assert len(gaps) > len(FORMULAS) * 4
            for character, gap in gaps:
                wanted = (-0.05, 0.06) if unicodedata.category(character)[0] == "P" else (0.1, 0.4)
                assert wanted[0] <= gap <= wanted[1], (width, character, gap)
        visit.check()


def test_verse_is_set_in_kai_and_the_text_around_it_in_song(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit("entry")
        faces = "selector => [...document.querySelectorAll(selector)].map(e => getComputedStyle(e).fontFamily)"
        (verse,) = {tuple(face.split(", ")[:3]) for face in page.evaluate(faces, ".verse")}
        assert verse == ('"Kaiti SC"', "STKaiti", "KaiTi")
        assert all("Serif" in face and "Kai" not in face for face in page.evaluate(faces, ".text > p:not(.verse)"))
        visit.check()


def test_an_edition_shows_what_it_corrected(browser: Browser, site: Site) -> None:
    with visiting(browser, site, "phone") as visit:
        page = visit("edition")
        assert "原来说的" in page.locator(".changes .before").first.inner_text()
        assert page.locator(".changes ins").count()
