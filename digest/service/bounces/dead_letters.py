"""Dead letters: mails that were not delivered, and retrying them at an operator's request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from digest.addresses import address_key, spellings
from digest.errors import PersonError, UnknownError
from digest.model import DeliveryState, EditionKey, SubscriberId
from digest.records.mailing import DeliveryRow
from digest.service.editions.digests import frequencies_of
from digest.service.upkeep.turns import in_turns
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

DEAD = (DeliveryState.FAILED, DeliveryState.UNKNOWN)
LISTED = (*DEAD, DeliveryState.DEFERRED, DeliveryState.SUPPRESSED)


def deliveries_in(
    store: Store, states: Collection[DeliveryState], edition: EditionKey | None = None
) -> list[DeliveryRow]:
    """The deliveries in these states, newest edition first.

    Raises:
        UnknownError: there is no such edition.
    """
    with store.read() as tx:
        if edition is not None and tx.editions.edition(edition) is None:
            raise UnknownError("edition", edition, remedy="see `digest edition list`")
        return tx.dead_letters.listed(states, edition)


def editions_listing_again(
    store: Store, rows: Sequence[DeliveryRow]
) -> dict[tuple[EditionKey, SubscriberId], list[EditionKey]]:
    """The editions that list the entries of these mails once more; only for mails that may not have arrived."""
    with store.read() as tx:
        return {
            (row.edition, row.subscriber): tx.doubts.listed_in(row.edition, row.subscriber)
            for row in rows
            if row.uncertain
        }


def dead_letters(
    store: Store, states: Collection[DeliveryState], edition: EditionKey | None, addresses: Sequence[str]
) -> list[DeliveryRow]:
    """The dead letters in these states, of these people or of everybody; without unknown ones that are still tried.

    Raises:
        UnknownError: there is no such edition.
        DigestError: somebody has no such dead letter.
    """
    wanted = {key: address for address in addresses for key in spellings(address)}
    found = [
        row
        for row in deliveries_in(store, states, edition)
        if row.next_at is None and (not wanted or address_key(row.address) in wanted)
    ]
    missing = set(wanted.values()) - {wanted.get(address_key(row.address), "") for row in found}
    if missing:
        raise PersonError(min(missing), "has no such dead letter (see `digest deliveries list`)")
    return found


def retry(store: Store, settings: Settings, rows: Sequence[DeliveryRow], *, now: datetime) -> list[DeliveryRow]:
    """Plan these once more with their former Message-IDs; returns those that were planned.

    Some stay as they are: those of people who left, paused or were suppressed since, those accepted meanwhile, and
    those whose entries a later edition announced.
    """
    planned: list[DeliveryRow] = []

    def plan(tx: Transaction, batch: Sequence[DeliveryRow]) -> None:
        planned.extend(
            row
            for row in batch
            if not _told_since(tx, settings, row)
            and tx.dead_letters.plan_again(row.edition, row.subscriber, row.state, now)
        )

    in_turns(store, rows, plan)
    return planned


def _told_since(tx: Transaction, settings: Settings, row: DeliveryRow) -> bool:
    """Whether another mail announced the entries of a failed one: the next edition includes them.

    Or whether another mail listed them once more, if the mail may have arrived.
    """
    if row.uncertain and tx.doubts.listed_in(row.edition, row.subscriber):
        return True
    made, variant = tx.editions.edition(row.edition), tx.deliveries.variant(row.edition, row.subscriber)
    if row.state is not DeliveryState.FAILED or made is None or variant is None:
        return False
    held = tx.editions.selected(row.edition)
    announced = tx.selecting.sent_entries(row.subscriber, frequencies_of(settings, made.edition.digest))
    return any(held[at].entry.id in announced for at in tx.editions.variants(row.edition)[variant].told)
