"""A connection that enforces the limits on bytes, headers and time. Decision 85."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from digest.web.limits import Gate

_NEVER = math.inf
_LINE = len(" HTTP/1.1\r\n") + len("\r\n") + 1  # of a request's head, in addition to method, target and headers
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_LINGER_SECONDS = 2.0  # in which a refused client may read the reason
_BAD_REQUEST, _TIME_OUT, _TOO_LARGE, _TOO_MUCH, _FULL = 400, 408, 413, 431, 503


class _Reading(Enum):
    """The part of a request that is being read."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


class _RefusedError(Exception):
    """A request is refused; raised through the parser."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class LimitedConnection(HttpToolsProtocol):
    """Enforces the limits of its gate. `sweep` must be called every second."""

    cycle: Any  # None before the first request that uvicorn answers, which its types do not say
    scope: Any

    def __init__(self, *arguments: Any, gate: Gate, **named: Any) -> None:  # noqa: ANN401 - they are uvicorn's
        super().__init__(*arguments, **named)
        self._gate, self._limits = gate, gate.limits
        self._networks: tuple[str, ...] | None = None
        self._reading, self._since = _Reading.NOTHING, _NEVER
        self._unread = 0  # received bytes that the parser has not reported yet
        self._body = 0
        self._refused_at = _NEVER
        self._running: Any = None  # the cycle whose application runs
        self._waiting, self._moved_at = 0, _NEVER  # unread bytes of responses, and the time of the last read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        now = self.loop.time()
        self._networks = self._gate.enter(self.client[0] if self.client else "", now)
        if self._networks is None:
            self._say(_FULL, "too many connections")
            transport.close()
        self._reads(_Reading.HEAD, now)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._networks is not None:
            self._gate.leave(self._networks)
            self._networks = None
        self._hang_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused_at != _NEVER or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._reading is _Reading.NOTHING and not self._busy():
            self._reads(_Reading.HEAD, self.loop.time())
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # no other protocol is offered: this was answered as any request
        except httptools.HttpParserError as error:
            cause = error.__context__
            known = isinstance(cause, _RefusedError)
            self._refuse(*(cause.status, cause.reason) if known else (_BAD_REQUEST, "this is not an HTTP request"))  # type: ignore[union-attr]
            return
        if self._reading is _Reading.HEAD and self._unread > self._limits.head_bytes:
            self._refuse(_TOO_MUCH, "the headers are too large")
        elif self._reading is _Reading.BODY and self._body + self._unread > self._limits.body_bytes:
            self._refuse(_TOO_LARGE, "the body is too large")
        elif self._reading is _Reading.NOTHING:
            self._unread = 0
            if not self._busy() and self.timeout_keep_alive_task is None:  # answered before all of it was here
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def on_message_begin(self) -> None:
        if self._reading is not _Reading.HEAD:
            self._reads(_Reading.HEAD, self.loop.time())
        self.app = self.config.loaded_app  # which may have been replaced since the last request
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the head as a whole, then continue as uvicorn does.

        Source: RFC 9112, section 3.2: one Host, or 400. RFC 6585, section 5: too many headers are 431.
        """
        size, host = len(self.url) + len(self.parser.get_method()) + _LINE, []
        length = b""
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            if name == b"host":
                host.append(value)
            elif name == b"content-length":
                length = value
        self._unread = max(0, self._unread - size)
        if size > self._limits.head_bytes or len(self.headers) > self._limits.headers:
            raise _RefusedError(_TOO_MUCH, "the headers are too large, or too many")
        if len(host) > 1 or (not host and self.parser.get_http_version() != "1.0"):
            raise _RefusedError(_BAD_REQUEST, "a request must have one Host header")
        if host and not _HOST.fullmatch(host[0]):
            raise _RefusedError(_BAD_REQUEST, "the Host header is not valid")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise _RefusedError(_TOO_LARGE, "the body is too large")
        self._body = 0
        self._reads(_Reading.BODY, self.loop.time())
        self.answer()

    def answer(self) -> None:
        """Answer the request; its head is complete."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread -= len(body)
        self._body += len(body)
        if self._body > self._limits.body_bytes:
            raise _RefusedError(_TOO_LARGE, "the body is too large")
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Notify uvicorn's cycle, if there was one."""
        self._reading, self._since = _Reading.NOTHING, _NEVER
        if self.cycle is not None:
            super().on_message_complete()

    def sweep(self, now: float) -> None:
        """End requests that arrive too slowly and responses that are read too slowly. `now` is the loop's time."""
        size = self.transport.get_write_buffer_size()
        if not size or size < self._waiting:
            self._moved_at = now
        self._waiting = size
        if now - self._moved_at > self._limits.stalled_seconds or now - self._refused_at > _LINGER_SECONDS:
            self.transport.abort()
        elif self.transport.is_closing() or self._refused_at != _NEVER:
            return
        elif self.flow.read_paused:
            self._since = now if self._reading is not _Reading.NOTHING else _NEVER  # we are the ones who do not read
        elif self._reading is _Reading.HEAD and now - self._since > self._limits.head_seconds:
            if self._unread:
                self._refuse(_TIME_OUT, "the headers took too long")
            else:
                self.transport.close()
        elif self._reading is _Reading.BODY and now - self._since > self._limits.body_seconds:
            self._refuse(_TIME_OUT, "the body took too long")

    def _reads(self, what: _Reading, now: float) -> None:
        self._reading, self._since = what, now

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, reason: str) -> None:
        """Send the reason, if the client expects a response now; read no more, and close the connection soon."""
        cycle = self.cycle
        own = self._reading is _Reading.BODY and cycle is not None and not self.pipeline and not cycle.response_started
        spoken = own or (self._reading is _Reading.HEAD and not self._busy())
        self._hang_up()
        if not spoken:
            self.transport.close()
            return
        self._say(status, reason)
        self._refused_at = self.loop.time()
        self.flow.resume_reading()  # discard what is on its way: otherwise the response would be lost with it
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401 - they are uvicorn's
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _hang_up(self) -> None:
        """Notify the applications that the client is gone: uvicorn notifies only the newest of pipelined requests."""
        for one in (self.cycle, self._running, *(waiting for waiting, _ in self.pipeline)):
            if one is not None:
                one.disconnected = True
                one.message_event.set()
        self.pipeline.clear()

    def _say(self, status: int, reason: str) -> None:
        dated = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        body = f"{reason}\n".encode()
        again = b"retry-after: 60\r\n" if status == _FULL else b""
        self.transport.write(
            b"%b%bcontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n%b"
            % (STATUS_LINE[status], dated, len(body), again, body)
        )
