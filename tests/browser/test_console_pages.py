"""Every page of the console in Chromium, as its route table lists them: wide and narrow, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from digest.app import clock, opened
from digest.records.console import Role, Way
from digest.service.console import sessions, users
from digest.service.editions import making
from digest.service.intake.refresh import refresh
from digest.service.people import subscribers
from digest.settings import load
from digest.web.console.routes import PAGES
from digest.web.serve import ConsoleServer
from tests.browser.conftest import FLAGS, chromium_program, served
from tests.browser.test_console_life import AXE_OPTIONS
from tests.browser.test_pages import AXE, screenshot
from tests.conftest import CONFIG, Article
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

    from digest.settings import Settings
    from digest.store.transaction import Store

# Not pages: a stream, files, a mail alone in its frame, and the way to a provider that is not configured.
NO_PAGES = re.compile(
    r"/console/(progress|people/export\.csv|audit/export/.*|editions/mail/.*|templates/frame/.*|login/oidc.*)"
)
QUERIES = {"/console/sources/held/{source}": "?dump=index.txt", "/console/settings/edit": "?key=mail.sender"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings, dict[str, str]]]:
    """A console before something of each kind, and what stands in the addresses of its pages, by their parameters."""
    home, port = tmp_path_factory.mktemp("console"), free_port()
    own = f'[console]\non = true\npassword = true\nlisten = "127.0.0.1:{port}"\nurl = "http://localhost:{port}"\n'
    (home / "digest.toml").write_text(CONFIG + own, "utf-8")
    (home / "dumps").mkdir()
    listing, articles = home / "dumps" / "index.txt", [Article(f"一篇标题很长的文章{n}" * 6) for n in range(8)]
    settings = load(home / "digest.toml")
    with opened(settings) as store:
        for seen in (articles, [Article("New"), *articles]):
            listing.write_text("".join(one.dateblock() for one in seen), "utf-8")
            refresh(store, settings, settings.sources[0], now=clock())
            if seen is articles:
                subscribers.add(store, settings, "ada@example.org", now=clock())
        making.cut(store, settings, settings.digests[0], clock())
        listing.write_text(Article("Other", body=("完全不同的一段正文。",)).dateblock(), "utf-8")
        refresh(store, settings, settings.sources[0], now=clock())
        user = users.ensure_user(store, "ann", Role.ADMIN, clock())
        link = users.issue_link(store, settings, user.id, clock()).rpartition("/")[2]
        known = {"subscriber": "1", "source": "blog", "layout": "dateblock", "digest": "weekly"}
        known |= {"token": link, "user": "ann", "template": "mail/weekly/html.html"}
        yield store, settings, known


@pytest.fixture(scope="module")
def context(site: tuple[Store, Settings, dict[str, str]], needs: Callable[[str], str]) -> Iterator[BrowserContext]:
    """A browser in which an admin is logged in."""
    store, settings, _ = site
    with served(ConsoleServer(settings, store, clock)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        made = browser.new_context(locale="zh-CN")
        user = users.ensure_user(store, "ann", Role.ADMIN, clock())
        login = sessions.begin(store, settings, user.id, Way.LINK, clock(), network="127.0.0.0/24", agent="x")
        made.add_cookies([{"name": "digest-console", "value": login.token, "url": settings.console_url}])
        made.set_default_timeout(10_000)
        yield made
        browser.close()


def test_each_page_of_the_route_table_fits_and_can_be_used_by_everybody(
    site: tuple[Store, Settings, dict[str, str]], context: BrowserContext, needs: Callable[[str], str]
) -> None:
    _, settings, known = site
    program, troubles = Path(needs(AXE)).read_text("utf-8"), list[str]()
    page = context.new_page()
    page.on("console", lambda said: troubles.append(f"{page.url}: {said.text}"))
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
    page.goto(f"{settings.console_url}/console/entries")
    article = str(page.locator("main td.say a").first.get_attribute("href"))
    page.goto(f"{settings.console_url}/console/editions")
    edition = str(page.locator("main a[href^='/console/editions/of/']").first.get_attribute("href"))
    known |= {"entry": article.rpartition("/")[2], "edition": edition.removeprefix("/console/editions/of/")}
    paths = [one.path for one in PAGES if one.get and not NO_PAGES.fullmatch(one.path)]
    assert len(paths) > 20
    for path in paths:
        place = re.sub(r"\{(\w+)(:path)?\}", lambda found: known[found[1]], path) + QUERIES.get(path, "")
        answer = page.goto(settings.console_url + place)
        assert answer is not None
        assert answer.status == 200, place
        page.evaluate(program)
        for width, axe_in in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                screenshot(page, f"console-{re.sub('[^a-z]+', '-', path)}-{scheme}-{width}")
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    troubles.append(f"{place} is wider than {width}")
                if scheme == axe_in:
                    report = page.evaluate("rules => axe.run(document, rules)", AXE_OPTIONS)
                    troubles += [f"{place} {one['id']} {one['nodes'][0]['html']}" for one in report["violations"]]
    page.close()
    assert troubles == []
