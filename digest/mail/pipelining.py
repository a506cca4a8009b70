"""Several commands in one write, for servers that announce it: one round trip a mail. Knows no settings and no login.

Behind the content of one message goes the envelope of the next, its DATA too, before anybody decided that the next is
sent. That hands nothing over: a message is its content, and only `send` writes one. If something else is sent instead,
or nothing, the connection is cut, since nothing else takes a DATA back.
Some servers, or firewalls before them, announce it and lose commands all the same. Their replies stay away or do not
fit; that is noticed before any content is written.
Source: RFC 1870; RFC 2920; RFC 5321, 3.3 and 4.5.3.2.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from digest.errors import TransportError
from digest.mail.taken import Taken, at_once
from digest.mail.transaction import BLOCK, END, GO_ON, RFC_5321, TAKEN, TROUBLE, Timeouts, dotted, one_line, words_of

if TYPE_CHECKING:
    from digest.mail.taken import Begun
    from digest.mail.transaction import Envelope

CLOSING = 421  # the server closes the connection
_SECONDS_AFTER_REFUSAL = 10.0
_SECONDS_TO_QUIT = 5.0
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_LONGEST_REPLY = 32 * 1024
_BAD_SEQUENCE = 503
_ROUNDED = 1024  # bytes, how much the next mail may differ from this one
_STEPS = (("sender", TAKEN), ("recipient", TAKEN), ("content", GO_ON // 100))  # MAIL, RCPT, DATA


class _Reply(NamedTuple):
    code: int
    text: str


class LostCommandsError(TransportError):
    """The replies to several commands in one write do not fit, or stay away. No content was written."""


class Pipeline(asyncio.Protocol):
    """A connection on which somebody else greeted and logged in. It is `usable` until anything strange happens."""

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        smtputf8: bool,
        largest: int | None = None,
        timeouts: Timeouts = RFC_5321,
    ) -> None:
        """Take the transport over from the protocol that it has. `largest` is as `transaction.largest` has it."""
        self._loop = asyncio.get_running_loop()
        self._transport, self._smtputf8, self._largest, self._timeouts = transport, smtputf8, largest, timeouts
        self._replies: deque[_Reply] = deque()
        self._begun = b""  # of a line
        self._lines: list[str] = []  # of a reply that goes on
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._end: Exception | None = None
        self._announced: Envelope | None = None
        self._reset = False  # whether the next envelope must begin with RSET
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        return self._end is None and not self._transport.is_closing()

    def takes(self, envelope: Envelope) -> bool:
        """Whether a message with this envelope can be sent: none other was announced."""
        return self.usable and self._announced in {None, envelope}

    async def send(
        self, envelope: Envelope, message: bytes, following: Envelope | None = None, begun: Begun = at_once
    ) -> Taken:
        """Hand over one message and announce the envelope of the next; the server's words where it took it.

        `message` has CRLF line ends. Only its final dot waits for `begun`, since without it nothing is a mail.

        Raises:
            TransportError: it did not, or nobody knows.
            LostCommandsError: it did not, and would have if it had been asked one by one, as it seems.
            ValueError: an address cannot stand in a command.
            Exception: what `begun` raises; the connection is cut then.
        """
        if self._announced is None:
            self._replies.clear()  # what was said unasked
            self._write(self._commands(envelope, len(message)), "sender")
        self._announced = None
        await self._enveloped()
        await self._write_content(message, following, begun)
        taken = await self._reply("answer", self._timeouts.final, uncertain=True)
        if taken.code // 100 != TAKEN:
            if taken.code == CLOSING:
                self.close()
            raise TransportError(taken.text, phase="content", code=taken.code)
        return Taken(taken.text, taken.code)

    async def quit(self) -> None:
        """Say goodbye, if nothing is under way, and close."""
        if self.usable and self._announced is None:
            self._replies.clear()
            self._transport.write(b"QUIT\r\n")
            with contextlib.suppress(*TROUBLE):
                # Every answer is in: a server that does not say goodbye changes nothing.
                await self._woken(_SECONDS_TO_QUIT)
        self.close()

    def close(self) -> None:
        """Cut the connection."""
        self._end = self._end or ConnectionResetError()
        self._transport.abort()

    # --- the conversation ---

    def _commands(self, envelope: Envelope, size: int) -> bytes:
        """All that goes before a content.

        Raises:
            ValueError: an address cannot stand in a command.
            TransportError: the server cannot take it.
        """
        sender, recipient = envelope
        if _UNSAFE.search(sender) or _UNSAFE.search(recipient):
            raise ValueError("an address holds no white space, control character or angle bracket")
        option = ""
        if not (sender.isascii() and recipient.isascii()):
            if not self._smtputf8:
                # This mailbox alone cannot be reached from here; another relay could.
                raise TransportError("553 5.6.7 the server takes no address outside ASCII", phase="recipient", code=553)
            option = " SMTPUTF8"
        if self._largest is not None:
            option = f" SIZE={size}{option}"
        reset = "RSET\r\n" if self._reset else ""
        return f"{reset}MAIL FROM:<{sender}>{option}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()

    def _estimate(self, size: int) -> int:
        """What to say of the size of a mail that is not made yet, by that of the one before it."""
        about = (size // _ROUNDED + 2) * _ROUNDED
        return min(about, self._largest) if self._largest else about

    async def _enveloped(self) -> None:
        """Read what the server says of an envelope; it waits for the content then."""
        if self._reset:
            self._reset = False
            answer = await self._enveloping_reply("sender", self._timeouts.reply)
            if answer.code // 100 != TAKEN:
                self._require_order(answer, "sender")
                self.close()
                raise TransportError(answer.text, phase="sender")
        times = (self._timeouts.reply, self._timeouts.reply, self._timeouts.data)
        for left, ((phase, wanted), seconds) in zip((2, 1, 0), zip(_STEPS, times, strict=True), strict=True):
            said = await self._enveloping_reply(phase, seconds)
            if said.code // 100 != wanted:
                self._require_order(said, phase)
                await self._settle(said.code, left)
                raise TransportError(said.text, phase=phase, code=said.code)

    async def _enveloping_reply(self, phase: str, seconds: float) -> _Reply:
        """A reply before the content; a server that has lost the command stays silent."""
        try:
            return await self._reply(phase, min(seconds, self._timeouts.pipelined))
        except TransportError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise LostCommandsError(error.text, phase=phase) from error
            raise

    def _require_order(self, answer: _Reply, phase: str) -> None:
        """See that a reply that is not the wanted one may be one to its command at all, and not to one behind it."""
        if answer.code == _BAD_SEQUENCE or answer.code // 100 in {TAKEN, GO_ON // 100}:
            self.close()
            raise LostCommandsError(answer.text, phase=phase, code=answer.code)

    async def _settle(self, refusal: int, left: int) -> None:
        """After a refusal, hear what was asked for behind it. Where a content is awaited all the same, it gets none.

        Where the server took the recipient after it had refused the sender, even none would be a mail: it is cut off.
        """
        if refusal == CLOSING:
            self.close()
            return
        self._reset = True
        last, odd = refusal, False
        try:
            for _ in range(left):
                last = (await self._reply("content", _SECONDS_AFTER_REFUSAL)).code
                odd |= last // 100 == TAKEN
            if last == GO_ON and odd:
                self.close()
            elif last == GO_ON:
                self._write(b".\r\n", "content")
                last = (await self._reply("content", _SECONDS_AFTER_REFUSAL)).code
        except TransportError:
            return  # and the connection is closed
        if last == CLOSING:
            self.close()

    async def _write_content(self, message: bytes, following: Envelope | None, begun: Begun) -> None:
        content, last = dotted(message), END
        for start in range(0, len(content), BLOCK):
            self._write_quietly(content[start : start + BLOCK])
            await self._drained()
        try:
            await begun()
        except BaseException:
            self.close()
            raise
        if following:
            try:
                last += self._commands(following, self._estimate(len(message)))
                self._announced = following
            except (ValueError, TransportError):
                pass  # its own `send` says so
        self._write_quietly(last)

    def _write_quietly(self, content: bytes) -> None:
        """Write, unless the server speaks before the message has ended: it does not want it, or is gone."""
        if self._replies:
            early = self._replies.popleft()
            self.close()  # no command can follow half a message
            raise TransportError(early.text, phase="content", code=early.code)
        self._write(content, "content")

    def _write(self, written: bytes, phase: str) -> None:
        if not self.usable:
            self.close()
            raise TransportError(words_of(self._end or ConnectionResetError()), phase=phase)
        self._transport.write(written)

    async def _drained(self) -> None:
        """Until the server has read most of it."""
        while self._paused and not self._replies:
            try:
                await self._woken(self._timeouts.block)
            except TROUBLE as error:
                self.close()
                raise TransportError(words_of(error), phase="content") from error

    async def _reply(self, phase: str, seconds: float, *, uncertain: bool = False) -> _Reply:
        while not self._replies:
            try:
                await self._woken(seconds)
            except TROUBLE as error:
                self.close()
                raise TransportError(words_of(error), phase=phase, uncertain=uncertain) from error
        return self._replies.popleft()

    async def _woken(self, seconds: float) -> None:
        """Until the server said something, or can be written to again."""
        if self._end:
            raise self._end
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, _fail, waiter, TimeoutError())
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    # --- what the loop calls ---

    def data_received(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._lines.append(line[4:].decode("utf-8", "surrogateescape"))
            if not line[:3].isdigit() or len(self._lines) * len(line) > _LONGEST_REPLY:
                return self._over(ConnectionError("the server said something that is no reply"))
            if line[3:4] != b"-":
                self._replies.append(_Reply(int(line[:3]), one_line(" ".join(self._lines))))
                self._lines.clear()
        if len(self._begun) > _LONGEST_REPLY:
            return self._over(ConnectionError("the server said something that is no reply"))
        if self._replies:
            self._wake()
        return None

    def eof_received(self) -> None:
        self._over(ConnectionResetError())

    def connection_lost(self, exc: Exception | None) -> None:
        self._over(exc or ConnectionResetError())

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _over(self, error: Exception) -> None:
        self._end = self._end or error
        if self._waiter:
            _fail(self._waiter, self._end)


def _fail(waiter: asyncio.Future[None], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)
