"""Whether a sighting shows last year's article again or this year's of the same title. Pure.

A greeting each 1 January has the same title and day, and often nearly the same text. What tells the new one is when
this page was read before: an article that is new on top of a page was published between its two readings.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from digest.changes.days import AHEAD, in_year, latest_until
from digest.changes.text import SAME_TEXT

if TYPE_CHECKING:
    from datetime import date

    from digest.changes.values import Known, Times
    from digest.model import DateEvidence

MONTHS = timedelta(days=300)  # after so long the same day may be that of another year
LATE = timedelta(days=60)  # so late may a page show what was published, because an older copy of it was served
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class Verdict(Enum):
    """`SAME`: nothing speaks for another year. `RELISTED`: the same, but it could be another one: to be reported."""

    SAME = auto()
    RELISTED = auto()
    DOUBTFUL = auto()
    ANOTHER = auto()


def is_old_enough(entry: Known, day: DateEvidence, times: Times) -> bool:
    """Whether the entry is so old that this day, which it has or had, has come again.

    Without a year it was published at the latest when the day came last before it was first seen.
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
    """Judge a sighting that did not stand on its page before, against an entry whose day has come again.

    `day` is its date, without a year. `texts` are the sighting's and the entry's, `alike` how similar they are, None
    where one is too short to tell. `on_top`: it is new on top of its page, and what stands below it is not of a later
    day. `standing`: another page shows the entry, or did until this pass, and this one shows its line once: with the
    same letters, it is that article, which moved here or was pinned.
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
    """Whether the latest year that a text names is another one."""
    here, there = _YEAR.findall(now), _YEAR.findall(before)
    return bool(here and there) and max(here) != max(there)


def lies_within(day: DateEvidence, first: date, last: date) -> bool:
    """Whether this day and month come between two days, both included."""
    days = (in_year(day, year) for year in range(first.year, last.year + 1))
    return any(one and first <= one <= last for one in days)
