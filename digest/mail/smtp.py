"""The transport that speaks SMTP, one connection a session. Source: RFC 5321, 3207, 4954, 8314."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Self

import aiosmtplib

from digest.errors import TransportError

if TYPE_CHECKING:
    from types import TracebackType

    from digest.settings import Mail

_CLOSING = 421  # the server closes the connection
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_REPLY_SECONDS = 300.0  # RFC 5321, 4.5.3.2: five minutes for the greeting, MAIL and RCPT
_FINAL_SECONDS = 600.0  # and ten after the final dot: who hangs up before may send a second copy


class SmtpSession:
    """Connects when it first sends, keeps the connection, and takes a fresh one after any trouble with it."""

    def __init__(self, mail: Mail, password: str, *, context: ssl.SSLContext | None = None) -> None:
        self._mail, self._password = mail, password
        secured = mail.security != "none"
        self._context = (context or ssl.create_default_context()) if secured else None
        self._client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        transport = client.transport
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            # Every answer is in: a server that does not say goodbye changes nothing.
            await asyncio.wait_for(client.quit(), timeout=5)
        await _dropped(client, transport)

    async def greet(self) -> str:
        """Connect and log in; who answered, in a sentence."""
        client = await self._connected()
        secured = "with TLS" if client.get_transport_info("sslcontext") else "without TLS"
        return f"{self._mail.host}:{client.port} answers {secured}" + (", logged in" if self._mail.username else "")

    async def send(self, sender: str, recipient: str, message: bytes) -> str:
        """Hand over one message in a transaction of its own.

        A connection that has served may have been closed since, or reached what its server allows: where nothing was
        said of the recipient yet, a fresh one is tried.
        """
        used = self._client is not None
        try:
            return await self._hand_over(sender, recipient, message)
        except TransportError as error:
            if not used or error.phase != "sender" or error.code not in {None, _CLOSING}:
                raise
        return await self._hand_over(sender, recipient, message)

    async def _hand_over(self, sender: str, recipient: str, message: bytes) -> str:
        client = await self._connected()
        options = self._options(client, sender, recipient)
        try:
            await self._said(client.mail(sender, options=options, encoding="utf-8"), "sender")
            await self._said(client.rcpt(recipient, encoding="utf-8"), "recipient")
            answer = await self._content(client, message)
        except TransportError as error:
            await self._recover(client, error)
            raise
        return answer

    def _options(self, client: aiosmtplib.SMTP, sender: str, recipient: str) -> list[str]:
        if sender.isascii() and recipient.isascii():
            return []
        if not client.supports_extension("smtputf8"):
            # This mailbox alone cannot be reached from here; another relay could.
            raise TransportError("553 5.6.7 the server takes no address outside ASCII", phase="recipient", code=553)
        return ["SMTPUTF8"]

    async def _content(self, client: aiosmtplib.SMTP, message: bytes) -> str:
        try:
            answer = await client.data(message, timeout=_FINAL_SECONDS)
        except aiosmtplib.SMTPResponseException as error:
            raise TransportError(_one_line(error.message), phase="content", code=error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # It went away during DATA. Whether before or after the final dot is not told: it may have the message.
            raise TransportError(_one_line(str(error)), phase="answer", uncertain=True) from error
        return _one_line(answer.message)

    async def _said(self, command: object, phase: str) -> None:
        try:
            await command  # type: ignore[misc] # a coroutine of aiosmtplib's
        except aiosmtplib.SMTPResponseException as error:
            raise TransportError(_one_line(error.message), phase=phase, code=error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise TransportError(_one_line(str(error)) or "no reply", phase=phase) from error

    async def _recover(self, client: aiosmtplib.SMTP, error: TransportError) -> None:
        """After a refusal the connection is reset and kept; after anything stranger it is dropped."""
        if error.code is not None and error.code != _CLOSING:
            try:
                await client.rset(timeout=10)
            except (aiosmtplib.SMTPException, OSError, TimeoutError):
                pass
            else:
                return
        self._client = None
        await _dropped(client, client.transport)

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        mail = self._mail
        client = aiosmtplib.SMTP(
            hostname=mail.host,
            port=mail.port or _PORTS[mail.security],
            use_tls=mail.security == "tls",
            start_tls=mail.security == "starttls",  # True, not None: without it the mail stays here
            tls_context=self._context,
            timeout=_REPLY_SECONDS,
        )
        try:
            await client.connect()
            await _greeted(client)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await _dropped(client, client.transport)
            code = getattr(error, "code", None)
            raise TransportError(f"{mail.host}: {_one_line(str(error))}", phase="connect", code=code) from error
        try:
            if mail.username:
                await client.login(mail.username, self._password)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, UnicodeError) as error:
            await _dropped(client, client.transport)
            code = getattr(error, "code", None)
            raise TransportError(f"{mail.host}: {_one_line(str(error))}", phase="login", code=code) from error
        self._client = client
        return client


async def _dropped(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now: TLS would otherwise wait for the other side's goodbye."""
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    await asyncio.sleep(0)  # the loop closes the socket in its next turn


async def _greeted(client: aiosmtplib.SMTP) -> None:
    """Learn what the server can, unless it is too old to say."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
