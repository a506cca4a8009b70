"""When mails go: the paces that servers asked for, and waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from digest.model import EditionKey, SubscriberId
    from digest.ports.deliveries import DeliveryRow


@dataclass(frozen=True, slots=True)
class Slowed:
    """A pace that a server asked for: mails a minute to a recipient domain, or to everybody where that is empty.

    `since` is when it asked first, `at` when a mail started or the pace changed last; the next may start at `next_at`.
    """

    domain: str
    per_minute: float
    since: datetime
    at: datetime
    next_at: datetime


class Pacing(Protocol):
    """Paces that a drain found, for the next one and for whoever asks; what waits for a later moment."""

    def all(self, since: datetime) -> list[Slowed]:
        """Those in use since then, by domain; that of everybody is first."""
        ...

    def put(self, slowed: Collection[Slowed], free: Collection[str], before: datetime) -> None:
        """Keep these as they are now; forget those of the domains in `free`, and those not in use since `before`."""
        ...

    def put_off(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime) -> None:
        """Give back leases of which nothing was begun, each named as for `Deliveries.begin_all`; they are due then."""
        ...

    def hurry(self, edition: EditionKey | None, now: datetime) -> int:
        """Let all be due now that wait for a later moment, of one edition or of all; how many."""
        ...

    def bring_back(self, latest: datetime) -> int:
        """Let nothing that was refused wait for longer than until then; how many would have.

        What is planned for later waits for its reader's own time of day.
        """
        ...

    def waiting(self, now: datetime, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Those of people who are not erased that are tried again later than now, the first due first."""
        ...
