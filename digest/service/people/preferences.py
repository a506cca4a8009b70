"""A subscriber's preferences: digests and frequency, topics, language, format, time zone, a pause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from digest.errors import DigestError
from digest.mail.tokens import preferences_token, private_feed_token
from digest.model import DigestId, EditionKey, Format, PrivateFeed, Subscriber, SubscriberId
from digest.service.mailing.welcome import plan_latest
from digest.service.people.subscribers import follow
from digest.settings import Digest, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store


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
            follow(tx, settings, person, DigestId(digest), source, now)
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
