"""The reverse proxy of the profile `scale`: a real nginx with its configuration in front of a real server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving import free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = Path(__file__).resolve().parents[3] / "config" / "nginx.conf"


class Behind(BaseHTTPRequestHandler):
    """A web server that records its requests, and answers a known ETag with 304."""

    asked: list[tuple[str, str, str, str]]
    fails = False

    def do_GET(self) -> None:
        accepted, coding = self.headers.get("Accept", ""), self.headers.get("Accept-Encoding", "")
        self.asked.append((self.path, accepted, coding, self.headers.get("X-Forwarded-For", "")))
        etag = f'"{coding or "plain"}"'
        known = self.headers.get("If-None-Match") == etag
        self.send_response(503 if self.fails else 304 if known else 200)
        self.send_header("ETag", etag)
        self.send_header("Cache-Control", "public, max-age=900")
        self.send_header("Vary", "Accept, Accept-Encoding")
        body = b"" if known else f"{accepted}|{coding}".encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with serving(server):
        yield int(server.server_address[1])


@pytest.fixture
def behind() -> type[Behind]:
    return type("Own", (Behind,), {"asked": []})


@pytest.fixture
def proxy(
    request: pytest.FixtureRequest, needs: Callable[[str], str], behind: type[Behind], tmp_path: Path
) -> Iterator[str]:
    """The address of an nginx with our configuration, on ports and in folders of its own; a feed is new for `param`."""
    nginx = needs("nginx")
    port = free_port()
    with answering(behind) as upstream:
        config = CONFIG.read_text("utf-8")
        for ours, here in (
            ("listen 8080", f"listen 127.0.0.1:{port}"),
            ("http://web:8080", f"http://127.0.0.1:{upstream}"),
            ("/tmp/", f"{tmp_path}/"),  # noqa: S108 - what stands in the configuration
            ("200 10s", f"200 {getattr(request, 'param', '10m')}"),
        ):
            assert ours in config
            config = config.replace(ours, here)
        owner = "user root;\n" if os.geteuid() == 0 else ""
        (tmp_path / "nginx.conf").write_text(owner + config, "utf-8")
        command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            until = time.monotonic() + 20
            while not answers(port):
                assert process.poll() is None, "nginx ended"
                assert time.monotonic() < until, "nginx does not listen"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            _, said = process.communicate(timeout=20)
        assert not re.search(r"\[(warn|error|emerg)\]", said.replace("upstream", "")), said


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def got(url: str, **headers: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("X-Cache", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", ""


def test_feeds_are_kept_one_for_each_answer_that_there_is(proxy: str, behind: Any) -> None:
    feed = f"{proxy}/feed.atom"
    first = got(feed, Accept="application/atom+xml", **{"Accept-Encoding": "gzip, deflate"})
    again = got(feed, Accept="*/*", **{"Accept-Encoding": "gzip;q=1.0"})
    assert first == (200, "*/*|gzip", "MISS")
    assert again == (200, "*/*|gzip", "HIT")
    assert got(feed, Accept="text/html,*/*", **{"Accept-Encoding": "gzip"})[1:] == ("text/html|gzip", "MISS")
    assert got(feed, Accept="*/*", **{"Accept-Encoding": "br, gzip"})[1:] == ("*/*|br", "MISS")
    assert got(feed, Accept="*/*", **{"Accept-Encoding": "gzip", "If-None-Match": '"gzip"'})[0] == 304
    assert len(behind.asked) == 3
    for path in ("/topics/maths/feed.json", "/sources/blog/archive/3.rss", "/archive/1.atom"):
        assert [got(proxy + path)[2] for _ in range(2)] == ["MISS", "HIT"], path


@pytest.mark.parametrize("proxy", ["1s"], indirect=True)
def test_a_feed_that_is_old_is_asked_for_and_shown_while_the_servers_fail(proxy: str, behind: Any) -> None:
    feed = f"{proxy}/feed.atom"
    assert got(feed)[2] == "MISS"
    until = time.monotonic() + 20
    while got(feed)[2] == "HIT":
        assert time.monotonic() < until
    behind.fails = True
    assert got(feed)[0] == 200
    assert got(f"{proxy}/")[0] == 503


def test_pages_are_not_kept_and_clients_cannot_claim_an_address(proxy: str, behind: Any) -> None:
    for path in ("/", "/leave/token", "/search.atom?q=a"):
        assert [got(proxy + path, **{"X-Forwarded-For": "192.0.2.7"})[2] for _ in range(2)] == ["", ""]
    assert len(behind.asked) == 6
    assert {forwarded for *_, forwarded in behind.asked} == {"127.0.0.1"}
    assert got(f"{proxy}/metrics")[0] == 404
    assert len(behind.asked) == 6
