"""Finds the revisions that change the published day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.changes.dates import redates
from digest.changes.values import Cause

if TYPE_CHECKING:
    from digest.records.publishing import RevisionRecord


def tells_another_day(old: RevisionRecord, new: RevisionRecord) -> bool:
    """Whether a revision corrects the date of the one before it; a silent edit by an operator does not.

    A revision that corrects the text too is stored in two steps, and the second, silent one has the date. If no day
    could be read before, an entry that was posted again gets its first one.
    """
    if old.date is None:
        return new.date is not None and new.cause in {Cause.REDATED, Cause.EDITED}
    return new.cause != Cause.EDITED_SILENTLY and redates(old.date, new.date)
