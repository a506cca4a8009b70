"""One mail over a connection that is ready: MAIL, RCPT, DATA, each with its time. Knows no settings and no login.

Source: RFC 1870; RFC 5321, 3.3, 4.5.2 and 4.5.3.2; RFC 6531.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import aiosmtplib

from digest.errors import TransportError
from digest.mail.taken import Taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiosmtplib.protocol import SMTPProtocol

BLOCK = 64 * 1024
END = b".\r\n"
GO_ON = 354
TAKEN = 2
_FEW_DOTS = 500
_DOT = re.compile(rb"^\.", re.MULTILINE)
TROUBLE = (aiosmtplib.SMTPException, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a server: for its greeting and each of its replies, and for it to read a block of content."""

    reply: float = 300.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0  # after the final dot: who hangs up before may send a second copy
    pipelined: float = 15.0  # for a reply to several commands in one write: a server that is silent may have lost some

    @property
    def of_a_mail(self) -> float:
        """The longest that one mail may take: MAIL and RCPT, DATA, its content, the reply to its final dot."""
        return 2 * self.reply + self.data + self.block + self.final


RFC_5321 = Timeouts()


class Envelope(NamedTuple):
    """Who a message comes from, and who it goes to."""

    sender: str
    recipient: str


async def transaction(
    client: aiosmtplib.SMTP, sender: str, recipient: str, message: bytes, timeouts: Timeouts = RFC_5321
) -> Taken:
    """Hand over one message; the server's words where it took it. After any refusal the connection needs a reset.

    `message` has CRLF line ends. Where the server allows it, `mail.pipelining` takes this function's place.

    Raises:
        TransportError: it did not, or nobody knows.
    """
    await offer(client, sender, recipient, timeouts, size=len(message))
    ready = await _said(client.execute_command(b"DATA", timeout=timeouts.data), "content")
    if ready.code != GO_ON:
        raise TransportError(one_line(ready.message), phase="content", code=ready.code)
    answer = await _answer(client, message, timeouts)
    if answer.code // 100 != TAKEN:
        raise TransportError(one_line(answer.message), phase="content", code=answer.code)
    return Taken(one_line(answer.message), answer.code)


async def offer(
    client: aiosmtplib.SMTP, sender: str, recipient: str, timeouts: Timeouts = RFC_5321, *, size: int = 0
) -> None:
    """Say who a message is from and for; the server has agreed to both when this returns.

    Raises:
        TransportError: it did not.
    """
    options = _options(client, sender, recipient, size)
    await _said(client.mail(sender, options=options, encoding="utf-8", timeout=timeouts.reply), "sender")
    await _said(client.rcpt(recipient, encoding="utf-8", timeout=timeouts.reply), "recipient")


def largest(client: aiosmtplib.SMTP) -> int | None:
    """How many bytes a mail may have: 0 where the server sets no limit, None where it knows no SIZE."""
    if not client.supports_extension("size"):
        return None
    said = client.esmtp_extensions.get("size", "").strip()
    return int(said) if said.isdecimal() else 0


def _options(client: aiosmtplib.SMTP, sender: str, recipient: str, size: int) -> list[str]:
    options = [f"SIZE={size}"] if size and client.supports_extension("size") else []
    if sender.isascii() and recipient.isascii():
        return options
    if not client.supports_extension("smtputf8"):
        # This mailbox alone cannot be reached from here; another relay could.
        raise TransportError("553 5.6.7 the server takes no address outside ASCII", phase="recipient", code=553)
    return [*options, "SMTPUTF8"]


async def _said(command: Awaitable[aiosmtplib.SMTPResponse], phase: str) -> aiosmtplib.SMTPResponse:
    try:
        return await command
    except aiosmtplib.SMTPResponseException as error:
        raise TransportError(words_of(error), phase=phase, code=code_of(error)) from error
    except TROUBLE as error:
        raise TransportError(words_of(error), phase=phase) from error


async def _answer(client: aiosmtplib.SMTP, message: bytes, timeouts: Timeouts) -> aiosmtplib.SMTPResponse:
    """Send the content; what the server says of it.

    aiosmtplib's own `data` has one time for all of it, and does not tell whether the final dot went out before a loss.
    """
    protocol = client.protocol
    if protocol is None:
        raise TransportError("the connection is lost", phase="content")
    reply = asyncio.ensure_future(protocol.read_response())
    await asyncio.sleep(0)  # it listens then: a reply that nobody listens for is dropped
    content = dotted(message)
    try:
        for start in range(0, len(content), BLOCK):
            await _write(protocol, content[start : start + BLOCK], reply, timeouts)
        await _not_yet(reply)
        protocol.write(END)
    except TROUBLE as error:
        # Without the final dot nothing was taken, and no command can follow half a message.
        await _cancelled(reply)
        client.close()
        raise TransportError(words_of(error), phase="content", code=code_of(error)) from error
    try:
        return await asyncio.wait_for(reply, timeouts.final)
    except TROUBLE as error:
        client.close()
        raise TransportError(words_of(error), phase="answer", uncertain=True) from error


async def _write(
    protocol: SMTPProtocol, block: bytes, reply: asyncio.Future[aiosmtplib.SMTPResponse], timeouts: Timeouts
) -> None:
    await _not_yet(reply)
    protocol.write(block)
    await asyncio.wait_for(protocol._drain_helper(), timeouts.block)  # noqa: SLF001 - as asyncio's own StreamWriter does


async def _not_yet(reply: asyncio.Future[aiosmtplib.SMTPResponse]) -> None:
    """Nothing, unless the server speaks before the message has ended: it does not want it, or is gone."""
    if reply.done():
        spoken = await reply
        raise aiosmtplib.SMTPDataError(spoken.code, spoken.message)


async def _cancelled(reply: asyncio.Future[aiosmtplib.SMTPResponse]) -> None:
    reply.cancel()
    with contextlib.suppress(*TROUBLE, asyncio.CancelledError):
        await reply


def dotted(message: bytes) -> bytes:
    """The content as it is written before `END`: a dot stands before each that begins a line."""
    at = message.find(b".")
    for _ in range(_FEW_DOTS):  # as base64 has none, they are looked at one by one: a search for lines takes far longer
        if at < 0:
            return message
        if message[at - 1 : at] in {b"\n", b""}:
            break
        at = message.find(b".", at + 1)
    return _DOT.sub(b"..", message)


def code_of(error: BaseException) -> int | None:
    """The reply code, where a server spoke and was understood."""
    code = getattr(error, "code", None)
    return code if isinstance(code, int) and code > 0 else None


def words_of(error: BaseException, hidden: Callable[[str], str] = str) -> str:
    """What a server, or whatever failed, said of it; `hidden` takes out what must not be recorded, before it is cut."""
    message = getattr(error, "message", "")
    return one_line(hidden(message if isinstance(message, str) and message else str(error))) or "no reply"


def one_line(text: str) -> str:
    """A server's words as they are recorded: in one line, without control characters.

    Bytes that are no UTF-8 stand in `text` as `surrogateescape` leaves them. Older Chinese servers write GB 18030.
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in _in_charset(text))
    return " ".join(plain.split())[:300]


def _in_charset(text: str) -> str:
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("gb18030")
    except UnicodeError:
        return text.encode("utf-8", "replace").decode()
