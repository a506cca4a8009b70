"""Internet addresses as sockets and proxies write them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address

_LONGEST = 80  # characters of an address with everything that may surround it
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


def read_address(written: str) -> Address | None:
    """The parsed address, with or without brackets, port, zone and quotes; None for anything else.

    An IPv4 address within an IPv6 address is returned as the IPv4 address.
    """
    bare = written.strip().strip('"').strip()
    found = _WRITTEN.fullmatch(bare) if len(bare) <= _LONGEST else None
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
