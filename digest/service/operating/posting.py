"""HTTP requests: POSTs to the hosts that the operator configured, and GETs to hosts that the caller checked.

These are our only requests by HTTP. A redirect counts as a refusal. At most 64 KB of the response are read
within a few seconds, however slowly it comes: a slow recipient must not delay the sender.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import time
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from typing_extensions import Buffer

_SECONDS = 10.0
_BYTES = 65536


class _Bounded(io.RawIOBase):
    """Reads from a socket up to a deadline and a size; a socket's own timeout starts again at each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, until: float) -> None:
        self._raw, self._sock, self._until, self._left = raw, sock, until, _BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        if self._left <= 0:
            raise OSError(f"an answer of more than {_BYTES} bytes")
        self._sock.settimeout(seconds)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - the base class's
        super().__init__(sock, *arguments, **named)
        until = time.monotonic() + (sock.gettimeout() or _SECONDS)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, until))


class _Plain(http.client.HTTPConnection):
    response_class = _Answer


class _Encrypted(http.client.HTTPSConnection):
    response_class = _Answer


class _ByHttp(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, request)


class _ByHttps(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Encrypted, request)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


# No proxy from the environment either.
_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}), _ByHttp, _ByHttps)


def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float = _SECONDS) -> None:
    """POST a body; `seconds` for the connection, and for the response.

    Raises:
        OSError: it was not accepted; an `urllib.error.HTTPError` if there was a response, including a redirect.
        ValueError: the URL is invalid.
    """
    request = urllib.request.Request(url, body, {"User-Agent": "Digest", **headers})  # noqa: S310 - the settings allow http(s) only
    with _response(request, seconds):
        pass


def ask(url: str, body: bytes, headers: dict[str, str], *, seconds: float = _SECONDS) -> bytes:
    """POST a body, and return that of the response.

    Raises:
        OSError: as `get`.
        ValueError: the URL is invalid.
    """
    request = urllib.request.Request(url, body, {"User-Agent": "Digest", **headers})  # noqa: S310 - the settings allow http(s) only
    with _response(request, seconds) as answer:
        given: bytes = answer.read()
        return given


def get(url: str, *, seconds: float = _SECONDS) -> bytes:
    """The content at a URL; `seconds` for the connection, and for the response.

    Raises:
        OSError: there is none, it is too large, takes too long, or redirects.
        ValueError: the URL is invalid.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "Digest"})  # noqa: S310 - the caller checked it
    with _response(request, seconds) as answer:
        body: bytes = answer.read()
        return body


@contextlib.contextmanager
def _response(request: urllib.request.Request, seconds: float) -> Iterator[http.client.HTTPResponse]:
    """The response, with only its head read yet."""
    try:
        with _opener.open(request, timeout=seconds) as answer:
            yield answer
    except http.client.InvalidURL:
        raise
    except http.client.HTTPException as error:
        raise OSError(f"no answer in HTTP: {error!r}") from error
