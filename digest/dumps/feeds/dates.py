"""The dates of feeds: RFC 822 as RSS has them, RFC 3339 as Atom and JSON Feed do. Which day they are, and where."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_UNKNOWN_ZONE = re.compile(r"-0000\s*(?:\(.*\))?$")
_NO_DATES = frozenset({date(1, 1, 1), date(1970, 1, 1)})  # what programs write for a time that they do not know
_LONGEST = 100


def moment(written: str) -> datetime | date | None:
    """A written date: a moment, without zone if none is written, or only a day; None if it is neither."""
    text = written.strip()
    if not text or len(text) > _LONGEST:
        return None
    if found := _DAY.fullmatch(text):
        return _made(int(found[1]), int(found[2]), int(found[3]))
    try:
        return datetime.fromisoformat(text.replace("z", "Z"))
    except ValueError:
        pass
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None and _UNKNOWN_ZONE.search(text) else read


def day_of(written: str, zone: ZoneInfo | None) -> date | None:
    """The day of a written date in a time zone; without one, the day as it is written. None if there is none."""
    read = moment(written)
    if isinstance(read, datetime):
        if read.timestamp() == 0 if read.tzinfo else False:
            return None
        try:
            read = read.astimezone(zone).date() if zone and read.tzinfo else read.date()
        except OverflowError:
            return None
    return None if read in _NO_DATES else read


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
