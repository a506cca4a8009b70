"""Describes a schedule for subscribers."""

from digest.editions.schedule import Frequency, Schedule

_CHINESE = "一二三四五六日"
_ENGLISH = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def describe_schedule(schedule: Schedule, language: str, zone: str) -> str:
    """The schedule in words: `每周一 08:00（北京时间）`, `Mondays at 08:00 (Beijing time)`.

    The others are `每天`, `daily`, and `每月1日`, `monthly on day 1`. `zone` is the name of the time zone.
    """
    at = f"{schedule.at:%H:%M}"
    days = sorted(schedule.days)
    if language.startswith("zh"):
        span = {
            Frequency.DAILY: "每天",
            Frequency.WEEKLY: f"每周{'、'.join(_CHINESE[day] for day in days)}",
            Frequency.MONTHLY: f"每月{schedule.month_day}日",
        }
        return f"{span[schedule.frequency]} {at}（{zone}）"
    names = [_ENGLISH[day] for day in days]
    weekly = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    span = {
        Frequency.DAILY: "daily",
        Frequency.WEEKLY: weekly,
        Frequency.MONTHLY: f"monthly on day {schedule.month_day}",
    }
    return f"{span[schedule.frequency]} at {at} ({zone})"
