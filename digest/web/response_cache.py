"""Caches responses in memory and serves them again while nothing behind them changed. Decisions 82 and 83.

`ResponseCache` runs in front of the application as plain ASGI: a cached response costs a dictionary look-up, but no
thread, no routing and no store. `CachingConnection` serves it from the protocol, before a task exists. uvicorn answers
everything else as usual. That includes a request that has a body, asks for another protocol or another version of HTTP,
asks to close the connection, waits behind a request in progress, or comes from a client that does not read what was
sent before.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import httptools
from starlette.routing import compile_path
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from digest.web.connection import LimitedConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.records.operating import Version

_Key = tuple[bytes | str, ...]
_State = tuple[int, int]
_ASKED_BY = frozenset(
    (b"accept", b"accept-encoding", b"accept-language", b"if-none-match", b"if-modified-since")
)  # the request headers that a response may depend on
_METHODS = ("GET", "HEAD")
NOT_MODIFIED = 304
_KEEPABLE = (200, NOT_MODIFIED)
_LARGEST = 1 << 22  # bytes of one response
_MOST = 1 << 26  # bytes of all responses
_OVERHEAD = 2048  # bytes, about, that a response needs in addition to its body and its key
_NAME = re.compile(r"\(\?P<\w+>")  # the routes may share names of groups
_SAYS_MORE = frozenset((b"content-length", b"transfer-encoding", b"expect"))


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A response, and the state of the store for which it is valid. `count` is called when it is served again."""

    state: _State
    start: Message
    body: Message
    size: int
    count: Callable[[], None]
    lines: bytes  # its headers as sent, with the empty line; empty if they give no length


class ResponseCache:
    """Caches responses to GET and HEAD.

    `lifetime` returns how long the responses for a path are valid, None if they are not cached, such as pages for one
    person. Responses with `no-store` are never cached.
    `clock` returns a number that changes when pages name days anew, such as `today`; feeds name none.
    `again` takes the scope and status of a response, and returns the function that counts each repetition.
    """

    def __init__(
        self,
        inner: ASGIApp,
        version: Callable[[], Version | None],
        lifetime: Callable[[str], Lifetime | None],
        again: Callable[[Scope, int], Callable[[], None]],
        clock: Callable[[], int] = lambda: 0,
    ) -> None:
        self._inner, self._version, self._lifetime, self._again = inner, version, lifetime, again
        self._clock = clock
        self._answers: OrderedDict[_Key, CachedResponse] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._key_and_state(scope) if scope["type"] == "http" else None
        if asked is None:
            await self._inner(scope, receive, send)
            return
        key, state = asked
        known = self._answers.get(key)
        if known and known.state == state:
            known.count()
            await send(known.start)
            await send(known.body)
            return
        await self._inner(
            scope, receive, _Listening(send, lambda start, body: self._store(key, state, start, body, scope))
        )

    def known(self, scope: Scope) -> CachedResponse | None:
        """The cached response for a request, if it is valid."""
        asked = self._key_and_state(scope)
        if asked is None:
            return None
        key, state = asked
        known = self._answers.get(key)
        return known if known and known.state == state else None

    def _key_and_state(self, scope: Scope) -> tuple[_Key, _State] | None:
        """The cache key of a request, and the state for which a response must be valid; None if it is not cacheable."""
        lifetime = self._lifetime(scope["path"]) if scope["method"] in _METHODS else None
        if lifetime is None:
            return None
        state = self._state(lifetime)
        if state is None:
            return None
        key = (
            scope["method"],
            scope["path"],
            scope["query_string"],
            *[part for header in scope["headers"] if header[0] in _ASKED_BY for part in header],
        )
        return key, state

    def _state(self, lifetime: Lifetime) -> _State | None:
        """The state for which a response is valid; None (no caching) if the store cannot give it cheaply."""
        version = self._version()
        if version is None:
            return None
        return (version.published, 0) if lifetime is Lifetime.PUBLISHED else (version.commits, self._clock())

    def _store(self, key: _Key, state: _State, start: Message, body: Message, scope: Scope) -> None:
        headers = dict(start["headers"])
        size = len(body.get("body", b"")) + sum(map(len, key)) + _OVERHEAD
        if start["status"] not in _KEEPABLE or b"no-store" in headers.get(b"cache-control", b"") or size > _LARGEST:
            return
        before = self._answers.pop(key, None)
        self._size += size - (before.size if before else 0)
        lines = _lines(start["headers"]) if _says_its_length(start, body) else b""
        self._answers[key] = CachedResponse(state, start, body, size, self._again(scope, start["status"]), lines)
        while self._size > _MOST:
            _, oldest = self._answers.popitem(last=False)
            self._size -= oldest.size


class _Listening:
    """Passes a response on, and reports it if it came in one piece."""

    def __init__(self, send: Send, whole: Callable[[Message, Message], None]) -> None:
        self._send, self._whole = send, whole
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif self._start and message["type"] == "http.response.body":
            if not message.get("more_body"):
                self._whole(self._start, message)
            self._start = None
        await self._send(message)


def _says_its_length(start: Message, body: Message) -> bool:
    """Whether the headers give the length of the response; a 304 has no body."""
    said = dict(start["headers"]).get(b"content-length")
    return start["status"] == NOT_MODIFIED or said == b"%d" % len(body.get("body", b""))


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers) + b"\r\n"


class Lifetime(Enum):
    """How long the responses of a route are valid: while the published entries stay, or while nothing is written."""

    PUBLISHED = "published"
    COMMIT = "commit"


def lifetimes(routes: Iterable[tuple[str, Lifetime | None]]) -> Callable[[str], Lifetime | None]:
    """The lifetime of the route that a path leads to, from a table of routes; None if it is never cached."""
    routes = list(routes)
    patterns = {one: _either(path for path, lifetime in routes if lifetime is one) for one in Lifetime}
    return lambda path: next((one for one, pattern in patterns.items() if pattern.match(path)), None)


def _either(paths: Iterable[str]) -> re.Pattern[str]:
    """A pattern for each path that one of these routes serves."""
    return re.compile("|".join(_NAME.sub("(?:", compile_path(path)[0].pattern) for path in paths) or "(?!)")


class CachingConnection(LimitedConnection):
    """A connection of a server whose application is `Kept`; with any other application it behaves as uvicorn's own."""

    def answer(self) -> None:
        """Respond from the cache, or leave the request to uvicorn."""
        known = self._cached(self.app) if isinstance(self.app, ResponseCache) and self._is_simple() else None
        if known is None:
            super().answer()
            return
        status = known.start["status"]
        dated = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        head = STATUS_LINE[status] + dated + known.lines
        if self.scope["method"] == "HEAD" or status == NOT_MODIFIED:
            self.transport.write(head)
        else:
            self.transport.writelines((head, known.body["body"]))
        known.count()
        self.on_response_complete()

    def _is_simple(self) -> bool:
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
            and not any(name in _SAYS_MORE for name, _ in self.headers)
        )

    def _cached(self, kept: ResponseCache) -> CachedResponse | None:
        url = httptools.parse_url(self.url)
        if b"%" in url.path:
            return None
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["path"] = url.path.decode("ascii")
        self.scope["query_string"] = url.query or b""
        known = kept.known(self.scope)
        return known if known and known.lines else None
