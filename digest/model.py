"""The value classes that the parts of Digest exchange."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple, NewType, TypeVar, dataclass_transform

SourceId = NewType("SourceId", str)
EntryId = NewType("EntryId", str)
AtomId = NewType("AtomId", str)
Fingerprint = NewType("Fingerprint", str)
DigestId = NewType("DigestId", str)
EditionKey = NewType("EditionKey", str)
SubscriberId = NewType("SubscriberId", int)
ConfirmationId = NewType("ConfirmationId", int)
SingleMailId = NewType("SingleMailId", int)
_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(made: type[_T]) -> type[_T]:
    """A frozen, slotted dataclass for values that a pass creates by the million; only the type checker enforces frozen.

    Creating one takes three times as long if it is also frozen at run time.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)


class Layout(StrEnum):
    """How a listing page prints an entry."""

    DATEBLOCK = "dateblock"
    BYLINE = "byline"


class DateEvidence(NamedTuple):  # a tuple, because lines are looked up by it
    """The date as one dump shows it. Always a possible day; `year` is absent in the `dateblock` layout."""

    month: int
    day: int
    year: int | None = None


class DateKind(StrEnum):
    """What the evidence supports about the date."""

    EXACT = "exact"
    INFERRED = "inferred"
    PARTIAL = "partial"


@value
class EntryDate:
    """The date of an entry and its kind. `year` is absent if and only if the kind is partial."""

    month: int
    day: int
    year: int | None
    kind: DateKind

    @property
    def full(self) -> date | None:
        """The calendar day, or None if no year is supported."""
        return None if self.year is None else date(self.year, self.month, self.day)


class PrintedDate(NamedTuple):
    """A date as far as a page prints it; at least one part is there. Never an impossible day."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


@value
class Extras:
    """What an entry shows beside its text in a layout that an operator declared.

    `printed` is the whole date evidence, of which `Sighting.date` is that with month and day. `counts` and `fields`
    are names with what they hold, in page order; the count of readers is `Sighting.readers`, too. `tags` are each
    there once.
    """

    printed: PrintedDate | None = None
    counts: tuple[tuple[str, int], ...] = ()
    tags: tuple[str, ...] = ()
    link: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


NO_EXTRAS = Extras()


@value
class Sighting:
    """One entry as one dump shows it.

    `position` counts from 0 through the dump. `page` is the listing page within the dump, counted from 0. `paragraphs`
    is the body in reading order, with each figure's caption once, in its place. `figures` are those captions in the
    same order, so they are a subsequence of `paragraphs`. `date` is absent if the dump printed an impossible day, or
    none. An entry that may still grow is not `complete`. `layout` is a `Layout`, or the id of a declared one. `title`
    is empty if the page prints none, which only a declared layout can tell.
    """

    dump: str
    position: int
    page: int
    layout: str
    title: str
    author: str | None
    date: DateEvidence | None
    readers: int | None
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool
    extras: Extras = NO_EXTRAS


class NoteKind(StrEnum):
    """The kinds of notes about a dump that the operator should see.

    `unread`: a line looks like a mark but cannot be read; the entry that it would begin is lost. `end_mark`: a
    recurring last line was taken for the end mark. `count`: a reader count is out of range or cannot be read, so it is
    unknown.
    """

    UNREAD = "unread"
    END_MARK = "end_mark"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a parsed dump that the operator should know.

    `line` counts from 1 through the decoded file. `text` is that line as read, at most `LONGEST` characters of it.
    `entries` is the number of entries that an end mark ends, otherwise 0.
    """

    LONGEST: ClassVar[int] = 120

    line: int
    kind: NoteKind
    text: str
    entries: int = 0

    @property
    def reason(self) -> str:
        """What happened, without a full stop."""
        match self.kind:
            case NoteKind.UNREAD:
                return f"looks like the start of an entry and cannot be read, so that entry is left out: {self.text}"
            case NoteKind.END_MARK:
                return f"ends {self.entries} entries and was taken for the end mark: {self.text}"
            case NoteKind.COUNT:
                return f"has a reader count that cannot be right, so it is unknown: {self.text}"

    @property
    def remedy(self) -> str:
        """What the operator can do."""
        match self.kind:
            case NoteKind.UNREAD:
                return "see what the site or the crawler changed"
            case NoteKind.END_MARK:
                return "check that it is a link to the whole article"
            case NoteKind.COUNT:
                return "nothing to do if the site prints it so"

    @property
    def sentence(self) -> str:
        """One sentence for the operator, beginning with the line number."""
        return f"Line {self.line} {self.reason} ({self.remedy})."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A parsed dump. `sightings` are in page order, at least one; `notes` are in line order."""

    dump: str
    sightings: tuple[Sighting, ...]
    notes: tuple[Note, ...] = ()


class BlockKind(StrEnum):
    """What a stretch of an entry's body is, as recovered from the flat text."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    FIGURE = "figure"
    VERSE = "verse"
    CODE = "code"
    FORMULA = "formula"


@value
class Block:
    """A stretch of an entry's body. `text` may contain line breaks, which matter in verse, code and formulas."""

    kind: BlockKind
    text: str


@value
class Content:
    """The text of an entry; `paragraphs`, `figures` and `complete` as in a Sighting."""

    title: str
    author: str | None
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, merged from its sightings.

    `date.full` is the `published` date in feeds. `readers` is the newest count from the source that counted last.
    `sources` contains at least one id; the first is the source that showed the entry first. `updated_at` changes only
    on a significant revision. `revision` numbers the stored states from 1, and `content` belongs to that revision.
    `page_order` is the position at the first sighting.
    """

    id: EntryId
    atom_id: AtomId
    sources: tuple[SourceId, ...]
    content: Content
    date: EntryDate | None
    readers: int | None
    first_seen_at: datetime
    updated_at: datetime
    revision: int
    page_order: int


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
    Variant).
    """

    key: EditionKey
    digest: DigestId
    slot_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime
    empty: bool


class Format(StrEnum):
    """The parts of a subscriber's mail."""

    BOTH = "both"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Body:
    """The frozen text of an edition in one language, with marks in place of the personal parts (see mail.personal)."""

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


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person. `address` is as they wrote it; two addresses that differ only in case are one person.

    `timezone` is empty for the digest's own time zone, `topics` is empty for entries of any kind.
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
