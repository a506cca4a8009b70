"""A subscriber's preferences: digests and frequency, topics, language, format, time zone, a pause.

A subscriber's new address: requested on the preferences page, active when its owner confirms it.

The person stays the same: their choices, history and the links in old mails stay valid.

Decisions 115, 116 and 117.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from digest.addresses import checked_address
from digest.errors import DigestError
from digest.mail.tokens import address_hash, preferences_token, private_feed_token
from digest.model import (
    Confirmation,
    ConfirmationKind,
    DigestId,
    EditionKey,
    Format,
    PrivateFeed,
    Subscriber,
    SubscriberId,
)
from digest.records.people import SubscriberRecord
from digest.service.editions.digests import frequencies_of
from digest.service.mailing.welcome import plan_latest
from digest.service.people import consent, subscribers
from digest.settings import Digest, Settings, Signup

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a subscriber. `digests` has at most one frequency of each selection; `topics` is empty for all."""

    digests: tuple[str, ...]
    topics: tuple[str, ...]
    language: str
    format: Format
    timezone: str
    paused_until: datetime | None


def preferences_url(store: Store, settings: Settings, person: SubscriberId) -> str:
    """The page where a person changes them."""
    return f"{settings.base_url}/preferences/{preferences_token(store.secret(), person)}"


def private_feed_url(store: Store, settings: Settings, person: Subscriber) -> str:
    """The address of a person's private feed; empty if they have none."""
    if person.feed is PrivateFeed.NONE:
        return ""
    token = private_feed_token(store.secret(), person.id, person.feed_number)
    return f"{settings.base_url}/private/{token}/feed.atom"


def choose_feed(store: Store, person: SubscriberId, feed: PrivateFeed, now: datetime, *, renew: bool = False) -> None:
    """Let a person read the editions in a private feed, beside the mails or instead of them, or no longer.

    With `renew` the feed gets another address, and the former one is no longer valid.
    """
    with store.write() as tx:
        if tx.subscribers.get(person) is not None:
            tx.subscribers.choose_feed(person, feed, now, renew=renew)


def selections(settings: Settings) -> list[list[Digest]]:
    """The digests, grouped by selection: those with the same entries at different frequencies are together."""
    found: list[list[Digest]] = []
    for digest in settings.digests:
        if not any(digest in group for group in found):
            found.append(settings.frequencies(digest))
    return found


def change_preferences(
    store: Store,
    settings: Settings,
    person: SubscriberId,
    wishes: Choices,
    now: datetime,
    *,
    source: str = "preferences page",
) -> None:
    """Store a subscriber's choices at once: no edition made from now on uses the old ones.

    `source` says in the consent records who chose.

    Raises:
        DigestError: a choice does not exist.
    """
    _check(settings, wishes)
    with store.write() as tx:
        record = tx.subscribers.get(person)
        if record is None:
            return
        tx.subscribers.prefer(
            person,
            language=wishes.language,
            fmt=wishes.format,
            timezone=wishes.timezone,
            topics=wishes.topics,
            paused_until=wishes.paused_until,
        )
        for digest in wishes.digests:
            subscribers.follow(tx, settings, person, DigestId(digest), source, now)
        for active in record.digests:
            if active not in wishes.digests and settings.digest(active):
                tx.subscribers.leave(person, active, source, now)


def _check(settings: Settings, wishes: Choices) -> None:
    chosen = [digest for group in selections(settings) for digest in group if digest.id in wishes.digests]
    if len(chosen) != len(set(wishes.digests)) or any(
        sum(digest.id in wishes.digests for digest in group) > 1 for group in selections(settings)
    ):
        raise DigestError("choose one frequency of each digest that there is")
    if any(settings.topic(name) is None for name in wishes.topics):
        raise DigestError("there is no such topic")
    if wishes.timezone and wishes.timezone not in time_zones():
        raise DigestError(f"{wishes.timezone!r} is no time zone")


def time_zones() -> Sequence[str]:
    """The time zones that a subscriber may choose, sorted."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


def send_latest(
    store: Store, settings: Settings, person: SubscriberId, digest: DigestId, now: datetime
) -> EditionKey | None:
    """Send a subscriber the newest edition; None if there is none, they had it or are not subscribed."""
    secret = store.secret()
    with store.write() as tx:
        record = tx.subscribers.get(person)
        if record is None or digest not in record.digests:
            return None
        return plan_latest(tx, settings, secret, person, digest, now)


GUARD = timedelta(days=7)
_SOURCE = "address changed, confirmed by mail to the new one"


def request_move(
    store: Store,
    signup: Signup,
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
    consent.request_confirmation(
        store,
        signup,
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
        asked = consent.requested_confirmation(tx, secret, token, ConfirmationKind.MOVE, now)
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
        subscribers.follow(tx, settings, new.id, digest, _SOURCE, now, asked_at=asked.asked_at)
        tx.subscribers.hand_on(old.id, new.id, digest)


def _missing(settings: Settings, wanted: Sequence[DigestId], followed: Sequence[DigestId]) -> list[DigestId]:
    """The digests of which nothing is followed yet, at any frequency."""
    known = {one for name in followed for one in frequencies_of(settings, name)}
    return [name for name in wanted if name not in known]
