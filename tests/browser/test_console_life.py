"""The whole life of an installation in Chromium: from the first link to the fate of each mail, without a shell."""

from __future__ import annotations

import email
import shutil
import subprocess
from datetime import datetime
from email.header import decode_header, make_header
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, chromium_program, wait_for
from tests.browser.test_console_login import AUTHENTICATOR
from tests.browser.test_pages import AXE, OWN_RULES, RULES
from tests.conftest import Article
from tests.forking import Digest, run_digest
from tests.serving import free_port
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

CONFIG = """
data_dir = "var"
base_url = "http://localhost:{port}"
operator = "ops@example.net"
tick = "1s"
[web]
listen = "127.0.0.1:{port}"
[console]
on = true
[mail]
path = "mail"
sender = "Digest <digest@example.org>"
"""
PEOPLE = ("ada@example.org", "bo@example.org")
AXE_OPTIONS = {"runOnly": RULES, "rules": OWN_RULES, "iframes": False}
NEW = "一篇新文章"
NOTE = "A word before the articles."


@pytest.fixture
def home(tmp_path: Path, real_dumps: Path) -> Iterator[Path]:
    """A running service with an empty store beside the real listing; what it says is in `said`."""
    port = free_port()
    (tmp_path / "digest.toml").write_text(CONFIG.format(port=port), "utf-8")
    shutil.copytree(real_dumps, tmp_path / "dumps")
    command = ["run", "--config", str(tmp_path / "digest.toml")]
    with (
        (tmp_path / "said").open("w") as said,
        Digest(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=said) as process,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield tmp_path
        finally:
            process.terminate()
            process.wait(60)


def link(home: Path) -> str:
    """The first link, which is the only thing that needs a shell."""
    done = run_digest(["console", "link", "--config", str(home / "digest.toml")], cwd=home)
    return next(word for word in done.stdout.split() if "/console/link/" in word)


class Operator:
    """Somebody in front of the console, who looks at each page they come to for what is wrong with it."""

    def __init__(self, page: Page, program: str) -> None:
        self.page, self._program = page, program
        self.troubles: list[str] = []
        self.seen: set[str] = set()
        page.set_default_timeout(8_000)
        page.on("console", lambda said: self.troubles.append(said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda asked: self._asked(asked.url))

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme != "data" and urlsplit(url).hostname != "localhost":
            self.troubles.append(f"a request to {url}")

    def look(self, heading: str = "") -> None:
        """The page says this, and has no fault; a page that was looked at before is not looked at again."""
        if heading:
            try:
                self.page.locator("main").get_by_text(heading).first.wait_for()
            except PlaywrightTimeoutError as error:
                words = self.page.locator("main").inner_text()
                raise AssertionError(f"{self.page.url} does not say {heading!r}: {words}") from error
        path = urlsplit(self.page.url).path
        if path not in self.seen:
            self.seen.add(path)
            self.page.evaluate(self._program)
            # Not into the frame of a mail: no script runs there. The mails have tests of their own.
            report = self.page.evaluate("rules => axe.run(document, rules)", AXE_OPTIONS)
            self.troubles += [f"{path}: {one['id']} {one['nodes'][0]['html']}" for one in report["violations"]]

    def reload_until(self, heading: str) -> None:
        """Load the page again until it says this: the service works meanwhile."""

        def is_there() -> bool:
            self.page.reload()
            return heading in self.page.locator("main").inner_text()

        until(is_there, lambda: self.page.locator("main").inner_text(), seconds=20)

    def go(self, name: str) -> None:
        """Choose a page in the navigation."""
        self.page.locator("header nav").get_by_role("link", name=name, exact=True).click()
        self.look()

    def follow(self, name: str, *, exact: bool = True) -> None:
        self.look(name)
        self.page.locator("main").get_by_role("link", name=name, exact=exact).first.click()
        self.look()

    def press(self, name: str, says: str = "") -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.look(says)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"main #{name}").fill(value)


@pytest.fixture
def operator(home: Path, needs: Callable[[str], str]) -> Iterator[Operator]:
    program = Path(needs(AXE)).read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        context = browser.new_context(locale="en")
        page = context.new_page()
        authenticator = context.new_cdp_session(page)
        authenticator.send("WebAuthn.enable")
        authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        yield Operator(page, program)
        browser.close()


def log_in(operator: Operator, home: Path) -> None:
    """By the link, which is followed by a passkey, by which the operator then logs in again."""
    operator.page.goto(link(home))
    operator.press("Log in", "Name of the passkey")
    operator.press("Add a passkey", "From now on you can log in with this passkey.")
    operator.press("Log out", "You are logged out.")
    operator.press("Log in with a passkey", "No digest is configured.")


def add_digest(operator: Operator) -> None:
    """In the settings: the configuration has none."""
    operator.go("Settings")
    operator.fill(id="weekly", toml='title = "The week"')
    operator.press("Add", "Saved. It holds at once.")


def add_source(operator: Operator, home: Path) -> str:
    """Add the folder after a look at what it gives; an id of it, and the number of its articles."""
    operator.go("Sources")
    operator.follow("Add a source")
    operator.fill(path=str(home / "dumps"), title="科学空间", source="kexue", timezone="Asia/Shanghai")
    operator.press("Show what it gives", "24 articles, such as:")  # one of them twice, before they are matched
    operator.press("Add the source", "The source is added.")
    operator.reload_until("科学空间")  # the service takes the new settings in a moment
    operator.follow("科学空间")
    operator.press("Read it now", "23 articles")
    operator.follow("Its articles")
    operator.follow("中国象棋", exact=False)
    return operator.page.url


def decide(operator: Operator, home: Path) -> None:
    """A listing page shows far less than before, and is approved after a look at what differs."""
    (listing,) = (home / "dumps").glob("003_*.txt")
    text = listing.read_text("utf-8")
    listing.write_text(text[: len(text) // 3], "utf-8")
    operator.go("Sources")
    operator.press("Read all now", "A listing page is held")
    operator.follow("See what differs")
    operator.look("Your decision")
    operator.press("Approve", "Approved: the dump was read as it is now.")


def publish(operator: Operator, home: Path) -> None:
    """The crawler sees an article that is new."""
    (listing,) = (home / "dumps").glob("001_*.txt")
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    listing.write_text(Article(NEW, (day.year, day.month, day.day)).byline() + listing.read_text("utf-8"), "utf-8")
    operator.go("Sources")
    operator.press("Read all now", "Read: 1 new articles")


def subscribe(operator: Operator) -> None:
    operator.go("Subscribers")
    for address in PEOPLE:
        operator.fill(address=address)
        operator.page.get_by_label("Send a first mail at once").uncheck()
        operator.press("Subscribe them", "is subscribed")
        operator.go("Subscribers")


def send(operator: Operator, home: Path) -> str:
    """Look at the next edition, write a note, preview it, make it, and see each mail's fate; the edition's key."""
    operator.go("Today")
    operator.reload_until(NEW)
    operator.follow("Note, order, approve")
    operator.fill(text=NOTE)
    operator.press("Store the note", "The note is stored.")
    operator.follow("Preview the mail")
    frame = operator.page.frame_locator("iframe")
    frame.get_by_text(NEW).first.wait_for()
    frame.get_by_text(NOTE).first.wait_for()
    for look in ("dark", "phone", "text"):
        operator.follow(look)
    operator.look(NEW)
    operator.go("Today")
    operator.follow("Note, order, approve")
    operator.press("Make it now", "The edition is made.")
    edition = urlsplit(operator.page.url).path.removeprefix("/console/editions/of/")
    operator.reload_until("2 arrived")
    operator.follow("The fate of each mail")
    rows = operator.page.locator("main tbody tr")
    assert sorted(" ".join(row.split()) for row in rows.all_inner_texts()) == [f"{one} arrived 1" for one in PEOPLE]
    mails = [email.message_from_bytes(one.read_bytes()) for one in (home / "mail" / "new").iterdir()]
    assert sorted(str(one["To"]) for one in mails if NEW in str(make_header(decode_header(one["Subject"])))) == [
        *PEOPLE
    ]
    return edition


def find(operator: Operator) -> None:
    """All that was done is in the audit log, by whom."""
    operator.go("Audit log")
    listed = operator.page.locator("main tbody tr").all_inner_texts()
    acts = ("settings.set", "sources.add", "sources.refresh_all", "dumps.approve", "subscribers.add", "editions.note")
    for act in (*acts, "editions.cut"):
        assert any(act in row and "admin" in row and "done" in row for row in listed), (act, listed)


def test_an_operator_needs_no_shell_after_the_first_link(home: Path, operator: Operator) -> None:
    log_in(operator, home)
    add_digest(operator)
    add_source(operator, home)
    decide(operator, home)
    publish(operator, home)
    subscribe(operator)
    edition = send(operator, home)
    find(operator)
    assert edition.startswith("weekly/")
    assert operator.troubles == []
