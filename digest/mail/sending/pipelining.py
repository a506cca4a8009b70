"""Pipelining: several commands in one write, for servers that announce it. A mail then takes one round trip.

After the content of one message, this module sends the envelope of the next, including its DATA, before anything has
decided that the next message is sent. This submits nothing, because only the content makes a message, and only
`prepare` writes content. If a different message is sent instead, or none, the connection is closed, because nothing
else takes a DATA back.

Some servers, or firewalls in front of them, announce pipelining and then lose commands. Their replies are missing or do
not match the commands. This is noticed before any content is written.

Source: RFC 1870; RFC 2920; RFC 5321, 3.3 and 4.5.3.2. Decisions 147 and 148.
"""

import asyncio
import contextlib
import re
from collections import deque
from typing import NamedTuple

from digest.errors import TransportError
from digest.mail.sending import transaction
from digest.mail.sending.session import Envelope, SendResult

CLOSING = 421  # the server closes the connection
_SECONDS_AFTER_REFUSAL = 10.0
_SECONDS_TO_QUIT = 5.0
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_LONGEST_REPLY = 32 * 1024
_BAD_SEQUENCE = 503
_ROUNDED = 1024  # bytes; the size announced for the next mail is rounded up in such steps
_STEPS = (
    ("sender", transaction.ACCEPTED),
    ("recipient", transaction.ACCEPTED),
    ("content", transaction.GO_ON // 100),
)  # MAIL, RCPT, DATA


class _Reply(NamedTuple):
    code: int
    text: str


class LostCommandsError(TransportError):
    """The replies to several commands in one write do not match, or are missing. No content was written."""


class Pipeline(asyncio.Protocol):
    """A connection that is already greeted and logged in. It is `usable` until anything unexpected happens."""

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        smtputf8: bool,
        largest: int | None = None,
        timeouts: transaction.Timeouts = transaction.RFC_5321,
    ) -> None:
        """Take the transport over from its present protocol. `largest` is the value of `transaction.size_limit`."""
        self._loop = asyncio.get_running_loop()
        self._transport, self._smtputf8, self._largest, self._timeouts = transport, smtputf8, largest, timeouts
        self._replies: deque[_Reply] = deque()
        self._begun = b""  # the beginning of a line
        self._lines: list[str] = []  # the lines so far of a reply that continues
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._end: Exception | None = None
        self._announced: Envelope | None = None
        self._unfinished, self._size = False, 0  # whether a message lacks its final dot; its size
        self._reset = False  # whether RSET must come before the next envelope
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        return self._end is None and not self._transport.is_closing()

    @property
    def pipelines(self) -> bool:
        """Whether an envelope may come next."""
        return self.usable and not self._unfinished

    def accepts(self, envelope: Envelope) -> bool:
        """Whether a message with this envelope can be sent, because no other one was announced, or is half sent."""
        return self.pipelines and self._announced in {None, envelope}

    async def prepare(self, envelope: Envelope, message: bytes) -> None:
        """Send one message without its final dot. Without the dot, it is not yet a mail.

        `message` has CRLF line ends.

        Raises:
            TransportError: the server refused it.
            LostCommandsError: it was not sent, but would probably have been sent command by command.
            ValueError: an address cannot stand in a command.
        """
        if self._announced is None:
            self._replies.clear()  # what the server sent unasked
            self._write(self._commands(envelope, len(message)), "sender")
        self._announced = None
        await self._enveloped()
        self._unfinished, self._size = True, len(message)
        content = transaction.dot_stuffed(message)
        for start in range(0, len(content), transaction.BLOCK):
            self._write_quietly(content[start : start + transaction.BLOCK])
            await self._drained()

    async def commit(self, following: Envelope | None = None) -> SendResult:
        """Send the final dot and announce the envelope of the next message; return the server's reply.

        Raises:
            TransportError: the server refused the message, or the outcome is unknown.
        """
        last = transaction.END
        if following:
            try:
                last += self._commands(following, self._estimate(self._size))
                self._announced = following
            except (ValueError, TransportError):
                pass  # its own `prepare` raises the error
        self._write_quietly(last)
        self._unfinished = False
        result = await self._reply("answer", self._timeouts.final, uncertain=True)
        if result.code // 100 != transaction.ACCEPTED:
            if result.code == CLOSING:
                self.close()
            raise TransportError(result.text, phase="content", code=result.code)
        return SendResult(result.text, result.code)

    async def quit(self) -> None:
        """Send QUIT unless a mail is under way, and close the connection."""
        if self.pipelines and self._announced is None:
            self._replies.clear()
            self._transport.write(b"QUIT\r\n")
            with contextlib.suppress(*transaction.TROUBLE):
                # Every reply has arrived, so a server that does not answer QUIT changes nothing.
                await self._woken(_SECONDS_TO_QUIT)
        self.close()

    def close(self) -> None:
        """Close the connection now."""
        self._end = self._end or ConnectionResetError()
        self._transport.abort()

    # --- the conversation ---

    def _commands(self, envelope: Envelope, size: int) -> bytes:
        """The commands that come before the content.

        Raises:
            ValueError: an address cannot stand in a command.
            TransportError: the server does not support what the envelope needs.
        """
        sender, recipient = envelope
        if _UNSAFE.search(sender) or _UNSAFE.search(recipient):
            raise ValueError("an address must not contain white space, control characters or angle brackets")
        option = ""
        if not (sender.isascii() and recipient.isascii()):
            if not self._smtputf8:
                # Only this mailbox is out of reach here; another relay could reach it.
                raise TransportError(
                    "553 5.6.7 the server accepts no address outside ASCII", phase="recipient", code=553
                )
            option = " SMTPUTF8"
        if self._largest is not None:
            option = f" SIZE={size}{option}"
        reset = "RSET\r\n" if self._reset else ""
        return f"{reset}MAIL FROM:<{sender}>{option}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()

    def _estimate(self, size: int) -> int:
        """The size to announce for a mail that is not made yet, based on the size of the one before it."""
        about = (size // _ROUNDED + 2) * _ROUNDED
        return min(about, self._largest) if self._largest else about

    async def _enveloped(self) -> None:
        """Read the replies to an envelope, after which the server waits for the content."""
        if self._reset:
            self._reset = False
            answer = await self._enveloping_reply("sender", self._timeouts.reply)
            if answer.code // 100 != transaction.ACCEPTED:
                self._require_order(answer, "sender")
                self.close()
                raise TransportError(answer.text, phase="sender")
        times = (self._timeouts.reply, self._timeouts.reply, self._timeouts.data)
        for left, ((phase, wanted), seconds) in zip((2, 1, 0), zip(_STEPS, times, strict=True), strict=True):
            reply = await self._enveloping_reply(phase, seconds)
            if reply.code // 100 != wanted:
                self._require_order(reply, phase)
                await self._settle(reply.code, left)
                raise TransportError(reply.text, phase=phase, code=reply.code)

    async def _enveloping_reply(self, phase: str, seconds: float) -> _Reply:
        """A reply before the content. Silence here may mean that the server lost the command."""
        try:
            return await self._reply(phase, min(seconds, self._timeouts.pipelined))
        except TransportError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise LostCommandsError(error.text, phase=phase) from error
            raise

    def _require_order(self, answer: _Reply, phase: str) -> None:
        """Check that an unexpected reply can be an answer to its command, and not to a later one."""
        if answer.code == _BAD_SEQUENCE or answer.code // 100 in {transaction.ACCEPTED, transaction.GO_ON // 100}:
            self.close()
            raise LostCommandsError(answer.text, phase=phase, code=answer.code)

    async def _settle(self, refusal: int, left: int) -> None:
        """After a refusal, read the replies to the commands behind it. If the server waits for content, send it none.

        If the server refused the sender and yet accepted the recipient, even empty content would be a mail. Then the
        connection is closed.
        """
        if refusal == CLOSING:
            self.close()
            return
        self._reset = True
        last, odd = refusal, False
        try:
            for _ in range(left):
                last = (await self._reply("content", _SECONDS_AFTER_REFUSAL)).code
                odd |= last // 100 == transaction.ACCEPTED
            if last == transaction.GO_ON and odd:
                self.close()
            elif last == transaction.GO_ON:
                self._write(b".\r\n", "content")
                last = (await self._reply("content", _SECONDS_AFTER_REFUSAL)).code
        except TransportError:
            return  # the connection is closed already
        if last == CLOSING:
            self.close()

    def _write_quietly(self, content: bytes) -> None:
        """Write, unless the server replies before the message has ended: then it refuses the message, or is gone."""
        if self._replies:
            early = self._replies.popleft()
            self.close()  # no command can follow half a message
            raise TransportError(early.text, phase="content", code=early.code)
        self._write(content, "content")

    def _write(self, written: bytes, phase: str) -> None:
        if not self.usable:
            self.close()
            raise TransportError(transaction.reply_text(self._end or ConnectionResetError()), phase=phase)
        self._transport.write(written)

    async def _drained(self) -> None:
        """Wait until the server has read most of the data."""
        while self._paused and not self._replies:
            try:
                await self._woken(self._timeouts.block)
            except transaction.TROUBLE as error:
                self.close()
                raise TransportError(transaction.reply_text(error), phase="content") from error

    async def _reply(self, phase: str, seconds: float, *, uncertain: bool = False) -> _Reply:
        while not self._replies:
            try:
                await self._woken(seconds)
            except transaction.TROUBLE as error:
                self.close()
                raise TransportError(transaction.reply_text(error), phase=phase, uncertain=uncertain) from error
        return self._replies.popleft()

    async def _woken(self, seconds: float) -> None:
        """Wait until the server has replied, or is ready for more data."""
        if self._end:
            raise self._end
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, _fail, waiter, TimeoutError())
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    # --- called by the event loop ---

    def data_received(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._lines.append(line[4:].decode("utf-8", "surrogateescape"))
            if not line[:3].isdigit() or len(self._lines) * len(line) > _LONGEST_REPLY:
                return self._over(ConnectionError("the server sent something that is not a reply"))
            if line[3:4] != b"-":
                self._replies.append(_Reply(int(line[:3]), transaction.one_line(" ".join(self._lines))))
                self._lines.clear()
        if len(self._begun) > _LONGEST_REPLY:
            return self._over(ConnectionError("the server sent something that is not a reply"))
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
