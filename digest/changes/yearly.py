"""Decides whether a sighting shows last year's article again, or this year's with the same title.

A greeting on each 1 January has the same title and day, and often nearly the same text. The last reading of the page
identifies the new one: an article that is new at the top of a page was published between the page's two readings.
Decision 29.
"""

import re
from datetime import date, timedelta
from enum import Enum, auto

from digest.changes.days import AHEAD, in_year, latest_until
from digest.changes.text import SAME_TEXT
from digest.changes.values import Known, Times
from digest.model import DateEvidence

MONTHS = timedelta(days=300)  # after this time, the same day may belong to another year
LATE = timedelta(days=60)  # a page may be late by this much, because an older copy of it was served
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class Verdict(Enum):
    """`SAME`: nothing suggests another year. `RELISTED`: the same, but possibly another year, so it is reported."""

    SAME = auto()
    RELISTED = auto()
    DOUBTFUL = auto()
    ANOTHER = auto()


def is_old_enough(entry: Known, day: DateEvidence, times: Times) -> bool:
    """Whether the entry is so old that this day, which it has or had, has come again.

    Without a known year, the entry was published at the latest when the day last came before it was first seen.
    """
    if entry.first_seen_at is None:
        return False
    dates = (entry.date, *(one.date for one in entry.earlier))
    fulls = [one.full for one in dates if one and one.full and (one.month, one.day) == (day.month, day.day)]
    latest = max(fulls) if fulls else latest_until(day, entry.first_seen_at.date() + AHEAD)
    return times.today - latest >= MONTHS


def verdict(
    day: DateEvidence,
    texts: tuple[str, str],
    alike: float | None,
    times: Times,
    *,
    on_top: bool,
    same_letters: bool,
    standing: bool,
) -> Verdict:
    """Judge a sighting that was not on its page before, against an entry whose day has come again.

    `day` is the sighting's date, without a year. `texts` are the texts of the sighting and of the entry. `alike` is
    their similarity, None if one is too short to compare. `on_top` means that the sighting is new at the top of its
    page, with no later day below it. `standing` means that another page shows the entry, or did until this pass, and
    that this page shows its line once. With identical text, it is then that article, which moved here or was pinned.
    """
    near = times.since is not None and times.today - times.since < MONTHS
    if near and times.since and on_top and lies_within(day, times.since, times.today):
        return Verdict.RELISTED if same_letters and standing else Verdict.ANOTHER
    first = times.since - LATE if near and times.since else times.today - MONTHS
    if not lies_within(day, first, times.today) or (same_letters and standing):
        return Verdict.SAME
    if changed_year(*texts):
        return Verdict.ANOTHER
    if not same_letters and (alike is None or alike < SAME_TEXT):
        return Verdict.DOUBTFUL
    return Verdict.RELISTED if lies_within(day, times.today - LATE, times.today) else Verdict.SAME


def changed_year(now: str, before: str) -> bool:
    """Whether the latest year named in a text is a different one."""
    here, there = _YEAR.findall(now), _YEAR.findall(before)
    return bool(here and there) and max(here) != max(there)


def lies_within(day: DateEvidence, first: date, last: date) -> bool:
    """Whether this day and month come between two days, including both."""
    days = (in_year(day, year) for year in range(first.year, last.year + 1))
    return any(one and first <= one <= last for one in days)
