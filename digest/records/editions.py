"""Digests and editions in the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.model import DeliveryState, DigestId, Edition, EditionKey, Entry, SubscriberId


@dataclass(frozen=True, slots=True)
class DigestState:
    """What is stored about a digest. `last_slot_at`, `last_close_at`: of its newest editions, including empty ones."""

    id: DigestId
    configured_at: datetime
    last_slot_at: datetime | None
    last_close_at: datetime | None
    editions: int


@dataclass(frozen=True, slots=True)
class EditionFailure:
    """Why no edition of a digest can be made, and since when."""

    since: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class EditionCounts:
    """An edition with its deliveries by state."""

    edition: Edition
    deliveries: dict[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of an edition: the Message-ID of their mail, the number of its text, when it is due."""

    subscriber: SubscriberId
    message_id: str
    variant: int
    due_at: datetime


# A clock may have stepped back between two times. A query for what a person was sent or missed goes this much
# further, so that rather a day too much is found than too little.
CLOCK_TOLERANCE = timedelta(days=1)
FIRST_REACH = timedelta(days=7)  # how far the first edition looks back from when its digest was configured


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A part of the subscribers of an edition as it was made.

    `caught_up` are those who missed an edition before, each with how many entries mails had announced to them by then.
    `resting` are paused and get no mail of it.
    """

    mails: tuple[Recipient, ...]
    caught_up: tuple[tuple[SubscriberId, int], ...]
    resting: tuple[SubscriberId, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """Entries to list once more for a subscriber: `entries` as in Entries.newest, at least one, of `editions`.

    `topics` are those that the person chose; none means all.
    """

    entries: tuple[Entry, ...]
    editions: tuple[EditionKey, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenamedDigest:
    """A former name of a digest; `new` is its present name."""

    old: DigestId
    new: DigestId
    at: datetime
