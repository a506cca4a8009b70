"""Finds the delivery that a bounce or complaint is about, by evidence that only we could have created."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.mail.composing.message import message_id
from digest.mail.tokens import claimed_subscriber, proven_edition, read_leave_token, token_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import EditionKey, SubscriberId
    from digest.settings import Settings
    from digest.store.transaction import Transaction

_MOST = 5  # of each kind of evidence; an honest message has one
_MARK = re.compile(r"\.([0-9a-f]{32})@")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The references in a message to the mail that it is about.

    `addresses` may contain a token, and `links` one of our unsubscribe links. `readers` are addresses of people, which
    prove nothing without one of `message_ids`.
    """

    addresses: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()

    def tokens(self, address: str) -> list[str]:
        """The tokens in mails to our bounce address, whoever made them."""
        found = [token for one in self.addresses if (token := token_in(address, one))] if address else []
        return list(dict.fromkeys(found))[:_MOST]

    def names_one(self, address: str) -> bool:
        """Whether it refers to any mail of ours at all."""
        return bool(self.tokens(address))


def find(
    tx: Transaction, secret: bytes, settings: Settings, evidence: Evidence
) -> tuple[SubscriberId, EditionKey] | None:
    """The delivery identified by the first genuine evidence; None if there is none."""
    return next(_found(tx, secret, settings, evidence), None)


def _found(
    tx: Transaction, secret: bytes, settings: Settings, evidence: Evidence
) -> Iterator[tuple[SubscriberId, EditionKey]]:
    for token in evidence.tokens(settings.bounces.address):
        claimed = claimed_subscriber(token)
        edition = claimed and proven_edition(secret, token, tx.bounces.editions(claimed))
        if claimed and edition:
            yield claimed, edition
    marks = {found[1] for one in evidence.message_ids[:_MOST] if (found := _MARK.search(one))}
    for address in evidence.readers[:_MOST] if marks else ():
        record = tx.subscribers.find(address)
        if record is not None:
            person = record.subscriber.id
            yield from ((person, key) for key in tx.bounces.editions(person) if _mark(secret, person, key) in marks)
    for link in evidence.links[:_MOST]:
        left = read_leave_token(secret, link.rpartition("/")[2])
        if left is not None:
            sent = [key for key, _ in tx.bounces.counted(left[0]) if key.partition("/")[0] == left[1]]
            yield from ((left[0], key) for key in sent[-1:])


def _mark(secret: bytes, person: SubscriberId, edition: EditionKey) -> str:
    """The token in one of our Message-IDs, whatever domain it was made in."""
    found = _MARK.search(message_id(edition, person, "x", secret))
    return found[1] if found else ""
