"""What a browser sends: the fields of a form, and the address that it comes from, as sockets and proxies write it."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

_LARGEST = 16 * 1024  # bytes of any form for visitors
_MOST_FIELDS = 200
_PREFIX = {4: 24, 6: 48}  # one customer may have all addresses of such a network: providers assign up to a /48
Address = IPv4Address | IPv6Address
_LONGEST_ADDRESS = 80  # characters of an address with everything that may surround it
_WRITTEN = re.compile(
    r"""
    (?: \[ (?P<bracketed> [0-9A-Fa-f:.]+ ) (?: %[^\]]* )? \]   # [2001:db8::7], [fe80::1%eth0]
      | (?P<four> [0-9.]+ )
      | (?P<six> [0-9A-Fa-f:.]+ ) (?: %[^\s:"]* )?             # 2001:db8::7 alone: a port could not be told from it
    )
    (?: (?<=[\].0-9]) : (?P<port> [0-9]{1,5} ) )?
    """,
    re.VERBOSE,
)


class Form:
    """The fields of a form, each with the values that the browser sent."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        return self._fields.get(name, [""])[0].strip()

    def text(self, name: str) -> str:
        """A field as it was sent, with the spaces at its ends; line ends are plain, as in files of ours."""
        return self._fields.get(name, [""])[0].replace("\r\n", "\n")

    def chosen(self, name: str) -> tuple[str, ...]:
        """The values chosen in the fields with this prefix (each group of radio buttons needs a name of its own)."""
        return tuple(value for field, values in self._fields.items() if field.startswith(name) for value in values)

    def texts(self) -> Iterator[str]:
        """All values, of whichever field."""
        return (value for values in self._fields.values() for value in values)


async def form_of(request: Request, largest: int = _LARGEST, most_fields: int = _MOST_FIELDS) -> Form:
    """The urlencoded form of a request; empty if it is of another type, or has more bytes or fields than that.

    Mail programs that press the button of RFC 8058 may send multipart. Its content is known, so it is not parsed.
    """
    body = await body_of(request, largest)
    if body is None or media_type(request.headers.get("content-type", "")) != "application/x-www-form-urlencoded":
        return Form({})
    try:
        return Form(parse_qs(body.decode("utf-8", "replace"), max_num_fields=most_fields))
    except ValueError:
        return Form({})


async def body_of(request: Request, largest: int) -> bytes | None:
    """The whole body of a request; None if it has more bytes than that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest:
            return None
    return bytes(body)


def media_type(header: str) -> str:
    """The type in a Content-Type header, without parameters; case does not count. Source: RFC 9110, 8.3.1."""
    return header.partition(";")[0].strip().lower()


def with_form(endpoint: Callable[[Request, Form | None], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that receives the form of a POST, or None for a GET; it runs in a thread: the store blocks."""

    async def answered(request: Request) -> Response:
        form = await form_of(request) if request.method == "POST" else None
        return await run_in_threadpool(endpoint, request, form)

    return answered


def network_of(request: Request, proxies: Sequence[str]) -> str:
    """The network of the client, such as `192.0.2.0/24`.

    Only a proxy of ours may say where a request comes from; behind one, the last address that is not a proxy counts.
    """
    address = read_address(request.client.host if request.client else "")
    trusted = Networks(proxies)
    hops = [hop for header in request.headers.getlist("x-forwarded-for") for hop in header.split(",")]
    while hops and address in trusted:
        address = read_address(hops.pop())
    return "unknown" if address is None else str(ip_network(f"{address}/{_PREFIX[address.version]}", strict=False))


def read_address(written: str) -> Address | None:
    """The parsed address, with or without brackets, port, zone and quotes; None for anything else.

    An IPv4 address within an IPv6 address is returned as the IPv4 address.
    """
    bare = written.strip().strip('"').strip()
    found = _WRITTEN.fullmatch(bare) if len(bare) <= _LONGEST_ADDRESS else None
    try:
        known = ip_address(found["bracketed"] or found["four"] or found["six"]) if found else None
    except ValueError:
        return None
    if isinstance(known, IPv6Address) and known.ipv4_mapped:
        return known.ipv4_mapped
    return known


class Networks:
    """Networks such as `10.0.0.0/8`."""

    def __init__(self, written: Iterable[str]) -> None:
        self._all = [ip_network(one) for one in written]

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._all)
