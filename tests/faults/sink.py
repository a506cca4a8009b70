"""A mail server that records every message in order, and misbehaves at any point on demand."""

from __future__ import annotations

import base64
import email
import re
import socketserver
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Self

from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable

_ADDRESS = re.compile(rb"<([^>]*)>")


class Moment(Enum):
    """When a conversation can be disturbed; from STORED on, the server has the message."""

    CONNECT = "connect"
    HELLO = "hello"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    BODY = "body"  # after its first line
    CONTENT = "content"  # after its final dot
    STORED = "stored"
    ANSWERED = "answered"


class Act(Enum):
    """What the server may do in place of a reply."""

    DROP = "drop"  # close the connection
    HANG = "hang"  # say nothing until the client goes away


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server took responsibility for, whether its 250 arrived or not."""

    recipient: str
    raw: bytes

    @property
    def message_id(self) -> str:
        return str(email.message_from_bytes(self.raw)["Message-ID"])


class Sink(socketserver.ThreadingTCPServer):
    """On a free port of loopback. `at` is called at each step; it returns None, another reply, or an act."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.taken: list[Taken] = []
        self.refused: list[list[str]] = []  # what each login that it refused had sent
        self.connections = 0
        self.extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME", "PIPELINING")
        self.repeats = False  # whether it refuses every login, and repeats what it received, in clear too
        self.at: Callable[[Moment, str], str | Act | None] = lambda _moment, _recipient: None
        self.lock = threading.Lock()
        self._serving = serving(self)

    def __enter__(self) -> Self:
        self._serving.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def copies(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(one.recipient for one in self.taken)

    def differing(self) -> list[str]:
        """Who got two messages that are not the same to the byte."""
        kinds: dict[str, set[bytes]] = {}
        for one in self.taken:
            kinds.setdefault(one.recipient, set()).add(one.raw)
        return [recipient for recipient, raws in kinds.items() if len(raws) > 1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is expected here."""


class _Gone(Exception):  # noqa: N818 - no error: the conversation is over
    """The conversation ends here."""


class _Conversation(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        with self.server.lock:
            self.server.connections += 1
        try:
            self._converse()
        except (_Gone, OSError):
            return

    def _converse(self) -> None:
        self._say(Moment.CONNECT, "", "220 sink")
        recipient, wanted = "", False
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                offered = ["250-sink", *(f"250-{name}" for name in self.server.extensions), "250 SIZE 99999999"]
                self._say(Moment.HELLO, "", "\r\n".join(offered))
            elif verb == b"MAIL":
                wanted = self._say(Moment.SENDER, "", "250 2.1.0 ok")
            elif verb == b"RCPT":
                found = _ADDRESS.search(line)
                recipient = found[1].decode() if found else ""
                if wanted:  # else the sender was refused, and who pipelines has asked all the same
                    wanted = self._say(Moment.RECIPIENT, recipient, "250 2.1.5 ok")
                else:
                    self._write("503 5.5.1 MAIL first")
            elif verb == b"DATA":
                if not wanted:
                    self._write("503 5.5.1 RCPT first")
                elif self._say(Moment.DATA, recipient, "354 go on"):
                    self._take(recipient)
                wanted = False
            elif verb == b"QUIT":
                self._write("221 bye")
                return
            else:
                self._answer(line)

    def _answer(self, line: bytes) -> None:
        if not (self.server.repeats and line[:4].upper() == b"AUTH"):
            self._write("250 ok")
            return
        words = [line.strip().decode("ascii", "replace")]
        mechanism, given = line.split()[1].upper(), len(line.split()) - 2
        for _ in range({b"LOGIN": 2, b"CRAM-MD5": 1}.get(mechanism, 0) - given):
            self._write("334 " + base64.b64encode(b"<1@sink>").decode())
            words.append(self.rfile.readline().strip().decode("ascii", "replace"))
        clear = [base64.b64decode(word.split()[-1] + "==").decode("utf-8", "replace") for word in words if word]
        told = [" ".join("".join(c if c.isprintable() else " " for c in text).split()) for text in (*words, *clear)]
        self.server.refused.append(told)
        self._write("\r\n".join([*(f"535-5.7.8 no login with <{text}>" for text in told), "535 5.7.8 try again"]))

    def _take(self, recipient: str) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise _Gone
            lines.append(line.removeprefix(b"."))
            if len(lines) == 1 and (early := self._asked(Moment.BODY, recipient)):
                self._write(early)
                raise _Gone  # what follows is no command
        refusal = self._asked(Moment.CONTENT, recipient)
        if refusal:
            self._write(refusal)
            return
        with self.server.lock:
            self.server.taken.append(Taken(recipient, b"".join(lines)))
        self._say(Moment.STORED, recipient, "250 2.0.0 taken")
        self._asked(Moment.ANSWERED, recipient)

    def _say(self, moment: Moment, recipient: str, usual: str) -> bool:
        """Whether the usual reply was sent."""
        told = self._asked(moment, recipient)
        self._write(told or usual)
        return told is None

    def _asked(self, moment: Moment, recipient: str) -> str | None:
        told = self.server.at(moment, recipient)
        if told is Act.HANG:
            while self.rfile.readline():
                pass
        if isinstance(told, Act):
            raise _Gone
        return told

    def _write(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())
        if reply.startswith("421"):
            raise _Gone
