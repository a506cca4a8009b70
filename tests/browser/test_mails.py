"""Mails in Chromium: on a phone and beside other windows, light and dark, with and without pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import sync_playwright

from digest.model import EntryId, Section, Selected
from digest.service.editions.drafts import with_pictures
from tests.browser.conftest import FLAGS, FORMULAS, LINES, NARROW, NEVER_FIRST, begins, chromium_program
from tests.conftest import ROOT
from tests.golden.mails import MAILS, entry, mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.golden.mails import Made

Scheme = Literal["light", "dark"]
WIDTHS = (360, 800)
SHOWN = ("weekly", "english", "corrected", "forty", "long")
TALLEST = 6_000  # px at 360 px, of a mail with forty entries
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = "tests/npm/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OWN_RULES = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}  # a mail is within a page
HIDDEN = """() => [...document.querySelectorAll('.page, .page *, .small, .small *')].filter(e => {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) return false;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width < 1 || box.height < 1 || box.left < -1 || box.right > innerWidth + 1
        || style.visibility !== 'visible' || Number(style.opacity) < 1;
}).map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def made() -> dict[str, Made]:
    return {name: MAILS[name]() for name in SHOWN}


@pytest.fixture(scope="module")
def chromium(made: dict[str, Made], needs: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def contexts() -> dict[tuple[int, str], BrowserContext]:
    """Those that the tests share, by width and scheme: a context costs a process."""
    return {}


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def page(
    request: pytest.FixtureRequest, chromium: Browser, contexts: dict[tuple[int, str], BrowserContext]
) -> Iterator[Page]:
    width, scheme = request.param
    if request.param not in contexts:
        contexts[request.param] = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    made = contexts[request.param].new_page()
    yield made
    made.close()


def called(page: Page, name: str, *rest: str) -> str:
    width = page.viewport_size["width"] if page.viewport_size else 0
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    return "-".join(("mail", name, str(width), "dark" if dark else "light", *rest)) + ".png"


def picture(page: Page, *names: str) -> None:
    """For people to look at, with DIGEST_TEST_SCREENSHOTS=1."""
    if os.environ.get("DIGEST_TEST_SCREENSHOTS") != "1":
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / called(page, *names), full_page=True)


def violations(page: Page, axe: str) -> list[Any]:
    page.add_script_tag(path=axe)
    run = "options => axe.run(document, options)"
    found = page.evaluate(run, {"runOnly": {"type": "tag", "values": RULES}, "rules": OWN_RULES})
    return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found["violations"]]


@pytest.mark.parametrize("name", SHOWN)
def test_a_mail_fits_and_all_can_read_it(
    page: Page, made: dict[str, Made], name: str, needs: Callable[[str], str]
) -> None:
    page.set_content(with_pictures(made[name].words.html, dict(made[name].pictures)))
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
    picture(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    assert page.evaluate(HIDDEN) == []
    assert violations(page, needs(AXE)) == []


@pytest.mark.parametrize("name", ["weekly", "corrected"])
def test_without_pictures_their_words_are_read(page: Page, made: dict[str, Made], name: str) -> None:
    page.set_content(made[name].words.html)  # nothing answers to cid: addresses here
    page.wait_for_function("[...document.images].every(image => image.complete)")
    picture(page, name, "blocked")
    images = page.evaluate("[...document.images].map(i => [i.naturalWidth, i.alt, i.clientWidth, i.clientHeight])")
    assert len(images) == len(made[name].pictures)
    for natural, alt, width, height in images:
        assert natural == 0
        assert alt
        assert width > 0
        assert height > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    assert page.evaluate(HIDDEN) == []


@pytest.mark.parametrize("title", ["一个关于低秩近似与随机投影的很长的标题," * times for times in (2, 4, 8)])
def test_forty_long_titles_fit_on_a_phone(chromium: Browser, title: str) -> None:
    tall = ("设 $\\frac{\\int_0^1 x}{\\frac{a}{b}}$ 满足这些条件,我们就得到了结论,如此等等。",)
    every = [Selected(Section.NEW, replace(entry(f"{title}{n}", tall), id=EntryId(f"long-{n}"))) for n in range(40)]
    long = mail(every, "zh_CN", "科学空间 每周摘要")
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.set_content(with_pictures(long.words.html, dict(long.pictures)))
    assert page.evaluate("document.documentElement.scrollHeight") < TALLEST
    page.close()


def test_forty_entries_fit_on_a_phone(chromium: Browser, made: dict[str, Made]) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.set_content(with_pictures(made["forty"].words.html, dict(made["forty"].pictures)))
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert page.locator(".lines").count() == 40
    assert page.evaluate("document.documentElement.scrollHeight") < TALLEST
    heights = page.evaluate("[...document.querySelectorAll('.lines')].map(e => e.getBoundingClientRect().height)")
    assert max(heights) <= 2 * 14 * 1.6 + 8  # two lines, a formula may be a little higher
    page.close()


@pytest.mark.parametrize("name", ["weekly", "forty"])
def test_the_contents_jump_within_the_mail(chromium: Browser, made: dict[str, Made], name: str) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 500})
    page.set_content(made[name].words.html)
    jumps = page.locator("a[href^='#']")
    assert jumps.count() > 3
    for at in range(jumps.count()):
        jump = jumps.nth(at)
        place = (jump.get_attribute("href") or "").removeprefix("#")
        jump.click()
        top = page.evaluate("name => document.getElementsByName(name)[0].getBoundingClientRect().top", place)
        bottom = page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
        assert -1 <= top <= 60 or bottom <= 1
    page.close()


LAST = """() => [...document.querySelectorAll('.text p')].map(p => {
    const range = document.createRange(); range.selectNodeContents(p);
    const boxes = [...range.getClientRects()].filter(box => box.width), low = Math.max(...boxes.map(box => box.bottom));
    const last = boxes.filter(box => box.bottom > low - 12);
    return Math.max(...last.map(box => box.right)) - Math.min(...last.map(box => box.left));
})"""


def test_lines_keep_the_rules_of_chinese_at_eight_widths(chromium: Browser) -> None:
    every = [Selected(Section.NEW, entry(f"第{number}篇", (text,))) for number, text in enumerate(FORMULAS)]
    letter = mail(every, "zh_CN", "科学空间每周摘要")
    page = chromium.new_page()
    page.set_content(with_pictures(letter.words.html, dict(letter.pictures)))
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert page.locator(".text img").count() >= len(FORMULAS)
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 800})
        lines = page.evaluate(LINES, ".text p")
        assert sum(map(len, lines)) > 2 * len(FORMULAS)  # the text does not fit on one line each
        assert not begins(lines) & NEVER_FIRST, width
        assert min(page.evaluate(LAST)) > 24, width  # px: more than one character and its mark
    page.close()
