"""Which addresses of the web may be fetched: by their spelling, and by the network address that they lead to.

Decision 289.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.errors import FetchError
from digest.model import value

if TYPE_CHECKING:
    import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535
_PRIVILEGED = 1024  # a port below it is a system service; only the two of the web are fetched
_OTHER_SERVICES = frozenset((2049, 3306, 5432, 6000, 6379, 6667, 9200, 11211, 27017))
_LONGEST = 2048  # characters of an address
_SPACES = re.compile(r"[\s\x00-\x1f\x7f\\]")
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_SECRET = re.compile(r"(?i)key|token|secret|pass|auth|sig|session|credential")
# Only 2000::/3 is assigned to the public; these parts of it lead elsewhere: protocols (Teredo among them), examples,
# 6to4, and examples again. Source: the IANA registries of special-purpose addresses.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_SPECIAL_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4")))
_ALLOW = "if it is a site of your own network, set `allow_private = true` at the source"


@value
class Place:
    """Where a request goes: `host` as in the address, in ASCII letters and without brackets, and `port`."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The part of an address before its path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")


def parsed(address: str) -> tuple[httpx.URL, Place]:
    """The address and where it leads, if it is one that may be fetched by its spelling.

    Raises:
        FetchError: it is no address of the web, names a user, another service, or a number that is spelled unusually.
    """
    import httpx  # noqa: PLC0415 - only sources by address need it

    problem = ""
    if len(address) > _LONGEST or _SPACES.search(address):
        problem = "is too long, or has a space, a control character or a backslash"
    elif not address.lower().startswith(("http://", "https://")):
        problem = "does not begin with http:// or https://"
    if problem:
        raise FetchError(shown(address), f"is no address of the web: it {problem}", remedy="write https://HOST/PATH")
    try:
        url = httpx.URL(address)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(
            shown(address), f"is no address of the web: {error}", remedy="write https://HOST/PATH"
        ) from error
    if url.userinfo:
        raise FetchError(shown(address), "names a user before its host", remedy="leave out what is before the @")
    place = Place(url.scheme, host, _DEFAULT_PORTS[url.scheme] if url.port is None else url.port)
    _require_usual(address, place)
    return url.copy_with(fragment=None), place


def _require_usual(address: str, place: Place) -> None:
    """Check host and port by their spelling.

    Raises:
        FetchError: they are unusual.
    """
    host, port = place.host, place.port
    if not host or "%" in host or not host.strip("."):
        raise FetchError(shown(address), "has no host that can be reached", remedy="write https://HOST/PATH")
    web = port in _DEFAULT_PORTS.values() or _PRIVILEGED <= port <= _LAST_PORT
    if not web or port in _OTHER_SERVICES:
        raise FetchError(
            shown(address), f"port {port} is not for web pages", remedy="use port 80, 443 or one above 1023"
        )
    if _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]) and ":" not in host:
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise FetchError(
                shown(address), "its host is a number in an unusual spelling", remedy="write it as four decimal numbers"
            ) from None


def origin_of(address: str) -> str:
    """Scheme, host and port of an address in one form for all its spellings; the address itself if it has no host."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return shown(address)
    if not parts.hostname or parts.scheme not in _DEFAULT_PORTS:
        return shown(address)
    return Place(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme]).origin


def is_public(number: str) -> bool:
    """Whether a network address, as a resolver returns it, belongs to the public internet.

    Addresses that hold an IPv4 address inside (v4-mapped, NAT64, 6to4, Teredo) do not.
    """
    ip = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _PUBLIC_V6 and not any(ip in special for special in _SPECIAL_V6)
    return ip.is_global and not ip.is_multicast and not any(ip in special for special in _SPECIAL_V4)


def is_number(host: str) -> bool:
    """Whether a host is a network address itself, so that no resolver is asked."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def public_ones(place: Place, numbers: list[str], *, allow_private: bool) -> list[str]:
    """The network addresses to which to connect, in the order of the resolver.

    Raises:
        FetchError: there are none.
    """
    if not numbers:
        raise FetchError(place.origin, "its host has no address", remedy="check the spelling of the host")
    if allow_private:
        return numbers
    public = [number for number in numbers if is_public(number)]
    if not public:
        raise FetchError(place.origin, f"leads to {numbers[0]}, which is no public address", remedy=_ALLOW)
    return public


def without_user(address: str) -> str:
    """The address without user and password, for messages."""
    scheme, mark, rest = address.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{rest[len(authority) :]}"


def shown(address: str) -> str:
    """The address for messages, logs and names: without user, and without values of its query that may be secrets."""
    bare, mark, query = without_user(address).partition("?")
    return bare + mark + "&".join(map(_shown_pair, query.split("&"))) if mark else bare


def without_secrets(address: str) -> str:
    """The address without user and without what may be a secret in its query: the base of links that others see."""
    bare, _, query = without_user(address).partition("?")
    kept = "&".join(pair for pair in query.split("&") if _shown_pair(pair) == pair)
    return f"{bare}?{kept}" if kept else bare


def _shown_pair(pair: str) -> str:
    name, equals, text = pair.partition("=")
    return f"{name}{equals}…" if text and _SECRET.search(name) else pair
