"""Web sites for the tests: each answers with the very bytes that a test writes, however wrong they are."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from digest.errors import FetchError
from digest.fetching.fetcher import Fetcher
from digest.fetching.values import Fetched, NotModified
from tests.serving import serving

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterator

    Answer = bytes | Callable[["Request"], None]


NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PAGE = "<p>科学空间</p>" * 40


def response(body: bytes | str = b"", status: str = "200 OK", *, length: int | None = None, **fields: str) -> bytes:
    """A whole response; `length` is announced in place of the true one, `etag=` and the like become fields."""
    raw = body.encode() if isinstance(body, str) else body
    head = {"content-length": str(len(raw) if length is None else length), "connection": "close"}
    head |= {name.replace("_", "-"): text for name, text in fields.items() if text}
    lines = "".join(f"{name}: {text}\r\n" for name, text in head.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + raw


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and the connection on which to answer. The names of `fields` are in lower case."""

    path: str
    fields: dict[str, str]
    connection: socket.socket
    closing: threading.Event
    begins: Callable[[], None] = lambda: None  # called before each part of the answer

    def send(self, raw: bytes) -> None:
        """Send bytes; a client that has gone is no error."""
        self.begins()
        with contextlib.suppress(OSError):
            self.connection.sendall(raw)

    def drip(self, part: bytes, *, seconds: float = 0.02) -> None:
        """Send the same bytes again and again, until the client has had enough."""
        self.begins()
        with contextlib.suppress(OSError):
            while not self.closing.wait(seconds):
                self.connection.sendall(part)


@dataclass(slots=True)
class Site:
    """A site on the loopback: what it answers by path, and what it was asked.

    A path that is not among `pages` is not found. `busiest` counts the requests that were open at once; one is open
    until its answer begins.
    """

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    busiest: int = 0
    port: int = 0
    tls: ssl.SSLContext | None = None
    closing: threading.Event = field(default_factory=threading.Event)
    _open: set[int] = field(default_factory=set)  # the requests without an answer, by their place in `asked`
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """The paths that were asked for, robots.txt apart."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]

    def serve(self, connection: socket.socket) -> None:
        """Answer one request, through TLS if the site has it."""
        if self.tls is None:
            self._serve(connection)
            return
        with contextlib.suppress(OSError), self.tls.wrap_socket(connection, server_side=True) as secured:
            self._serve(secured)  # a client that does not trust it has gone

    def _serve(self, connection: socket.socket) -> None:
        request = _read(connection, self.closing)
        if request is None:
            return
        with self._lock:
            place = len(self.asked)
            request = replace(request, begins=partial(self._open.discard, place))
            self.asked.append(request)
            self._open.add(place)
            self.busiest = max(self.busiest, len(self._open))
        try:
            answer = self.pages.get(request.path, response("not here", "404 Not Found"))
            if isinstance(answer, bytes):
                request.send(answer)
            else:
                answer(request)
        finally:
            self._open.discard(place)


def _read(connection: socket.socket, closing: threading.Event) -> Request | None:
    raw = b""
    with contextlib.suppress(OSError):
        while b"\r\n\r\n" not in raw:
            part = connection.recv(65536)
            if not part:
                return None
            raw += part
    first, *lines = raw.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return Request(first.split()[1], {name.lower(): text for name, text in fields.items()}, connection, closing)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: Site) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    server: Any

    def handle(self) -> None:
        self.request.settimeout(60)
        self.server.site.serve(self.request)


@contextlib.contextmanager
def sites(**pages: Answer) -> Iterator[Site]:
    """A site; `pages` by their paths without slash, so `index` is `/index`."""
    site = Site({f"/{name}": answer for name, answer in pages.items()})
    server = _Server(site)
    site.port = server.server_address[1]
    with serving(server):
        try:
            yield site
        finally:
            site.closing.set()


def fetcher(resolve: Callable[[str, int], list[str]] | None = None) -> Fetcher:
    """A fetcher at `NOW`."""
    return Fetcher("Digest/1 (+mailto:me@example.org)", clock=lambda: NOW, resolve=resolve)


def fetch(site: Site, path: str = "/page", **options: Any) -> Fetched | NotModified:
    """What a new fetcher gets from a site."""
    return fetcher().fetch(site.url + path, allow_private=True, **options)


def whole(site: Site, path: str = "/page", **options: Any) -> Fetched:
    """The same, if it is a body."""
    found = fetch(site, path, **options)
    assert isinstance(found, Fetched)
    return found


def refused(site: Site, path: str = "/page", **options: Any) -> FetchError:
    """The same, if it is a failure; each but an interruption has a remedy."""
    with pytest.raises(FetchError) as error:
        fetch(site, path, **options)
    assert error.value.remedy or error.value.stopped
    return error.value
