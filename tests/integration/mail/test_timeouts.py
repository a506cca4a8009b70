"""Servers that fall silent, stop reading or speak too early, and what is known about a mail then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from digest.errors import TransportError
from digest.mail.sending.session import Outgoing
from digest.mail.sending.smtp import SmtpSession
from digest.mail.sending.transaction import RFC_5321, Timeouts
from digest.settings import Mail

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Awaitable, Callable

RAW = b"Message-ID: <one@example.org>\r\nSubject: x\r\n\r\nwords\r\n"
LARGE = RAW + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000
LONG = {"reply": 60.0, "data": 60.0, "block": 60.0, "final": 60.0}


async def conversation(reader: StreamReader, writer: StreamWriter, *, silent_at: str) -> None:
    """A server that takes everything, and says nothing any more from one command on."""

    async def says(step: str, reply: bytes) -> None:
        if step == silent_at:
            await reader.read()  # until the other side hangs up
            raise ConnectionError
        writer.write(reply)
        await writer.drain()

    await says("greeting", b"220 here\r\n")
    while line := (await reader.readline()).upper():
        command = line[:4].decode()
        await says(command, b"354 go on\r\n" if command == "DATA" else b"250 yes\r\n")
        if command == "DATA":
            await reader.readuntil(b"\r\n.\r\n")
            await says("dot", b"250 taken\r\n")


def offered(
    serve: Callable[[StreamReader, StreamWriter], Awaitable[None]], timeouts: Timeouts, raw: bytes = RAW
) -> TransportError | str:
    """What a session says after it offered a mail to such a server."""

    async def handled(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def once() -> TransportError | str:
        async with await asyncio.start_server(handled, "127.0.0.1", 0, limit=2**26) as server, asyncio.timeout(30):
            port = server.sockets[0].getsockname()[1]
            mail = Mail(transport="smtp", host="127.0.0.1", port=port, security="none")
            async with SmtpSession(mail, "", timeouts=timeouts) as way:
                try:
                    return await way.send(Outgoing("digest@example.org", "ada@example.net", raw))
                except TransportError as error:
                    return error

    return asyncio.run(once())


def test_the_times_are_those_of_the_standard() -> None:
    assert Timeouts(reply=300, data=120, block=180, final=600) == RFC_5321


@pytest.mark.parametrize(
    ("silent_at", "short", "phase", "uncertain"),
    [
        ("greeting", "reply", "connect", False),
        ("EHLO", "reply", "connect", False),
        ("MAIL", "reply", "sender", False),
        ("RCPT", "reply", "recipient", False),
        ("DATA", "data", "content", False),
        ("dot", "final", "answer", True),
    ],
)
def test_silence_ends_in_the_time_of_its_phase_and_only_after_the_dot_is_anything_uncertain(
    silent_at: str, short: str, phase: str, uncertain: bool
) -> None:
    told = offered(
        lambda reader, writer: conversation(reader, writer, silent_at=silent_at), Timeouts(**{**LONG, short: 0.2})
    )
    assert isinstance(told, TransportError)
    assert (told.phase, told.code, told.uncertain) == (phase, None, uncertain)


def test_a_server_that_stops_reading_did_not_take_the_mail() -> None:
    async def stops(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while (await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 yes\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"354 go on\r\n")
        await asyncio.Event().wait()

    told = offered(stops, Timeouts(**{**LONG, "block": 0.2}), LARGE)
    assert isinstance(told, TransportError)
    assert (told.phase, told.uncertain) == ("content", False)


def test_a_server_that_refuses_before_the_end_is_believed() -> None:
    async def early(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while (await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 yes\r\n")
        writer.write(b"354 go on\r\n")
        await reader.readexactly(1000)
        writer.write(b"552 5.3.4 too big\r\n")
        while await reader.read(2**20):
            pass

    told = offered(early, Timeouts(**LONG), LARGE)
    assert isinstance(told, TransportError)
    assert (told.phase, told.code, told.text, told.uncertain) == ("content", 552, "5.3.4 too big", False)


def test_a_connection_that_is_lost_before_the_dot_loses_nothing() -> None:
    async def gone(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while (await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 yes\r\n")
        writer.write(b"354 go on\r\n")
        await reader.readexactly(1000)
        writer.transport.abort()

    told = offered(gone, Timeouts(**LONG), LARGE)
    assert isinstance(told, TransportError)
    assert (told.phase, told.code, told.uncertain) == ("content", None, False)


def test_a_large_mail_arrives_as_it_is() -> None:
    taken: list[bytes] = []

    async def takes(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).upper():
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                taken.append(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"250 yes\r\n")

    raw = RAW + b".\r\n..\r\n.a\r\n" + LARGE
    assert offered(takes, Timeouts(**LONG), raw) == "yes"
    (content,) = taken
    assert content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.") == raw
