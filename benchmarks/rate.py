"""A client that asks at a constant rate, whatever the answers take. Knows no server.

How long an answer took counts from the moment when it was due to be asked for, so that a server that stops for a while
is charged for everybody who would have asked meanwhile. Source: "coordinated omission", https://github.com/giltene/wrk2
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque

import uvloop

_CONNECTIONS = 8


class _Asking(asyncio.Protocol):
    """One connection that asks for the same again and again; answers come in the order of the questions."""

    def __init__(self, request: bytes, length: int) -> None:
        self._request, self._length = request, length
        self._due: deque[tuple[float, asyncio.Future[float]]] = deque()
        self._got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def ask(self, due: float) -> asyncio.Future[float]:
        """How many seconds after it was due the answer is whole."""
        took = asyncio.get_running_loop().create_future()
        self._due.append((due, took))
        self._transport.write(self._request)  # type: ignore[attr-defined]
        return took

    def data_received(self, received: bytes) -> None:
        self._got += len(received)
        while self._due and self._got >= self._length:
            self._got -= self._length
            due, took = self._due.popleft()
            took.set_result(time.perf_counter() - due)


def p99(url: str, rate: int, seconds: float) -> float:
    """The seconds that 99 of 100 answers took at most."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = sorted(runner.run(_asked(url, rate, seconds)))
    return took[len(took) * 99 // 100]


async def _asked(url: str, rate: int, seconds: float) -> list[float]:
    host, port, request = _parts(url)
    length = await _length(host, port, request)
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Asking(request, length), host, port))[1] for _ in range(_CONNECTIONS)
    ]
    start, took = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        took.append(connections[number % _CONNECTIONS].ask(due))
    async with asyncio.timeout(30):
        return await asyncio.gather(*took)


async def _length(host: str, port: int, request: bytes) -> int:
    """The bytes of an answer, its head included."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    said = re.search(rb"content-length: (\d+)", head.lower())
    if said is None:
        raise RuntimeError(f"no length is said: {head!r}")
    return len(head) + int(said[1])


def _parts(url: str) -> tuple[str, int, bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    return name, int(port), f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
