"""Subscribers in the store: consent, subscriptions, bulk imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.model import DeliveryState, DigestId, EditionKey, Format, Subscriber, SubscriberId


@dataclass(frozen=True, slots=True)
class Consent:
    """A record that never changes. `act`: `joined` or `left`; `source`: who acted and how.

    `wording` identifies the text that they agreed to, `asked_at` is when they requested what they confirmed `at`.
    """

    digest: DigestId
    act: str
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriberRecord:
    """Everything stored about a person, as `export` prints it. `digests` are the active subscriptions."""

    subscriber: Subscriber
    digests: tuple[DigestId, ...]
    suppressed: str
    consents: tuple[Consent, ...]
    deliveries: tuple[tuple[EditionKey, DeliveryState, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Follower:
    """A subscriber of a digest. `since`: when they began to follow its selection; `behind`: they missed an edition."""

    subscriber: Subscriber
    since: datetime
    behind: bool


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A person who gets no mail since then, and why."""

    id: SubscriberId
    address: str
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Joining:
    """A person joins a digest, with their consent record: `at` is when they gave it."""

    digest: DigestId
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person unknown to the store. `joins` has each digest once."""

    address: str
    name: str
    language: str
    format: Format
    timezone: str
    topics: tuple[str, ...]
    paused_until: datetime | None
    joins: tuple[Joining, ...]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person known to the store. `digests` are all that they ever joined, true for those that they follow."""

    id: SubscriberId
    suppressed: str
    digests: Mapping[DigestId, bool]


@dataclass(frozen=True, slots=True)
class Followed:
    """A digest that somebody follows, or left at `left_at`; `consent` is the newest record of their joining it."""

    digest: DigestId
    joined_at: datetime
    left_at: datetime | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class OnRoster:
    """A person with all digests that they ever followed, in the order of joining. `suppressed`: why, or empty."""

    subscriber: Subscriber
    suppressed: str
    followed: tuple[Followed, ...]


UNMADE = "template: "  # prefix of a stored attempt whose template is wrong
