"""Digests and editions in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from digest.model import DeliveryState, DigestId, Edition, EditionKey, Entry, EntryId, SubscriberId


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


class EditionActKind(StrEnum):
    """What an operator, or a deadline that they set, did to an edition or to the plans for the next one."""

    NOTE = "note"
    LEAVE_OUT = "leave_out"
    TAKE_IN = "take_in"
    ORDER = "order"
    ASK = "ask"
    APPROVE = "approve"
    SKIP = "skip"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class EditionAct:
    """One such act; `detail` is a sentence, `edition` is absent while there is none yet."""

    at: datetime
    who: str
    digest: DigestId
    edition: EditionKey | None
    kind: EditionActKind
    detail: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that an operator leaves out: of the next edition only (`once`), or of all."""

    entry: EntryId
    once: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class EditionPlan:
    """What an operator decided about the next edition of a digest.

    `note` is Markdown. `first` are the entries to list first, in this order. `slot_at` is the slot whose edition waits
    for approval since `asked_at`; both are absent if none waits.
    """

    note: str = ""
    first: tuple[EntryId, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    slot_at: datetime | None = None
    asked_at: datetime | None = None

    def lists(self, entry: Entry) -> bool:
        """Whether the next edition may list it: it is not left out, and came before the operator was asked."""
        if any(one.entry == entry.id for one in self.left_out):
            return False
        return self.asked_at is None or entry.first_seen_at <= self.asked_at

    def in_order(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries, with those first that the operator wants first."""
        places = {entry: place for place, entry in enumerate(self.first)}
        return sorted(entries, key=lambda entry: places.get(entry.id, len(places)))
