"""Sends one request, reads its response and unpacks its body. The home of httpx, with `addresses` and `network`.

There are no cookies, no proxies from the environment and no credentials: the transport is used without a client.

Decisions 291 and 292.
"""

import contextlib
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore
import httpx

from digest.errors import FetchError
from digest.fetching.addresses import Place, shown
from digest.fetching.network import Resolve, Transport, left_over
from digest.fetching.values import RATIO, RATIO_FROM, Asked, Fetched, NotModified, Redirect

Unpack = Callable[[Iterable[bytes]], Iterator[bytes]]

ACCEPTED = "gzip, br"
_STEP = 64 * 1024  # bytes that are unpacked at once
_MEMBER = b"\x1f\x8b"  # the beginning of a gzip member
_GZIP = 31  # the window that tells zlib of a gzip head


def unpacked(url: str, encoding: str, raw: Iterable[bytes], largest: int) -> bytes:
    """The body of a response with this Content-Encoding.

    Raises:
        FetchError: it is cut short, not in that encoding, in one that was not asked for, or too large.
    """
    unpack = _BY_NAME.get(encoding.strip().lower())
    if unpack is None:
        problem = f"is encoded as {encoding[:40]!r}, which was not asked for"
        raise FetchError(url, problem, remedy="tell the owner of the site")
    counted = _Counted(raw)
    parts, size = [], 0
    try:
        for part in unpack(counted):
            parts.append(part)
            size += len(part)
            if size > largest:
                raise FetchError(url, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
            if size > RATIO_FROM and size > counted.size * RATIO:
                raise FetchError(
                    url, f"is more than {RATIO} times its compressed size", remedy="see what the site sends"
                )
    except (_NotWholeError, zlib.error) as error:
        problem = f"its body is not what its head says ({encoding}): {error}"
        raise FetchError(url, problem, remedy="it is fetched again later") from error
    return b"".join(parts)


class _NotWholeError(Exception):
    """A compressed body that ends early, or holds something else."""


class _Counted:
    """Counts the bytes that come through."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw, self.size = raw, 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._raw:
            self.size += len(part)
            yield part


def _as_it_is(raw: Iterable[bytes]) -> Iterator[bytes]:
    yield from raw


def _gzip(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, member after member."""
    member = None
    for part in raw:
        left = part
        while left:
            if member is None or member.eof:
                if member is not None and not left.startswith(_MEMBER[: len(left)]):
                    raise _NotWholeError("something follows it")
                member = zlib.decompressobj(wbits=_GZIP)
            yield member.decompress(left, _STEP)
            left = member.unused_data if member.eof else member.unconsumed_tail
    if member is not None and not member.eof:
        raise _NotWholeError("it is cut short")


def _deflate(raw: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack the zlib format, or the bare one that some servers mean by this name."""
    stream = None
    for part in raw:
        if stream is None:
            stream = zlib.decompressobj(zlib.MAX_WBITS if part[0] & 15 == zlib.DEFLATED else -zlib.MAX_WBITS)
        left = part
        while left:
            yield stream.decompress(left, _STEP)
            if stream.eof and stream.unused_data:
                raise _NotWholeError("something follows it")
            left = stream.unconsumed_tail
    if stream is not None and not stream.eof:
        raise _NotWholeError("it is cut short")


def _brotli(raw: Iterable[bytes]) -> Iterator[bytes]:
    import brotli  # noqa: PLC0415 - few sites choose it

    stream = brotli.Decompressor()
    empty = True
    try:
        for part in raw:
            empty = empty and not part
            piece = stream.process(part, output_buffer_limit=_STEP)
            while piece or not stream.can_accept_more_data():
                yield piece
                piece = b"" if stream.is_finished() else stream.process(b"", output_buffer_limit=_STEP)
    except brotli.error as error:
        raise _NotWholeError(str(error)) from error
    if not empty and not stream.is_finished():
        raise _NotWholeError("it is cut short")


_BY_NAME: dict[str, Unpack] = {
    "": _as_it_is,
    "identity": _as_it_is,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}


_PERMANENT = frozenset((HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT))
_REDIRECTS = _PERMANENT | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}
_WAIT = frozenset((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE))
_GOOD = frozenset((HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION))
_LONGEST_WAIT = timedelta(days=1)  # whatever a Retry-After asks for
_LONGEST_FIELD = 1024  # characters of a field of the head; a longer one is not kept
_LATER = "it is tried again later"
_REASONS = {
    HTTPStatus.UNAUTHORIZED: ("asks for a login", "Digest reads public pages only"),
    HTTPStatus.FORBIDDEN: ("refuses the request", "ask the owner of the site whether it blocks programs"),
    HTTPStatus.NOT_FOUND: ("is not there", "check the address"),
    HTTPStatus.GONE: ("is gone permanently, as the site says", "give the source another address, or remove it"),
    HTTPStatus.TOO_MANY_REQUESTS: ("asks for fewer requests", "raise `every` of its source"),
}


def answer(
    url: httpx.URL, place: Place, asked: Asked, resolve: Resolve, *, now: datetime
) -> Fetched | NotModified | Redirect:
    """The response to one request. A body may be empty here.

    Raises:
        FetchError: there is no whole response, or it is no body, no redirect and no 304 to a conditional request.
    """
    name = shown(str(url))
    conditional = _conditional(url, asked)
    transport = Transport(place, asked.clockwork, asked.limits, resolve, allow_private=asked.allow_private)
    with contextlib.closing(transport), _translated(name):
        response = transport.handle_request(httpx.Request("GET", url, headers=_head(asked) | conditional))
        with contextlib.closing(response):
            status = response.status_code
            if status == HTTPStatus.NOT_MODIFIED and conditional:
                return NotModified(str(url), now)
            if status in _REDIRECTS:
                return _redirect(url, response)
            if status not in _GOOD:
                raise _refusal(name, response, now)
            return Fetched(
                str(url),
                _body(name, response, asked.limits.largest),
                now,
                _field(response, "content-type"),
                _field(response, "etag"),
                _field(response, "last-modified"),
            )


def _head(asked: Asked) -> dict[str, str]:
    return {
        "User-Agent": asked.user_agent,
        "Accept": "*/*",
        "Accept-Encoding": ACCEPTED,
        "Connection": "close",
    }


def _conditional(url: httpx.URL, asked: Asked) -> dict[str, str]:
    """The fields that ask whether the held body changed; another place has other validators."""
    known = asked.known
    if known is None or known.url != str(url):
        return {}
    fields = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: text for name, text in fields.items() if text}


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise FetchError(name, "did not answer in time", remedy=_LATER) from error
    except httpcore.ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
            problem = f"cannot be trusted or has no TLS: {_line(error)}"
            raise FetchError(name, problem, remedy="check the certificate of the site and the clock here") from error
        raise FetchError(name, f"cannot be reached: {_line(error)}", remedy=_LATER) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise FetchError(name, f"did not answer whole or not in HTTP: {_line(error)}", remedy=_LATER) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _field(response: httpx.Response, name: str) -> str:
    """A field of the head; empty if there is none that can be kept."""
    text = response.headers.get(name, "").strip()
    return text if len(text) <= _LONGEST_FIELD and text.isprintable() and text.isascii() else ""


def _redirect(url: httpx.URL, response: httpx.Response) -> Redirect:
    try:
        target = url.join(response.headers["location"])
    except (KeyError, httpx.InvalidURL, ValueError) as error:
        raise FetchError(shown(str(url)), "redirects to no usable address", remedy=_LATER) from error
    if url.scheme == "https" and target.scheme == "http":
        raise FetchError(
            shown(str(url)),
            f"redirects from https to {shown(str(target))}, which anybody on the way can change",
            remedy="if you accept that, give the source that address",
        )
    return Redirect(str(target), response.status_code in _PERMANENT)


def _refusal(name: str, response: httpx.Response, now: datetime) -> FetchError:
    status = response.status_code
    known = HTTPStatus(status) if status in HTTPStatus.__members__.values() else None
    problem, remedy = _REASONS.get(known, ("answered", _LATER)) if known else ("answered", _LATER)
    phrase = f"{status} {known.phrase}" if known else str(status)
    retry_at = _retry_at(response.headers.get("retry-after", ""), now) if status in _WAIT else None
    return FetchError(name, f"{problem} ({phrase})", remedy=remedy, status=status, retry_at=retry_at)


def _retry_at(text: str, now: datetime) -> datetime | None:
    """When a Retry-After lets us come again: within a day, and not before now. Source: RFC 9110, section 10.2.3."""
    text = text.strip()
    if text.isdecimal():
        return now + timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at, now), now + _LONGEST_WAIT)


def _body(name: str, response: httpx.Response, largest: int) -> bytes:
    """The body, unpacked.

    Raises:
        FetchError: it is too large, or not whole, or longer than announced.
    """
    announced = response.headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() and "transfer-encoding" not in response.headers else None
    if length is not None and length > largest:
        raise FetchError(name, f"has more than {largest:,} bytes", remedy="raise `largest` of its source")
    stream = response.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise TypeError("a transport without asyncio gives no other stream")
    body = unpacked(name, response.headers.get("content-encoding", ""), stream, largest)
    if length is not None and left_over(response, length):
        raise FetchError(name, f"sent more than the {length} bytes that it announced", remedy=_LATER)
    return body
