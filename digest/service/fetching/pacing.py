"""When to fetch again, and which answers to believe. Pure. Decisions 307, 308 and 309."""

import hashlib
from datetime import datetime, timedelta

_PATIENT = 2  # failures in a row after which the pace stays as it is: a restart of a server is over by then
_LONGEST = timedelta(days=1)  # between two attempts, unless the source is read less often
_SHORTEST_REST = timedelta(minutes=1)  # of a host that asks for fewer requests without saying how long
_SMALL = 4096  # bytes: smaller pages may shrink to anything
_SHRUNKEN = 10  # times
BELIEVED = 3  # shrunken answers in a row


def next_try(now: datetime, every: timedelta, failures: int, retry_at: datetime | None = None) -> datetime:
    """Before when not to fetch again after an attempt at `now`, the last of so many failed ones in a row.

    Half of `every` lies before the next turn, however late this one was. From the third failure on, the time doubles.
    """
    if failures <= _PATIENT:
        wait = every / 2
    else:
        wait = min(every * 2 ** min(failures - _PATIENT, 20), max(_LONGEST, every)) - every / 2
    return max(now + wait, retry_at or now)


def host_until(now: datetime, status: int | None, failures: int, retry_at: datetime | None) -> datetime | None:
    """Until when to spare the whole host; None if it did not ask for that."""
    if status not in {429, 503}:
        return None
    return retry_at or now + min(_SHORTEST_REST * 2 ** min(failures, 20), _LONGEST)


def is_shrunken(size: int, before: int) -> bool:
    """Whether a body is so much smaller than the one before that it is hardly the same page."""
    return before >= _SMALL and size * _SHRUNKEN < before


def share(name: str) -> float:
    """A number from 0 up to 1 for a source, always the same: it spreads sources evenly over their interval."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / (1 << 48)


def first_turn(name: str, every: timedelta, now: datetime) -> datetime:
    """The next turn of a source: its turns are `every` apart, at its own place in the interval, whatever restarts."""
    period, place = every.total_seconds(), share(name) * every.total_seconds()
    return now + timedelta(seconds=(place - now.timestamp()) % period)
