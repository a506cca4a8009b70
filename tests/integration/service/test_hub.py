"""Telling a WebSub hub: after each change, until it hears."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from digest.app import opened
from digest.service.hub import HubError, tell
from digest.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog


class Hub(HTTPServer):
    """A hub that notes what it is told, and answers with `code`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.told: list[dict[str, list[str]]] = []
        self.code = 202


class Listener(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(parse_qs(body.decode()))
        self.send_response(self.server.code)
        if self.server.code in {302, 307}:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.told.append({"followed": [self.path]})
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(blog: Blog, hub: Hub, article: type[Article]) -> Settings:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + f'\n[feed]\nhub = "http://127.0.0.1:{hub.server_port}/"\n', "utf-8")
    blog.search("page.txt", article("甲"))
    blog.refresh()
    return load(config)


def test_a_hub_is_told_once_of_each_change(blog: Blog, hub: Hub, settings: Settings, article: type[Article]) -> None:
    with opened(settings) as store:
        assert tell(store, settings) == 6
        assert tell(store, settings) == 0
    base = "https://digest.example.org/"
    assert [told["hub.url"][0] for told in hub.told] == [
        f"{base}{path}feed.{kind}" for path in ("", "sources/blog/") for kind in ("atom", "rss", "json")
    ]
    assert {told["hub.mode"][0] for told in hub.told} == {"publish"}

    blog.search("page.txt", article("乙", (2026, 3, 15), ("另一段文字。",)), article("甲"))
    blog.refresh()
    with opened(settings) as store:
        assert tell(store, settings) == 6


def test_a_hub_that_does_not_hear_is_told_again(hub: Hub, settings: Settings) -> None:
    hub.code = 500
    with opened(settings) as store:
        with pytest.raises(HubError, match="could not be told"):
            tell(store, settings)
        hub.code = 204
        assert tell(store, settings) == 6


def test_without_a_hub_nobody_is_told(blog: Blog, hub: Hub, settings: Settings) -> None:
    quiet = settings.model_copy(update={"feed": settings.feed.model_copy(update={"hub": ""})})
    with opened(quiet) as store:
        assert tell(store, quiet) == 0
    assert not hub.told


@pytest.mark.parametrize("code", [302, 307])
def test_a_hub_leads_us_nowhere_else(hub: Hub, settings: Settings, code: int) -> None:
    """Its answer may name a host inside our network."""
    hub.code = code
    with opened(settings) as store, pytest.raises(HubError, match=str(code)):
        tell(store, settings)
    assert len(hub.told) == 1
    assert "followed" not in hub.told[0]


def test_no_proxy_of_the_environment_hears_what_a_hub_is_told(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with opened(settings) as store:
        assert tell(store, settings) == len(hub.told) == 6
