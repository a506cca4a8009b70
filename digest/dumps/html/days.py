"""The dates of HTML: attributes for programs and texts for people, both read without a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.dumps.feeds.dates import day_of
from digest.model import PrintedDate

if TYPE_CHECKING:
    from digest.dumps.declared.dates import Grammar, Order

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d|[A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2,8} \d{4} \d|\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:"
)
_SECONDS = re.compile(r"(\d{10})(?:\.\d+|\d{3})?")
_CLOCK = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d?:\d\d(?::\d\d)?)(?:[.,]\d+)? ?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]{3,5})?", re.IGNORECASE
)
_LONGEST = 200  # characters of a text that contains a date
_FIRST_YEAR = 1990  # of a number of seconds


def day_in(written: str, grammar: Grammar, zone: ZoneInfo | None, order: Order | None = None) -> PrintedDate | None:
    """The date in an attribute or a text, as far as it is written; None if there is none that is certain.

    A time with its zone is a day in `zone`, the time zone of the source; any other date is the day that is written.
    """
    text = written.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _MOMENT.match(text):
        found = _CLOCK.fullmatch(text)
        day = day_of(f"{found[1]}T{found[2]:0>5}{_zone(found[3])}" if found else text, zone)
        return PrintedDate(day.year, day.month, day.day) if day else None
    if seconds := _SECONDS.fullmatch(text):
        at = datetime.fromtimestamp(int(seconds[1]), zone or UTC)
        return PrintedDate(at.year, at.month, at.day) if at.year >= _FIRST_YEAR else None
    read = grammar.read(text, order)
    if read is None and (stretch := grammar.stretch(text)):
        read = grammar.read(stretch, order)
    return read.parts if read else None


def order_shown(texts: Iterable[str], grammar: Grammar) -> Order | None:
    """The order of day and month that the dates of a page show; None if none does, or if they contradict each other."""
    shown = set()
    for text in texts:
        if 0 < len(text) <= _LONGEST:
            read = grammar.read(text) or grammar.read(grammar.stretch(text))
            if read and read.shows:
                shown.add(read.shows)
    return shown.pop() if len(shown) == 1 else None


def _zone(written: str | None) -> str:
    if not written:
        return ""
    return written.upper() if ":" in written or written.upper() == "Z" else f"{written[:3]}:{written[3:]}"
