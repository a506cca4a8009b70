"""A mail server with limits and faults as plug-ins: each is a small object, any number of them may be combined.

    with Relay(PerSession(20), Connections(2), Rate(5, 60, clock, domain="slow.example")) as relay:
        send to relay.port, then look at relay.taken, relay.copies(), relay.refusals, relay.most_open

A behaviour is called with a `Moment` and the `Talk` that it happens in, and returns None for the usual, the reply to
give in place of the usual one, or an `Act`. The first in order that says anything decides. Bytes that are no UTF-8
stand in a reply as `surrogateescape` has them. All of them run in the thread of the server, one after the other, so
they need no locks.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Self

from tests.waiting import ended

if TYPE_CHECKING:
    from datetime import datetime

_CHUNK = 64 * 1024
_ADDRESS = re.compile(rb"<([^>]*)>([^\r\n]*)")


class Moment(Enum):
    """What a client just did; from TAKEN on, the server has the message, whatever it says."""

    CONNECT = auto()
    HELLO = auto()
    LOGIN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    DATA = auto()
    CONTENT = auto()  # the final dot is read
    TAKEN = auto()
    RESET = auto()
    QUIT = auto()
    CLOSED = auto()  # the connection is over; what is returned changes nothing


class Act(Enum):
    """What the server may do in place of a reply."""

    DROP = auto()  # cut the connection
    HANG = auto()  # say nothing until the client goes away
    LOSE = auto()  # answer as usual, and lose all that came in the same piece behind this command


Behaviour = Callable[["Moment", "Talk"], "str | Act | None"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server took responsibility for, whether its 250 arrived or not."""

    sender: str
    recipient: str
    raw: bytes
    declared: int | None  # the size in MAIL

    @property
    def message_id(self) -> str:
        return str(email.message_from_bytes(self.raw)["Message-ID"])


@dataclass(slots=True)
class Talk:
    """One connection, as behaviours see it. `number` counts connections from 0, `mails` those taken over this one."""

    relay: Relay
    number: int
    mails: int = 0
    commands: int = 0
    sender: str = ""
    options: str = ""
    recipient: str = ""
    length: int = 0  # of the content that was read last

    @property
    def domain(self) -> str:
        return self.recipient.rpartition("@")[2].casefold()

    @property
    def size(self) -> int | None:
        found = re.search(r"(?i)\bSIZE=(\d+)", self.options)
        return int(found[1]) if found else None


