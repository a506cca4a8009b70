"""Finds the revisions that change the published day, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.changes.dates import redates
from digest.changes.values import Cause
from digest.records.publishing import RevisionRecord
from digest.typeset.dates import format_day

if TYPE_CHECKING:
    from digest.mail.composing.corrections import Correction


def tells_another_day(old: RevisionRecord, new: RevisionRecord) -> bool:
    """Whether a revision corrects the date of the one before it; a silent edit by an operator does not.

    A revision that corrects the text too is stored in two steps, and the second, silent one has the date. If no day
    could be read before, an entry that was posted again gets its first one.
    """
    if old.date is None:
        return new.date is not None and new.cause in {Cause.REDATED, Cause.EDITED}
    return new.cause != Cause.EDITED_SILENTLY and redates(old.date, new.date)


def days_corrected(corrections: Sequence[Correction], language: str) -> str:
    """The day before and the day after these corrections, as `2020年7月1日 → 2019年7月1日`; empty if none has a day."""
    dated = [one for one in corrections if one.now is not None]
    days = (dated[0].was, dated[-1].now) if dated else ()
    return " → ".join(filter(None, (format_day(day, language) for day in days)))
