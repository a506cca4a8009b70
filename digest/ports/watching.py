"""What those who watch a store ask of it, and how it stops growing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from digest.model import (
        DeliveryState,
        DigestId,
        EditionKey,
        SourceId,
    )
    from digest.ports.dumps import DumpState


@dataclass(frozen=True, slots=True)
class Queue:
    """Deliveries that will be tried. `next_at`: the first moment at which one is, past where it waits; None: no one."""

    depth: int
    next_at: datetime | None


class Watching(Protocol):
    """What a monitor asks, again and again: counts by an index or over few rows."""

    def troubled_dumps(self, sources: Collection[SourceId]) -> dict[DumpState, int]:
        """How many dumps of these sources are held or failed; a state without any may be absent."""
        ...

    def undrawn(self) -> int:
        """How many formulas no picture could be made of."""
        ...

    def newest_deliveries(self, digest: DigestId) -> dict[tuple[DeliveryState, int | None], int]:
        """The deliveries of its newest edition that tells anything, by state and first digit of the reply code."""
        ...

    def queue(self) -> Queue: ...


class Retention(Protocol):
    """Making old rows fewer."""

    def oldest_count(self) -> datetime | None:
        """When readers were counted first."""
        ...

    def thin_counts(self, start: datetime, end: datetime, *, monthly: bool) -> int:
        """Of the counts in this half-open time keep one a day or month, of each entry and source; how many go.

        Both sides of a fall stay, so that what a series won since its last fall is as before.
        """
        ...

    def foldable(self, closed_before: datetime) -> list[EditionKey]:
        """Editions closed before then whose deliveries have all ended, none of them the newest of its digest."""
        ...

    def fold(self, edition: EditionKey, limit: int) -> int:
        """Replace up to so many of an edition's deliveries by their number; how many. Counts by state stay the same."""
        ...

    def forget_details(self, closed_before: datetime, limit: int) -> int:
        """Forget Message-IDs and servers' words of up to `limit` ended deliveries of editions closed before then."""
        ...

    def forget_reports(self, before: datetime) -> int:
        """Forget what was reported before then and stands no more."""
        ...
