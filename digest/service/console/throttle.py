"""Slows down guessing at the login, and locks nobody out. Decision 345.

Only passwords can be guessed: a link or a passkey cannot, so these are never slowed down. Wrong passwords make further
ones wait: from the same network, and for the same name. A browser from which that user has logged in before is counted
by itself, so that others who guess at their name do not keep them out.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.errors import BusyError

_MOST = 10_000  # keys in memory; beyond them, the oldest are forgotten
_FORGET = timedelta(minutes=30)  # after the last wrong password
_FREE = {"name": 5, "browser": 5, "network": 20}  # wrong passwords that make nobody wait
_LONGEST = {"name": 60, "browser": 60, "network": 300}  # seconds to wait
Key = tuple[str, str]  # what is counted, and whose


@dataclass(frozen=True, slots=True)
class _Wrong:
    """How many wrong passwords there were, and when the last was."""

    count: int
    at: datetime


class Throttle:
    """Counts wrong passwords in the memory of one process."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[Key, _Wrong] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, keys: Iterable[Key], now: datetime) -> None:
        """Refuse another password for now, if there were too many wrong ones.

        Raises:
            BusyError: with the time to wait.
        """
        with self._lock:
            seconds = max((self._seconds(key, now) for key in keys), default=0)
        if seconds > 0:
            raise BusyError(seconds)

    def wrong(self, keys: Iterable[Key], now: datetime) -> None:
        """Count a wrong password."""
        with self._lock:
            for key in keys:
                before = self._known(key, now)
                self._wrong.pop(key, None)
                self._wrong[key] = _Wrong(before.count + 1 if before else 1, now)
            while len(self._wrong) > _MOST:
                self._wrong.popitem(last=False)

    def right(self, keys: Iterable[Key]) -> None:
        """Forget the wrong passwords of somebody who has logged in; those of their network stay."""
        with self._lock:
            for key in keys:
                if key[0] != "network":
                    self._wrong.pop(key, None)

    def _known(self, key: Key, now: datetime) -> _Wrong | None:
        known = self._wrong.get(key)
        return known if known and now - known.at < _FORGET else None

    def _seconds(self, key: Key, now: datetime) -> int:
        known = self._known(key, now)
        beyond = known.count - _FREE[key[0]] if known else -1
        if known is None or beyond < 0:
            return 0
        wait = min(2.0**beyond, _LONGEST[key[0]])
        return max(0, int(wait - (now - known.at).total_seconds() + 0.999))
