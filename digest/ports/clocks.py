"""Clock faults: times in the future, reported to operators until they are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Ahead:
    """Times of one kind that lie further in the future than possible; `newest` is the last of them."""

    what: str
    number: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class ClockFault:
    """A fault in times of one kind, the last of them as text, and what was done; `at` is by the clock of then."""

    what: str
    number: int
    moment: str
    done: str
    at: datetime
    ended_at: datetime | None = None

    def __str__(self) -> str:
        many = f" ({self.number} of them)" if self.number > 1 else ""
        return f"{self.what}{many}: {self.moment}; {self.done}"


class Clocks(Protocol):
    """Clock faults, and times in the future."""

    def ahead(self, now: datetime, lease: timedelta, wait: timedelta) -> list[Ahead]:
        """Times that lie further in the future than a correct clock explains, by kind.

        No lease is longer than `lease`, and nothing that was refused waits longer than `wait`.
        """
        ...

    def mend(self, now: datetime) -> None:
        """Move all records of a later time to now, as `Readings.clock_stepped_back` does."""
        ...

    def end_leases(self, now: datetime, lease: timedelta) -> None:
        """End leases that end later than any lease of `lease` could: begun ones in an hour, the rest at once."""
        ...

    def note(self, faults: Sequence[ClockFault]) -> None: ...

    def standing(self) -> list[ClockFault]:
        """The faults that are not over, oldest first."""
        ...

    def end(self, now: datetime, calm: timedelta) -> None:
        """End the faults that were recorded before then, or after now."""
        ...
