"""What is mailed and to whom: editions, subscribers, deliveries, and bounces."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from digest.model.articles import Entry

DigestId = NewType("DigestId", str)
EditionKey = NewType("EditionKey", str)
SubscriberId = NewType("SubscriberId", int)
ConfirmationId = NewType("ConfirmationId", int)
SingleMailId = NewType("SingleMailId", int)


class Section(StrEnum):
    """The section of an edition that lists an entry.

    `catch_up`: only for subscribers who missed the entry, see Variant. `again`: only for subscribers to whom an earlier
    mail with the entry may have got lost, and only once.
    """

    NEW = "new"
    CATCH_UP = "catch_up"
    MOST_READ = "most_read"
    CORRECTED = "corrected"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Selected:
    """An entry as an edition lists it. `gained` is the number of readers won since the last edition (most read)."""

    section: Section
    entry: Entry
    gained: int | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a digest, frozen when it is made.

    The window is half-open, `[opens_at, closes_at)`; `opens_at` is absent for the first edition of a digest. `slot_at`
    is the scheduled time; it is absent if an operator made the edition on demand. An empty edition lists nothing new
    and nothing corrected. It is recorded, and mailed only to subscribers for whom it lists something once more (see
    Variant). `note` is an operator's Markdown on top of it. While `held_at` is set, none of its mails is handed over;
    once `cancelled_at` is set, none is sent any more.
    """

    key: EditionKey
    digest: DigestId
    slot_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime
    empty: bool
    note: str = ""
    held_at: datetime | None = None
    cancelled_at: datetime | None = None


class Format(StrEnum):
    """The parts of a subscriber's mail."""

    BOTH = "both"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Body:
    """The frozen text of an edition in one language, with marks for the personal parts (`mail.composing`)."""

    language: str
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The text of an edition for some of its subscribers. Indexes count from 0 in the edition's entries, in order.

    `told` are the entries that the text announces as new. `again` are those that it lists once more, because nobody
    knows whether an earlier mail with them arrived.
    """

    body: Body
    told: tuple[int, ...]
    again: tuple[int, ...] = ()


class PrivateFeed(StrEnum):
    """Whether a subscriber reads the editions in a feed of their own: not at all, beside the mails, or instead."""

    NONE = ""
    BESIDE = "beside"
    INSTEAD = "instead"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person. `address` is as they wrote it; two addresses that differ only in case are one person.

    `timezone` is empty for the digest's own time zone, `topics` is empty for entries of any kind. `feed_number` is part
    of the address of their private feed; an address with another number is no longer valid.
    """

    id: SubscriberId
    address: str
    name: str
    language: str
    format: Format
    created_at: datetime
    timezone: str = ""
    topics: tuple[str, ...] = ()
    paused_until: datetime | None = None
    feed: PrivateFeed = PrivateFeed.NONE
    feed_number: int = 0


class ConfirmationKind(StrEnum):
    """What the owner of an address is asked to confirm.

    `join`: to subscribe. `access`: to let the holder of this link see all stored data. `move`: to receive, at this
    address from now on, the mails that went to a subscriber's former address.
    """

    JOIN = "join"
    ACCESS = "access"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A request made on a page, which only the owner of the address can confirm, by a mailed link.

    `subscriber`: who asked, or who joined by it; absent while nobody joined. `latest`: send the latest edition at once.
    `proven`: whoever asked held a link that was mailed to the former address for this purpose. Long after the
    confirmation, the address is no longer stored.
    """

    id: ConfirmationId
    kind: ConfirmationKind
    address: str
    subscriber: SubscriberId | None
    digests: tuple[DigestId, ...]
    language: str
    latest: bool
    asked_at: datetime
    expires_at: datetime
    done_at: datetime | None
    attempts: int
    proven: bool = False


class SingleMailKind(StrEnum):
    """Why a mail goes to one person: they are new, or their address changed and the old one is notified."""

    WELCOME = "welcome"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SingleMail:
    """A mail to one person that is not an edition, at the start of a sending attempt.

    `address` is the recipient. `attempts` includes this attempt. `digests` are the digests that the person follows.
    """

    id: SingleMailId
    kind: SingleMailKind
    subscriber: Subscriber
    digests: tuple[DigestId, ...]
    address: str
    written_at: datetime
    attempts: int


class DeliveryState(StrEnum):
    """The state of a delivery.

    `planned → leased → accepted`, or from leased to `deferred` (to be tried again later), `failed` (never tried again)
    or `unknown` (the server may have the mail; it is tried once more with the same Message-ID, see MAY_HAVE_IT).
    `suppressed`: before the mail was sent, the person left, was erased or became known as undeliverable.
    """

    PLANNED = "planned"
    LEASED = "leased"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


MAY_HAVE_IT = 2  # how many attempts with unknown outcome a delivery may have


@dataclass(frozen=True, slots=True)
class Delivery:
    """An edition on its way to a subscriber, as leased by a drain.

    `attempts` includes this attempt; `uncertain` counts the earlier ones with unknown outcome. `variant` is the number
    of the text. `agreed_at` is when the subscriber joined the digest. `made_at` is when the edition was made,
    `written_at` when this mail was due.
    """

    edition: EditionKey
    digest: DigestId
    subscriber: Subscriber
    variant: int
    message_id: str
    attempts: int
    uncertain: int
    made_at: datetime
    leased_until: datetime
    agreed_at: datetime
    written_at: datetime


class BounceKind(StrEnum):
    """The kinds of bounces.

    `hard`: the address does not exist. `soft`: it failed in another way. `refused`: a policy, which may be our fault.
    `delayed`: the server is still trying. `complaint`: the recipient reported the mail as unwanted. `other`: not a
    report.
    """

    HARD = "hard"
    SOFT = "soft"
    REFUSED = "refused"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    OTHER = "other"
