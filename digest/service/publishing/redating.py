"""Which revisions tell another day than was published before; owns no words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.changes.dates import redates
from digest.changes.values import Cause

if TYPE_CHECKING:
    from digest.ports import RevisionRecord


def tells_another_day(old: RevisionRecord, new: RevisionRecord) -> bool:
    """Whether a revision corrects the date of the one before it; a silent edit by hand does not.

    One that corrects the text too is stored in two steps, of which the second, silent one carries the date. Where no
    day could be read before, one that was posted again tells its first.
    """
    if old.date is None:
        return new.date is not None and new.cause in {Cause.REDATED, Cause.EDITED}
    return new.cause != Cause.EDITED_SILENTLY and redates(old.date, new.date)
