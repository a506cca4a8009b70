"""Answers kept in memory and given again while nothing behind them changed; knows no page and no feed.

Stands in front of the application as plain ASGI: an answer that is kept costs a look into a dictionary, no thread, no
routing and no store. `direct` gives it without ASGI, too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.ports import Version

_Key = tuple[bytes | str, ...]

_ASKED_BY = frozenset(
    (b"accept", b"accept-encoding", b"accept-language", b"if-none-match", b"if-modified-since")
)  # the headers of a request that an answer may depend on
_METHODS = ("GET", "HEAD")
NOT_MODIFIED = 304
_KEEPABLE = (200, NOT_MODIFIED)
_LARGEST = 1 << 22  # bytes of an answer
_MOST = 1 << 26  # bytes of all
_OVERHEAD = 2048  # bytes, about, that an answer takes beside its body and what was asked
_FEEDS = ("/archive/", "/feed.", "/sources/", "/topics/")
_PUBLIC = ("/about", "/archive/", "/editions", "/entries/", "/feed", "/sources/", "/topics/")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the state of the store that it holds for. `count` is called when it is given again."""

    state: int
    start: Message
    body: Message
    size: int
    count: Callable[[], None]
    lines: bytes  # its headers as they are sent, with the empty line; empty where they do not say how long it is


class Kept:
    """Gives answers to GET and HEAD again.

    A feed holds while what is published does, every other page while nothing at all was written. What says `no-store`
    is not kept, nor is what only its addressee may see: just the addresses of `_PUBLIC` are. `again` makes, from the
    scope that an answer left behind and its status, what counts each repetition.
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
        """What is kept for a request, and holds."""
        asked = self._asked(scope)
        if asked is None:
            return None
        key, state = asked
        known = self._answers.get(key)
        return known if known and known.state == state else None

    def _asked(self, scope: Scope) -> tuple[_Key, int] | None:
        """What an answer is kept by, and the state it has to hold for; None where nothing is kept."""
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
        """What an answer of this address holds for; None where the store cannot say it cheaply: nothing is kept."""
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
    """Passes an answer on; tells it where it came in one piece."""

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
    """Whether the headers tell where the answer ends; a 304 has no body."""
    said = dict(start["headers"]).get(b"content-length")
    return start["status"] == NOT_MODIFIED or said == b"%d" % len(body.get("body", b""))


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers) + b"\r\n"


def _is_public(path: str) -> bool:
    return path == "/" or path.startswith(_PUBLIC)


def _is_feed(path: str) -> bool:
    return path.startswith(_FEEDS) and ("/feed." in path or "/archive/" in path)
