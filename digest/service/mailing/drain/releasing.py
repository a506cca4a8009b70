"""Leases that nobody releases, because their holder died or its clock was wrong; and how an operator frees them.

A lease keeps two drains from sending the same mail. A drain that begins a mail names its lease, so a holder cannot
begin a delivery that was freed before. A begun delivery may be in progress: if it is freed, its outcome counts as
unknown, and it is sent once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.addresses import address_key, domain_of, spellings
from digest.errors import DigestError, UnknownError, masked
from digest.model import EditionKey
from digest.records.mailing import DeliveryRow
from digest.service.upkeep.turns import in_turns
from digest.settings import Mail

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

CLOCKS = timedelta(hours=1)  # two machines' clocks differ by less


class HolderState(StrEnum):
    """The state of a lease's holder. `running`: perhaps a drain at work; the other holders are dead."""

    ENDED = "ended"
    AHEAD = "ahead"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A leased delivery."""

    row: DeliveryRow
    state: HolderState


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """The result of freeing: how many are due as before, and how many count as an attempt with unknown outcome."""

    free: int = 0
    unknown: int = 0


def holder_state(leased_until: datetime, lease: timedelta, now: datetime) -> HolderState:
    """The holder's state according to its lease; under a correct clock, no drain leases for longer than `lease`."""
    if leased_until <= now:
        return HolderState.ENDED
    return HolderState.AHEAD if leased_until > now + lease + CLOCKS else HolderState.RUNNING


def leased_deliveries(
    store: Store, mail: Mail, edition: EditionKey | None, who: Sequence[str], now: datetime
) -> list[LeasedDelivery]:
    """The leased deliveries, of one edition or all, to these addresses and domains or to everybody.

    Raises:
        UnknownError: there is no such edition.
        DigestError: nothing is leased to one of these.
    """
    with store.read() as tx:
        if edition is not None and tx.editions.edition(edition) is None:
            raise UnknownError("edition", edition, remedy="see `digest edition list`")
        rows = tx.deliveries.leased(edition)
    wanted = {name: _names(name) for name in who}
    found = [row for row in rows if not wanted or any(_is(row.address, names) for names in wanted.values())]
    for name, names in wanted.items():
        if not any(_is(row.address, names) for row in found):
            raise DigestError(f"{masked(name)}: nothing is leased to them (see `digest deliveries release --dry-run`)")
    lease = mail.lease
    return [LeasedDelivery(row, holder_state(row.leased_until, lease, now)) for row in found if row.leased_until]


def _names(written: str) -> tuple[set[str], str]:
    """The keys of an address, or a domain."""
    domain = written.removeprefix("@").lower()
    return (set(), domain) if "@" not in domain else (set(spellings(written)), "")


def _is(address: str, names: tuple[set[str], str]) -> bool:
    keys, domain = names
    return domain_of(address) == domain if domain else address_key(address) in keys


def release(store: Store, chosen: Sequence[LeasedDelivery], now: datetime) -> ReleaseResult:
    """Free these, if they still have the same lease."""
    free = unknown = 0

    def freed(tx: Transaction, batch: Sequence[LeasedDelivery]) -> None:
        nonlocal free, unknown
        rows = [one.row for one in batch]
        done = tx.deliveries.free([(r.edition, r.subscriber, r.leased_until) for r in rows if r.leased_until], now)
        unknown += done[1]
        free += done[0]

    in_turns(store, chosen, freed)
    return ReleaseResult(free, unknown)
