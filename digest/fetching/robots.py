"""What the robots.txt of a site allows us. The home of protego.

Source: RFC 9309. Its section 2.3.1: a site without robots.txt (any 4xx) allows everything; one whose robots.txt cannot
be reached allows nothing for now.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from digest.errors import FetchError

if TYPE_CHECKING:
    from protego import Protego

US = "Digest"  # our name in a robots.txt
LARGEST = 512 * 1024  # bytes; RFC 9309, section 2.5, asks for 500 KiB at least
_VALID_SECONDS = 24 * 3600.0
_LONGEST_DELAY = 30.0  # seconds between two requests, whatever a robots.txt asks for
_MOST_SITES = 10_000
_AGENT = re.compile(r"[ \t]*user-?agent[ \t]*:[ \t]*([^#\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one site for us: `delay` in seconds between two requests."""

    allowed: Callable[[str], bool]
    delay: float = 0.0


ALL = Rules(lambda _url: True)


class Robots:
    """The rules of each site, remembered for a day. Several threads may ask."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Rules]] = {}
        self._lock = threading.Lock()

    def rules(self, origin: str, get: Callable[[str], bytes]) -> Rules:
        """The rules of a site; `get` fetches its robots.txt if they are not known.

        Raises:
            FetchError: they cannot be known now.
        """
        now = time.monotonic()
        with self._lock:
            until, rules = self._known.get(origin, (now, ALL))
        if until > now:
            return rules
        rules = _fetched(origin, get)
        with self._lock:
            if len(self._known) >= _MOST_SITES:
                self._known = {site: known for site, known in self._known.items() if known[0] > now}
            if len(self._known) < _MOST_SITES:
                self._known[origin] = now + _VALID_SECONDS, rules
        return rules


def _fetched(origin: str, get: Callable[[str], bytes]) -> Rules:
    url = f"{origin}/robots.txt"
    try:
        text = get(url)
    except FetchError as error:
        gone = error.status is not None and 400 <= error.status < 500  # noqa: PLR2004 - the class of statuses
        if gone and error.status != HTTPStatus.TOO_MANY_REQUESTS:
            return ALL
        if error.stopped:
            raise
        raise FetchError(
            error.url,
            f"robots.txt cannot be read, so nothing is fetched: {error.reason}",
            remedy=error.remedy
            or "it is tried again later; for a site of your own, set `robots = false` at the source",
            status=error.status,
            retry_at=error.retry_at,
        ) from error
    return parsed(text)


def parsed(content: bytes) -> Rules:
    """The rules in a robots.txt; what is not understood in it allows."""
    from protego import Protego  # noqa: PLC0415 - only sources by address need it

    found: Protego = Protego.parse("\n".join(_ours(content.decode("utf-8", "replace"))))
    return Rules(lambda url: found.can_fetch(url, US), min(found.crawl_delay(US) or 0.0, _LONGEST_DELAY))


def _ours(text: str) -> list[str]:
    """The lines, with one name in place of all other programs: a thousand names times a thousand rules take minutes."""
    lines: list[str] = []
    for line in text.splitlines():
        agent = _AGENT.match(line)
        if agent and agent[1].strip().lower() not in {"*", US.lower()}:
            line = "User-agent: another-program"  # noqa: PLW2901 - the line that replaces it
        if agent is None or not lines or lines[-1] != line:
            lines.append(line)
    return lines
