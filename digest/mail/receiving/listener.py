"""A small mail server that accepts bounces from the local mail server by LMTP or SMTP. The only home of aiosmtpd.

It accepts mail for one address, with or without a token. Each message has one recipient, so that LMTP and SMTP reply
alike. The server replies with success once the message is stored, and sends nothing. Source: RFC 5321, RFC 2033.
Decision 182.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from digest import logs
from digest.errors import ConfigurationError, DigestError
from digest.mail.tokens import token_in
from digest.settings import Bounces

_CONNECTIONS = 20
_SECONDS = 60.0
_log = logs.get_logger()
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd logs the addresses of clients unmasked


class _Handler:
    """Decides what to accept, and what to reply."""

    def __init__(self, address: str, take: Callable[[bytes, Sequence[str], str], Awaitable[object]]) -> None:
        self._address, self._take = address, take

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self,
        server: _Bounded,  # noqa: ARG002 - aiosmtpd passes them all
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        if token_in(self._address, address) is None:
            return "550 5.1.1 only bounces are accepted here"
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient per message"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Bounded, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - as above
        server.budget = server.full_budget
        raw = envelope.original_content or b""
        try:
            await self._take(raw, envelope.rcpt_tos, (envelope.mail_from or "").strip("<>"))  # the null sender is "<>"
        except DigestError as error:
            _log.error("bounce not stored", reason=str(error))
            return "451 4.3.0 cannot be stored now"
        return "250 2.0.0 stored"

    async def handle_VRFY(self, server: _Bounded, session: Session, envelope: Envelope, address: str) -> str:  # noqa: N802, ARG002 - as above
        return "252 2.5.2 not verified"

    async def handle_exception(self, error: Exception) -> str:
        _log.error("bounce not accepted", reason=repr(error))
        return "451 4.3.0 cannot be accepted now"


class _Bounded(SMTP):
    """A connection with a limit on its bytes for each message, and a limit on open connections."""

    budget = full_budget = 0
    open_now: set[_Bounded]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        full = len(self.open_now) >= _CONNECTIONS
        self.open_now.add(self)
        if full:
            cast("asyncio.Transport", transport).write(b"421 4.3.2 too many connections\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.open_now.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Close a connection that sends more than a message may have. aiosmtpd buffers a line of any length."""
        self.budget -= len(data)
        if self.budget < 0:
            _cut(self.transport)
            return
        super().data_received(data)


class _BoundedLmtp(LMTP, _Bounded):
    """The same for LMTP."""


class Listener:
    """The server; `address` is the address it listens on once it has started."""

    def __init__(self, bounces: Bounces, take: Callable[[bytes, Sequence[str], str], Awaitable[object]]) -> None:
        self._bounces, self._handler = bounces, _Handler(bounces.address, take)
        self.address = bounces.listen
        self._open: set[_Bounded] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Accept connections until `stop`.

        Raises:
            ConfigurationError: the address cannot be bound.
        """
        bound = _bound(self._bounces.listen)
        host, port = bound.getsockname()[:2]
        self.address = f"{f'[{host}]' if ':' in host else host}:{port}"
        self._server = await asyncio.get_running_loop().create_server(self._connection, sock=bound)

    async def stop(self) -> None:
        """Close all connections. A client that is in the middle of a message sends it again later."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._open):
            _cut(connection.transport)
        await self._server.wait_closed()
        await asyncio.sleep(0)  # the connections learn of it in the loop's next turn

    def _connection(self) -> SMTP:
        kind = _BoundedLmtp if self._bounces.protocol == "lmtp" else _Bounded
        made = kind(
            self._handler,
            data_size_limit=self._bounces.largest,
            hostname="digest",
            ident="ready",
            timeout=_SECONDS,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )
        made.open_now = self._open
        made.budget = made.full_budget = 2 * self._bounces.largest
        return made


def _bound(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, int(port)))
        bound.listen()
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{listen} cannot be used: {reason}", place="bounces.listen") from error
    return bound


def _cut(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now. The transports of uvloop are not subclasses of asyncio's."""
    if transport is not None:
        cast("asyncio.Transport", transport).abort()