class Relay:
    """On a free port of loopback, in a thread of its own, from `__enter__` to `__exit__`."""

    def __init__(
        self, *behaviours: Behaviour, extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8")
    ) -> None:
        self.behaviours, self.extensions = list(behaviours), extensions
        self.port = 0
        self.taken: list[Taken] = []
        self.refusals: Counter[str] = Counter()  # what it did in place of the usual
        self.said: list[tuple[Moment, str, str]] = []  # the same in order: moment, recipient, reply
        self.mails_offered: Counter[str] = Counter()  # RCPT commands, by recipient
        self.connections = self.open = self.most_open = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="relay")
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        ended(self._thread)

    def copies(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(one.recipient for one in self.taken)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        talks: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            talks.add(task)
            await self._handle(reader, writer)
            talks.discard(task)

        server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=200)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(self, self.connections)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await _Dialogue(self, talk, reader, writer).run()
        except (_OverError, OSError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            for behaviour in self.behaviours:
                behaviour(Moment.CLOSED, talk)
            writer.transport.abort() if writer.is_closing() else writer.close()


class _OverError(Exception):
    """The conversation ends here."""


class _Dialogue:
    def __init__(self, relay: Relay, talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relay, self._talk, self._reader, self._writer = relay, talk, reader, writer
        self._unread = b""
        cuts = [one for one in relay.behaviours if isinstance(one, Cut) and one.strikes(talk.number)]
        self._hears = min((one.heard for one in cuts if one.heard is not None), default=None)
        self._says = min((one.said for one in cuts if one.said is not None), default=None)

    async def run(self) -> None:
        talk = self._talk
        if not await self._usual_said(Moment.CONNECT, "220 relay.example ESMTP"):
            raise _OverError
        while line := await self._line():
            verb = line[:4].upper().strip().decode("ascii", "replace")
            talk.commands += 1
            if verb in {"EHLO", "HELO"}:
                await self._usual_said(Moment.HELLO, self._hello(verb))
            elif verb == "AUTH":
                await self._usual_said(Moment.LOGIN, "235 2.7.0 welcome")
            elif verb == "MAIL":
                await self._mail(line)
            elif verb == "RCPT":
                await self._rcpt(line)
            elif verb == "DATA":
                await self._data()
            elif verb == "RSET":
                talk.sender = talk.options = talk.recipient = ""
                await self._usual_said(Moment.RESET, "250 2.0.0 forgotten")
            elif verb == "QUIT":
                await self._usual_said(Moment.QUIT, "221 2.0.0 bye")
                raise _OverError
            else:
                await self._write("250 2.0.0 ok" if verb == "NOOP" else "500 5.5.2 what?")

    def _hello(self, verb: str) -> str:
        if verb == "HELO":
            return "250 relay.example"
        lines = ("relay.example", *self._relay.extensions)
        return "\r\n".join(f"250{'-' if at < len(lines) - 1 else ' '}{one}" for at, one in enumerate(lines))

    async def _mail(self, line: bytes) -> None:
        if self._talk.sender:
            await self._write("503 5.5.1 nested MAIL")
            return
        found = _ADDRESS.search(line)
        self._talk.options = found[2].decode().strip() if found else ""
        if await self._usual_said(Moment.SENDER, "250 2.1.0 ok"):
            self._talk.sender = found[1].decode() if found else "?"

    async def _rcpt(self, line: bytes) -> None:
        found = _ADDRESS.search(line)
        recipient = found[1].decode() if found else ""
        if not self._talk.sender:
            await self._write("503 5.5.1 MAIL first")
            return
        self._relay.mails_offered[recipient] += 1
        self._talk.recipient = recipient
        if not await self._usual_said(Moment.RECIPIENT, "250 2.1.5 ok"):
            self._talk.recipient = ""

    async def _data(self) -> None:
        talk = self._talk
        if not talk.recipient:
            await self._write("503 5.5.1 RCPT first")
            return
        if await self._usual_said(Moment.DATA, "354 go on"):
            content = await self._content()
            talk.length = len(content)
            if await self._allowed(Moment.CONTENT):
                self._relay.taken.append(Taken(talk.sender, talk.recipient, content, talk.size))
                talk.mails += 1
                await self._usual_said(Moment.TAKEN, "250 2.0.0 taken")
        talk.sender = talk.options = talk.recipient = ""

    async def _content(self) -> bytes:
        lines: list[bytes] = []
        while (line := await self._line()) != b".\r\n":
            if not line:
                raise _OverError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    # --- what is said ---

    async def _usual_said(self, moment: Moment, usual: str) -> bool:
        """Send the usual reply, unless a behaviour gives another; whether the usual one was sent."""
        if not await self._allowed(moment):
            return False
        await self._write(usual)
        return True

    async def _allowed(self, moment: Moment) -> bool:
        for behaviour in self._relay.behaviours:
            said = behaviour(moment, self._talk)
            if said is None:
                continue
            if said is Act.LOSE:
                self._unread = b""
                return True
            if isinstance(said, Act):
                self._relay.refusals[said.name] += 1
                if said is Act.HANG:
                    while await self._reader.read(_CHUNK):
                        pass
                self._writer.transport.abort()
                raise _OverError
            self._relay.refusals[said] += 1
            self._relay.said.append((moment, self._talk.recipient, said))
            await self._write(said)
            return False
        return True

    async def _write(self, reply: str) -> None:
        out = f"{reply}\r\n".encode("utf-8", "surrogateescape")
        if self._says is not None:
            out, self._says = out[: self._says], self._says - min(len(out), self._says)
        self._writer.write(out)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        if self._says == 0:
            self._writer.transport.abort() if not out else self._writer.close()
            raise _OverError
        if reply.startswith("421"):
            self._writer.close()
            raise _OverError

    # --- what is heard ---

    async def _line(self) -> bytes:
        """The next line with its end; empty where the client is gone, or the connection is to be cut here."""
        while b"\n" not in self._unread:
            if self._hears == 0:
                self._writer.transport.abort()
                raise _OverError
            data = await self._reader.read(_CHUNK if self._hears is None else min(_CHUNK, self._hears))
            if not data:
                return b""
            if self._hears is not None:
                self._hears -= len(data)
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line + b"\n"


# --- behaviours -----------------------------------------------------------------------------------


@dataclass
class Connections:
    """No more than so many at once; an extra one is refused in its greeting, or at another moment."""

    most: int
    reply: str = "421 4.7.0 too many connections from your address"
    at: Moment = Moment.CONNECT

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        return self.reply if moment is self.at and talk.relay.open > self.most else None


@dataclass
class PerSession:
    """No more than so many mails over one connection; the next is refused at MAIL, at RCPT or at DATA."""

    most: int
    reply: str = "452 4.5.3 too many messages in this session"
    at: Moment = Moment.SENDER

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        return self.reply if moment is self.at and talk.mails >= self.most else None


@dataclass
class Once:
    """Something at the n-th occurrence of a moment, counted over all connections from 0, or at several of them."""

    moment: Moment
    says: str | Act
    occurrences: frozenset[int] = frozenset({0})
    seen: int = 0

    def __call__(self, moment: Moment, _talk: Talk) -> str | Act | None:
        if moment is not self.moment:
            return None
        self.seen += 1
        return self.says if self.seen - 1 in self.occurrences else None


@dataclass
class To:
    """A reply to the recipients that `whom` selects, at RCPT or at the named moment."""

    whom: Callable[[str], bool]
    says: str | Act
    at: Moment = Moment.RECIPIENT

    def __call__(self, moment: Moment, talk: Talk) -> str | Act | None:
        return self.says if moment is self.at and self.whom(talk.recipient) else None


@dataclass
class Rate:
    """A bucket of `burst` mails that fills again with `per_minute`: of a domain, of each domain ("*"), or of all ("").

    Every refused attempt costs `penalty` mails of the bucket, as with servers that count what they refuse.
    """

    burst: int
    per_minute: float
    clock: Callable[[], datetime]
    domain: str = ""
    reply: str = "450 4.7.1 too many requests, slow down"
    at: Moment = Moment.RECIPIENT
    penalty: float = 0.0
    refused: int = 0
    levels: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        if moment is not self.at or self.domain not in {"", "*", talk.domain}:
            return None
        scope = talk.domain if self.domain else ""
        now = self.clock()
        level, since = self.levels.get(scope, (float(self.burst), now))
        minutes = max(0.0, (now - since).total_seconds() / 60)
        level = min(self.burst, level + minutes * self.per_minute)
        taken = level >= 1
        self.levels[scope] = (level - 1 if taken else max(-self.burst, level - self.penalty), now)
        self.refused += not taken
        return None if taken else self.reply


@dataclass
class LosesCommands:
    """Announces PIPELINING and loses what comes in one piece behind a command, as some firewalls do.

    `after`: behind which command. The content of a mail is never lost.
    """

    after: frozenset[Moment] = frozenset({Moment.SENDER})
    lost: int = 0

    def __call__(self, moment: Moment, _talk: Talk) -> Act | None:
        if moment not in self.after:
            return None
        self.lost += 1
        return Act.LOSE


@dataclass
class Size:
    """A limit of bytes, refused at MAIL and at the final dot. To announce it is up to `extensions`."""

    most: int
    reply: str = "552 5.3.4 message size exceeds fixed limit"

    def __call__(self, moment: Moment, talk: Talk) -> str | None:
        sizes = {Moment.SENDER: talk.size or 0, Moment.CONTENT: talk.length}
        return self.reply if sizes.get(moment, 0) > self.most else None


@dataclass
class Cut:
    """The connection is cut after so many bytes that the server received, or sent; on each connection, or on some."""

    heard: int | None = None
    said: int | None = None
    on: frozenset[int] | None = frozenset({0})

    def strikes(self, number: int) -> bool:
        return self.on is None or number in self.on

    def __call__(self, _moment: Moment, _talk: Talk) -> None:
        return None
