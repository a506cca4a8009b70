"""Sends one mail over a connection that is ready: MAIL, RCPT and DATA, each with its own timeout.

Source: RFC 1870; RFC 5321, 3.3, 4.5.2 and 4.5.3.2; RFC 6531. Decision 136.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiosmtplib

from digest.errors import TransportError
from digest.mail.sending.session import SendResult

if TYPE_CHECKING:
    from aiosmtplib.protocol import SMTPProtocol

BLOCK = 64 * 1024
END = b".\r\n"
GO_ON = 354
ACCEPTED = 2
_FEW_DOTS = 500
_DOT = re.compile(rb"^\.", re.MULTILINE)
TROUBLE = (aiosmtplib.SMTPException, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for the server's greeting, for each of its replies, and for it to read a block of content."""

    reply: float = 300.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0  # after the final dot: a client that hangs up earlier may send a second copy
    pipelined: float = 15.0  # for a reply to pipelined commands: a silent server may have lost some of them

    @property
    def of_a_mail(self) -> float:
        """The longest time that one mail may take: MAIL and RCPT, DATA, content, and the reply to the final dot."""
        return 2 * self.reply + self.data + self.block + self.final


RFC_5321 = Timeouts()


async def send_message(
    client: aiosmtplib.SMTP, sender: str, recipient: str, message: bytes, timeouts: Timeouts = RFC_5321
) -> SendResult:
    """Send one message and return the server's reply. After a refusal, the connection needs a reset.

    `message` has CRLF line ends. If the server supports pipelining, `mail.sending.pipelining` replaces this function.

    Raises:
        TransportError: the server refused it, or the outcome is unknown.
    """
    await send_envelope(client, sender, recipient, timeouts, size=len(message))
    ready = await _reply(client.execute_command(b"DATA", timeout=timeouts.data), "content")
    if ready.code != GO_ON:
        raise TransportError(one_line(ready.message), phase="content", code=ready.code)
    answer = await _answer(client, message, timeouts)
    if answer.code // 100 != ACCEPTED:
        raise TransportError(one_line(answer.message), phase="content", code=answer.code)
    return SendResult(one_line(answer.message), answer.code)


async def send_envelope(
    client: aiosmtplib.SMTP, sender: str, recipient: str, timeouts: Timeouts = RFC_5321, *, size: int = 0
) -> None:
    """Send MAIL and RCPT. When this returns, the server has accepted both.

    Raises:
        TransportError: the server refused.
    """
    options = _options(client, sender, recipient, size)
    await _reply(client.mail(sender, options=options, encoding="utf-8", timeout=timeouts.reply), "sender")
    await _reply(client.rcpt(recipient, encoding="utf-8", timeout=timeouts.reply), "recipient")


def size_limit(client: aiosmtplib.SMTP) -> int | None:
    """The largest size of a mail in bytes: 0 if the server sets no limit, None if it does not support SIZE."""
    if not client.supports_extension("size"):
        return None
    size = client.esmtp_extensions.get("size", "").strip()
    return int(size) if size.isdecimal() else 0


def _options(client: aiosmtplib.SMTP, sender: str, recipient: str, size: int) -> list[str]:
    options = [f"SIZE={size}"] if size and client.supports_extension("size") else []
    if sender.isascii() and recipient.isascii():
        return options
    if not client.supports_extension("smtputf8"):
        # Only this mailbox is out of reach here; another relay could reach it.
        raise TransportError("553 5.6.7 the server accepts no address outside ASCII", phase="recipient", code=553)
    return [*options, "SMTPUTF8"]


async def _reply(command: Awaitable[aiosmtplib.SMTPResponse], phase: str) -> aiosmtplib.SMTPResponse:
    try:
        return await command
    except aiosmtplib.SMTPResponseException as error:
        raise TransportError(reply_text(error), phase=phase, code=reply_code(error)) from error
    except TROUBLE as error:
        raise TransportError(reply_text(error), phase=phase) from error


async def _answer(client: aiosmtplib.SMTP, message: bytes, timeouts: Timeouts) -> aiosmtplib.SMTPResponse:
    """Send the content and return the server's reply.

    The `data` of aiosmtplib has a single timeout for everything, and does not report whether the final dot was sent
    before the connection was lost.
    """
    protocol = client.protocol
    if protocol is None:
        raise TransportError("the connection is lost", phase="content")
    reply = asyncio.ensure_future(protocol.read_response())
    await asyncio.sleep(0)  # let it start listening: a reply that nobody awaits is dropped
    content = dot_stuffed(message)
    try:
        for start in range(0, len(content), BLOCK):
            await _write(protocol, content[start : start + BLOCK], reply, timeouts)
        await _not_yet(reply)
        protocol.write(END)
    except TROUBLE as error:
        # Without the final dot nothing was accepted, and no command can follow half a message.
        await _cancelled(reply)
        client.close()
        raise TransportError(reply_text(error), phase="content", code=reply_code(error)) from error
    try:
        return await asyncio.wait_for(reply, timeouts.final)
    except TROUBLE as error:
        client.close()
        raise TransportError(reply_text(error), phase="answer", uncertain=True) from error


async def _write(
    protocol: SMTPProtocol, block: bytes, reply: asyncio.Future[aiosmtplib.SMTPResponse], timeouts: Timeouts
) -> None:
    await _not_yet(reply)
    protocol.write(block)
    await asyncio.wait_for(protocol._drain_helper(), timeouts.block)  # noqa: SLF001 - as asyncio's StreamWriter does


async def _not_yet(reply: asyncio.Future[aiosmtplib.SMTPResponse]) -> None:
    """Raise if the server replies before the message has ended: then it refuses the message, or is gone."""
    if reply.done():
        early = await reply
        raise aiosmtplib.SMTPDataError(early.code, early.message)


async def _cancelled(reply: asyncio.Future[aiosmtplib.SMTPResponse]) -> None:
    reply.cancel()
    with contextlib.suppress(*TROUBLE, asyncio.CancelledError):
        await reply


def dot_stuffed(message: bytes) -> bytes:
    """The content in the form that goes before `END`: lines that begin with a dot get another dot in front."""
    at = message.find(b".")
    for _ in range(_FEW_DOTS):  # one by one, as base64 has no dots: a search for lines takes far longer
        if at < 0:
            return message
        if message[at - 1 : at] in {b"\n", b""}:
            break
        at = message.find(b".", at + 1)
    return _DOT.sub(b"..", message)


def reply_code(error: BaseException) -> int | None:
    """The reply code; None if the server did not reply, or the reply was not understood."""
    code = getattr(error, "code", None)
    return code if isinstance(code, int) and code > 0 else None


def reply_text(error: BaseException, redact: Callable[[str], str] = str) -> str:
    """The error's text from the server or elsewhere. `redact` removes secrets from it before it is shortened."""
    message = getattr(error, "message", "")
    return one_line(redact(message if isinstance(message, str) and message else str(error))) or "no reply"


def one_line(text: str) -> str:
    """A server's text in the form that is recorded: in one line, without control characters.

    Bytes that are not UTF-8 appear in `text` as `surrogateescape` leaves them. Older Chinese servers write GB 18030.
    """
    plain = "".join(character if character.isprintable() else " " for character in _in_charset(text))
    return " ".join(plain.split())[:300]


def _in_charset(text: str) -> str:
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("gb18030")
    except UnicodeError:
        return text.encode("utf-8", "replace").decode()
