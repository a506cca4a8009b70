"""When mails are sent: the rates that servers asked for, and waiting deliveries."""

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
    """A rate that a server asked for: mails a minute to a recipient domain, or to everybody if the domain is empty.

    `since` is when it first asked, `at` when a mail started or the rate changed last. The next mail may start at
    `next_at`.
    """

    domain: str
    per_minute: float
    since: datetime
    at: datetime
    next_at: datetime


class Pacing(Protocol):
    """The rates that a drain measured, for the next drain and for reports; and deliveries that wait."""

    def all(self, since: datetime) -> list[Slowed]:
        """The rates in use since then, by domain; the one for everybody is first."""
        ...

    def put(self, slowed: Collection[Slowed], free: Collection[str], before: datetime) -> None:
        """Store these rates; delete those of the domains in `free`, and those not in use since `before`."""
        ...

    def put_off(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime) -> None:
        """Release leases of which nothing was begun, each given as in `Deliveries.begin_all`; they are due then."""
        ...

    def hurry(self, edition: EditionKey | None, now: datetime) -> int:
        """Make all waiting deliveries due now, of one edition or of all; returns how many."""
        ...

    def bring_back(self, latest: datetime) -> int:
        """Let no refused mail wait longer than until then; returns how many would have.

        Mails planned for later wait for their subscriber's own time of day.
        """
        ...

    def waiting(self, now: datetime, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Deliveries to people who are not erased that are tried again later than now, first due first."""
        ...
