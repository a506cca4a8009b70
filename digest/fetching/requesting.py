"""Sends one request and reads its response. The home of httpx, with `addresses` and `network`.

There are no cookies, no proxies from the environment and no credentials: the transport is used without a client.
Decisions 291 and 292.
"""

import contextlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore
import httpx

from digest.errors import FetchError
from digest.fetching import bodies
from digest.fetching.addresses import Place, shown
from digest.fetching.network import Resolve, Transport, left_over
from digest.fetching.values import Asked, Fetched, NotModified, Redirect

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
        "Accept-Encoding": bodies.ACCEPTED,
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
    body = bodies.unpacked(name, response.headers.get("content-encoding", ""), stream, largest)
    if length is not None and left_over(response, length):
        raise FetchError(name, f"sent more than the {length} bytes that it announced", remedy=_LATER)
    return body
