"""Formats times for people at a terminal: in local time, and relative to now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def relative(at: datetime, now: datetime) -> str:
    """Such as `3 min ago`, `just now`, `in 12 min`, `in 6 days`."""
    span = abs(at - now)
    if span < _MINUTE:
        return "just now" if at <= now else "in a moment"
    return f"{_span(span)} ago" if at < now else f"in {_span(span)}"


def local(at: datetime, now: datetime) -> str:
    """A time in local time: today's without a date, others of this year without a year."""
    here, today = at.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    if here.year == today.year:
        return f"{here:%a} {here.day} {here:%b %H:%M}"
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}"


def both(at: datetime, now: datetime) -> str:
    """Such as `Mon 7 Dec 08:00, in 6 days`."""
    return f"{local(at, now)}, {relative(at, now)}"


def _span(span: timedelta) -> str:
    if span < _HOUR:
        return f"{span // _MINUTE} min"
    if span < 2 * _DAY:
        return f"{span // _HOUR} h"
    return f"{span // _DAY} days"
