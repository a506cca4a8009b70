"""Reads times as exports write them. An ambiguous day is not accepted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIME = (
    r"(?:(?:[T\s,]+|(?=[上下]午))(?P<noon>[上下]午)?\s*"
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?\s*(?P<half>[ap]\.?m\.?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?(?:\s+(?:UTC|GMT|[+-]\d{4}|[A-Z]{2,5}))?(?:\s+m=\S+)?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*[-/.月]\s*(?P<day>\d{{1,2}})\s*日?{_TIME}", re.IGNORECASE
)
_YEAR_LAST = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<between>[-/.])(?P<two>\d{{1,2}})(?P=between)(?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_MONTH_FIRST = re.compile(
    rf"(?:[a-z]+,\s*)?{_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    rf"(?:[a-z]+,?\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_NAME}[\s-]+(?P<year>\d{{4}}){_TIME}", re.IGNORECASE
)
_HALVES = {"上午": "a", "下午": "p"}
_SECONDS, _MILLISECONDS = 10, 13  # digits of a time counted since 1970
_MONTHS_OF_A_YEAR = 12
_FIRST_YEAR = 1990  # nobody subscribed to anything earlier


def day_first(written: Iterable[str]) -> bool | None:
    """Whether the day comes before the month in a column such as `03/04/2024`; None if the values do not show it."""
    firsts, seconds = [0], [0]
    for value in written:
        found = _YEAR_LAST.fullmatch(value.strip())
        if found and found["between"] != ".":
            firsts.append(int(found["one"]))
            seconds.append(int(found["two"]))
    first, second = max(firsts) > _MONTHS_OF_A_YEAR, max(seconds) > _MONTHS_OF_A_YEAR
    return first if first != second else None


def moment(written: str, *, days_first: bool | None = None) -> datetime | None:
    """The time in UTC; None if it is ambiguous. A time without a time zone counts as UTC."""
    text = written.strip()
    if text.isdigit() and len(text) in {_SECONDS, _MILLISECONDS}:
        return _sane(datetime.fromtimestamp(int(text[:_SECONDS]), UTC))
    for pattern in (_YEAR_FIRST, _MONTH_FIRST, _DAY_FIRST):
        found = pattern.fullmatch(text)
        if found:
            groups = found.groupdict()
            month = groups.get("month") or _MONTHS.index(groups["name"].lower()) + 1
            return _made(found, int(month), int(groups["day"]))
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    one, two = int(found["one"]), int(found["two"])
    if found["between"] == "." or days_first or one > _MONTHS_OF_A_YEAR:
        return _made(found, two, one)
    if days_first is False or two > _MONTHS_OF_A_YEAR or one == two:
        return _made(found, one, two)
    return None


def _made(found: re.Match[str], month: int, day: int) -> datetime | None:
    hour, half = int(found["hour"] or 0), (found["half"] or _HALVES.get(found["noon"], "")).lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    clock = hour, int(found["minute"] or 0), int(found["second"] or 0), int(f"{found['fraction'] or ''}000000"[:6])
    try:
        made = datetime(int(found["year"]), month, day, *clock, tzinfo=_zone(found["zone"]))
        return _sane(made.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _zone(written: str | None) -> timezone:
    if not written or written.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    minutes = int(written[1:3]) * 60 + int(written[-2:])
    return timezone(timedelta(minutes=-minutes if written[0] == "-" else minutes))


def _sane(made: datetime) -> datetime | None:
    return made if made.year >= _FIRST_YEAR else None
