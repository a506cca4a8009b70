"""Faults of clocks: moments that lay ahead, told to operators until they are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many moments of one kind that lie further ahead than they can; `newest` is the last of them."""

    what: str
    number: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class ClockFault:
    """What was wrong with moments of one kind, the last of them as text, and what was done; `at` by the clock then."""

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
    """Clock faults, and the times that lie ahead."""

    def ahead(self, now: datetime, lease: timedelta, wait: timedelta) -> list[Ahead]:
        """What lies further ahead than a right clock explains, by kind.

        No lease is longer than `lease`, nothing that was refused waits longer than `wait`.
        """
        ...

    def mend(self, now: datetime) -> None:
        """Let all that is noted as of later than now have happened now, as `Readings.clock_stepped_back`."""
        ...

    def end_leases(self, now: datetime, lease: timedelta) -> None:
        """End leases that lie further ahead than any of `lease`: what was begun in an hour, the rest at once."""
        ...

    def note(self, faults: Sequence[ClockFault]) -> None: ...

    def standing(self) -> list[ClockFault]:
        """Those that are not over, oldest first."""
        ...

    def end(self, now: datetime, calm: timedelta) -> None:
        """Let those be over that were noted so long ago, or later than now."""
        ...
