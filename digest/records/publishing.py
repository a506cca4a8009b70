"""Entries in the store: revisions, reader counts, pictures, and what operators change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from digest.changes.values import Placing, Printed
from digest.model import AtomId, Content, Entry, EntryDate, EntryId, SourceId


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """One stored state of an entry. `cause` is a changes.Cause, or `first`, or `date`."""

    number: int
    at: datetime
    cause: str
    significant: bool
    content: Content
    date: EntryDate | None


@dataclass(frozen=True, slots=True)
class ReaderCount:
    """A reader count of an entry, as a source showed it."""

    at: datetime
    source: SourceId
    readers: int


@dataclass(frozen=True, slots=True)
class Among:
    """What a search is restricted to. Empty fields restrict nothing."""

    source: SourceId | None = None
    author: str = ""
    year: int | None = None


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


OPERATOR = "command line"  # who did it, unless a user of the console or a token did


class ActKind(StrEnum):
    """The kinds of operators' changes."""

    EDIT = "edit"
    HIDE = "hide"
    PUBLISH = "publish"
    REMOVE = "remove"
    RESTORE = "restore"
    MERGE = "merge"
    SPLIT = "split"
    FORGET = "forget"


class EntryState(StrEnum):
    """Whether an entry is published, and if not, why.

    `hidden`: an operator holds it back. `forgotten`: its dumps were forgotten, and no dump shows it again. `removed`:
    it was retracted. `merged`: it is another entry. `waiting`: the first import of its source is not finished.
    """

    PUBLISHED = "published"
    HIDDEN = "hidden"
    FORGOTTEN = "forgotten"
    REMOVED = "removed"
    MERGED = "merged"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Act:
    """An operator's change to an entry, to two, or to a source; `other` is the entry that went or came.

    `before` and `after` contain what reporting and undoing the change needs. `undone_at` is absent while the change is
    in effect.
    """

    id: int
    at: datetime
    who: str
    kind: ActKind
    entry: EntryId | None
    other: EntryId | None
    source: SourceId | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """An entry in any state, with the pages' values of the fields that an operator changed.

    `since` is when it entered a state in which it is not published. `settled` is whether it was ever published.
    """

    entry: Entry
    state: EntryState
    since: datetime | None
    printed: Printed
    announced: bool
    settled: bool
    merged_into: EntryId | None


@dataclass(frozen=True, slots=True)
class Said:
    """A stored state of an entry and its origin: a dump, or no single one. `split`: it belongs to another entry."""

    number: int
    at: datetime
    cause: str
    significant: bool
    source: SourceId | None
    path: str | None
    content: Content
    date: EntryDate | None
    printed: Printed
    split: bool


@dataclass(frozen=True, slots=True)
class ShownAs:
    """How a dump shows an entry, or showed it if the entry `left`."""

    source: SourceId
    path: str
    placing: Placing
    left: bool


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article taken out of an entry: `first_seen_at` is when a page first showed it."""

    id: EntryId
    atom_id: AtomId
    content: Content
    date: EntryDate | None
    first_seen_at: datetime
    announced: bool


@dataclass(frozen=True, slots=True)
class RestingOn:
    """What depends on these dumps: `alone` are published entries that only they show, `revised` those others show too.

    Each of `revised` comes with the number of its last revision that none of these dumps brought. It is None if they
    brought no current revision, or all.
    """

    alone: tuple[EntryId, ...]
    revised: Mapping[EntryId, int | None]


class EventState(StrEnum):
    """The state of an event in the ledger of a webhook. `skipped` ones count as sent, by an operator's word."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event for a webhook. `body` is its frozen JSON; `answer` is what the receiver said last."""

    webhook: str
    event: str
    kind: str
    body: str
    made_at: datetime
    state: EventState
    attempts: int
    next_at: datetime | None
    answer: str


@dataclass(frozen=True, slots=True)
class WebhookCounts:
    """The events of a webhook by state. `attempts` and `answer` are of the oldest that is not delivered."""

    waiting: int
    delivered: int
    failed: int
    attempts: int
    answer: str
