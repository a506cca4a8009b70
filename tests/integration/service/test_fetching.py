"""HTTP requests of ours: a small response from the host itself, soon, or nothing."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from digest.service.operating.posting import get
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, body = {
            "/page": (200, b"a certificate"),
            "/large": (200, b"x" * 200_000),
            "/none": (404, b"no"),
            "/moved": (302, b""),
        }[self.path]
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/page")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
        pass


@pytest.fixture
def place() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_page_is_fetched(place: str) -> None:
    assert get(f"{place}/page") == b"a certificate"


@pytest.mark.parametrize("path", ["/large", "/none", "/moved"])
def test_what_is_large_or_missing_or_elsewhere_is_not(place: str, path: str) -> None:
    with pytest.raises(OSError, match=r"bytes|HTTP Error"):
        get(place + path)


def test_nobody_answers() -> None:
    with pytest.raises(OSError, match="refused"):
        get("http://127.0.0.1:9/page", seconds=5.0)
