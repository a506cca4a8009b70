"""Cached responses that the connection itself serves: the same bytes, in order; uvicorn does the rest."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

import pytest

from digest.records.operating import Version
from digest.web.application import lifetime_of
from digest.web.response_cache import ResponseCache
from digest.web.serve import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import Receive, Scope, Send

_BODY = b"0123456789" * 20_000  # more than a socket takes at once
_DATE = re.compile(rb"date: [^\r]+")


class Site:
    """A server of one feed, and of a page that is never kept; counts what it made and what it gave again."""

    def __init__(self) -> None:
        self.made = self.again = 0
        kept = ResponseCache(self._answer, lambda: Version(1, 1), lifetime_of, lambda _scope, _status: self._count)
        self.listener = Listener(kept, "127.0.0.1:0", "web.listen")
        self.port = int(self.listener.address.rpartition(":")[2])

    def _count(self) -> None:
        self.again += 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.made += 1
        asked = dict(scope["headers"])
        if b"content-length" in asked:
            assert (await receive())["body"] == b"hello"
        body = scope["path"].encode() + _BODY
        status, headers = 200, [(b"content-length", b"%d" % len(body)), (b"etag", b'"x"')]
        if b"if-none-match" in asked:
            status, headers, body = 304, headers[1:], b""
        elif scope["path"] == "/feed.chunked":
            headers = headers[1:]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        serving = asyncio.create_task(self.listener.serve())
        try:
            yield
        finally:
            self.listener.stop()
            await serving


async def heads_and_bodies(reader: asyncio.StreamReader, count: int, *, empty: bool = False) -> list[bytes]:
    """So many answers, their dates taken out."""
    answers = []
    for _ in range(count):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = b"" if empty or not length else await reader.readexactly(int(length[1]))
        answers.append(_DATE.sub(b"date", head) + body)
    return answers


def asked(
    site: Site, ask: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[list[bytes]]]
) -> list[bytes]:
    async def talk() -> list[bytes]:
        async with site.running(), asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1 << 22)
            try:
                return await ask(reader, writer)
            finally:
                writer.close()

    return asyncio.run(talk())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("header", ["", 'If-None-Match: "x"\r\n'])
def test_an_answer_that_is_kept_is_the_same_to_the_byte(method: str, header: str) -> None:
    site = Site()
    request = f"{method} /feed.atom HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        answers = []
        for _ in range(3):
            writer.write(request)
            answers += await heads_and_bodies(reader, 1, empty=method == "HEAD")
        return answers

    made, again, third = asked(site, ask)

    assert made.startswith(b"HTTP/1.1 304 Not Modified\r\n" if header else b"HTTP/1.1 200 OK\r\n")
    assert made == again == third
    assert (site.made, site.again) == (1, 2)


def test_a_client_that_asks_on_without_reading_gets_every_response_in_turn() -> None:
    site = Site()
    paths = ["/feed.atom", "/leave/x", "/feed.atom", "/feed.chunked", "/feed.rss"] * 20

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        for path in paths:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await writer.drain()
        told = []
        for path in paths:
            if path == "/feed.chunked":
                assert b"transfer-encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
                told.append(await reader.readuntil(b"\r\n0\r\n\r\n"))
            else:
                told += await heads_and_bodies(reader, 1)
        return told

    for path, answer in zip(paths, asked(site, ask), strict=True):
        assert path.encode() + b"0123456789" in answer
    assert site.made + site.again == len(paths)
    assert site.made == 3 + 20, "each feed once, and the page that is never kept each time"


@pytest.mark.parametrize(
    ("request_", "ends"),
    [
        (b"GET /feed.atom HTTP/1.0\r\nHost: x\r\n\r\n", True),
        (b"GET /feed.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", True),
        (b"GET /feed.atom HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", False),
        (b"GET /feed.atom HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", False),
        (b"GET /feed%2Eatom HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (b"GET http://x/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", False),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_simple_is_answered_as_uvicorn_does(request_: bytes, *, ends: bool) -> None:
    site = Site()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        writer.write(b"GET /feed.atom HTTP/1.1\r\nHost: x\r\n\r\n")
        await heads_and_bodies(reader, 1)
        writer.write(request_)
        told = await heads_and_bodies(reader, 1)
        if ends:
            assert await reader.read() == b""
        return told

    (told,) = asked(site, ask)

    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b"/feed.atom" + _BODY)
    assert (b"connection: close" in told) is ends


def test_a_connection_that_falls_silent_after_a_kept_answer_is_closed() -> None:
    site = Site()
    vars(site.listener._server.config)["timeout_keep_alive"] = 0.05  # whole seconds, say the types

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        for _ in range(2):
            writer.write(b"GET /feed.atom HTTP/1.1\r\nHost: x\r\n\r\n")
            await heads_and_bodies(reader, 1)
        return [await reader.read()]

    assert asked(site, ask) == [b""]
    assert site.again == 1
