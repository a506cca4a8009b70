"""Hostile requests at every route: never a 5xx, always the security headers, nothing is returned unescaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.app import opened
from digest.settings import load
from tests.conftest import CONFIG, Article, Blog
from tests.examples import examples
from tests.integration.web.site import Site
from tests.integration.web.test_hooks import HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.web.site import Reply

MARK = "q7x"
HOSTILE = [
    *(f"<{MARK}>", f'"><{MARK} x=', f"'{MARK}'", f"javascript:{MARK}", f"{{{{{MARK}}}}}", f"%3C{MARK}%3E", "\x00"),
    "\x1b[31m",
    *(
        "\r\nSet-Cookie: a=b",
        "../" * 8,
        "..\\",
        "%00",
        "\u202e",
        "'; DROP TABLE entries; --",
        '" OR ""="',
        "NEAR(",
        "*",
    ),
    *("A" * 5000, "\ud800"),
]
WORDS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.integers().map(str))
HEADERS = (
    "accept",
    "accept_language",
    "accept_encoding",
    "if_none_match",
    "if_modified_since",
    "host",
    "range",
    "cookie",
)
SECURITY = ("content-security-policy", "x-content-type-options", "referrer-policy")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("crawled")
    (home / "digest.toml").write_text(CONFIG + HOOKS, "utf-8")
    blog = Blog(home, lambda *_, **__: "")
    blog.search("page.txt", Article("平常的一篇"))
    loaded = load(home / "digest.toml")
    with opened(loaded) as store:
        yield Site(store, loaded)


def filled(path: str, words: Callable[[], str]) -> str:
    """A route's path with words for its parameters."""
    return re.sub(r"\{[^}]*\}", lambda _: quote(words(), safe="", errors="replace"), path)


def is_safe(answer: Reply) -> bool:
    """Whether a response is no error of ours, has the security headers, and contains no markup of the request."""
    assert answer.status < 500
    assert all(answer.headers.get(name) for name in SECURITY)
    assert re.fullmatch(r"/(?![/\\])[!-~]*", answer.headers.get("location", "/")), "a redirect stays on this site"
    assert "set-cookie" not in answer.headers
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert f"<{MARK}".encode() not in answer.body
        assert b"<script" not in answer.body.lower()
    return True


def test_every_route_is_crawled(site: Site) -> None:
    crawled = {route.path: is_safe(site(filled(route.path, lambda: HOSTILE[0]))) for route in site.routes()}
    assert {"/", "/search", "/leave/{token}", "/entries/{entry}", "/hooks/ses"} <= set(crawled)
    assert len(crawled) > 25


@given(data=st.data())
@settings(max_examples=examples(300))
def test_no_request_breaks_the_server_or_comes_back_as_markup(site: Site, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(site.routes()))
    path = filled(route.path, lambda: data.draw(WORDS))
    query = quote(data.draw(WORDS), safe="&=", errors="replace")
    key = data.draw(st.sampled_from(["q", "next", "page", "x"]))
    printable = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
    headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), printable, max_size=4))
    method = data.draw(st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT"]))
    body = data.draw(st.binary(max_size=60)) if method == "POST" else b""
    assert is_safe(site(f"{path}?{key}={query}", method, body, **headers))
