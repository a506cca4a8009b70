"""Consent: who asks for a digest on a page, whose address it is, who leaves and comes back.

Asking is answered alike for every address: nothing is looked up before its owner has followed the link in the mail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest.addresses import checked_address
from digest.errors import BusyError
from digest.mail.tokens import marks, network_hash, read_confirmation_token
from digest.model import ConfirmationKind, DigestId, Format
from digest.service.editions.digest_names import read_leave
from digest.service.mailing.welcome import greet
from digest.service.people.following import follow
from digest.service.people.subscribers import chosen_digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import Confirmation, SubscriberId
    from digest.ports import Store, SubscriberRecord, Transaction
    from digest.settings import Settings

WORDING = "2026-12"  # of what people agree to on the page; docs/privacy.md keeps each
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MAILS = {ConfirmationKind.JOIN: 1, ConfirmationKind.MOVE: 1, ConfirmationKind.ACCESS: 3}  # to one address in a day
_ACCESS = timedelta(hours=1)  # how long a link to all that is stored of a person holds
_SECOND_THOUGHTS = timedelta(days=7)  # how long leaving can be undone from its page


def ask(
    store: Store,
    settings: Settings,
    written: str,
    *,
    digests: Sequence[str],
    language: str,
    latest: bool,
    network: str,
    now: datetime,
) -> None:
    """Somebody asks on a page to subscribe an address, which may be theirs: its owner is mailed a link.

    Whoever it is, the same is written and the same is said. An address is mailed once a day, whoever asks.

    Raises:
        AddressError: it is no address.
        BusyError: this network, or everybody together, asks too often, or for too many of this domain.
    """
    address = checked_address(written)
    wanted = chosen_digests(settings, digests)
    request(
        store,
        settings,
        ConfirmationKind.JOIN,
        address,
        digests=wanted,
        language=language,
        latest=latest,
        network=network,
        now=now,
    )


def ask_access(
    store: Store, settings: Settings, person: SubscriberRecord, *, language: str, network: str, now: datetime
) -> None:
    """Mail a subscriber a link that lets who holds it see and erase all that is stored of them.

    Raises:
        BusyError: as in `ask`.
    """
    request(
        store,
        settings,
        ConfirmationKind.ACCESS,
        person.subscriber.address,
        subscriber=person.subscriber.id,
        language=language,
        network=network,
        now=now,
    )


def request(
    store: Store,
    settings: Settings,
    kind: ConfirmationKind,
    address: str,
    *,
    language: str,
    network: str,
    now: datetime,
    subscriber: SubscriberId | None = None,
    digests: Sequence[DigestId] = (),
    latest: bool = False,
    proven: bool = False,
) -> None:
    """Have the owner of an address mailed a link, unless they were today. The same is written for every address.

    Raises:
        BusyError: this network, or everybody together, asks too often.
    """
    asker = network_hash(store.secret(), network)
    with store.write() as tx:
        asked = tx.confirmations.asked
        if asked(now - _HOUR) >= settings.signup.total or asked(now - _HOUR, asker) >= settings.signup.per_network:
            raise BusyError(int(_HOUR.total_seconds()))
        domain = address.rpartition("@")[2]
        if tx.confirmations.mailed_within(domain, now - _HOUR) >= settings.signup.per_domain:
            raise BusyError(int(_HOUR.total_seconds()))  # said alike of an address that would not be mailed now
        tx.confirmations.ask(
            kind,
            address,
            subscriber=subscriber,
            digests=digests,
            language=language,
            latest=latest,
            network=asker,
            mail=tx.confirmations.mailed(kind, address, now - _DAY) < _MAILS[kind],
            now=now,
            expires_at=now + lasts(settings, kind),
            proven=proven,
        )


def lasts(settings: Settings, kind: ConfirmationKind) -> timedelta:
    """How long a link of this kind holds."""
    return _ACCESS if kind is ConfirmationKind.ACCESS else settings.signup.expires


def expire(store: Store, now: datetime) -> int:
    """Delete what nobody confirmed in time; how many there were. A day of it is kept, for counting who asks.

    Of what was confirmed, the address goes; so do former addresses that were told.
    """
    with store.read() as tx:
        if not (tx.confirmations.expired(now, now - _DAY) or tx.single_mails.expired(now)):
            return 0
    with store.write() as tx:
        tx.single_mails.expire(now)
        return tx.confirmations.expire(now, now - _DAY)


def awaited(tx: Transaction, secret: bytes, token: str, kind: ConfirmationKind, now: datetime) -> Confirmation | None:
    """What the token in a mailed link confirms, done or not; None where it is not ours, or its time is over."""
    read = read_confirmation_token(secret, token)
    found = tx.confirmations.get(read[0]) if read else None
    if found is None or read is None or marks(found) != read[1] or found.kind is not kind:
        return None
    return found if now < found.expires_at else None


def confirm(store: Store, settings: Settings, token: str, now: datetime) -> SubscriberRecord | None:
    """The owner of an address confirms by their link; None where it was used, or holds no longer."""
    secret = store.secret()
    with store.write() as tx:
        asked = awaited(tx, secret, token, ConfirmationKind.JOIN, now)
        if asked is None or asked.done_at is not None:
            return None
        known = tx.subscribers.find(asked.address)
        person = known or tx.subscribers.add(asked.address, name="", language=asked.language, fmt=Format.BOTH, now=now)
        assert person is not None  # noqa: S101 - it is known, or it is new
        number = person.subscriber.id
        tx.subscribers.unsuppress(number, "confirmed by mail, which reached them", now)
        for digest in asked.digests:
            follow(tx, settings, number, digest, "web form", now, wording=WORDING, asked_at=asked.asked_at)
        greet(tx, settings, secret, number, asked.digests, now, edition=asked.latest)
        tx.confirmations.done(asked.id, now, number)
        return tx.subscribers.get(number)


def may_undo(store: Store, token: str, now: datetime) -> bool:
    """Whether leaving by this token was so short ago that it can be undone."""
    read = read_leave(store, token)
    with store.read() as tx:
        known = tx.subscribers.subscription(*read) if read else None
    return known is not None and known[1] is not None and now - known[1] <= _SECOND_THOUGHTS


def undo(store: Store, settings: Settings, token: str, now: datetime) -> bool:
    """Take a leaving back: the next edition tells what was missed meanwhile. False where it is too late."""
    read = read_leave(store, token)
    if read is None or not may_undo(store, token, now):
        return False
    with store.write() as tx:
        known = tx.subscribers.subscription(*read)
        if known is None or tx.subscribers.get(read[0]) is None:
            return False
        followed = follow(tx, settings, *read, "undone on the page for leaving", now)
        if followed:
            tx.subscribers.follows_since(*read, known[0])
    return followed
