"""What the service needs of a store, as protocols; `digest.store` fulfils them without being imported here.

A store hands out transactions: `with store.write() as tx` holds the only right to write until it ends, commits at
the end and rolls back on any exception; `with store.read() as tx` sees one consistent state and writes nothing.
Every method may raise StoreError. Times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from digest.changes.values import ChangeSet, Known, Placing, Questions
    from digest.model import (
        AtomId,
        Body,
        BounceKind,
        Confirmation,
        ConfirmationId,
        ConfirmationKind,
        Content,
        Delivery,
        DeliveryState,
        DigestId,
        Edition,
        EditionKey,
        Entry,
        EntryDate,
        EntryId,
        Format,
        Selected,
        SourceId,
        Subscriber,
        SubscriberId,
        Variant,
    )
    from digest.service.ports_audit import Audit


# --- sources and dumps ----------------------------------------------------------------------------


class DumpState(StrEnum):
    """How the last attempt to read a dump ended."""

    GOOD = "good"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file system says of a file without reading it; equal stamps mean an unchanged file."""

    size: int
    mtime_ns: int
    inode: int

    def __str__(self) -> str:
        """As it is stored: file systems have inodes and times of more than 63 bits."""
        return f"{self.size} {self.mtime_ns} {self.inode}"


@dataclass(frozen=True, slots=True)
class KnownDump:
    """What is stored of one dump file. `path` is relative to its source's folder, with forward slashes.

    `stamp` and `sha256` are of the newest bytes looked at, good or not. `sightings` counts the last good reading
    (0: there is none). `unreadable`: those bytes are no dump. `approved` is the hash that the operator let through,
    `discarded` the one they refused.
    """

    source: SourceId
    path: str
    stamp: Stamp
    sha256: str
    state: DumpState
    reason: str
    read_at: datetime
    sightings: int
    unreadable: bool = False
    approved: str | None = None
    discarded: str | None = None

    @classmethod
    def of(cls, source: SourceId, path: str, stamp: Stamp, sha256: str, now: datetime) -> KnownDump:
        """A dump just looked at and found good, so far without sightings."""
        return cls(source, path, stamp, sha256, DumpState.GOOD, "", now, 0)

    @property
    def awaits_reading(self) -> bool:
        """Whether the operator let its bytes through and they were not read since."""
        return self.state is DumpState.HELD and self.approved == self.sha256


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is stored of a source. `settled_at`: when its first import was finished, absent before that.

    `failures` counts the newest passes in a row that did not go well.
    """

    id: SourceId
    settled_at: datetime | None
    refreshed_at: datetime | None
    problem: str
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Something that an operator should look at: a sighting that was ambiguous, and what was done about it."""

    at: datetime
    source: SourceId
    path: str
    title: str
    candidates: tuple[EntryId, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An entry of an unfinished first import, less its content; each as in an Entry."""

    id: EntryId
    sources: tuple[SourceId, ...]
    date: EntryDate | None
    first_seen_at: datetime
    page_order: int


class Readings(Protocol):
    """Sources, dumps and their last good readings. Called by `service.refresh` and `service.reports`."""

    def register_source(self, source: SourceId, now: datetime) -> None:
        """Make the source known; does nothing where it is."""
        ...

    def source(self, source: SourceId) -> SourceState | None: ...

    def sources(self) -> dict[SourceId, SourceState]:
        """Every source ever known: who asks of all of them asks once."""
        ...

    def shown_by(self, source: SourceId) -> int:
        """How many entries the source shows or showed, removed ones apart. Reads them all: not for each dump."""
        ...

    def refreshed(self, source: SourceId, now: datetime, problem: str, *, held: bool = False) -> None:
        """Record the end of a pass; all went well where `problem` is empty and no dump is `held`."""
        ...

    def dumps(self, source: SourceId) -> dict[str, KnownDump]:
        """Every dump ever read of a source, by path."""
        ...

    def dump(self, source: SourceId, path: str) -> KnownDump | None: ...

    def stamps(self, source: SourceId) -> dict[str, tuple[str, bool]]:
        """By path, the stamp of each dump as a text, and whether it is held; without those that await reading."""
        ...

    def last_reading(self, source: SourceId, path: str) -> tuple[Placing, ...]:
        """The last good reading in page order; empty where there is none."""
        ...

    def known(self, questions: Questions) -> list[Known]:
        """Every entry, removed ones too, that answers to a question; no order, no twice."""
        ...

    def pages_with(
        self, entries: Iterable[EntryId], *, but: tuple[SourceId, str] | None = None
    ) -> dict[tuple[SourceId, str, int], tuple[Placing, ...]]:
        """Each page (source, path, page) of a last good reading that shows one of the entries, in page order.

        The pages of the dump `but` (source, path) are left out.
        """
        ...

    def dates(self, entries: Iterable[EntryId]) -> dict[EntryId, EntryDate | None]: ...

    def store_dump(self, dump: KnownDump) -> None:
        """Insert or replace what is known of the dump (its last reading stays)."""
        ...

    def apply(self, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> None:
        """Store a change set: entries, revisions, keys, counts, dates, and `placings` as the new last reading.

        Its source is registered and its dump stored before. A date that got better is a silent revision of its own.
        What is ambiguous is reported unless the reading before it was so in the same words.
        """
        ...

    def upgrade_dates(self, dates: Mapping[EntryId, EntryDate], now: datetime) -> None:
        """Store better date evidence. Silent: it moves no `updated_at`."""
        ...

    def unsettled(self, source: SourceId) -> list[Unsettled]:
        """The entries of an unfinished first import that this source showed first; not published yet."""
        ...

    def settle(
        self, source: SourceId, news: Iterable[EntryId], updated_at: Mapping[EntryId, datetime], now: datetime
    ) -> None:
        """Finish the first import: publish its entries with the given `updated_at`, mark `news` for editions."""
        ...

    def reports(self, source: SourceId | None = None, limit: int = 20) -> list[Report]:
        """What was ambiguous (`apply` stores it from the change set), newest first."""
        ...

    def decide(self, source: SourceId, path: str, *, approve: bool) -> None:
        """Record the operator's word on a held dump.

        Approved: its present hash goes into `approved`, and it stays held until it is read. Discarded: its present
        hash goes into `discarded`, and it is good again, at its last good reading.
        """
        ...


@dataclass(frozen=True, slots=True)
class ApplyFacts:
    """What storing a change set needs beside it.

    `first_import`: new entries are not published before `settle`. `atom_ids` holds one for each Added.
    `title_keys` and `lead_keys` hold those of each Added and each Revised content; an empty one answers nothing.
    `last` is the last reading of the dump as the store holds it, where the caller has read it in this transaction:
    what stands there as it stood is not written again.
    """

    now: datetime
    first_import: bool
    atom_ids: Mapping[EntryId, AtomId]
    title_keys: Mapping[EntryId, str]
    lead_keys: Mapping[EntryId, str]
    last: Sequence[Placing] | None = None


# --- what is published ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """One stored state of an entry. `cause` is a changes.Cause, or `first`, or `date`."""

    number: int
    at: datetime
    cause: str
    significant: bool
    content: Content
    date: EntryDate | None


class Entries(Protocol):
    """Published entries. Called by `service.reading`. Unsettled and removed entries never show."""

    def newest(self, *, source: SourceId | None = None, limit: int | None = None) -> list[Entry]:
        """Newest first: by first sighting, then by date (known years first, newest first), then page order, then id."""
        ...

    def entry(self, entry: EntryId) -> Entry | None: ...

    def search(self, query: str, *, limit: int = 50) -> list[Entry]:
        """The entries whose title and text hold all terms of `changes.words.query`; any string is a query.

        First those whose title holds all of them, then by how much each says of them (the title counts more), then
        newest first. None for a query without a word.
        """
        ...

    def revisions(self, entry: EntryId) -> list[RevisionRecord]:
        """Oldest first."""
        ...

    def counts(self, entry: EntryId) -> list[tuple[datetime, int]]:
        """The reader counts over time, oldest first."""
        ...

    def published_state(self) -> tuple[int, datetime]:
        """A number that grows with each change of what is published, and when it last grew (never backwards)."""
        ...


class Feeds(Protocol):
    """The order in which entries joined feeds. Called by `service.feeds` and `service.reading`.

    A feed is named by a key; its entries are numbered from 1 in the order of joining, for good.
    """

    def enlist(self, feed: str, joining: Sequence[EntryId]) -> int:
        """Take entries that are not in the feed yet, in this order; how many there were."""
        ...

    def size(self, feed: str) -> int:
        """The newest number given, 0 for none."""
        ...

    def empty(self, of: Sequence[str]) -> list[str]:
        """Those of the feeds that no entry ever joined."""
        ...

    def members(self, feed: str, first: int, last: int) -> list[Entry]:
        """The published entries with these numbers, both included, newest first."""
        ...

    def neighbours(self, feed: str, entry: EntryId) -> tuple[Entry | None, Entry | None]:
        """The published entries that joined next after and last before this one."""
        ...

    def removed(self, feed: str, first: int, last: int) -> list[tuple[AtomId, datetime]]:
        """The removed ones with these numbers and when each was removed, newest removal first."""
        ...

    def published(self, of: Iterable[EntryId]) -> list[Entry]:
        """Those of the entries that are published; no order."""
        ...

    def remove(self, entry: EntryId, now: datetime) -> bool:
        """Take a published entry back; it stays known. False where there is nothing to take back."""
        ...

    def restore(self, entry: EntryId, now: datetime) -> bool:
        """Publish a removed entry again, as updated now; False where it is not removed."""
        ...

    def removed_at(self, entry: EntryId) -> datetime | None:
        """When it was removed; None where it is not, or unknown."""
        ...

    def pinged(self) -> int:
        """The `published_state` that the hub was last told of."""
        ...

    def set_pinged(self, published: int) -> None: ...


class Drawn(Protocol):
    """A picture: a PNG and how large it is shown, in px."""

    @property
    def png(self) -> bytes: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def depth(self) -> int: ...


class Pictures(Protocol):
    """Formulas as pictures, named by what they look like, never changed. Called by `service.pictures`."""

    def unknown(self, names: Iterable[str]) -> set[str]:
        """Those of the names that nobody tried to draw."""
        ...

    def add(self, drawn: Mapping[str, Drawn | None]) -> None:
        """Store pictures, None for one that could not be drawn."""
        ...

    def sizes(self, names: Iterable[str]) -> dict[str, tuple[int, int, int]]:
        """Width, height and depth of those that there are."""
        ...

    def png(self, name: str) -> bytes | None: ...

    def failed(self) -> int:
        """How many could not be drawn."""
        ...


# --- digests and editions -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DigestState:
    """What is stored of a digest. `last_slot_at`, `last_close_at`: of its newest editions, empty ones included."""

    id: DigestId
    configured_at: datetime
    last_slot_at: datetime | None
    last_close_at: datetime | None
    editions: int


@dataclass(frozen=True, slots=True)
class EditionCounts:
    """An edition with its deliveries by state."""

    edition: Edition
    deliveries: dict[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets an edition: the Message-ID of their mail, the number of the words in it, when it is due."""

    subscriber: SubscriberId
    message_id: str
    variant: int
    due_at: datetime


FIRST_REACH = timedelta(days=7)  # how far the first edition looks back from when its digest was configured


class Editions(Protocol):
    """Digests and editions. Called by `service.editions` and `service.reading`."""

    def register_digest(self, digest: DigestId, now: datetime) -> None:
        """Make the digest known; does nothing where it is."""
        ...

    def digest(self, digest: DigestId) -> DigestState | None: ...

    def untold(self, digest: DigestId, since: datetime | None, sources: Sequence[SourceId]) -> list[Entry]:
        """News that no edition of this digest holds, first seen at or after `since`; order as Entries.newest.

        Empty `sources` means all.
        """
        ...

    def corrected(self, digest: DigestId) -> list[Entry]:
        """Entries that this digest told, with a significant revision newer than the one it told last."""
        ...

    def told_revision(self, digest: DigestId, entry: EntryId) -> int | None:
        """The newest revision of an entry that this digest told, as new or corrected."""
        ...

    def most_read(self, since: datetime, sources: Sequence[SourceId], limit: int) -> list[tuple[Entry, int]]:
        """Entries with the readers that each won since then, most first, none that won nothing."""
        ...

    def free_key(self, wanted: EditionKey) -> EditionKey:
        """`wanted`, or where it is taken the first free one of `wanted-2`, `wanted-3`, …"""
        ...

    def make(
        self,
        edition: Edition,
        selected: Sequence[Selected],
        variants: Sequence[Variant],
        recipients: Sequence[Recipient],
    ) -> bool:
        """Store the edition, its entries at their revisions, its words and one planned delivery a recipient.

        False, and nothing stored, where the slot of this digest has its edition already.
        """
        ...

    def editions(self, digest: DigestId | None = None) -> list[EditionCounts]:
        """Newest first, empty ones included."""
        ...

    def edition(self, key: EditionKey) -> EditionCounts | None: ...

    def selected(self, key: EditionKey) -> list[Selected]:
        """In the order of making, each entry with the content of the frozen revision."""
        ...

    def read_at(self, key: EditionKey) -> list[datetime]:
        """The moments of the passes that made what the edition tells, each once, oldest first."""
        ...

    def body(self, key: EditionKey, language: str) -> Body | None:
        """The body in that language, or where there is none the first one stored; None where there is no edition."""
        ...

    def variants(self, key: EditionKey) -> list[Variant]:
        """The words as they were made, in that order; none of an empty edition."""
        ...

    def plan(self, key: EditionKey, recipient: Recipient) -> bool:
        """One more delivery of an edition that was made; False where the person has one that was not taken back."""
        ...

    def told_since(self, digest: DigestId, moment: datetime) -> list[Entry]:
        """The published entries that its editions made after then tell as new, in the order of Entries.newest."""
        ...

    def news(self, since: datetime, sources: Sequence[SourceId]) -> list[Entry]:
        """All news first seen at or after `since`, told or not, as Entries.newest. Empty `sources` means all."""
        ...

    def told(self, subscriber: SubscriberId, digests: Sequence[DigestId]) -> set[EntryId]:
        """What mails of these digests tell the person as new, or are about to; what failed or was suppressed is not.

        But where nobody knows what became of an attempt before: they may have it.
        """
        ...


# --- subscribers and deliveries -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent:
    """A record that is never changed. `act`: `joined` or `left`; `source`: who acted and by which means.

    `wording` names the words that they agreed to, `asked_at` is when they asked for what they confirmed `at`.
    """

    digest: DigestId
    act: str
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriberRecord:
    """All that is stored of a person: what `export` prints. `digests` are the active subscriptions."""

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


class Subscribers(Protocol):
    """People and their consent. Called by `service.subscribers` and `service.editions`."""

    def add(
        self,
        address: str,
        *,
        name: str,
        language: str,
        fmt: Format,
        now: datetime,
        digests: Sequence[DigestId] = (),
        source: str = "",
    ) -> SubscriberRecord | None:
        """A new person with a consent record a digest; None where the address is known already."""
        ...

    def join(
        self,
        subscriber: SubscriberId,
        digest: DigestId,
        source: str,
        now: datetime,
        *,
        since: datetime | None = None,
        wording: str = "",
        asked_at: datetime | None = None,
    ) -> bool:
        """Subscribe a known person; False where they are subscribed already.

        With `since` they followed this selection since then, and the next edition tells what they missed of it.
        """
        ...

    def prefer(
        self,
        subscriber: SubscriberId,
        *,
        language: str,
        fmt: Format,
        timezone: str,
        topics: Sequence[str],
        paused_until: datetime | None,
    ) -> None:
        """Change how a person is written to. A pause suppresses what is on its way to them and not handed over."""
        ...

    def unsuppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> bool:
        """Mail this address again; what came back before no longer counts, and the next edition tells what was missed.

        False where it is not suppressed.
        """
        ...

    def leave(self, subscriber: SubscriberId, digest: DigestId, source: str, now: datetime) -> bool:
        """End a subscription and take back its deliveries that are not begun; False where there is none."""
        ...

    def find(self, address: str) -> SubscriberRecord | None:
        """By address, whatever its case."""
        ...

    def get(self, subscriber: SubscriberId) -> SubscriberRecord | None: ...

    def all(self) -> list[SubscriberRecord]:
        """Everybody, in the order of joining (left ones too)."""
        ...

    def active(self, digest: DigestId) -> list[Subscriber]:
        """Who is subscribed and not suppressed, paused ones too."""
        ...

    def followers(self, digest: DigestId) -> list[Follower]:
        """The same people with where they stand."""
        ...

    def subscription(self, subscriber: SubscriberId, digest: DigestId) -> tuple[datetime, datetime | None] | None:
        """Since when they follow its selection, and when they left; None where they never joined."""
        ...

    def follows_since(self, subscriber: SubscriberId, digest: DigestId, since: datetime) -> None:
        """They follow its selection since then, and the next edition tells what they missed of it."""
        ...

    def set_behind(self, digest: DigestId, subscribers: Iterable[SubscriberId], *, behind: bool) -> None:
        """Remember who missed an edition, or that the one just made tells them what they missed."""
        ...

    def erase(self, subscriber: SubscriberId, address_hash: str, now: datetime) -> None:
        """Delete the person and every trace but the deliveries' counts; keep `address_hash` so that none re-imports."""
        ...

    def erased(self, address_hash: str) -> bool: ...

    def suppress(self, subscriber: SubscriberId, reason: str, now: datetime) -> None:
        """Never mail this address again: what its server said."""
        ...


class Confirmations(Protocol):
    """What was asked for on pages and awaits the owner of an address. Called by `service.consent` and `.confirming`."""

    def ask(
        self,
        kind: ConfirmationKind,
        address: str,
        *,
        subscriber: SubscriberId | None,
        digests: Sequence[DigestId],
        language: str,
        latest: bool,
        network: str,
        mail: bool,
        now: datetime,
        expires_at: datetime,
    ) -> ConfirmationId:
        """Store it; `mail` says whether the owner is to be mailed."""
        ...

    def get(self, confirmation: ConfirmationId) -> Confirmation | None: ...

    def asked(self, since: datetime, network: str | None = None) -> int:
        """How many were asked for after then, from a network or from all."""
        ...

    def mailed(self, kind: ConfirmationKind, address: str, since: datetime) -> int:
        """How many of a kind, asked for after then, were to be mailed to an address, whatever its case."""
        ...

    def done(self, confirmation: ConfirmationId, now: datetime) -> None: ...

    def due(self, now: datetime) -> bool:
        """Whether the mail of any is due."""
        ...

    def lease(self, now: datetime, until: datetime, limit: int) -> list[Confirmation]:
        """Take up to `limit` whose mail is due, oldest first: due again `until` then, and one more attempt."""
        ...

    def record(self, confirmation: ConfirmationId, *, next_at: datetime | None, text: str) -> None:
        """What became of its mail; without `next_at` it is not tried again."""
        ...

    def pending(self, now: datetime) -> int:
        """How many await their owner."""
        ...

    def expired(self, now: datetime, asked_before: datetime) -> int:
        """How many have expired and were asked for before then."""
        ...

    def expire(self, now: datetime, asked_before: datetime) -> int:
        """Delete those; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as `digest edition show` prints it."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    code: int | None
    text: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the transport said of a leased delivery, as `Deliveries.record` has it."""

    edition: EditionKey
    subscriber: SubscriberId
    state: DeliveryState
    next_at: datetime | None = None
    code: int | None = None
    text: str = ""


class Deliveries(Protocol):
    """The ledger of mail. Called by `service.delivery`."""

    def lease(self, now: datetime, until: datetime, limit: int, edition: EditionKey | None = None) -> list[Delivery]:
        """Take up to `limit` deliveries that are due: planned ones, deferred or unknown ones whose time has come.
        Oldest edition first, by its `closes_at`, and within it by subscriber.

        Leases that have ended (a drain died) end first: what was begun becomes unknown, the rest is as before. People
        who left or are suppressed are not taken: their deliveries become suppressed.
        """
        ...

    def handed_over(self, since: datetime) -> int:
        """How many hand-overs started since then, and may still start of what is leased.

        A delivery that is begun again within that time counts once.
        """
        ...

    def begin(
        self, edition: EditionKey, subscriber: SubscriberId, leased_until: datetime, until: datetime, now: datetime
    ) -> DeliveryState | None:
        """Mark that the hand-over of a leased delivery starts, and lease it until then: one more attempt.

        `leased` where it may start, `suppressed` where the person left or is suppressed since the lease. None where
        the lease that ends at `leased_until` is lost.
        """
        ...

    def record(
        self,
        edition: EditionKey,
        subscriber: SubscriberId,
        state: DeliveryState,
        *,
        now: datetime,
        next_at: datetime | None = None,
        code: int | None = None,
        text: str = "",
    ) -> None:
        """Record what the transport said of a leased delivery.

        `next_at` is when it is tried again: a deferred one needs it, an unknown one without it never is.
        Where the lease has ended since, only `accepted` is still recorded: another drain may hold it by now.
        """
        ...

    def begin_all(
        self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime, now: datetime
    ) -> list[DeliveryState | None]:
        """`begin` for many, each named by edition, person and `leased_until`; what became of each, in their order."""
        ...

    def record_all(self, answers: Sequence[HandedOver], now: datetime) -> None:
        """`record` for many, at least one."""
        ...

    def release(self, edition: EditionKey, subscriber: SubscriberId) -> None:
        """Give back a lease of which nothing was begun."""
        ...

    def open(self, edition: EditionKey | None = None) -> int:
        """How many are under way or will be tried."""
        ...

    def rows(self, edition: EditionKey) -> list[DeliveryRow]: ...

    def variant(self, edition: EditionKey, subscriber: SubscriberId) -> int | None:
        """Which words of the edition this person gets; None where they get none."""
        ...

    def pause(self, reason: str, until: datetime, now: datetime) -> None:
        """Stop all sending until then: the fault is ours or the relay's."""
        ...

    def paused(self, now: datetime) -> tuple[str, datetime] | None: ...

    def resume(self) -> None: ...

    def trouble(self) -> str:
        """Why sending was paused last, though the pause may be over; empty once a mail got through since."""
        ...

    def got_through(self, now: datetime) -> None:
        """A mail was taken: forget the trouble of a pause that is over."""
        ...


# --- watching -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """Deliveries that will be tried. `next_at`: the first moment at which one is, past where it waits; None: no one."""

    depth: int
    next_at: datetime | None


class Watching(Protocol):
    """What a monitor asks, again and again: counts by an index or over few rows. Called by `service.standing`."""

    def troubled_dumps(self) -> dict[DumpState, int]:
        """How many dumps are held or failed; a state without any may be absent."""
        ...

    def refreshed_at(self) -> dict[SourceId, datetime | None]:
        """When each source ever known was last read to the end."""
        ...

    def undrawn(self) -> int:
        """How many formulas no picture could be made of."""
        ...

    def newest_deliveries(self, digest: DigestId) -> dict[tuple[DeliveryState, int | None], int]:
        """The deliveries of its newest edition that tells anything, by state and first digit of the reply code."""
        ...

    def queue(self) -> Queue: ...


class Retention(Protocol):
    """Making old rows fewer. Called by `service.retention`."""

    def oldest_count(self) -> datetime | None:
        """When readers were counted first."""
        ...

    def thin_counts(self, start: datetime, end: datetime, *, monthly: bool) -> int:
        """Of the counts in this half-open time keep one a day or month, of each entry and source; how many go."""
        ...

    def foldable(self, closed_before: datetime) -> list[EditionKey]:
        """Editions closed before then whose deliveries have all ended, none of them the newest of its digest."""
        ...

    def fold(self, edition: EditionKey, limit: int) -> int:
        """Replace up to so many of an edition's deliveries by their number; how many. Counts by state stay the same."""
        ...

    def forget_details(self, closed_before: datetime) -> int:
        """Forget Message-IDs and servers' words of what has ended of editions closed before then."""
        ...

    def forget_reports(self, before: datetime) -> int:
        """Forget what was reported before then and stands no more."""
        ...


# --- what came back, and what operators are told --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overdue:
    """An edition with mails that should be out: how many nobody tried yet, how many were put off, of how many."""

    edition: EditionKey
    digest: DigestId
    untried: int
    deferred: int
    deliveries: int


class DeadLetters(Protocol):
    """Mail that did not arrive, or not yet. Called by `service.dead_letters` and `service.alerts`."""

    def listed(self, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Those in these states of people who are not erased, newest edition first, within it by subscriber."""
        ...

    def count(self) -> int:
        """How many dead letters there are: those that failed, and unknown ones that are not tried again."""
        ...

    def plan_again(self, edition: EditionKey, subscriber: SubscriberId, state: DeliveryState, now: datetime) -> bool:
        """Plan a dead delivery once more, due now, with the Message-ID that it had.

        False where it is not in `state`, or not
        dead, or its reader left, is suppressed or erased.
        """
        ...

    def overdue(self, before: datetime) -> list[Overdue]:
        """The editions made before then of which mails that were due before then are not handed over."""
        ...


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back of a delivery. `message` knows the message again, `text` is what a server or a program said."""

    subscriber: SubscriberId
    edition: EditionKey
    message: str
    kind: BounceKind
    status: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A record that is never changed. `act`: `suppressed` or `unsuppressed`."""

    act: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What came back of one person's mails, and when their address was struck off or taken back; oldest first."""

    bounces: tuple[Bounce, ...] = ()
    suppressions: tuple[Suppression, ...] = ()


class Bounces(Protocol):
    """What came back. Called by `service.bounces`, `.alerts` and `.reports`."""

    def editions(self, subscriber: SubscriberId) -> list[EditionKey]:
        """Every edition with a delivery to them, no order."""
        ...

    def add(self, bounce: Bounce) -> bool:
        """Record it; False where this message was recorded before, or more came back of this delivery than is kept."""
        ...

    def counted(self, subscriber: SubscriberId) -> list[tuple[EditionKey, frozenset[BounceKind]]]:
        """The editions that went to them since their address was last taken back, oldest first, with what came back."""
        ...

    def of(self, people: Iterable[SubscriberId]) -> dict[SubscriberId, Trouble]:
        """Of these people, those who have some."""
        ...

    def ignore(self, reason: str, now: datetime) -> None:
        """Count a message that says nothing of a delivery."""
        ...

    def ignored(self) -> dict[str, int]:
        """How many were, by reason."""
        ...

    def counts(self) -> dict[BounceKind, int]:
        """How many came back, by kind, none that are zero."""
        ...

    def suppressed(self) -> int:
        """How many people are struck off."""
        ...

    def refused(self, since: datetime) -> int:
        """How many people's servers refused our mail by policy after then."""
        ...


class NoticeKind(StrEnum):
    """What operators are told: that something is wrong, that it is well again, that they can be told."""

    TROUBLE = "trouble"
    WELL = "well"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """What is wrong, or was so shortly ago.

    `told_at`: when it was decided to tell of it, absent while it may be a blip. `well_since`: since when it is well,
    absent while it is not.
    """

    subject: str
    problem: str
    since: datetime
    told_at: datetime | None = None
    well_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """What a channel is still to tell. `attempts` counts those that failed."""

    id: int
    channel: str
    kind: NoticeKind
    subject: str
    problem: str
    since: datetime
    made_at: datetime
    attempts: int


class Alerts(Protocol):
    """What is wrong, and who is still to be told. Called by `service.alerts`."""

    def all(self) -> dict[str, Alert]:
        """By subject."""
        ...

    def put(self, alert: Alert) -> None:
        """Insert or replace it."""
        ...

    def drop(self, subject: str) -> None: ...

    def notify(self, channel: str, kind: NoticeKind, alert: Alert, now: datetime) -> None:
        """Have a channel tell it."""
        ...

    def notices(self, now: datetime) -> list[AlertNotice]:
        """The oldest one of each channel, where its time has come."""
        ...

    def waiting(self) -> int:
        """How many are not told yet."""
        ...

    def told(self, notice: int) -> None:
        """It is told, or is not to be any more."""
        ...

    def put_off(self, notice: int, next_at: datetime) -> None:
        """It could not be told: one more attempt."""
        ...


# --- copies ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition of which mails are open: to how many people, and the addresses of the first few."""

    edition: EditionKey
    made_at: datetime
    people: int
    addresses: tuple[str, ...]


class Backups(Protocol):
    """What the store knows of its copies. Called by `service.backup` and by whoever must hold still behind a fence."""

    def made_at(self) -> datetime | None:
        """When the last backup was made."""
        ...

    def record(self, at: datetime) -> None:
        """A backup was made."""
        ...

    def fenced(self) -> datetime | None:
        """The moment of the backup that this store was restored from, until the operator lifts the fence."""
        ...

    def fence(self, at: datetime) -> None:
        """Say that this is a copy of that moment; one that is fenced keeps its earlier moment."""
        ...

    def lift(self) -> None: ...

    def waiting(self) -> list[Waiting]:
        """What is open, oldest edition first."""
        ...

    def take_as_sent(self, asked_by: datetime, now: datetime, reason: str) -> int:
        """End all open deliveries as accepted, with these words, for what they tell to count as told; how many.

        The links asked for by then are not mailed either.
        """
        ...


class Transaction(Protocol):
    """One transaction; the parts share it."""

    @property
    def readings(self) -> Readings: ...
    @property
    def entries(self) -> Entries: ...
    @property
    def feeds(self) -> Feeds: ...
    @property
    def pictures(self) -> Pictures: ...
    @property
    def editions(self) -> Editions: ...
    @property
    def subscribers(self) -> Subscribers: ...
    @property
    def confirmations(self) -> Confirmations: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def backups(self) -> Backups: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def watching(self) -> Watching: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def bounces(self) -> Bounces: ...
    @property
    def alerts(self) -> Alerts: ...


@dataclass(frozen=True, slots=True)
class Version:
    """Two numbers to compare for being equal: one for what is published, one for all that is stored."""

    published: int
    commits: int


class Store(Protocol):
    """The state. May be used from several threads at once, each with its own transaction."""

    def read(self) -> AbstractContextManager[Transaction]: ...

    def write(self, *, exclusive: bool = True) -> AbstractContextManager[Transaction]:
        """Exclusive ones take turns: what one reads stays so until it ends.

        The others may run at the same time where the database can. They are for what changes rows of one owner only:
        a lease and what becomes of it.
        """
        ...

    def published_state(self) -> tuple[int, datetime]:
        """As `Entries.published_state`, without asking where the database tells of changes by itself."""
        ...

    def follow_published(self) -> None:
        """Let the database tell of changes from now on, if it can; until then and where it cannot, it is asked."""
        ...

    def secret(self) -> bytes:
        """32 random bytes, made once with the store, for the tokens in links."""
        ...

    def version(self) -> Version | None:
        """The present state, cheap enough for each request; None of a store that cannot say it so cheaply.

        One's own commits show at once, another process's may show 0.1 s late.
        """
        ...

    def back_up(self, file: Path, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a fenced copy of one moment into a new file, while others read and write; `progress` counts pages.

        The file is whole and durable when this returns; nobody has verified it yet.
        """
        ...

    def check(self) -> None:
        """Raise StoreError unless the schema is the newest and the database answers."""
        ...
