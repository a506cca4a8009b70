"""Fetches what is at an address of the web: one request per host at a time, within all limits."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import FetchError
from digest.fetching import addresses, robots
from digest.fetching.addresses import Place
from digest.fetching.values import SLICE_SECONDS, Asked, Clockwork, Fetched, Limits, NotModified, Redirect, Validators

if TYPE_CHECKING:
    from digest.fetching.network import Resolve

    RulesOf = Callable[[Place], robots.Rules]


class Fetcher:
    """Fetches for one process; several threads may use it at once.

    `user_agent` names us and a contact. `clock` gives the present UTC time, `stopped` says whether to give up, and
    `resolve` takes the place of this machine's resolver.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        clock: Callable[[], datetime],
        stopped: Callable[[], bool] = bool,
        resolve: Resolve | None = None,
    ) -> None:
        self._user_agent, self._clock, self._stopped, self._resolve = user_agent, clock, stopped, resolve
        self._robots = robots.Robots()
        self._turns = _Turns()

    def fetch(
        self,
        url: str,
        *,
        known: Validators | None = None,
        limits: Limits | None = None,
        allow_private: bool = False,
        obey_robots: bool = True,
    ) -> Fetched | NotModified:
        """What is at an address; give `known` only if the body that came with it is still held.

        Raises:
            FetchError: nothing whole is there, or it may not be fetched.
        """
        name, limits = addresses.shown(url), limits or Limits()
        clockwork = Clockwork(name, limits.whole, self._stopped)
        asked = Asked(self._user_agent, clockwork, limits, known, allow_private)
        found = self._followed(url, asked, self._rules(asked) if obey_robots else _all)
        if isinstance(found, Fetched) and not found.body.strip():
            raise FetchError(name, "answered with an empty body", remedy="it is tried again later")
        return found

    def _rules(self, asked: Asked) -> RulesOf:
        """How to learn the rules of a site during a fetch: its robots.txt, in the same time and by the same rules."""
        own = replace(asked, known=None, limits=replace(asked.limits, largest=robots.LARGEST))

        def get(url: str) -> bytes:
            found = self._followed(url, own, _all)
            return found.body if isinstance(found, Fetched) else b""

        return lambda place: self._robots.rules(place.origin, get)

    def _followed(self, url: str, asked: Asked, rules_of: RulesOf) -> Fetched | NotModified:
        """Follow redirects, each checked like an address of its own."""
        target, moved = url, True
        for _ in range(asked.limits.redirects + 1):
            found = self._answer(target, asked, rules_of)
            if not isinstance(found, Redirect):
                return replace(found, moved_to=target) if moved and target != url else found
            target, moved = found.target, moved and found.permanent
        problem = f"redirects more than {asked.limits.redirects} times"
        raise FetchError(addresses.shown(url), problem, remedy="check the address")

    def _answer(self, target: str, asked: Asked, rules_of: RulesOf) -> Fetched | NotModified | Redirect:
        from digest.fetching.network import resolved  # noqa: PLC0415 - httpx loads slowly, and only a fetch needs it
        from digest.fetching.requesting import answer  # noqa: PLC0415 - as above

        url, place = addresses.parsed(target)
        rules = rules_of(place)
        if not rules.allowed(str(url)):
            raise FetchError(
                addresses.shown(target),
                "is disallowed by the robots.txt of its site",
                remedy="ask its owner; for a site of your own, set `robots = false` at the source",
                robots=True,
            )
        with self._turns.turn(place.origin, rules.delay, asked.clockwork):
            return answer(url, place, asked, self._resolve or resolved, now=self._clock())


def _all(_place: Place) -> robots.Rules:
    return robots.ALL


@dataclass(slots=True)
class _Site:
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0


class _Turns:
    """Lets one request at a time go to a site, and the next one after the delay that the site asks for."""

    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, origin: str, delay: float, clockwork: Clockwork) -> Iterator[None]:
        """Wait for a turn, no longer than the fetch may take.

        Raises:
            FetchError: there is none in time.
        """
        with self._lock:
            site = self._sites.setdefault(origin, _Site())
        while not site.lock.acquire(timeout=min(SLICE_SECONDS, clockwork.left())):
            pass
        try:
            while (wait := site.free_at - time.monotonic()) > 0:
                time.sleep(min(wait, SLICE_SECONDS, clockwork.left()))
            try:
                yield
            finally:
                site.free_at = time.monotonic() + delay
        finally:
            site.lock.release()
