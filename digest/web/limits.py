"""The limits on requests and connections from strangers; docs/deploy.md has the table. Decisions 86 and 87."""

from __future__ import annotations

import resource
from collections import Counter
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from digest import logs
from digest.web.requests import Networks, read_address

if TYPE_CHECKING:
    from collections.abc import Iterable

_RAISED = 4096  # file descriptors that the process requests from the system, if it may have them
_PREFIXES = {4: (32,), 6: (64, 48)}  # what counts as one address; for IPv6 also the one that counts as a network
_SAID_SECONDS = 60.0  # between two equal log lines
_log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, seconds, and numbers of connections. Beyond them, a request is refused or its connection is closed."""

    head_bytes: int = 32 * 1024  # the request line and all headers
    headers: int = 100
    body_bytes: int = 2 * 1024**2
    head_seconds: float = 10.0  # from the first byte of a request, or from the connection, to its last header
    body_seconds: float = 30.0  # from there to the end of the request
    idle_seconds: int = 5  # between two requests of a connection
    stalled_seconds: float = 30.0  # in which the client reads nothing of a response
    connections: int = 1000
    per_address: int = 100  # an IPv4 address, an IPv6 /64
    per_network: int = 250  # an IPv6 /48
    reserve: int = 256  # descriptors that connections leave to dumps, mail and the store

    def within(self, descriptors: int) -> Limits:
        """The limits of a process that may open so many files: at least half of them stay free for other uses."""
        room = max(descriptors - self.reserve, descriptors // 2)
        return replace(self, connections=max(1, min(self.connections, room)))


WEB = Limits()
WATCH = Limits(connections=32, per_address=32, per_network=32, reserve=0)


def descriptors() -> int:
    """How many files this process may open; raises a low limit if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _RAISED
    wanted = _RAISED if hard == resource.RLIM_INFINITY else min(_RAISED, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


class Gate:
    """Counts the connections of a listener. No limit per address holds for `proxies`: many people come through one."""

    def __init__(self, limits: Limits, proxies: Iterable[str] = ()) -> None:
        self.limits = limits
        self.trust(proxies)
        self._inside = 0
        self._by_network: Counter[str] = Counter()
        self._said_at = -_SAID_SECONDS

    def trust(self, proxies: Iterable[str]) -> None:
        """Replace the list of proxies."""
        self._proxies = Networks(proxies)

    def enter(self, host: str, now: float) -> tuple[str, ...] | None:
        """Count a connection from this address; returns what `leave` takes, or None if there is no room."""
        networks = self._networks(host)
        full = self._inside >= self.limits.connections
        if full or any(
            self._by_network[name] >= (self.limits.per_network if narrower else self.limits.per_address)
            for narrower, name in enumerate(networks)
        ):
            if now - self._said_at >= _SAID_SECONDS:
                self._said_at = now
                _log.warning("connections refused", whose="all" if full else networks[0], open=self._inside)
            return None
        self._inside += 1
        self._by_network.update(networks)
        return networks

    def leave(self, networks: tuple[str, ...]) -> None:
        """Remove a connection that was counted."""
        self._inside -= 1
        self._by_network.subtract(networks)
        for name in networks:
            if not self._by_network[name]:
                del self._by_network[name]

    def _networks(self, host: str) -> tuple[str, ...]:
        address = read_address(host)
        if address is None or address in self._proxies:
            return ()
        return tuple(str(ip_network(f"{address}/{prefix}", strict=False)) for prefix in _PREFIXES[address.version])
