"""Leases that nobody gives back: whose holder died, or whose clock was wrong; and freeing them by an operator's word.

A lease keeps two drains from one mail. Who begins a mail names the lease that they hold, so of what is not begun its
holder cannot begin any more what is freed. What is begun may be under way: freed, it counts as one of which nobody
knows whether it arrived, and is handed over once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.addresses import address_key, domain_of, spellings
from digest.errors import DigestError, UnknownError, masked
from digest.service.upkeep.turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import EditionKey
    from digest.ports import DeliveryRow, Store, Transaction
    from digest.settings import Settings

CLOCKS = timedelta(hours=1)  # two machines' clocks differ by less


class Hold(StrEnum):
    """What is known of who holds a lease. `running`: perhaps a drain at work; the others are held by nobody alive."""

    ENDED = "ended"
    AHEAD = "ahead"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is leased."""

    row: DeliveryRow
    hold: Hold


@dataclass(frozen=True, slots=True)
class Released:
    """What freeing did: so many are due as before, so many count as an attempt of which nobody knows what became."""

    free: int = 0
    unknown: int = 0


def hold(leased_until: datetime, lease: timedelta, now: datetime) -> Hold:
    """What a lease says of its holder; no drain leases for longer than `lease`, by whatever right clock."""
    if leased_until <= now:
        return Hold.ENDED
    return Hold.AHEAD if leased_until > now + lease + CLOCKS else Hold.RUNNING


def leased(
    store: Store, settings: Settings, edition: EditionKey | None, who: Sequence[str], now: datetime
) -> list[Leased]:
    """What is leased, of one edition or all, to these addresses and domains or to everybody.

    Raises:
        UnknownError: there is no such edition.
        DigestError: nothing is leased to one of those.
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
    lease = settings.mail.lease
    return [Leased(row, hold(row.leased_until, lease, now)) for row in found if row.leased_until]


def _names(written: str) -> tuple[set[str], str]:
    """An address as keys, or a domain."""
    domain = written.removeprefix("@").lower()
    return (set(), domain) if "@" not in domain else (set(spellings(written)), "")


def _is(address: str, names: tuple[set[str], str]) -> bool:
    keys, domain = names
    return domain_of(address) == domain if domain else address_key(address) in keys


def release(store: Store, chosen: Sequence[Leased], now: datetime) -> Released:
    """Free these, as far as they still have the lease that they had."""
    free = unknown = 0

    def freed(tx: Transaction, batch: Sequence[Leased]) -> None:
        nonlocal free, unknown
        rows = [one.row for one in batch]
        done = tx.deliveries.free([(r.edition, r.subscriber, r.leased_until) for r in rows if r.leased_until], now)
        unknown += done[1]
        free += done[0]

    in_turns(store, chosen, freed)
    return Released(free, unknown)
