"""Dead letters: what was not delivered, and planning it once more by an operator's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.errors import DigestError, UnknownError, masked
from digest.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from digest.model import EditionKey
    from digest.service.ports import DeliveryRow, Store

DEAD = (DeliveryState.FAILED, DeliveryState.UNKNOWN)
LISTED = (*DEAD, DeliveryState.DEFERRED, DeliveryState.SUPPRESSED)


def listed(store: Store, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
    """The deliveries in these states, newest edition first.

    Raises:
        UnknownError: there is no such edition.
    """
    with store.read() as tx:
        if edition is not None and tx.editions.edition(edition) is None:
            raise UnknownError("edition", edition, remedy="see `digest edition list`")
        return tx.dead_letters.listed(states, edition)


def dead(
    store: Store, states: Collection[DeliveryState], edition: EditionKey | None, addresses: Sequence[str]
) -> list[DeliveryRow]:
    """The dead letters in these states, of these people or of everybody. An unknown one that is still tried is none.

    Raises:
        UnknownError: there is no such edition.
        DigestError: somebody has no such dead letter.
    """
    wanted = {address.strip().casefold(): address for address in addresses}
    found = [
        row
        for row in listed(store, states, edition)
        if row.next_at is None and (not wanted or row.address.casefold() in wanted)
    ]
    missing = wanted.keys() - {row.address.casefold() for row in found}
    if missing:
        name = masked(wanted[min(missing)])
        raise DigestError(f"{name}: has no such dead letter (see `digest deliveries list`)")
    return found


def retry(store: Store, rows: Sequence[DeliveryRow], *, now: datetime) -> list[DeliveryRow]:
    """Plan these once more with the Message-ID that they had; those that were planned.

    Who left, paused or is suppressed since, and what was accepted meanwhile, stays as it is.
    """
    with store.write() as tx:
        return [row for row in rows if tx.dead_letters.plan_again(row.edition, row.subscriber, row.state, now)]
