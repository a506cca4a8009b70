"""The values that the stations hand to each other; knows nothing of files, databases, mail or the web."""

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
    """A frozen, slotted dataclass of which a pass makes a million: only the type checker says that it is frozen.

    Frozen at run time too, making one takes three times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)


class Layout(StrEnum):
    """How a listing page prints an entry."""

    DATEBLOCK = "dateblock"
    BYLINE = "byline"


class DateEvidence(NamedTuple):  # a tuple, since lines are found by it
    """The date as one dump shows it. Always a possible day; `year` is absent in the `dateblock` layout."""

    month: int
    day: int
    year: int | None = None


class DateKind(StrEnum):
    """What the evidence supports."""

    EXACT = "exact"
    INFERRED = "inferred"
    PARTIAL = "partial"


@value
class EntryDate:
    """The date of an entry and its kind. `year` is absent exactly when the kind is partial."""

    month: int
    day: int
    year: int | None
    kind: DateKind

    @property
    def full(self) -> date | None:
        """The calendar day, or None where no year is supported."""
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

    `position` counts from 0 through the dump; `page` is the listing page within the dump that it stands on, from 0.
    `paragraphs` is the body in reading order with each figure's caption once, in its place; `figures` are those
    captions in the same order, so they are a subsequence of `paragraphs`. `date` is absent where the dump printed
    an impossible day, or none. An entry that may still grow is not `complete`. `layout` is a `Layout`, or the id of
    a declared one; `title` is empty where the page prints none, which only a declared layout can tell.
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
    """What the reader of a dump has to tell the operator.

    `unread`: a line looks like a mark and cannot be read; the entry that it would begin is lost. `end_mark`: a last
    line that recurs was taken for the end mark. `count`: a reader count is out of range or cannot be read, so unknown.
    """

    UNREAD = "unread"
    END_MARK = "end_mark"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the operator has to know of a dump that was read.

    `line` counts from 1 through the decoded file, `text` is that line as read, at most `LONGEST` characters of it.
    `entries` is the number of entries that an end mark ends, else 0.
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
        """One sentence for the operator, the line's number in front."""
        return f"Line {self.line} {self.reason} ({self.remedy})."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A parsed dump. `sightings` are in page order, at least one; `notes` in the order of their lines."""

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
    """A stretch of an entry's body. `text` may hold line breaks, which verse, code and formulas keep."""

    kind: BlockKind
    text: str


@value
class Content:
    """What a reader reads of an entry; `paragraphs`, `figures` and `complete` as in a Sighting."""

    title: str
    author: str | None
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, merged from its sightings.

    `published` of a feed is `date.full`. `readers` is the newest count of the source that counted it last. `sources`
    holds at least one id, the one that showed it first in front. `updated_at` moves only on a significant revision.
    `revision` numbers the stored states from 1; `content` is that revision's. `page_order` is the position at its first
    sighting.
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
    """The part of an edition in which an entry stands.

    `catch_up`: only for readers who missed it, see Variant. `again`: only for readers to whom an earlier mail that told
    it may have got lost, and once.
    """

    NEW = "new"
    CATCH_UP = "catch_up"
    MOST_READ = "most_read"
    CORRECTED = "corrected"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Selected:
    """An entry as an edition tells it. `gained` is the number of readers won since the last edition (most read)."""

    section: Section
    entry: Entry
    gained: int | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """One issue of a digest, frozen when it is made.

    The window is half-open, `[opens_at, closes_at)`; `opens_at` is absent for the first edition of a digest.
    `slot_at` is the scheduled moment, absent for one that an operator cut. An empty edition tells nothing new and
    nothing corrected: it is recorded, and mailed only to readers to whom it lists something once more (see Variant).
    """

    key: EditionKey
    digest: DigestId
    slot_at: datetime | None
    opens_at: datetime | None
    closes_at: datetime
    empty: bool


class Format(StrEnum):
    """Which parts a subscriber's mail has."""

    BOTH = "both"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Body:
    """The frozen words of an edition in one language, the personal parts left as marks (see mail.personal)."""

    language: str
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The words of an edition for some of its readers: `told` counts from 0 in what the edition holds, in its order.

    `told` are the entries that its words tell as new, `again` those that they list once more: an earlier mail told
    them, and nobody knows whether it arrived.
    """

    body: Body
    told: tuple[int, ...]
    again: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person. `address` is as they wrote it; two addresses that differ only in the case are one person.

    `timezone` is empty for the digest's own, `topics` for entries of any kind.
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
    """What the owner of an address is asked.

    `join`: to subscribe. `access`: to let who holds this link see all that is stored. `move`: to get here from now on
    what went to a subscriber's former address.
    """

    JOIN = "join"
    ACCESS = "access"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Something that was asked for on a page, and that only the owner of the address can confirm, by a mailed link.

    `subscriber`: who asked, or who joined by it; absent while nobody joined. `latest`: send the latest edition at once.
    `proven`: who asked held a link that was mailed to the former address for it. Of one that is long done the address
    is no longer kept.
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
    """Why a mail goes to one person: they are new, or their mails go to another address now, told to the old one."""

    WELCOME = "welcome"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SingleMail:
    """A mail to one person that is no edition, as begun by who hands it over.

    `address` is where it goes. `attempts` counts this one too; `digests` are what they follow.
    """

    id: SingleMailId
    kind: SingleMailKind
    subscriber: Subscriber
    digests: tuple[DigestId, ...]
    address: str
    written_at: datetime
    attempts: int


class DeliveryState(StrEnum):
    """Where a delivery stands.

    `planned → leased → accepted`, or from leased to `deferred` (again later), `failed` (never again),
    `unknown` (the server may have it; tried once more with the same Message-ID, see MAY_HAVE_IT). `suppressed`: the
    person left, was erased or is known undeliverable before the mail went out.
    """

    PLANNED = "planned"
    LEASED = "leased"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


MAY_HAVE_IT = 2  # so often a mail may be handed over without that anybody learns what became of it


@dataclass(frozen=True, slots=True)
class Delivery:
    """An edition on its way to a subscriber, as leased by a drain.

    `attempts` counts this one too, `uncertain` those before it of which nobody knows what became. `variant` numbers
    the words that it has. `agreed_at` is when the subscriber joined the digest. `made_at` is when the edition was made,
    `written_at` when this mail of it was to go out.
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
    """What came back of a mail.

    `hard`: there is no such address. `soft`: it failed otherwise. `refused`: a policy, which may be our fault.
    `delayed`: it is still being tried. `complaint`: its reader called it unwanted. `other`: it is no report.
    """

    HARD = "hard"
    SOFT = "soft"
    REFUSED = "refused"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    OTHER = "other"
