"""Formats dates, never more precisely than the evidence allows, and the days that an edition covers. Decision 94."""

from datetime import date, datetime, time, timedelta, tzinfo

from digest.model import DateKind, EntryDate

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NOON = time(12)
_WEEK = range(7)
_NEAR = {"zh": ("今天", "昨天"), "en": ("today", "yesterday")}


def format_day(day: EntryDate | date | None, language: str, *, year: bool = True) -> str:
    """The date as text: `2020年11月20日`, `20 November 2020`; empty for None.

    A part that is unknown is left out, and so is the year if `year` is False: `11月20日`, `20 November`, `June 2021`.
    """
    if day is None:
        return ""
    parts = day.year if year else None, day.month, day.day
    if language.startswith("zh"):
        return "".join(f"{part}{unit}" for part, unit in zip(parts, "年月日", strict=True) if part is not None)
    named = _MONTHS[day.month - 1] if day.month else None
    return " ".join(str(part) for part in (day.day, named, parts[0]) if part is not None)


def known_day(day: EntryDate | None, language: str) -> str:
    """What is known of a date that is not exact: `12月17日，年份未知`, `17 December, year unknown`, `June 2021`.

    An inferred year is called so: `2020年12月7日，年份为推断`. Without a date, the text says that there is none.
    """
    chinese = language.startswith("zh")
    if day is None:
        return "日期未知" if chinese else "date unknown"
    if day.kind is DateKind.INFERRED:
        return format_day(day, language) + ("，年份为推断" if chinese else ", year inferred")
    if day.year is not None:
        return format_day(day, language)
    return format_day(day, language) + ("，年份未知" if chinese else ", year unknown")


def covered(opens_at: datetime, closes_at: datetime, zone: tzinfo, language: str, *, year: bool = True) -> str:
    """The days of a window, which name an edition: `2026年11月23日—29日`, `23–29 November 2026`.

    A day counts if its noon lies in the window. So each day belongs to one edition, and no two windows of a digest have
    the same name. A window without a noon is named with its times as well. With `year` False, the year is left out if
    all days are in the year in which the window closes.
    """
    opens, closes = opens_at.astimezone(zone), max(opens_at, closes_at).astimezone(zone)
    first = opens.date() + timedelta(days=opens.time() > _NOON)
    last = closes.date() - timedelta(days=closes.time() <= _NOON)
    if first > last:
        return _times(opens, closes, language, year=year)
    year = year or first.year != last.year
    if language.startswith("zh"):
        start = format_day(first, language, year=year)
        return start if first == last else f"{start}—{_beside(first, last, language)}"
    end = format_day(last, language, year=year)
    if first == last:
        return end
    return f"{first.day}–{end}" if _month(first) == _month(last) else f"{_beside(last, first, language)} – {end}"


def format_moment(moment: datetime, zone: tzinfo, language: str) -> str:
    """A day and a time of day in a zone: `2026年11月30日 09:56`, `30 November 2026, 09:56`."""
    there = moment.astimezone(zone)
    return f"{format_day(there.date(), language)}{' ' if language.startswith('zh') else ', '}{there:%H:%M}"


def format_near(day: date, today: date, language: str) -> str:
    """A day of the past as people name it: `今天`, `3天前`, `3 days ago`; the date if it is a week or more away.

    The year is left out if it is the present one.
    """
    chinese, days = language.startswith("zh"), (today - day).days
    if not 0 <= days < len(_WEEK):
        return format_day(day, language, year=day.year != today.year)
    if days < len(_NEAR["zh"]):
        return _NEAR["zh" if chinese else "en"][days]
    return f"{days}天前" if chinese else f"{days} days ago"


def machine_day(day: EntryDate | date | None) -> str:
    """The date for `<time datetime>`: `2020-11-20`, `2020-11`, `2020`, `11-20`; empty if HTML has no form for it.

    Source: HTML, 4.5.14 "The time element".
    """
    if day is None or (day.year is None and (day.month is None or day.day is None)):
        return ""
    parts = [f"{day.year:04}"] if day.year is not None else []
    return "-".join(parts + [f"{part:02}" for part in (day.month, day.day) if part is not None])


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _beside(other: date, day: date, language: str) -> str:
    """A day beside another one: without the year if they share it, and in Chinese also without a shared month."""
    if language.startswith("zh") and _month(other) == _month(day):
        return f"{day.day}日"
    return format_day(day, language, year=day.year != other.year)


def _times(opens: datetime, closes: datetime, language: str, *, year: bool) -> str:
    """A window that contains no noon, to the minute."""
    day, end = opens.date(), closes.date()
    first = format_day(day, language, year=year or day.year != end.year)
    since, until = f"{opens:%H:%M}", f"{closes:%H:%M}"
    if language.startswith("zh"):
        return f"{first}{since}—{'' if day == end else _beside(day, end, language)}{until}"
    return f"{first}, {since}–{until}" if day == end else f"{first}, {since} – {_beside(day, end, language)}, {until}"
