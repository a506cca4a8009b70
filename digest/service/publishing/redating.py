"""What the history of an entry tells visitors: which revisions changed the published day, and what else changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.changes import dates, values
from digest.records.publishing import RevisionRecord
from digest.typeset.dates import format_day

if TYPE_CHECKING:
    from digest.mail.composing.corrections import Correction
    from digest.service.publishing.entry_views import RevisionView, Views

_DATE, _DATED = "date", "dated"  # a revision of the date: its cause, and its name if it contradicts no other day


def tells_another_day(old: RevisionRecord, new: RevisionRecord) -> bool:
    """Whether a revision corrects the date of the one before it; a silent edit by an operator does not.

    A revision that corrects the text too is stored in two steps, and the second, silent one has the date. If no day
    could be read before, an entry that was posted again gets its first one.
    """
    if old.date is None:
        return new.date is not None and new.cause in {values.Cause.REDATED, values.Cause.EDITED}
    return new.cause != values.Cause.EDITED_SILENTLY and dates.redates(old.date, new.date)


def days_corrected(corrections: Sequence[Correction], language: str) -> str:
    """The day before and the day after these corrections, as `2020年7月1日 → 2019年7月1日`; empty if none has a day."""
    dated = [one for one in corrections if one.now is not None]
    days = (dated[0].was, dated[-1].now) if dated else ()
    return " → ".join(filter(None, (format_day(day, language) for day in days)))


def history(views: Views, revisions: Sequence[RevisionRecord], zone: tzinfo) -> tuple[RevisionView, ...]:
    """The revisions that tell visitors something, newest first.

    What completed an entry while it was read for the first time, such as an inferred year, is none.
    """
    from digest.mail.composing.corrections import changes_html  # noqa: PLC0415 - few entries were revised
    from digest.service.publishing.entry_views import RevisionView  # noqa: PLC0415 - editions need no views

    made = [
        RevisionView(
            new.number,
            new.at,
            views.moment(new.at, zone),
            new.cause if new.cause != _DATE or tells_another_day(old, new) else _DATED,
            _days(old, new, views.language),
            changes_html(old.content, new.content),
        )
        for old, new in pairwise(revisions)
    ]
    first = revisions[0].at if revisions else None
    return tuple(one for one in reversed(made) if one.html or one.dates or one.at != first)


def _days(old: RevisionRecord, new: RevisionRecord, language: str) -> str:
    """The two days of a revision that changed the day; empty for any other."""
    if not tells_another_day(old, new):
        return ""
    return " → ".join(filter(None, (format_day(old.date, language), format_day(new.date, language))))
