"""Caches responses in memory and serves them again while nothing behind them changed.

It runs in front of the application as plain ASGI: a cached response costs a dictionary look-up, but no thread, no
routing and no store. `direct` serves it even without ASGI. Decision 82.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.records.operating import Version

_Key = tuple[bytes | str, ...]

_ASKED_BY = frozenset(
    (b"accept", b"accept-encoding", b"accept-language", b"if-none-match", b"if-modified-since")
)  # the request headers that a response may depend on
_METHODS = ("GET", "HEAD")
NOT_MODIFIED = 304
_KEEPABLE = (200, NOT_MODIFIED)
_LARGEST = 1 << 22  # bytes of one response
_MOST = 1 << 26  # bytes of all responses
_OVERHEAD = 2048  # bytes, about, that a response needs in addition to its body and its key
_FEEDS = ("/archive/", "/feed.", "/sources/", "/topics/")
_PUBLIC = ("/about", "/archive/", "/editions", "/entries/", "/feed", "/sources/", "/topics/")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the state of the store for which it is valid. `count` is called when it is served again."""

    state: int
    start: Message
    body: Message
    size: int
    count: Callable[[], None]
    lines: bytes  # its headers as sent, with the empty line; empty if they give no length


class Kept:
    """Caches responses to GET and HEAD.

    A feed is valid while the published content is unchanged, every other page while nothing at all was written.
    Responses with `no-store` are not cached, and neither are pages for one person: only the addresses in `_PUBLIC` are.
    `again` takes the scope and status of a response, and returns the function that counts each repetition.
    """

    def __init__(
        self,
        inner: ASGIApp,
        version: Callable[[], Version | None],
        again: Callable[[Scope, int], Callable[[], None]],
    ) -> None:
        self._inner, self._version, self._again = inner, version, again
        self._answers: OrderedDict[_Key, Answer] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked(scope) if scope["type"] == "http" else None
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
            scope, receive, _Listening(send, lambda start, body: self._keep(key, state, start, body, scope))
        )

    def known(self, scope: Scope) -> Answer | None:
        """The cached response for a request, if it is valid."""
        asked = self._asked(scope)
        if asked is None:
            return None
        key, state = asked
        known = self._answers.get(key)
        return known if known and known.state == state else None

    def _asked(self, scope: Scope) -> tuple[_Key, int] | None:
        """The cache key of a request, and the state for which a response must be valid; None if it is not cacheable."""
        if scope["method"] not in _METHODS or not _is_public(scope["path"]):
            return None
        state = self._state(scope["path"])
        if state is None:
            return None
        key = (
            scope["method"],
            scope["path"],
            scope["query_string"],
            *[part for header in scope["headers"] if header[0] in _ASKED_BY for part in header],
        )
        return key, state

    def _state(self, path: str) -> int | None:
        """The state for which a response here is valid; None (no caching) if the store cannot give it cheaply."""
        version = self._version()
        if version is None:
            return None
        return version.published if _is_feed(path) else version.commits

    def _keep(self, key: _Key, state: int, start: Message, body: Message, scope: Scope) -> None:
        headers = dict(start["headers"])
        size = len(body.get("body", b"")) + sum(map(len, key)) + _OVERHEAD
        if start["status"] not in _KEEPABLE or b"no-store" in headers.get(b"cache-control", b"") or size > _LARGEST:
            return
        before = self._answers.pop(key, None)
        self._size += size - (before.size if before else 0)
        lines = _lines(start["headers"]) if _says_its_length(start, body) else b""
        self._answers[key] = Answer(state, start, body, size, self._again(scope, start["status"]), lines)
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


def _is_public(path: str) -> bool:
    return path == "/" or path.startswith(_PUBLIC)


def _is_feed(path: str) -> bool:
    return path.startswith(_FEEDS) and ("/feed." in path or "/archive/" in path)
