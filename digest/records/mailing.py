"""Deliveries in the store: outcomes, rates, bounces and suppressions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from digest.model import BounceKind, DeliveryState, DigestId, EditionKey, SubscriberId


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as `digest edition show` prints it. `uncertain` attempts may have succeeded: nobody knows."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    code: int | None
    text: str
    uncertain: int = 0
    leased_until: datetime | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The outcome of a leased delivery, as passed to `Deliveries.record`.

    `given_back` is the number of an attempt that does not count: the mail was not sent, and nobody refused it. The
    delivery is as due as before, in its former state.
    """

    edition: EditionKey
    subscriber: SubscriberId
    state: DeliveryState
    next_at: datetime | None = None
    code: int | None = None
    text: str = ""
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class JustFailed:
    """A delivery that failed at one of its first attempts. `alone`: nobody else got a mail of its edition yet."""

    edition: EditionKey
    subscriber: SubscriberId
    message_id: str
    address: str
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Overdue:
    """An edition with overdue mails: how many were never tried, how many were deferred, of how many."""

    edition: EditionKey
    digest: DigestId
    untried: int
    deferred: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class Slowed:
    """A rate that a server asked for: mails a minute to a recipient domain, or to everybody if the domain is empty.

    `since` is when it first asked, `at` when a mail started or the rate changed last. The next mail may start at
    `next_at`.
    """

    domain: str
    per_minute: float
    since: datetime
    at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryQueue:
    """Deliveries that will be tried. `next_at`: when the first is due, past if it waits; None without any."""

    depth: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition with unsent mails: to how many people, and the addresses of the first few."""

    edition: EditionKey
    made_at: datetime
    people: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounce:
    """A bounce of a delivery. `message` identifies the bounce message, `text` is what a server or a program said."""

    subscriber: SubscriberId
    edition: EditionKey
    message: str
    kind: BounceKind
    status: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A record that never changes. `act`: `suppressed` or `unsuppressed`."""

    act: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """The bounces of one person, and when their address was suppressed or unsuppressed; oldest first."""

    bounces: tuple[Bounce, ...] = ()
    suppressions: tuple[Suppression, ...] = ()


class Evidence(StrEnum):
    """The evidence for a suppression.

    `editions`: several editions failed. `server`: the address's own server says that it does not exist. That counts
    only if the server accepts mail for others of the domain.
    """

    EDITIONS = "editions"
    SERVER = "server"


class RequestState(StrEnum):
    """`asked` until it takes effect (`applied`, or `confirmed` by the operator) or is dropped (`dismissed`)."""

    ASKED = "asked"
    APPLIED = "applied"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class SuppressionRequest:
    """A request to suppress an address, because of an edition."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    evidence: Evidence
    reason: str
    state: RequestState


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of an edition: its mails that were not cancelled, and those of them that are still to be sent."""

    made_at: datetime
    mails: int
    open: int


@dataclass(frozen=True, slots=True)
class RestingDomain:
    """A domain that is paused until a time, and why; `times` counts the pauses since a mail got through."""

    domain: str
    reason: str
    times: int
    since: datetime
    until: datetime
