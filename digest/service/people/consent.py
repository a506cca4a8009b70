"""Consent: subscription requests on a page, confirmation by the address's owner, unsubscribing and its undo.

Requests get the same response for every address: nothing is looked up before its owner has followed the mailed link.
Decision 108.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.addresses import checked_address, domain_of, is_large_provider
from digest.errors import BusyError, MailDomainError
from digest.mail.tokens import confirmation_marks, network_hash, read_confirmation_token
from digest.model import Confirmation, ConfirmationKind, DigestId, Format, SubscriberId
from digest.records.people import SubscriberRecord
from digest.service.editions.renaming import read_leave
from digest.service.mailing.welcome import plan_welcome
from digest.service.people.subscribers import chosen_digests, follow
from digest.settings import Settings, Signup

if TYPE_CHECKING:
    from digest.mail.dns_records import MailDomains
    from digest.store.transaction import Store, Transaction

WORDING = "2026-12"  # identifies the text that people agree to on the page; docs/privacy.md has each version
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MAILS = {ConfirmationKind.JOIN: 1, ConfirmationKind.MOVE: 1, ConfirmationKind.ACCESS: 3}  # to one address per day
_MAILS_TO_ALIASES = 3  # a day, to a mailbox under all spellings of it together; decision 334
_PROVIDER_SHARES = 5  # a provider of millions: fewer requests would let one attacker lock all its people out
_ACCESS = timedelta(hours=1)  # how long a link to a person's data is valid
_SECOND_THOUGHTS = timedelta(days=7)  # how long unsubscribing can be undone from its page


def request_subscription(
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
    """Request to subscribe an address, which may belong to somebody else: its owner is mailed a link.

    What is written and what is shown is the same for everybody. An address is mailed once a day, whoever asks.

    Raises:
        AddressError: the address is invalid.
        MailDomainError: its domain takes no mail.
        BusyError: there are too many requests from this network, altogether, or for this mail provider.
    """
    address = checked_address(written)
    wanted = chosen_digests(settings, digests)
    if settings.signup.mx and not _mail_domains().take_mail(domain_of(address)):
        raise MailDomainError(address)
    request_confirmation(
        store,
        settings.signup,
        ConfirmationKind.JOIN,
        address,
        digests=wanted,
        language=language,
        latest=latest,
        network=network,
        now=now,
    )


def _mail_domains() -> MailDomains:
    from digest.mail import dns_records  # noqa: PLC0415 - dnspython is for this alone

    return dns_records.MAIL_DOMAINS


def request_access(
    store: Store, signup: Signup, person: SubscriberRecord, *, language: str, network: str, now: datetime
) -> None:
    """Mail a subscriber a link with which its holder can see and erase all their data.

    Raises:
        BusyError: as in `request_subscription`.
    """
    request_confirmation(
        store,
        signup,
        ConfirmationKind.ACCESS,
        person.subscriber.address,
        subscriber=person.subscriber.id,
        language=language,
        network=network,
        now=now,
    )


def request_confirmation(
    store: Store,
    signup: Signup,
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
    """Mail a link to the owner of an address, unless they got one today. The same is written for every address.

    Raises:
        BusyError: there are too many requests from this network, altogether, or for this mail provider.
    """
    domain = domain_of(address)
    host = _mail_domains().host_of(domain) if signup.mx else ""  # before the store is busy with us
    asker = network_hash(store.secret(), network)
    with store.write() as tx:
        asked = tx.confirmations.asked
        if asked(now - _HOUR) >= signup.total or asked(now - _HOUR, asker) >= signup.per_network:
            raise BusyError(int(_HOUR.total_seconds()))
        most = signup.per_domain * (_PROVIDER_SHARES if is_large_provider(domain, host) else 1)
        if tx.confirmations.mailed_within(domain, host, now - _HOUR) >= most:
            raise BusyError(int(_HOUR.total_seconds()))  # also for an address that would not be mailed now
        mailed = tx.confirmations.mailed(kind, address, now - _DAY)
        flooded = tx.confirmations.mailed_to_aliases(kind, address, now - _DAY) >= _MAILS_TO_ALIASES
        tx.confirmations.ask(
            kind,
            address,
            mail_host=host,
            subscriber=subscriber,
            digests=digests,
            language=language,
            latest=latest,
            network=asker,
            mail=mailed < _MAILS[kind] and not flooded,
            now=now,
            expires_at=now + link_lifetime(signup, kind),
            proven=proven,
        )


def link_lifetime(signup: Signup, kind: ConfirmationKind) -> timedelta:
    """How long a link of this kind is valid."""
    return _ACCESS if kind is ConfirmationKind.ACCESS else signup.expires


def expire(store: Store, now: datetime) -> int:
    """Delete requests that expired; returns how many. Those of the last day stay, to count who asks.

    Confirmed requests lose their address, and so do notices to former addresses.
    """
    with store.read() as tx:
        if not (tx.confirmations.expired(now, now - _DAY) or tx.single_mails.expired(now)):
            return 0
    with store.write() as tx:
        tx.single_mails.expire(now)
        return tx.confirmations.expire(now, now - _DAY)


def requested_confirmation(
    tx: Transaction, secret: bytes, token: str, kind: ConfirmationKind, now: datetime
) -> Confirmation | None:
    """The request that the token in a mailed link confirms, done or not; None if it is not ours, or has expired."""
    read = read_confirmation_token(secret, token)
    found = tx.confirmations.get(read[0]) if read else None
    if found is None or read is None or confirmation_marks(found) != read[1] or found.kind is not kind:
        return None
    return found if now < found.expires_at else None


def confirm(store: Store, settings: Settings, token: str, now: datetime) -> SubscriberRecord | None:
    """Confirm a request by the owner's link; None if the link was used or has expired."""
    secret = store.secret()
    with store.write() as tx:
        asked = requested_confirmation(tx, secret, token, ConfirmationKind.JOIN, now)
        if asked is None or asked.done_at is not None:
            return None
        known = tx.subscribers.find(asked.address)
        person = known or tx.subscribers.add(asked.address, name="", language=asked.language, fmt=Format.BOTH, now=now)
        assert person is not None  # noqa: S101 - it is known, or it is new
        number = person.subscriber.id
        tx.subscribers.unsuppress(number, "confirmed by mail, which reached them", now)
        for digest in asked.digests:
            follow(tx, settings, number, digest, "web form", now, wording=WORDING, asked_at=asked.asked_at)
        plan_welcome(tx, settings, secret, number, asked.digests, now, edition=asked.latest)
        tx.confirmations.done(asked.id, now, number)
        return tx.subscribers.get(number)


def can_undo(store: Store, token: str, now: datetime) -> bool:
    """Whether unsubscribing by this token was so recent that it can be undone."""
    read = read_leave(store, token)
    with store.read() as tx:
        known = tx.subscribers.subscription(*read) if read else None
    return known is not None and known[1] is not None and now - known[1] <= _SECOND_THOUGHTS


def undo(store: Store, settings: Settings, token: str, now: datetime) -> bool:
    """Undo unsubscribing: the next edition includes what was missed meanwhile. False if it is too late."""
    read = read_leave(store, token)
    if read is None or not can_undo(store, token, now):
        return False
    with store.write() as tx:
        known = tx.subscribers.subscription(*read)
        if known is None or tx.subscribers.get(read[0]) is None:
            return False
        followed = follow(tx, settings, *read, "undone on the page for leaving", now)
        if followed:
            tx.subscribers.follows_since(*read, known[0])
    return followed
