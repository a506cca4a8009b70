"""Notifying a WebSub hub: after each change, until it answers."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from digest.app import opened
from digest.service.operating.posting import post
from digest.service.publishing.hub import HubError, tell
from digest.settings import Settings, load
from tests.serving import serving
from tests.waiting import ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Article, Blog


class Hub(HTTPServer):
    """A hub that records its notifications, and answers with `code`."""

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
    with serving(server):
        yield server


@pytest.fixture
def settings(blog: Blog, hub: Hub, article: type[Article]) -> Settings:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + f'\n[feed]\nhub = "http://127.0.0.1:{hub.server_port}/"\n', "utf-8")
    blog.search("page.txt", article("甲"))
    blog.refresh()
    return load(config)


def test_a_hub_is_notified_once_of_each_change(
    blog: Blog, hub: Hub, settings: Settings, article: type[Article]
) -> None:
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


def test_a_hub_that_does_not_answer_is_notified_again(hub: Hub, settings: Settings) -> None:
    hub.code = 500
    with opened(settings) as store:
        with pytest.raises(HubError, match="could not be notified"):
            tell(store, settings)
        hub.code = 204
        assert tell(store, settings) == 6


def test_without_a_hub_nobody_is_notified(blog: Blog, hub: Hub, settings: Settings) -> None:
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


def test_no_proxy_of_the_environment_sees_the_notification_of_a_hub(
    hub: Hub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with opened(settings) as store:
        assert tell(store, settings) == len(hub.told) == 6


def dripped(piece: bytes, seconds: float, again: bytes) -> Iterator[tuple[bytes, float]]:
    """What an answer is made of, and the time between its parts: first these bytes one by one, then others for ever."""
    yield from ((bytes([one]), seconds) for one in piece)
    yield from itertools.repeat((again, seconds))


@pytest.fixture
def endless() -> Iterator[Callable[[Iterator[tuple[bytes, float]]], str]]:
    """The address of a server that answers with parts until nobody listens."""
    listener, stopped, threads = socket.create_server(("127.0.0.1", 0)), threading.Event(), []

    def answering(parts: Iterator[tuple[bytes, float]]) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                for part, seconds in parts:
                    connection.sendall(part)
                    if stopped.wait(seconds):
                        return
            except OSError:
                return

    def served(parts: Iterator[tuple[bytes, float]]) -> str:
        threads.append(threading.Thread(target=answering, args=(parts,)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield served
    stopped.set()
    for thread in threads:
        ended(thread)
    listener.close()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_an_answer_that_comes_byte_by_byte_holds_nobody_up(
    endless: Callable[[Iterator[tuple[bytes, float]]], str], said: bytes
) -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        post(endless(dripped(said, 0.01, b"x")), b"body", {}, seconds=0.5)
    assert 0.4 < time.monotonic() - start < 20  # seconds; each byte alone comes well within the half


@pytest.mark.parametrize("again", [b"HTTP/1.1 100 Continue\r\n\r\n" * 100, b"x" * 5000, b"HTTP/1.1 200 OK\r\n" * 100])
def test_an_answer_without_an_end_is_not_read(
    endless: Callable[[Iterator[tuple[bytes, float]]], str], again: bytes
) -> None:
    with pytest.raises(OSError, match=r"more than 65536 bytes|no answer in HTTP") as refused:
        post(endless(dripped(b"", 0.0, again)), b"body", {}, seconds=30.0)
    assert not isinstance(refused.value, TimeoutError)


def test_a_hub_that_speaks_no_http_is_one_that_did_not_hear(
    endless: Callable[[Iterator[tuple[bytes, float]]], str], settings: Settings
) -> None:
    hub = endless(iter([(b"220 mail.example.org ESMTP\r\n", 0.0)]))
    deaf = settings.model_copy(update={"feed": settings.feed.model_copy(update={"hub": hub})})
    with opened(deaf) as store, pytest.raises(HubError, match="no answer in HTTP"):
        tell(store, deaf)
