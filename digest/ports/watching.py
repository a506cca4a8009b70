"""Queries for monitors, and the limits on a store's growth."""

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
    """Deliveries that will be tried. `next_at`: when the first is due, past if it waits; None without any."""

    depth: int
    next_at: datetime | None


class Watching(Protocol):
    """Queries that a monitor repeats: counts by an index or over few rows."""

    def troubled_dumps(self, sources: Collection[SourceId]) -> dict[DumpState, int]:
        """How many dumps of these sources are held or failed; a state without any may be absent."""
        ...

    def undrawn(self) -> int:
        """How many formulas could not be drawn."""
        ...

    def newest_deliveries(self, digest: DigestId) -> dict[tuple[DeliveryState, int | None], int]:
        """The deliveries of its newest non-empty edition, by state and first digit of the reply code."""
        ...

    def queue(self) -> Queue: ...


class Retention(Protocol):
    """Deletion of old rows."""

    def oldest_count(self) -> datetime | None:
        """When readers were first counted."""
        ...

    def thin_counts(self, start: datetime, end: datetime, *, monthly: bool) -> int:
        """Of the counts in this half-open time, keep one a day or month per entry and source; returns how many go.

        Both sides of a fall stay, so that what a series won since its last fall is unchanged.
        """
        ...

    def foldable(self, closed_before: datetime) -> list[EditionKey]:
        """Editions closed before then whose deliveries have all ended, except the newest of each digest."""
        ...

    def fold(self, edition: EditionKey, limit: int) -> int:
        """Replace up to so many deliveries of an edition by counts, which stay the same by state; returns how many."""
        ...

    def forget_details(self, closed_before: datetime, limit: int) -> int:
        """Delete Message-IDs and server replies of up to `limit` ended deliveries of editions closed before then."""
        ...

    def forget_reports(self, before: datetime) -> int:
        """Delete resolved reports from before then."""
        ...
