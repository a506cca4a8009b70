"""What the links in mails lead to today: a page states what is true now, not when the mail was sent. Decision 114."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.mail.tokens import (
    NOBODY,
    confirmation_marks,
    parse_confirmation_marks,
    read_confirmation_token,
    read_preferences_token,
)
from digest.model import Confirmation, ConfirmationKind, DigestId, SubscriberId
from digest.records.people import SubscriberRecord
from digest.service.editions.renaming import read_leave
from digest.service.people.consent import link_lifetime
from digest.settings import Signup

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


class LinkState(StrEnum):
    """`open`: it can be used. `used`: it was used. `damaged`: we made no such link. `expired`: its time is over.

    `erased`: all data of its person is erased. `nobody`: it is from a test mail, or from a store that was lost.
    """

    OPEN = "open"
    USED = "used"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    ERASED = "erased"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Link:
    """A link in its present state. `kind` is known for a confirmation, `asked` while the request is stored.

    `person`: whose it is, as stored now; for a confirmed new address, who gets the mails there. `digest`: the one that
    it unsubscribes from.
    """

    state: LinkState
    kind: ConfirmationKind | None = None
    asked: Confirmation | None = None
    person: SubscriberRecord | None = None
    digest: DigestId | None = None

    @property
    def usable(self) -> bool:
        return self.state in {LinkState.OPEN, LinkState.USED}


def confirmation_link(store: Store, signup: Signup, token: str, now: datetime) -> Link:
    """The link with which the owner of an address confirms."""
    read = read_confirmation_token(store.secret(), token)
    if read is None:
        return Link(LinkState.DAMAGED)
    kind, asked_at = parse_confirmation_marks(read[1])
    with store.read() as tx:
        asked = tx.confirmations.get(read[0])
        if asked is None or confirmation_marks(asked) != read[1]:  # deleted: it expired, or its person was erased
            over = now >= asked_at + link_lifetime(signup, kind)
            return Link(LinkState.EXPIRED if over else LinkState.ERASED, kind)
        if asked.done_at is not None:
            return _used(tx, asked)
        if now >= asked.expires_at:
            return Link(LinkState.EXPIRED, kind)
        return Link(LinkState.OPEN, kind, asked, tx.subscribers.get(asked.subscriber) if asked.subscriber else None)


def _used(tx: Transaction, asked: Confirmation) -> Link:
    """A person known by the new address before continues there in place of the one who moved."""
    found = tx.subscribers.get(asked.subscriber) if asked.subscriber else tx.subscribers.find(asked.address)
    if found and asked.kind is ConfirmationKind.MOVE and asked.address:
        found = tx.subscribers.find(asked.address) or found
    return Link(LinkState.USED if found else LinkState.ERASED, asked.kind, asked, found)


def preferences_link(store: Store, token: str) -> Link:
    """The link in each mail to its recipient's preferences."""
    person = read_preferences_token(store.secret(), token)
    return _of_person(store, person, None)


def leave_link(store: Store, token: str) -> Link:
    """The unsubscribe link in each mail; the digest may have another name by now."""
    read = read_leave(store, token)
    return _of_person(store, *read) if read else Link(LinkState.DAMAGED)


def _of_person(store: Store, person: SubscriberId | None, digest: DigestId | None) -> Link:
    if person is None:
        return Link(LinkState.DAMAGED)
    with store.read() as tx:
        record = tx.subscribers.get(person)
        if record:
            return Link(LinkState.OPEN, person=record, digest=digest)
        erased = person != NOBODY and tx.subscribers.is_erased(person)
    return Link(LinkState.ERASED if erased else LinkState.NOBODY, digest=digest)
