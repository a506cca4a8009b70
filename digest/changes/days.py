"""Days without a year: the years in which they exist, and those that fit between two dates."""

from calendar import isleap
from datetime import date, timedelta

from digest.model import DateEvidence

AHEAD = timedelta(days=2)  # the largest difference that time zones and early printing can explain
_MONTHS = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)  # days before each month of a leap year


def number(day: DateEvidence) -> int:
    """The number of a day in a leap year, from 1."""
    return _MONTHS[day.month - 1] + day.day


def in_year(day: DateEvidence, year: int) -> date | None:
    """The day in that year; None for 29 February of a common year."""
    return None if (day.month, day.day) == (2, 29) and not isleap(year) else date(year, day.month, day.day)


def only_between(day: DateEvidence, first: date, last: date) -> date | None:
    """The day in the only year that puts it between two dates, including both; None if no year or several do."""
    found = None
    for year in range(first.year, last.year + 1):
        fitting = in_year(day, year)
        if fitting and first <= fitting <= last:
            if found:
                return None
            found = fitting
    return found


def latest_until(day: DateEvidence, bound: date) -> date:
    """The last occurrence of the day up to the bound, including the bound."""
    year = bound.year
    while (found := in_year(day, year)) is None or found > bound:
        year -= 1
    return found
