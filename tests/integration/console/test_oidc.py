"""Login by an OpenID Connect provider, against a small one on the loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from digest.errors import ConfigurationError
from digest.records.console import Role
from digest.service.console.oidc import Provider
from digest.service.operating import posting
from digest.settings import Settings
from digest.settings.console import Console, Oidc
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.consoles import Answer, Browser

    Consoles = Callable[..., Browser]

BACK = "http://digest.example.org/console/login/oidc/back"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})


class Issuer(ThreadingHTTPServer):
    """A provider. `changes` are made to the claims of its tokens; `key` signs them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.changes: dict[str, Any] = {}
        self.key = KEY
        self.asked: dict[str, str] = {}  # the query of the login under way
        self.now = 0
        self.used: set[str] = set()

    def token(self) -> str:
        claims = {
            "iss": self.url,
            "aud": "digest",
            "sub": "u1",
            "iat": self.now,
            "exp": self.now + 300,
            "nonce": self.asked["nonce"],
            "email": "ann@example.org",
            "email_verified": True,
        }
        return jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, **self.changes}, self.key)


class Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        url = self.server.url
        self.answer(
            {"keys": [KEY.as_dict(private=False)]}
            if self.path == "/keys"
            else {
                "issuer": url,
                "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/keys",
            }
        )

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        asked, known = self.server.asked, base64.b64encode(b"digest:client secret").decode()
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        right = (
            self.headers["authorization"] == f"Basic {known}"
            and proof == asked["code_challenge"]
            and form["redirect_uri"] == BACK
            and form["code"] == "the-code"
            and form["code"] not in self.server.used
        )
        if right:
            self.server.used.add(form["code"])
        given = {"access_token": "x", "token_type": "Bearer", "id_token": self.server.token()}
        self.answer(given if right else {"error": "invalid_grant"})

    def answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    with serving(server):
        yield server


def browser_of(console: Consoles, issuer: Issuer, **more: object) -> Browser:
    settings = Oidc(issuer=issuer.url, client_id="digest", client_secret="client secret", title="Example")
    browser = console(oidc=settings, **more)
    issuer.now = int(browser.clock().timestamp())
    return browser


def logged_in(browser: Browser, issuer: Issuer, page: str = "/console", **changed: str) -> Answer:
    """Go to the provider and come back; `changed` are parts of the query of the way back."""
    (way,) = browser.get(f"/console/login?next={page}").page.xpath("//a[contains(., 'Log in with Example')]/@href")
    there = urlsplit(browser.get(way).to)
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{issuer.url}/authorize"
    issuer.asked = dict(parse_qsl(there.query))
    assert issuer.asked["redirect_uri"] == BACK
    assert issuer.asked["code_challenge_method"] == "S256"
    back = {"code": "the-code", "state": issuer.asked["state"], **changed}
    return browser.get(f"/console/login/oidc/back?{urlencode(back)}")


def test_a_user_of_this_name_logs_in_and_is_known_by_subject_from_then_on(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.EDITOR)
    assert logged_in(browser, issuer, "/console/account").to == "/console/account"
    assert "ann@example.org (editor)" in browser.get("/console").text
    issuer.changes, issuer.used = {"email": "married@example.org"}, set()
    again = browser.other()
    assert logged_in(again, issuer).to == "/console"
    assert "ann@example.org (editor)" in again.get("/console").text


def test_a_name_that_is_bound_is_not_given_to_another_subject(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.ADMIN)
    assert logged_in(browser, issuer).to == "/console"
    issuer.changes, issuer.used = {"sub": "somebody-else"}, set()
    assert logged_in(browser.other(), issuer).status == 403


@pytest.mark.parametrize("changes", [{"email_verified": False}, {"email_verified": "true"}, {"email": "x@example.org"}])
def test_a_stranger_is_refused(console: Consoles, issuer: Issuer, changes: dict[str, Any]) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.ADMIN)
    issuer.changes = changes
    answer = logged_in(browser, issuer)
    assert answer.status == 403
    assert "has no account here" in answer.text
    assert browser.get("/console").to.startswith("/console/login")


def test_a_stranger_gets_the_role_for_newcomers(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer, newcomers="viewer")
    assert logged_in(browser, issuer).to == "/console"
    assert "ann@example.org (viewer)" in browser.get("/console").text


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"aud": ["digest", "another"]},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_token_for_something_else_is_refused(console: Consoles, issuer: Issuer, changes: dict[str, Any]) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.ADMIN)
    issuer.changes = changes
    answer = logged_in(browser, issuer)
    assert answer.status == 422
    assert "the provider's token is" in answer.text


def test_a_token_that_another_key_signed_is_refused(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.ADMIN)
    issuer.key = OTHER_KEY
    assert logged_in(browser, issuer).status == 422


def test_only_the_browser_that_began_can_end_and_only_once(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    browser.link("ann@example.org", Role.ADMIN)
    assert logged_in(browser, issuer, state="of-the-attacker").status == 403
    assert logged_in(browser, issuer, code="").status == 403
    other = browser.other()
    asked = urlencode({"code": "the-code", "state": issuer.asked["state"]})
    assert other.get(f"/console/login/oidc/back?{asked}").status == 403
    assert logged_in(browser, issuer).to == "/console"
    replayed = urlencode({"code": "the-code", "state": issuer.asked["state"]})
    assert browser.get(f"/console/login/oidc/back?{replayed}").status == 403


def test_a_provider_that_cannot_be_reached_is_named(console: Consoles, issuer: Issuer) -> None:
    browser = console(oidc=Oidc(issuer="http://127.0.0.1:1", client_id="digest", client_secret="x"))
    answer = browser.get("/console/login/oidc")
    assert answer.status == 422
    assert "check console.oidc.issuer" in answer.text


def test_strangers_cannot_keep_threads_waiting_for_a_provider(
    console: Consoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def unreachable(url: str) -> bytes:
        asked.append(url)
        raise OSError("no answer")

    monkeypatch.setattr(posting, "get", unreachable)
    browser = console(oidc=Oidc(issuer="http://127.0.0.1:1", client_id="digest", client_secret="x"))
    for _ in range(5):
        assert browser.get("/console/login/oidc").status == 422
    assert len(asked) == 1
    browser.clock.pass_by(timedelta(seconds=30))
    browser.get("/console/login/oidc")
    assert len(asked) == 2


def test_a_network_whose_codes_are_wrong_must_wait(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    statuses = [logged_in(browser, issuer, code=f"guess-{number}").status for number in range(22)]
    assert statuses == [422] * 20 + [429] * 2


def test_without_the_package_the_error_says_what_to_install(
    console: Consoles, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authlib.oauth2.client", None)
    browser = browser_of(console, issuer)
    answer = browser.get("/console/login/oidc")
    assert answer.status == 422
    assert "digest[oidc]" in answer.text
    provider = Provider(
        Settings(console=Console(on=True, oidc=Oidc(issuer=issuer.url, client_id="x", client_secret="y")))
    )
    with pytest.raises(ConfigurationError, match="not installed"):
        provider.start(browser.clock())


def test_the_link_to_the_provider_keeps_the_page_that_was_asked_for(console: Consoles, issuer: Issuer) -> None:
    browser = browser_of(console, issuer)
    (way,) = browser.get("/console/login?next=/console/account").page.xpath("//a[contains(., 'Example')]/@href")
    assert parse_qs(urlsplit(way).query) == {"next": ["/console/account"]}
