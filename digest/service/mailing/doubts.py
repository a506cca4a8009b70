"""What readers are told once more, since nobody knows whether the mail that told it arrived.

A mail may be lost though its last byte was sent: the connection breaks before the server's word. It is handed over once
more, and when that ends so too, it counts as told. Its reader's next mail then lists what it told, once, as something
that they may have. Nothing is noted for it: the ledger and the words of the mails say it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.model import DigestId
from digest.service.editions.digests import rhythms_of
from digest.service.publishing.feeds import holds_any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import SubscriberId
    from digest.ports import Owed, Transaction
    from digest.settings import Settings

MOST = 40  # titles in one mail; the next one lists what is left


def owed(tx: Transaction, settings: Settings, digest: str) -> Mapping[SubscriberId, Owed]:
    """What those who follow a digest are to be told once more, as far as it is of the topics that they chose."""
    name = DigestId(digest)
    found = {}
    for person, one in tx.doubts.owed(name, rhythms_of(settings, name)).items():
        record = tx.subscribers.get(person)
        topics = record.subscriber.topics if record else ()
        holds = holds_any(settings, topics)
        wanted = tuple(entry for entry in one.entries if not topics or holds(entry))
        if wanted:
            found[person] = replace(one, entries=wanted)
    return found
