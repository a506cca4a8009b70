"""Chooses the reader counts of a dump to store: those that continue the series of their source and entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.changes.counts import goes_on, unsure
from digest.changes.values import Added, ChangeSet
from digest.model import EntryId, SourceId

if TYPE_CHECKING:
    from digest.store.intake.readings import Readings


def counted(readings: Readings, source: SourceId, changes: ChangeSet) -> tuple[tuple[EntryId, int], ...]:
    """The counts to store. A whole series is read only if its newest count does not decide."""
    new = {change.entry for change in changes.changes if isinstance(change, Added)}
    before = changes.read_before
    newest = readings.newest_counts(source, (entry for entry, _ in changes.readers if entry not in new))
    doubtful = [entry for entry, count in changes.readers if unsure(count, before.get(entry), newest.get(entry))]
    highest = readings.highest_counts(source, doubtful)
    return tuple(
        (entry, count)
        for entry, count in changes.readers
        if goes_on(count, before.get(entry), newest.get(entry), highest.get(entry))
    )
