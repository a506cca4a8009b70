"""Connects to the one address that was checked, within the time of the fetch. The home of httpcore.

Between a check of a name and a connection to it, a hostile name server can answer something else. So a host is resolved
once, and the connection goes to the address that was checked; `Host` and the name in TLS stay those of the address.
Decision 290.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from digest.errors import FetchError
from digest.fetching.addresses import Place, public_ones
from digest.fetching.values import SLICE_SECONDS, Clockwork, Limits

Resolve = Callable[[str, int], list[str]]

_TRIED = 4  # addresses of one host
_HEAD = 128 * 1024  # bytes in which the end of the head is looked for
_LAST_WORD_SECONDS = 0.25  # how long to wait for bytes behind the announced ones
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_NOT_YET = re.compile(rb"HTTP/1\.\d 1\d\d")


def resolved(host: str, port: int) -> list[str]:
    """The network addresses of a host, as this machine's resolver orders them; empty if there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Transport(httpx.BaseTransport):
    """Carries one request after another to addresses that are allowed, each over a connection of its own."""

    def __init__(
        self, place: Place, clockwork: Clockwork, limits: Limits, resolve: Resolve, *, allow_private: bool
    ) -> None:
        backend = _Backend(place, clockwork, limits, resolve, allow_private=allow_private)
        self._pool = httpcore.ConnectionPool(ssl_context=_ssl_context(), max_connections=1, network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(httpcore.Request(request.method, target, headers=request.headers.raw))
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - httpcore's stream is an iterable that can be closed
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


def left_over(response: httpx.Response, length: int) -> bool:
    """Whether the server sent more than the `length` bytes that it had announced and that were read."""
    stream = response.extensions.get("network_stream")
    return isinstance(stream, Stream) and stream.left_over(length)


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    """Trusts what this machine trusts; `SSL_CERT_FILE` names other authorities."""
    return ssl.create_default_context()


class _Backend(httpcore.NetworkBackend):
    """Opens connections to one place."""

    def __init__(
        self, place: Place, clockwork: Clockwork, limits: Limits, resolve: Resolve, *, allow_private: bool
    ) -> None:
        self._place, self._clockwork, self._limits = place, clockwork, limits
        self._resolve, self._allow_private = resolve, allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the fetch has limits of its own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = public_ones(self._place, self._numbers(host, port), allow_private=self._allow_private)
        network = httpcore.SyncBackend()
        failed: Exception | None = None
        for number in found[:_TRIED]:
            seconds = min(self._limits.connect, self._clockwork.left())
            try:
                opened = network.connect_tcp(number, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return Stream(opened, self._clockwork, self._limits)
        raise failed or httpcore.ConnectError("no address")

    def _numbers(self, host: str, port: int) -> list[str]:
        """The addresses of a host; a resolver that does not answer takes no longer than a connection may.

        It runs in a thread of its own, because nothing can interrupt it.
        """
        numbers: list[list[str]] = []
        asking = threading.Thread(target=lambda: numbers.append(self._resolve(host, port)), daemon=True)
        asking.start()
        until = time.monotonic() + min(self._limits.connect, self._clockwork.left())
        while asking.is_alive() and time.monotonic() < until:
            asking.join(min(SLICE_SECONDS, self._clockwork.left()))
        if not numbers:
            problem = "the name of its host could not be resolved in time"
            raise FetchError(self._place.origin, problem, remedy="check the name servers of this machine")
        return numbers[0]


class Stream(httpcore.NetworkStream):
    """A connection that looks at the time of its fetch, and counts what it received."""

    def __init__(self, stream: httpcore.NetworkStream, clockwork: Clockwork, limits: Limits) -> None:
        self._stream, self._clockwork, self._limits = stream, clockwork, limits
        self._head = bytearray()
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        until = time.monotonic() + self._limits.silence
        while True:
            seconds = min(SLICE_SECONDS, self._clockwork.left())
            try:
                received = self._stream.read(max_bytes, seconds)
            except httpcore.ReadTimeout:
                if time.monotonic() >= until:
                    raise
                continue
            self._received += len(received)
            if len(self._head) < _HEAD:
                self._head += received[: _HEAD - len(self._head)]
            return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        self._stream.write(buffer, min(self._limits.silence, self._clockwork.left()))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        seconds = min(self._limits.connect, self._clockwork.left())
        secured = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return Stream(secured, self._clockwork, self._limits)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the base class has it
        return self._stream.get_extra_info(info)

    def left_over(self, length: int) -> bool:
        """Whether more came than the head and `length` bytes behind it, or comes within a moment."""
        head = _length_of_head(bytes(self._head))
        if head is not None and self._received > head + length:
            return True
        try:
            return bool(self._stream.read(1, min(_LAST_WORD_SECONDS, self._clockwork.left())))
        except (httpcore.ReadTimeout, httpcore.ReadError):
            return False


def _length_of_head(received: bytes) -> int | None:
    """The number of bytes before the body, with interim responses; None if its end is not among them."""
    start = 0
    while found := _END_OF_HEAD.search(received, start):
        if not _NOT_YET.match(received, start):
            return found.end()
        start = found.end()
    return None
