"""The pages about sources, held dumps, layouts and articles in Chromium: they fit, and everybody can use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from digest.app import clock, opened
from digest.records.console import Role, Way
from digest.service.console import sessions, users
from digest.service.intake.refresh import refresh
from digest.settings import load
from digest.web.serve import ConsoleServer
from tests.browser.conftest import FLAGS, chromium_program, served
from tests.browser.test_pages import AXE, OWN_RULES, RULES
from tests.conftest import CONFIG, Article
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from digest.settings import Settings
    from digest.store.transaction import Store

SOURCES = "/console/sources"
PAGES = {
    "sources": SOURCES,
    "source": f"{SOURCES}/of/blog",
    "add": f"{SOURCES}/add",
    "held": f"{SOURCES}/held/blog?dump=index.txt",
    "layouts": f"{SOURCES}/layouts",
    "editor": f"{SOURCES}/layouts/dateblock?dump=blog/index.txt",
    "entries": "/console/entries",
}
LONG = "一篇标题很长的文章" * 6


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings]]:
    """A console before a blog whose listing was read, and is held since."""
    home, port = tmp_path_factory.mktemp("console"), free_port()
    own = f'[console]\non = true\nlisten = "127.0.0.1:{port}"\nurl = "http://localhost:{port}"\n'
    (home / "digest.toml").write_text(CONFIG + own, "utf-8")
    (home / "dumps").mkdir()
    listing, articles = home / "dumps" / "index.txt", [Article(f"{LONG}{number}") for number in range(8)]
    listing.write_text("".join(one.dateblock() for one in articles), "utf-8")
    settings = load(home / "digest.toml")
    with opened(settings) as store:
        refresh(store, settings, settings.sources[0], now=clock())
        changed = Article(articles[0].title, body=("完全不同的一段正文,和原来的没有关系。",))
        listing.write_text(changed.dateblock(), "utf-8")
        refresh(store, settings, settings.sources[0], now=clock())
        yield store, settings


@pytest.fixture(scope="module")
def page(site: tuple[Store, Settings], needs: Callable[[str], str]) -> Iterator[Page]:
    store, settings = site
    with served(ConsoleServer(settings, store, clock)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        context = browser.new_context(locale="zh-CN", color_scheme="dark")
        user = users.ensure_user(store, "ann", Role.ADMIN, clock())
        login = sessions.begin(store, settings, user.id, Way.LINK, clock(), network="127.0.0.0/24", agent="x")
        context.add_cookies([{"name": "digest-console", "value": login.token, "url": settings.console_url}])
        made = context.new_page()
        made.set_default_timeout(10_000)
        yield made
        browser.close()


def test_the_pages_fit_have_no_faults_and_can_be_used_by_everybody(
    site: tuple[Store, Settings], page: Page, needs: Callable[[str], str]
) -> None:
    program, troubles = Path(needs(AXE)).read_text("utf-8"), list[str]()
    page.on("console", lambda said: troubles.append(said.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(site[1].console_url + PAGES["entries"])
    article = str(page.locator("main td.say a").first.get_attribute("href"))
    for name, path in {**PAGES, "entry": article}.items():
        page.goto(site[1].console_url + path)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(program)
        report = page.evaluate("rules => axe.run(document, rules)", {"runOnly": RULES, "rules": OWN_RULES})
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in report["violations"]] == [], name
    assert troubles == []


def test_a_held_page_is_decided_on_by_keyboard(site: tuple[Store, Settings], page: Page) -> None:
    page.goto(site[1].console_url + PAGES["held"])
    button = page.get_by_role("button", name="丢弃")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    with site[0].read() as tx:
        assert tx.audit_log.listed()[0].act == "dumps.discard"
