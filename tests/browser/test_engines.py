"""The pages in Firefox and in WebKit: `make engines`. Chromium's part is in test_pages.py."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import LINES, NARROW, NEVER_FIRST, alone, begins
from tests.browser.engines import MINI_BROWSER, firefox, webkit
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import NoReturn

    from tests.browser.conftest import Site
    from tests.browser.engines import Engine

WIDTHS = (360, 1280)
PAGES = ("home", "archive", "entry", "edition", "subscribe", "search", "about")
SCREENSHOTS = ROOT / "build" / "screenshots"
TEXTS = "main p, main h1, main h3, .index > li > a"
# Texts that lie upon each other: of every element that has text of its own, the boxes of that text.
OVERLAPS = """const boxes = [...document.querySelectorAll('body *')].flatMap(e => {
    if (e.closest('math, .unseen, .skip, .trap, .of, details:not([open]) > :not(summary)')) return [];
    return [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim()).flatMap(n => {
        const range = document.createRange(); range.selectNodeContents(n);
        return [...range.getClientRects()].filter(b => b.width > 1).map(b => [b, n.data.trim().slice(0, 20)]);
    });
});
const found = [];
boxes.forEach(([a, text], at) => boxes.slice(at + 1).forEach(([b, other]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 2 && high > Math.min(a.height, b.height) / 2) found.push([text, other, wide, high]);
}));
return found;"""
FORMULAS = """return [...document.querySelectorAll('main math')].map(math => {
    const box = math.getBoundingClientRect(), around = math.closest('.formula, p').getBoundingClientRect();
    return [box.width, box.height, box.left - around.left, math.closest('.formula') ? 0 : box.right - around.right];
})"""


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def engine(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    needs: Callable[[str], str],
    cannot_run: Callable[[str], NoReturn],
) -> Iterator[Engine]:
    if os.environ.get("DIGEST_TEST_ENGINES") != "1":
        pytest.skip("slow: `make engines` runs it")
    home: Path = tmp_path_factory.mktemp(request.param)
    made: AbstractContextManager[Engine]
    if request.param == "firefox":
        program = shutil.which("firefox-esr") or needs("firefox")
        made = firefox(program, home, {"intl.accept_languages": "zh-CN"})
    else:
        browser = next(filter(os.path.exists, MINI_BROWSER), None)
        if browser is None:
            cannot_run("needs WebKit's MiniBrowser, which is not installed: apt-get install webkit2gtk-driver")
        made = webkit(needs("WebKitWebDriver"), needs("Xvfb"), browser, home)
    with made as engine:
        yield engine


def shown(engine: Engine, site: Site, name: str, width: int) -> int:
    """Open a page in this width; the width that the window has. WebKit's is at least 447 px, its page is narrower."""
    window = engine.resize(width)
    engine.open(site.url(name))
    if window != width:
        engine.run("document.documentElement.style.width = `${arguments[0]}px`", width)
    return window


def test_a_page_fits_and_nothing_lies_upon_anything(engine: Engine, site: Site, request: pytest.FixtureRequest) -> None:
    named = request.node.callspec.params["engine"]
    for name in PAGES:
        for width in WIDTHS:
            window = shown(engine, site, name, width)
            if os.environ.get("DIGEST_TEST_SCREENSHOTS") == "1":
                SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                (SCREENSHOTS / f"{named}-{name}-{width}.png").write_bytes(engine.picture())
            sideways = engine.run("return document.documentElement.scrollWidth")
            assert sideways <= max(window, width), (name, width)
            right = engine.run("return document.querySelector('main').getBoundingClientRect().right")
            assert right <= width, (name, width)
            assert not engine.run(OVERLAPS), (name, width)


def test_formulas_have_a_box_within_their_text(engine: Engine, site: Site) -> None:
    for width in WIDTHS:
        shown(engine, site, "entry", width)
        found = engine.run(FORMULAS)
        assert len(found) > 20
        for wide, high, left, right in found:
            assert wide > 4, width
            assert high > 4, width
            assert left >= -1, width
            assert right <= 1, width


def test_the_font_of_formulas_is_used(engine: Engine, site: Site) -> None:
    engine.open(site.url("entry"))
    assert engine.run("return [...document.fonts].map(font => [font.family.replaceAll('\"', ''), font.status])") == [
        ["Latin Modern Math", "loaded"]
    ]


def test_lines_keep_the_rules_of_chinese_at_eight_widths(engine: Engine, site: Site) -> None:
    broken = 0
    for name in ("home", "entry", "edition", "about"):
        for width in NARROW:
            shown(engine, site, name, width)
            lines = engine.run(f"return ({LINES})(arguments[0])", TEXTS)
            broken += sum(len(one) > 1 for one in lines)
            assert not begins(lines) & NEVER_FIRST, (name, width)
            assert not alone(lines), (name, width)
    assert broken > len(NARROW), "texts have several lines"


def test_links_within_text_are_underlined(engine: Engine, site: Site) -> None:
    engine.open(site.url("subscribe"))
    style = "getComputedStyle(document.querySelector('main p a'))"
    assert engine.run(f"return {style}.textDecorationLine") == "underline"


def test_webkit_on_linux_makes_no_gaps_as_it_draws_characters_upon_each_other(engine: Engine, site: Site) -> None:
    engine.open(site.url("home"))
    on_linux = engine.run(
        "return CSS.supports('-webkit-nbsp-mode', 'space') && !CSS.supports('font', '-apple-system-body')"
    )
    spaced = engine.run("return getComputedStyle(document.body).textAutospace || 'normal'")
    assert spaced == ("no-autospace" if on_linux else "normal")
