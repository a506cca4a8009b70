"""Suggestions for a misspelled name, choice, duration, schedule or time zone."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE, _ALIKE_CITIES = 0.7, 0.8  # of 1
_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds", "秒"),
    "m": ("m", "min", "mins", "minute", "minutes", "分", "分钟"),
    "h": ("h", "hr", "hrs", "hour", "hours", "小时", "时"),
    "d": ("d", "day", "days", "天", "日"),
    "w": ("w", "wk", "week", "weeks", "周", "星期"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_WEEKDAYS = {name[:3]: name for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
_CITIES = {"beijing": "Asia/Shanghai", "peking": "Asia/Shanghai", "china": "Asia/Shanghai", "delhi": "Asia/Kolkata"}


def closest(written: str, known: Iterable[str], alike: float = _ALIKE) -> str:
    """The known name that is most similar to the written one; empty if no similarity reaches `alike` (0 to 1)."""
    wanted = _plain(written)
    best = max(known, key=lambda name: _likeness(wanted, _plain(name)), default="")
    return best if best and _likeness(wanted, _plain(best)) >= alike else ""


def did_you_mean(guess: str) -> str:
    """The remedy that suggests a guess; empty if there is none."""
    return f"did you mean {guess}?" if guess else ""


def duration(written: str) -> str:
    """`15m` for `15 minutes`, `1h 30m` for `1 hour 30 min`; empty if that is not clear."""
    parts = re.findall(r"(\d+)\s*([^\W\d_]+)", written)
    rest = re.sub(r"(\d+)\s*([^\W\d_]+)|[\s,+]|\band\b", "", written)
    units = [_UNIT_OF.get(word.lower(), "") for _, word in parts]
    if not parts or rest or not all(units):
        return ""
    return " ".join(f"{number}{unit}" for (number, _), unit in zip(parts, units, strict=True))


def schedule(written: str) -> str:
    """`mon 08:00` for `Monday at 8`, `daily 07:30` for `every day 7.30`; empty if that is not clear."""
    words = re.findall(r"[a-z]+|\d{1,2}[:.h]\d{2}|\d{1,2}", written.lower().replace("every day", "daily"))
    days = [day for word in words if (day := _weekday(word))]
    kind = closest(next(iter(words), ""), ("daily", "monthly"))
    numbers = [word for word in words if word[0].isdigit()]
    if kind == "monthly" and len(numbers) == 2:  # noqa: PLR2004 - a date and a time
        kind, numbers = f"monthly {int(numbers[0])}", numbers[1:]
    if len(numbers) != 1 or not (days or kind) or kind == "monthly":
        return ""
    time = clock(numbers[0])
    return f"{','.join(dict.fromkeys(days)) or kind} {time}" if time else ""


def clock(written: str) -> str:
    """`08:00` for `8`, `18:30` for `18.30`; empty if it is not a time of day."""
    hour, _, minute = re.sub("[.h]", ":", written).partition(":")
    if not hour.isdigit() or int(hour) > 23 or int(minute or 0) > 59:  # noqa: PLR2004 - the last hour and minute
        return ""
    return f"{int(hour):02}:{int(minute or 0):02}"


def zone(written: str) -> str:
    """The time zone with a similar name or city; empty if that is not clear."""
    cities = {name.rpartition("/")[2].casefold(): name for name in sorted(available_timezones(), reverse=True)}
    known = cities | _CITIES
    found = closest(written.rpartition("/")[2], known, _ALIKE_CITIES)
    return known[found] if found else ""


def _weekday(word: str) -> str:
    """`mon` for `mon`, `monday`, `mondays` and similar spellings."""
    if len(word) < len("mon") or not word.isalpha():
        return ""
    if word[:3] in _WEEKDAYS and _WEEKDAYS[word[:3]].startswith(word.rstrip("s")):
        return word[:3]
    return closest(word, _WEEKDAYS.values())[:3]


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name).casefold()


def _likeness(one: str, other: str) -> float:
    """The similarity of two names, from 0 to 1; it is high if one begins with the other."""
    if one == other:
        return 1.0
    if len(one) > 1 and other.startswith(one):
        return 0.9
    match = SequenceMatcher(None, one, other)
    return match.ratio() if match.real_quick_ratio() >= _ALIKE else 0.0
