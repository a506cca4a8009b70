"""Who follows which digest: one frequency of each selection of entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.service.editions.digests import rhythms_of

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import DigestId, SubscriberId
    from digest.settings import Settings
    from digest.store.transaction import Transaction


def follow(
    tx: Transaction,
    settings: Settings,
    person: SubscriberId,
    digest: DigestId,
    source: str,
    now: datetime,
    *,
    wording: str = "",
    asked_at: datetime | None = None,
    consented_at: datetime | None = None,
) -> bool:
    """Subscribe a person to a digest; False if they are subscribed.

    Somebody who follows the same entries at another frequency changes over, without a duplicate and without a gap.
    """
    since = None
    for other in rhythms_of(settings, digest):
        known = tx.subscribers.subscription(person, other) if other != digest else None
        if known and known[1] is None:
            since = min(since or known[0], known[0])
            tx.subscribers.leave(person, other, f"changed to {digest}: {source}", now)
    return tx.subscribers.join(
        person, digest, source, now, since=since, wording=wording, asked_at=asked_at, consented_at=consented_at
    )
