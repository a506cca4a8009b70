"""What all pages of the console share: who may see them, what a form must carry, which headers a browser gets."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from digest.records.console import Role
from digest.records.operating import ActOutcome
from digest.service.console import users
from digest.settings import Settings
from digest.settings.console import Console
from digest.store import open_store
from digest.web.console import frame, routes
from digest.web.console.frame import ANYBODY, NAVIGATION
from digest.web.console.routes import PAGES
from tests.consoles import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.responses import Response

    from digest.store.transaction import Store
    from digest.web.console.frame import Page
    from digest.web.console.visit import Visit

    Consoles = Callable[..., Browser]

HOME = "/console"
BELOW = {"operate": Role.VIEWER, "people": Role.EDITOR, "admin": Role.EDITOR}  # the highest role without this scope
CLOSED = [page for page in PAGES if page.scope != ANYBODY]
ACTING = [page for page in PAGES if page.post]


def a_path(page: Page) -> str:
    return re.sub(r"\{\w+(?::\w+)?\}", "1", page.path)


def named(pages: list[Page]) -> list[object]:
    return [pytest.param(page, id=page.path) for page in pages]


@pytest.fixture(scope="module")
def people() -> Iterator[dict[str, Browser]]:
    """A stranger and a user of each role, with their tokens, in front of one console: none of them changes anything."""
    store = open_store("sqlite://")
    stranger = Browser(store, Settings(base_url="http://digest.example.org", console=Console(on=True)))
    yield {"": stranger, **{str(role): stranger.other().enter(role) for role in Role}}
    store.close()


@pytest.fixture(scope="module")
def tokens(people: dict[str, Browser]) -> dict[str, str]:
    """The CSRF token of each of them."""
    given = {who: "/console/account" if who else people[""].link() for who in people}
    return {who: people[who].get(path).page.xpath("//input[@name='csrf']/@value")[0] for who, path in given.items()}


@pytest.mark.parametrize("page", named(CLOSED))
def test_a_page_leads_strangers_to_the_login_and_takes_nothing_from_them(
    people: dict[str, Browser], tokens: dict[str, str], page: Page
) -> None:
    path = a_path(page)
    if page.get:
        assert people[""].get(f"{path}?a=b").to == f"/console/login?next={path.replace('/', '%2F')}%3Fa%3Db"
    for fields in ({}, {"csrf": "x"}, {"csrf": tokens[""]}):
        assert people[""].send(path, fields).status == 401


@pytest.mark.parametrize("page", named([page for page in CLOSED if page.needs("GET") in BELOW and page.get]))
def test_a_page_refuses_the_role_below(people: dict[str, Browser], page: Page) -> None:
    assert people[BELOW[page.needs("GET")]].get(a_path(page)).status == 403


@pytest.mark.parametrize("page", named([page for page in ACTING if page.needs("POST") in BELOW]))
def test_an_act_refuses_the_role_below(people: dict[str, Browser], tokens: dict[str, str], page: Page) -> None:
    below = BELOW[page.needs("POST")]
    assert "Your role does not allow this." in people[below].send(a_path(page), {"csrf": tokens[below]}).text


@pytest.mark.parametrize("page", named(ACTING))
def test_an_act_needs_the_token_of_its_session_and_a_page_of_ours(
    people: dict[str, Browser], tokens: dict[str, str], page: Page
) -> None:
    who, path = "" if page.scope == ANYBODY else "admin", a_path(page)
    for fields in ({}, {"csrf": ""}, {"csrf": tokens["viewer"]}, {"csrf": tokens[who][:-1]}):
        assert people[who].send(path, fields).status == 403
    for foreign in (
        {"origin": "https://evil.example"},
        {"origin": "https://digest.example.org"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ):
        answer = people[who].send(path, {"csrf": tokens[who]}, **foreign)
        assert (answer.status, "no longer valid" in answer.text) == (403, True)


@pytest.mark.parametrize("page", named([page for page in PAGES if page.get]))
def test_no_page_is_framed_cached_listed_or_scripted_from_elsewhere(people: dict[str, Browser], page: Page) -> None:
    headers = people["admin"].get(a_path(page)).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("page", named([page for page in PAGES if page.get is None]))
def test_what_only_acts_shows_nothing(people: dict[str, Browser], page: Page) -> None:
    answer = people["admin"].get(a_path(page))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("page", named([page for page in PAGES if page.get]))
def test_an_address_that_no_page_made_is_refused_in_the_form_of_all_pages(
    people: dict[str, Browser], page: Page
) -> None:
    path = re.sub(r"\{\w+(?::\w+)?\}", "x" * 3000, page.path)
    query = urlencode(
        dict.fromkeys(("after", "dump", "edition", "language", "q", "source", "state", "who"), "y" * 3000)
    )
    answer = people["admin"].get(f"{path}?{query}")
    assert answer.status < 500
    assert answer.headers["cache-control"] == "no-store"
    assert people["admin"].get(f"{a_path(page)}?a=%00").status == 422


@pytest.mark.parametrize("page", named(ACTING))
def test_a_form_with_a_text_that_nothing_can_store_is_refused(
    people: dict[str, Browser], tokens: dict[str, str], page: Page
) -> None:
    who = "" if page.scope == ANYBODY else "admin"
    assert people[who].send(a_path(page), {"csrf": tokens[who], "title": "a\0b"}).status == 422


def test_a_page_that_fails_says_so_and_leads_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(visit: Visit) -> Response:
        raise ZeroDivisionError("secret of the store")

    monkeypatch.setattr(routes, "PAGES", (frame.Page("/console/broken", "read", broken),))
    settings = Settings(base_url="http://digest.example.org", console=Console(on=True))
    answer = Browser(store, settings).enter().get("/console/broken")
    assert (answer.status, answer.headers["cache-control"]) == (500, "no-store")
    assert "The log of the service says how." in answer.text
    assert "secret" not in answer.text
    assert answer.page.xpath("//main//a/@href") == ["/console"]


def test_the_navigation_shows_what_the_role_may_see(console: Consoles) -> None:
    paths = {page.path for page in PAGES}
    for role in Role:
        seen = console().enter(role).get("/console/account").page.xpath("//nav//a/@href")
        allowed = users.allowed(role)
        assert seen == [path for path, _, scope in NAVIGATION if path in paths and (not scope or scope in allowed)]


def test_the_session_cookie_is_for_this_host_alone_and_hidden_from_scripts(console: Consoles) -> None:
    browser = console("https://digest.example.org")
    (cookie,) = browser.get("/console/login").cookies
    name, *flags = cookie.split("; ")
    assert name.startswith("__Host-digest-console=")
    assert {flag.lower() for flag in flags} == {"httponly", "secure", "path=/", "samesite=lax"}
    (plain,) = console().get("/console/login").cookies
    assert plain.startswith("digest-console=")
    assert "secure" not in plain.lower()


def test_a_link_logs_in_once_and_looking_at_it_does_not_use_it_up(console: Consoles) -> None:
    browser = console()
    link = browser.link("ann", Role.EDITOR)
    assert "ann" in browser.get(link).text
    assert browser.get(link).status == 200
    assert browser.fill(link).to == "/console/account?first"
    assert browser.get(HOME).status == 200
    other = browser.other()
    assert other.get(link).status == 410
    other.get("/console/login")
    assert (
        other.send(link, {"csrf": other.get(other.link()).page.xpath("//input[@name='csrf']/@value")[0]}).status == 410
    )
    assert other.get(HOME).to.startswith("/console/login")


def test_a_link_ends_after_a_quarter_of_an_hour(console: Consoles) -> None:
    browser = console()
    link = browser.link()
    browser.clock.pass_by(users.LINK_LIFE)
    assert browser.get(link).status == 410


def test_a_login_never_keeps_the_token_from_before(console: Consoles) -> None:
    browser = console()
    browser.cookies[browser.cookie_name] = "chosen-by-somebody-else"
    link = browser.link()
    browser.fill(link)
    assert browser.cookies[browser.cookie_name] != "chosen-by-somebody-else"
    thief = browser.other()
    thief.cookies[thief.cookie_name] = "chosen-by-somebody-else"
    assert thief.get(HOME).to.startswith("/console/login")


def test_a_logout_ends_the_session_in_the_store(console: Consoles) -> None:
    browser = console().enter()
    copy = dict(browser.cookies)
    token = browser.get(HOME).page.xpath("//input[@name='csrf']/@value")[0]
    assert browser.send("/console/logout", {"csrf": token}).to == "/console/login"
    assert "logged out" in browser.get("/console/login").text
    assert "logged out" not in browser.get("/console/login").text
    thief = browser.other()
    thief.cookies = copy
    assert thief.get(HOME).to.startswith("/console/login")
    with browser.store.read() as tx:
        (act,) = tx.audit_log.listed()
    assert (act.act, act.who, act.outcome) == ("account.log-out", "admin", ActOutcome.DONE)


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(console: Consoles) -> None:
    browser = console(idle=timedelta(hours=1), absolute=timedelta(hours=3)).enter()
    for _ in range(3):
        browser.clock.pass_by(timedelta(minutes=50))
        assert browser.get(HOME).status == 200
    browser.clock.pass_by(timedelta(minutes=40))
    assert browser.get(HOME).to.startswith("/console/login")
    browser.enter()
    browser.clock.pass_by(timedelta(hours=1))
    assert browser.get(HOME).to.startswith("/console/login")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/console",
        "/\\evil.example",
        "/console/../../evil",
        "/console\\@evil.example",
        "/consoles",
        "/console/login?next=/console",
        "/console/link/x",
        "javascript:alert(1)",
        "/console\r\nSet-Cookie: a=b",
    ],
)
def test_a_login_leads_to_no_other_site(console: Consoles, target: str) -> None:
    browser = console().enter()
    assert browser.get(f"/console/login?{urlencode({'next': target})}").to == HOME


def test_a_login_leads_to_the_page_that_was_asked_for(console: Consoles) -> None:
    browser = console().enter()
    assert browser.get("/console/login?next=/console/account%3Fa%3Db").to == "/console/account?a=b"


def test_a_slash_too_many_leads_to_the_page(console: Consoles) -> None:
    browser = console().enter()
    assert browser.get("/console/").to == HOME
    assert browser.get("/console/account/").to == "/console/account"
    assert browser.get("/console//").to == HOME


def test_only_a_trusted_proxy_names_a_user(console: Consoles) -> None:
    browser = console(trusted_header="Remote-User", trusted_proxies=("10.0.0.0/8",))
    browser.link("ann", Role.EDITOR)
    assert browser.get(HOME, remote_user="ann").to.startswith("/console/login")
    assert browser.get(HOME, remote_user="ann", x_forwarded_for="10.0.0.1").to.startswith("/console/login")
    browser.address = "10.1.2.3"
    assert "ann" in browser.get(HOME, remote_user="ann").text
    assert "ben has no account" in browser.get(HOME, remote_user="ben").text
    assert browser.get(HOME).to.startswith("/console/login")
    browser.address = "192.0.2.7"
    assert browser.get(HOME, remote_user="ann").to.startswith("/console/login")


def test_a_proxy_adds_people_where_a_role_is_set_for_them(console: Consoles) -> None:
    browser = console(trusted_header="Remote-User", trusted_proxies=("10.0.0.0/8",), newcomers="viewer")
    browser.address = "10.1.2.3"
    assert "ben (viewer)" in browser.get(HOME, remote_user="ben").text
    users.disable(browser.store, users.known_user(browser.store, "ben").id, browser.clock())
    assert browser.get(HOME, remote_user="ben").status == 403


def test_a_restored_store_revives_no_session_and_no_link(store: Store, console: Consoles) -> None:
    browser = console().enter()
    link = browser.link()
    with store.write() as tx:
        tx.console_sessions.forget_all()
    assert browser.get(HOME).to.startswith("/console/login")
    assert browser.get(link).status == 410


def test_without_the_console_there_is_none_of_its_pages_and_none_of_its_code(store: Store) -> None:
    browser = Browser(store, Settings())
    for page in PAGES:
        assert browser.get(a_path(page)).status == 404
    code = (
        "import sys; import digest.web.application; from digest.settings import Settings; "
        "from digest.web.extra_routes import operators_routes; "
        "assert operators_routes(None, Settings(), None, None) == []; "
        "print(*(name for name in sys.modules if 'digest.web.console' in name or 'service.console' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_with_an_address_of_its_own_the_public_one_has_no_console(store: Store) -> None:
    browser = Browser(store, Settings(console=Console(on=True, listen="127.0.0.1:8099")))
    for page in PAGES:
        assert browser.get(a_path(page)).status == 404
