"""Finds what subscribers are sent once more, because nobody knows whether the first mail arrived.

A mail may get lost although its last byte was sent: the connection breaks before the server's reply. It is sent once
more, and if that ends in the same way, its entries count as sent. The subscriber's next mail then lists them, once, as
entries that they may have already. No extra record is needed: the ledger and the stored texts of the mails are enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.model import DigestId
from digest.service.editions.digests import rhythms_of
from digest.service.publishing.feeds import holds_any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import EntryId, SubscriberId
    from digest.records.editions import Owed
    from digest.settings import Settings
    from digest.store.transaction import Transaction

MOST = 40  # titles in one mail; the next one lists the rest


def owed(tx: Transaction, settings: Settings, digest: str) -> Mapping[SubscriberId, Owed]:
    """The entries to list once more for followers of a digest, limited to the topics that they chose."""
    name = DigestId(digest)
    found = {}
    chosen: dict[tuple[tuple[str, ...], EntryId], bool] = {}  # most people have the same topics and entries
    for person, one in tx.doubts.owed(name, rhythms_of(settings, name)).items():
        for entry in one.entries if one.topics else ():
            if (one.topics, entry.id) not in chosen:
                chosen[one.topics, entry.id] = holds_any(settings, one.topics)(entry)
        wanted = tuple(entry for entry in one.entries if chosen.get((one.topics, entry.id), True))
        if wanted:
            found[person] = replace(one, entries=wanted)
    return found
