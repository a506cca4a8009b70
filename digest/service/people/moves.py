"""A subscriber's new address: requested on the preferences page, active when its owner confirms it.

The person stays the same: their choices, history and the links in old mails stay valid. Decisions 115, 116 and 117.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.addresses import checked_address
from digest.mail.tokens import address_hash
from digest.model import Confirmation, ConfirmationKind, DigestId
from digest.records.people import SubscriberRecord
from digest.service.editions.digests import frequencies_of
from digest.service.people.consent import request_confirmation, requested_confirmation
from digest.service.people.subscribers import follow
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

GUARD = timedelta(days=7)
_SOURCE = "address changed, confirmed by mail to the new one"


def request_move(
    store: Store,
    settings: Settings,
    person: SubscriberRecord,
    written: str,
    *,
    proven: bool,
    language: str,
    network: str,
    now: datetime,
) -> None:
    """Mail a link to a person's new address. The behaviour is the same for every address.

    `proven`: the requester holds a link that was mailed to the present address for this purpose.

    Raises:
        AddressError: the address is invalid.
        BusyError: as in `consent.request`.
    """
    request_confirmation(
        store,
        settings,
        ConfirmationKind.MOVE,
        checked_address(written),
        subscriber=person.subscriber.id,
        digests=person.digests,
        language=language,
        network=network,
        now=now,
        proven=proven,
    )


def move(store: Store, settings: Settings, token: str, now: datetime) -> SubscriberRecord | None:
    """Confirm the new address; returns who gets the mails there. None if the link was used, or has expired.

    The former address is notified, unless mails to it bounced. If the new address is known already, the two people
    become one: see `_join_up`.
    """
    secret = store.secret()
    with store.write() as tx:
        asked = requested_confirmation(tx, secret, token, ConfirmationKind.MOVE, now)
        person = tx.subscribers.get(asked.subscriber) if asked and asked.subscriber else None
        if asked is None or asked.done_at is not None or person is None:
            return None
        tx.confirmations.done(asked.id, now)
        former, number = person.subscriber.address, person.subscriber.id
        other = tx.subscribers.find(asked.address)
        if other and other.subscriber.id != number:
            _join_up(tx, settings, person, other, asked, now)
            notified = None if person.suppressed else former
            tx.single_mails.tell_moved(number, notified, now, guards_until=None)
            return tx.subscribers.get(other.subscriber.id)
        tx.subscribers.move(number, asked.address, _SOURCE, now, asked_at=asked.asked_at)
        if other is None:
            tx.subscribers.keep_out(address_hash(secret, former), now)
            guard = None if asked.proven else now + GUARD
            tx.single_mails.tell_moved(number, None if person.suppressed else former, now, guards_until=guard)
        return tx.subscribers.get(number)


def _join_up(
    tx: Transaction,
    settings: Settings,
    person: SubscriberRecord,
    other: SubscriberRecord,
    asked: Confirmation,
    now: datetime,
) -> None:
    """Let the person at the new address follow what the mover followed, and end that at the former one.

    The person at the new address continues, because the links in the mails there are theirs. They keep their choices if
    they follow anything, otherwise they get the mover's.
    """
    old, new = person.subscriber, other.subscriber
    tx.subscribers.unsuppress(new.id, "confirmed by mail, which reached them", now)
    if not other.digests:
        tx.subscribers.prefer(
            new.id,
            language=old.language,
            fmt=old.format,
            timezone=old.timezone,
            topics=old.topics,
            paused_until=old.paused_until,
        )
    for digest in person.digests:
        tx.subscribers.leave(old.id, digest, "address changed to one that is known", now)
    for digest in _missing(settings, person.digests, other.digests):
        follow(tx, settings, new.id, digest, _SOURCE, now, asked_at=asked.asked_at)
        tx.subscribers.hand_on(old.id, new.id, digest)


def _missing(settings: Settings, wanted: Sequence[DigestId], followed: Sequence[DigestId]) -> list[DigestId]:
    """The digests of which nothing is followed yet, at any frequency."""
    known = {one for name in followed for one in frequencies_of(settings, name)}
    return [name for name in wanted if name not in known]
