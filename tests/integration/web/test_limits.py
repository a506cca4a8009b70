"""What strangers may take of a listener: bytes, headers, time, connections; and how they are refused beyond it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import pytest

from digest.web.connection import LimitedConnection
from digest.web.limits import WATCH, WEB, Gate, Limits
from digest.web.serve import Listener
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import Receive, Scope, Send

SMALL = Limits(head_bytes=4096, headers=20, body_bytes=8192, connections=6, per_address=4, per_network=5, reserve=0)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


class Door:
    """A server with small limits, that says ok to everything; to `/slow` when the body is there or `free` is set."""

    def __init__(self, limits: Limits = SMALL, proxies: tuple[str, ...] = ()) -> None:
        self.listener = Listener(self._answer, "127.0.0.1:0", "web.listen", limits=limits, proxies=proxies)
        self.port = int(self.listener.address.rpartition(":")[2])
        self.free = asyncio.Event()
        self.ended: list[str] = []
        self.answered = 0

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            while (message := await receive()).get("more_body"):
                pass
            self.ended.append(message["type"])
        if scope["path"] == "/wait":
            await self.free.wait()
        body = b"~" * (50_000_000 if scope["path"] == "/large" else 2)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
        self.answered += 1

    @property
    def connections(self) -> list[LimitedConnection]:
        return [one for one in self.listener._server.server_state.connections if isinstance(one, LimitedConnection)]

    def later(self, seconds: float) -> None:
        """What the server does each second, so many seconds from now."""
        for connection in self.connections:
            connection.sweep(asyncio.get_running_loop().time() + seconds)

    async def open(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        writer.write(sent)
        return reader, writer

    async def seen(self, there: Callable[[], bool]) -> None:
        """Wait until the server has come to this."""
        while not there():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def running(door: Door) -> AsyncIterator[Door]:
    serving = asyncio.create_task(door.listener.serve())
    try:
        async with asyncio.timeout(60):
            yield door
    finally:
        door.free.set()
        door.listener.stop()
        await serving


def run(talk: Callable[[Door], Awaitable[Any]], *, proxies: tuple[str, ...] = ()) -> Any:
    async def whole() -> Any:
        async with running(Door(proxies=proxies)) as door:
            return await talk(door)

    return asyncio.run(whole())


def response_to(sent: bytes) -> bytes:
    """What the server says to this, up to the end of the connection, or to its first answer."""

    async def talk(door: Door) -> bytes:
        reader, writer = await door.open(sent)
        answer = await reader.readuntil(b"\r\n\r\n")
        if b"connection: close" in answer:
            answer += await reader.read()
        writer.close()
        return answer

    return cast("bytes", run(talk))


def request(*headers: str, line: str = "GET / HTTP/1.1") -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("Host: x"), 200),
        (request("Host: example.org:8080"), 200),
        (request("Host: [2001:db8::1]:80"), 200),
        (request(line="GET / HTTP/1.0"), 200),
        (request(), 400),
        (request("Host:"), 400),
        (request("Host: x", "Host: x"), 400),
        (request("Host: x", "hOST: y"), 400),
        (request("Host: x", "Host: y", line="GET / HTTP/1.0"), 400),
        (request("Host: a b"), 400),
        (request("Host: x/y"), 400),
        (request("Host: x@y"), 400),
        (request("Host: [::1"), 400),
        (request("Host: x", *(f"X-{n}: y" for n in range(19))), 200),
        (request("Host: x", *(f"X-{n}: y" for n in range(20))), 431),
        (request("Host: x", "X-Long: " + "y" * 4000), 200),
        (request("Host: x", "X-Long: " + "y" * 4096), 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 5000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000, 431),
        (request("Host: x", line=f"GET /{'y' * 5000} HTTP/1.1"), 431),
        (b"GET /" + b"y" * 5000, 431),
        (request("Host: x", "Content-Length: 8192", line="POST / HTTP/1.1") + b"y" * 8192, 200),
        (request("Host: x", "Content-Length: 8193", line="POST / HTTP/1.1"), 413),
        (request("Host: x", "Transfer-Encoding: chunked", line="POST /slow HTTP/1.1") + b"2710\r\n" + b"y" * 9000, 413),
        (request("Host: x", "Transfer-Encoding: chunked", line="POST /slow HTTP/1.1") + b"1;" + b"y" * 9000, 413),
        (request("Host: x", "Transfer-Encoding: chunked", line="POST /slow HTTP/1.1") + b"0\r\nX: " + b"y" * 9000, 413),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
    ],
)
def test_a_request_within_the_limits_is_answered_and_one_beyond_is_refused_in_words(sent: bytes, status: int) -> None:
    is_answered(sent, status)


def test_a_header_of_many_megabytes_is_refused_like_a_short_one() -> None:
    is_answered(request("Host: x", "X-Long: " + "y" * 150_000_000), 431)


def is_answered(sent: bytes, status: int) -> None:
    """With this status; a refusal says why, and the connection ends."""
    answer = response_to(sent)

    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    if status != 200:
        assert b"connection: close\r\n" in answer
        assert re.search(rb"\r\n\r\n[a-z ,]+\n$", answer, re.IGNORECASE)


def test_the_same_connection_asks_again_and_again_within_the_limits() -> None:
    async def talk(door: Door) -> None:
        reader, writer = await door.open()
        for sent in (GET * 500, request("Host: x", "X-Long: " + "y" * 4000) * 20):
            writer.write(sent)
            for _ in range(sent.count(b"GET")):
                assert (await reader.readuntil(b"~~")).startswith(b"HTTP/1.1 200 ")
        writer.close()

    run(talk)


@pytest.mark.parametrize(
    ("sent", "seconds", "status"),
    [
        (b"", 11, None),
        (b"GET / HTTP/1.1\r\n", 11, 408),
        (b"\r\n\r\n", 11, 408),
        (POST + b"hell", 31, 408),
        (POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"1\r\nh\r\n", 31, 408),
    ],
)
def test_a_client_that_takes_too_long_to_ask_is_refused_and_cut_off(
    sent: bytes, seconds: float, status: int | None
) -> None:
    async def talk(door: Door) -> bytes:
        reader, writer = await door.open(sent)
        await door.seen(lambda: bool(door.connections) and (not sent or door.connections[0]._reading.value > 0))
        door.later(seconds - 2)
        assert not door.connections[0].transport.is_closing()
        await door.seen(lambda: bool(door.connections[0]._unread) or not sent or sent.startswith(b"POST"))
        door.later(seconds)
        answer = await reader.read()
        writer.close()
        await door.seen(lambda: not door.connections)
        return answer

    answer = run(talk)

    assert answer.startswith(b"HTTP/1.1 408 ") if status else answer == b""


def test_an_application_that_waits_for_a_body_hears_that_none_comes() -> None:
    async def talk(door: Door) -> list[str]:
        reader, writer = await door.open(POST + b"hell")
        await door.seen(lambda: bool(door.connections) and door.connections[0].cycle is not None)
        door.later(31)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await door.seen(lambda: bool(door.ended))
        return door.ended

    assert run(talk) == ["http.disconnect"]


def test_a_slow_answer_of_ours_is_nobodys_fault() -> None:
    async def talk(door: Door) -> bytes:
        reader, writer = await door.open(GET.replace(b"/ ", b"/wait "))
        await door.seen(lambda: bool(door.connections) and door.connections[0].cycle is not None)
        door.later(10_000)
        door.free.set()
        answer = await reader.readuntil(b"~~")
        writer.close()
        return answer

    assert run(talk).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_does_not_take_the_response_is_cut_off_and_a_slow_one_is_not() -> None:
    async def talk(door: Door) -> None:
        reader, writer = await door.open(GET.replace(b"/ ", b"/large "))
        cast("asyncio.Transport", writer.transport).pause_reading()
        await door.seen(lambda: bool(door.connections) and door.connections[0].transport.get_write_buffer_size() > 0)
        (connection,) = door.connections
        door.later(0)
        before = connection.transport.get_write_buffer_size()
        cast("asyncio.Transport", writer.transport).resume_reading()
        while connection.transport.get_write_buffer_size() >= before:
            assert await reader.read(1 << 20)
        cast("asyncio.Transport", writer.transport).pause_reading()
        door.later(29)
        door.later(58)
        assert door.connections == [connection], "some was taken in between"
        door.later(120)
        await door.seen(lambda: not door.connections)
        writer.close()

    run(talk)


def test_a_client_that_asks_before_its_body_is_complete_does_not_stay_for_ever() -> None:
    async def talk(door: Door) -> bool:
        reader, writer = await door.open(POST.replace(b"/slow", b"/"))
        await reader.readuntil(b"~~")
        writer.write(b"hello")
        (connection,) = door.connections
        await door.seen(lambda: connection._reading.value == 0)
        armed = connection.timeout_keep_alive_task is not None
        writer.close()
        return armed

    assert run(talk)


def test_one_address_gets_its_share_and_no_more() -> None:
    async def talk(door: Door) -> None:
        inside = [await door.open(GET) for _ in range(4)]
        for reader, _ in inside:
            await reader.readuntil(b"~~")
        reader, writer = await door.open()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 60\r\n" in answer
        inside[0][1].close()
        await door.seen(lambda: len(door.connections) == 3)
        again, other = await door.open(GET)
        assert (await again.readuntil(b"~~")).startswith(b"HTTP/1.1 200 ")
        for one in (writer, other, *(one for _, one in inside)):
            one.close()

    run(talk)


def test_what_comes_through_a_proxy_of_ours_is_many_people() -> None:
    async def talk(door: Door) -> None:
        inside = [await door.open(GET) for _ in range(6)]
        for reader, _ in inside:
            assert (await reader.readuntil(b"~~")).startswith(b"HTTP/1.1 200 ")
        reader, writer = await door.open()
        assert (await reader.read()).startswith(b"HTTP/1.1 503 "), "all together are no more than the limit"
        for one in (writer, *(one for _, one in inside)):
            one.close()

    run(talk, proxies=("127.0.0.0/8",))


def test_the_gate_counts_ipv6_by_64_and_by_48() -> None:
    gate = Gate(Limits(connections=100, per_address=4, per_network=6))

    assert all(gate.enter(f"2001:db8:1:1::{n}", 0) for n in range(4))
    assert gate.enter("2001:db8:1:1::9", 0) is None
    assert all(gate.enter(f"2001:db8:1:2::{n}", 0) for n in range(2))
    assert gate.enter("2001:db8:1:3::1", 0) is None
    inside = gate.enter("2001:db8:2:1::1", 0)
    assert inside
    gate.leave(inside)
    assert "2001:db8:2:1::/64" not in gate._by_network
    assert all(gate.enter(f"::ffff:192.0.2.{n}", 0) for n in range(9))
    assert [bool(gate.enter("192.0.2.1", 0)) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("descriptors", "connections"), [(4096, 1000), (1024, 768), (512, 256), (256, 128), (64, 32), (1, 1)]
)
def test_descriptors_are_kept_in_reserve(descriptors: int, connections: int) -> None:
    assert WEB.within(descriptors).connections == connections


@pytest.mark.parametrize("ends", ["in the headers", "in the body", "before the answer", "in the answer", "by a reset"])
def test_a_client_that_goes_away_leaves_no_trace(
    ends: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sent = {
        "in the headers": b"GET / HT",
        "in the body": POST + b"h",
        "before the answer": GET.replace(b"/ ", b"/wait "),
        "in the answer": GET.replace(b"/ ", b"/large "),
        "by a reset": GET.replace(b"/ ", b"/large ") * 3,
    }[ends]

    async def talk(door: Door) -> None:
        reader, writer = await door.open(sent)
        await door.seen(lambda: bool(door.connections))
        if ends in {"in the answer", "by a reset"}:
            await reader.readexactly(100)
        if ends == "before the answer":
            await door.seen(lambda: door.connections[0].cycle is not None)
        if ends == "by a reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        await door.seen(lambda: not door.connections)
        door.free.set()
        await door.seen(lambda: not door.listener._server.server_state.tasks)

    run(talk)

    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())
    assert len(caplog.messages) <= 1


def test_the_documentation_states_the_same_limits() -> None:
    table = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for limits, column in ((WEB, 1), (WATCH, 2)):
        for name, value in asdict(limits).items():
            (row,) = re.findall(rf"^\| `{name}` \|.*", table, re.MULTILINE)
            shown = row.split("|")[1 + column].strip()
            assert shown == f"{value:,.0f}", (name, column)
