"""A session over one SMTP connection: connect, log in, send, recover. Source: RFC 1870, 3207, 4954, 5321, 8314."""

import asyncio
import contextlib
import ssl
import time
from typing import cast

import aiosmtplib

from digest import logs
from digest.errors import TransportError
from digest.mail.replies.outcome import session_is_used_up
from digest.mail.sending import login, pipelining, session
from digest.mail.sending.transaction import (
    RFC_5321,
    TROUBLE,
    Timeouts,
    reply_code,
    reply_text,
    send_envelope,
    send_message,
    size_limit,
)
from digest.settings import Relay

_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_PLAIN_SECONDS = 86_400.0
_TOO_LARGE = 552
_PHASES = ("sender", "recipient", "content", "answer")
_plain_until: dict[tuple[str, int], float] = {}  # on the monotonic clock: relays that lost commands, for this process
_log = logs.get_logger()


class SmtpSession(session.Session):
    """Connects at the first mail, reuses the connection, and opens a new one after any trouble."""

    def __init__(
        self, relay: Relay, password: str, *, context: ssl.SSLContext | None = None, timeouts: Timeouts = RFC_5321
    ) -> None:
        self._relay, self._password, self._timeouts = relay, password, timeouts
        secured = relay.security != "none"
        self._context = (context or ssl.create_default_context()) if secured else None
        self._client: aiosmtplib.SMTP | None = None
        self._credentials = login.Credentials(relay.username, password)
        self._pipeline: pipelining.Pipeline | None = (
            None  # uses the client's connection, if the server supports pipelining
        )
        self._largest: int | None = None  # the value of `transaction.size_limit`
        self._address = relay.host, relay.port or _PORTS[relay.security]
        self._mail: session.Outgoing | None = None  # the prepared mail
        self._reused = False  # whether the connection was there before the prepared mail
        self._lost: pipelining.LostCommandsError | None = (
            None  # why the commands of the prepared mail are sent one by one
        )
        self._plain = _plain_until.get(self._address, 0.0) > time.monotonic()  # whether to send command by command

    async def close(self) -> None:
        """Send QUIT if there is a connection, and close it: a server may count the connection until then."""
        client, self._client = self._client, None
        if client is None:
            return
        transport = client.transport
        if self._pipeline:
            pipeline, self._pipeline = self._pipeline, None
            await pipeline.quit()
        elif client.is_connected:
            with contextlib.suppress(*TROUBLE):
                # Every reply has arrived, so a server that does not answer QUIT changes nothing.
                await asyncio.wait_for(client.quit(), timeout=5)
        await _dropped(client, transport)

    @property
    def host(self) -> str:
        return self._relay.host

    @property
    def pipelines(self) -> bool:
        """Whether the next mail may be announced."""
        return self._pipeline is not None and self._pipeline.pipelines

    async def greet(self) -> str:
        """Connect and log in; return a sentence about the server."""
        client = await self._connected()
        secured = "with TLS" if client.get_transport_info("sslcontext") else "without TLS"
        return f"{self.host}:{client.port} answers {secured}" + (", logged in" if self._relay.username else "")

    async def prepare(self, mail: session.Outgoing) -> None:
        """Transmit a mail without its final dot if the server pipelines; otherwise only connect.

        The server may have closed a connection that has sent mail before, or the connection may have reached the
        server's limit. If nothing of this mail was accepted yet, a new connection is tried, here or in `commit`. If the
        server lost commands of a pipeline, they are sent one by one.
        """
        if self._lost:  # the mail before this one was not committed
            await self._stop_one_by_one(works=False)
        self._mail, self._reused = mail, self._client is not None
        try:
            try:
                await self._transmit()
            except TransportError as error:
                await self._transmit_again(error)
        except TransportError as error:
            raise await self._failed(error) from error.__cause__

    async def commit(self, following: session.Envelope | None = None) -> session.SendResult:
        try:
            try:
                result = await self._submit(following)
            except TransportError as error:
                await self._transmit_again(error)
                result = await self._submit(following)
        except TransportError as error:
            raise await self._failed(error) from error.__cause__
        if self._lost:
            await self._stop_one_by_one(works=True)
        return result

    async def _transmit(self) -> None:
        mail = self._prepared()
        if self._pipeline and not self._pipeline.accepts(mail.envelope):
            await self._drop()
        await self._connected()
        if self._largest and len(mail.message) > self._largest:
            problem = f"5.3.4 the mail has {len(mail.message)} bytes, and {self.host} accepts at most {self._largest}"
            raise TransportError(problem, phase="content", code=_TOO_LARGE)
        if self._pipeline:
            await self._pipeline.prepare(mail.envelope, mail.message)

    async def _transmit_again(self, error: TransportError) -> None:
        """Transmit the mail over a new connection, or command by command; raise the error if neither helps."""
        if isinstance(error, pipelining.LostCommandsError):
            await self._drop()
            self._plain, self._lost = True, error
        elif self._reused and not self._lost and session_is_used_up(error):
            self._reused = False
            await self.close()
        else:
            raise error
        try:
            await self._transmit()
        except pipelining.LostCommandsError as lost:
            await self._transmit_again(lost)

    async def _submit(self, following: session.Envelope | None) -> session.SendResult:
        if self._pipeline:
            return await self._pipeline.commit(following)
        mail, client = self._prepared(), await self._connected()
        connection = client.transport
        try:
            return await send_message(client, *mail.envelope, mail.message, self._timeouts)
        except TransportError as error:
            await self._recover(client, connection, error)
            raise

    def _prepared(self) -> session.Outgoing:
        assert self._mail is not None  # noqa: S101 - every caller has prepared one
        return self._mail

    async def _failed(self, error: TransportError) -> TransportError:
        """The refusal without the password or token.

        The user name stays, because later replies may rightly name the sender.
        """
        if self._lost:
            phases = [_PHASES.index(one.phase) if one.phase in _PHASES else -1 for one in (self._lost, error)]
            await self._stop_one_by_one(works=phases[1] > phases[0])
        text = self._credentials.redacted(error.text, names=False)
        if text == error.text:
            return error
        return TransportError(text, phase=error.phase, code=error.code, uncertain=error.uncertain)

    async def _stop_one_by_one(self, *, works: bool) -> None:
        """After a mail whose commands were sent one by one: if that `works` better, keep doing so."""
        self._lost = None
        if works:
            _log.warning("the relay loses pipelined commands; sending them one by one", relay=self.host)
            _plain_until[self._address] = time.monotonic() + _PLAIN_SECONDS
        else:
            self._plain = False
            await self._drop()

    async def _recover(
        self, client: aiosmtplib.SMTP, connection: asyncio.BaseTransport | None, error: TransportError
    ) -> None:
        """After a refusal, reset the connection and keep it. After anything else, drop it."""
        if error.code is not None and error.code != pipelining.CLOSING:
            try:
                await client.rset(timeout=10)
            except TROUBLE:
                pass
            else:
                return
        self._client = None
        await _dropped(client, connection)

    async def ask(self, sender: str, recipient: str) -> None:
        """Ask on a separate connection whether the server would accept a mail, without sending one.

        Raises:
            TransportError: it would not, or it cannot be reached.
        """
        client = await self._logged_in()
        transport = client.transport
        try:
            await send_envelope(client, sender, recipient, self._timeouts)
            with contextlib.suppress(*TROUBLE):
                await client.quit(timeout=5)
        finally:
            await _dropped(client, transport)

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and (self._pipeline or self._client.is_connected):
            return self._client
        client = self._client = await self._logged_in()
        self._largest = size_limit(client)
        if client.supports_extension("pipelining") and not self._plain:
            connection, smtputf8 = cast("asyncio.Transport", client.transport), client.supports_extension("smtputf8")
            self._pipeline = pipelining.Pipeline(
                connection, smtputf8=smtputf8, largest=self._largest, timeouts=self._timeouts
            )
        return client

    async def _logged_in(self) -> aiosmtplib.SMTP:
        """A new connection that is ready for a mail."""
        relay = self._relay
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=self._address[1],
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",  # True, not None: without TLS no mail is sent
            tls_context=self._context,
            timeout=self._timeouts.reply,
        )
        phase = "connect"
        try:
            await client.connect()
            await _greeted(client)
            phase = "login"
            if relay.username:
                await self._log_in(client)
        except TransportError:
            await _dropped(client, client.transport)
            raise
        except (*TROUBLE, UnicodeError) as error:
            await _dropped(client, client.transport)
            text = f"{relay.host}: {reply_text(error, self._credentials.redacted)}"
            if phase == "login":  # the error may repeat the credentials, so the cause is dropped
                raise TransportError(text, phase=phase, code=reply_code(error)) from None
            raise TransportError(text, phase=phase, code=reply_code(error)) from error
        return client

    async def _drop(self) -> None:
        """Drop the connection, whatever it is doing."""
        client, self._client, self._pipeline = self._client, None, None
        if client:
            await _dropped(client, client.transport)

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        relay = self._relay
        if not login.uses_token(relay):
            await client.login(relay.username, self._password)
        elif "xoauth2" in client.server_auth_methods:
            self._credentials = login.Credentials(relay.username, await login.token(relay))
            await client.auth_xoauth2(relay.username, self._credentials.secret)
        else:
            raise TransportError(f"{relay.host}: the server accepts no access token (XOAUTH2)", phase="login")


async def _dropped(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now; TLS would otherwise wait for the server to close it."""
    client.close()
    if transport is not None:
        cast("asyncio.Transport", transport).abort()  # uvloop's transports do not inherit from asyncio's
    await asyncio.sleep(0)  # the loop closes the socket in its next turn


async def _greeted(client: aiosmtplib.SMTP) -> None:
    """Ask for the server's extensions, unless it is too old to list them."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()
