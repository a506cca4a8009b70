"""The console in Chromium: a passkey of a virtual authenticator, and how its own pages look and can be used."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import sync_playwright

from digest.records.console import CredentialKind, Role, Way
from digest.service.console import passkeys, sessions, users
from digest.settings import Settings
from digest.settings.console import Console
from digest.store import open_store
from digest.web.serve import ConsoleServer
from tests.browser.conftest import FLAGS, chromium_program, served
from tests.browser.test_pages import AXE, OWN_RULES, RULES
from tests.serving import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from digest.store.transaction import Store

PAGES = {
    "login": "/console/login",
    "account": "/console/account",
    "password": "/console/account/password",
    "users": "/console/users",
    "user": "/console/users/ann",
}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture(scope="module")
def settings() -> Settings:
    port = free_port()
    console = Console(on=True, listen=f"127.0.0.1:{port}", url=f"http://localhost:{port}", password=True)
    return Settings(language="en", console=console)


@pytest.fixture(scope="module")
def browser(store: Store, settings: Settings, needs: Callable[[str], str]) -> Iterator[Browser]:
    server = ConsoleServer(settings, store, lambda: datetime.now(UTC))
    with served(server), sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium_program(needs), args=FLAGS)
        yield made
        made.close()


def opened(context: BrowserContext, troubles: list[str]) -> Page:
    page = context.new_page()
    page.on("console", lambda said: troubles.append(said.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_default_timeout(10_000)
    return page


def test_the_first_link_then_a_passkey_then_a_login_by_it(store: Store, settings: Settings, browser: Browser) -> None:
    troubles: list[str] = []
    context = browser.new_context(locale="en")
    page = opened(context, troubles)
    authenticator = context.new_cdp_session(page)
    authenticator.send("WebAuthn.enable")
    authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    user = users.ensure_user(store, "ann", Role.ADMIN, datetime.now(UTC))
    page.goto(users.issue_link(store, settings, user.id, datetime.now(UTC)))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/console/account?first")
    page.get_by_label("Name of the passkey").fill("laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("From now on you can log in with this passkey.").wait_for()
    page.get_by_role("cell", name="laptop").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_text("You are logged out.").wait_for()
    page.goto(f"{settings.console_url}/console/account")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url("**/console/account")
    with store.read() as tx:
        (passkey,) = tx.console_users.credentials(user.id, CredentialKind.PASSKEY)
        ways = {one.way for one in tx.console_sessions.of(user.id)}
    assert passkey.used_at is not None
    assert ways == {Way.PASSKEY}
    assert troubles == []
    context.close()


def test_the_answer_of_a_passkey_counts_once_and_for_one_browser(
    store: Store, settings: Settings, browser: Browser
) -> None:
    troubles: list[str] = []
    context = browser.new_context(locale="en")
    page = opened(context, troubles)
    authenticator = context.new_cdp_session(page)
    authenticator.send("WebAuthn.enable")
    authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    user = users.ensure_user(store, "ben", Role.EDITOR, datetime.now(UTC))
    page.goto(users.issue_link(store, settings, user.id, datetime.now(UTC)))
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("From now on you can log in with this passkey.").wait_for()
    page.get_by_role("button", name="Log out").click()
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.url.endswith("/passkey") else None)
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url("**/console")
    before = context.cookies()
    (form,) = sent
    again = context.request.post(
        f"{settings.console_url}/console/login/passkey",
        data=form,
        headers={"content-type": "application/x-www-form-urlencoded"},
        max_redirects=0,
    )
    assert again.status == 403  # its token was that of the browser before the login
    with store.read() as tx:
        assert len(tx.console_sessions.of(user.id)) == 1
    assert context.cookies() == before
    fields = dict(parse_qsl(form))
    challenge = json.loads(base64.urlsafe_b64decode(fields["challenge"].partition(".")[0]))[0]
    for asked in (challenge, passkeys.new_challenge()):  # the answer was used, and answers nothing else
        assert passkeys.check_passkey(store, settings, fields["answer"], asked, datetime.now(UTC)) is None
    context.close()


def test_the_pages_fit_have_no_faults_and_can_be_used_by_everybody(
    store: Store, settings: Settings, browser: Browser, needs: Callable[[str], str]
) -> None:
    program = Path(needs(AXE)).read_text("utf-8")
    troubles: list[str] = []
    context = browser.new_context(locale="zh-CN", color_scheme="dark")
    user = users.ensure_user(store, "ann", Role.ADMIN, datetime.now(UTC))
    login = sessions.begin(
        store, settings, user.id, Way.LINK, datetime.now(UTC), network="127.0.0.0/24", agent="Chrome/1 Linux"
    )
    page = opened(context, troubles)
    for name, path in PAGES.items():
        if name != "login":
            context.add_cookies([{"name": "digest-console", "value": login.token, "url": settings.console_url}])
        page.goto(settings.console_url + path)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(program)
        report = page.evaluate("rules => axe.run(document, rules)", {"runOnly": RULES, "rules": OWN_RULES})
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in report["violations"]] == [], name
    assert troubles == []
    context.close()
