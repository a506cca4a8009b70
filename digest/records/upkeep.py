"""Everything stored about an entry, for explanations, checks and simulations."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from digest.model import AtomId, Content, DeliveryState, Edition, EntryDate, EntryId, Section, SourceId
from digest.records.intake import Report


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks an invariant; `row` identifies it by its keys."""

    law: str
    row: str

    def __str__(self) -> str:
        return f"{self.law}: {self.row}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry with the values computed from its content. `titles` and `leads` are the stored keys."""

    entry: EntryId
    atom_id: AtomId
    contents: tuple[Content, ...]
    titles: frozenset[str]
    leads: frozenset[str]
    indexed: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A source that shows an entry: since when, in which dump first, and why that sighting was matched to it."""

    source: SourceId
    first_seen_at: datetime
    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an entry in the last good reading of a dump; pages and positions count from 0."""

    source: SourceId
    path: str
    page: int
    position: int
    title: str
    because: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stored state of an entry, and the dump that brought it."""

    number: int
    at: datetime
    cause: str
    significant: bool
    source: SourceId | None
    path: str | None
    content: Content
    date: EntryDate | None


@dataclass(frozen=True, slots=True)
class Reached:
    """A person who was sent an entry, and when. The address is empty after erasure."""

    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mention:
    """An edition that lists an entry, with its deliveries by state.

    `reached` are the first people whose mail lists the entry; `further` counts the others.
    """

    edition: Edition
    section: Section
    revision: int
    deliveries: dict[DeliveryState, int]
    reached: tuple[Reached, ...]
    further: int


@dataclass(frozen=True, slots=True)
class Story:
    """Everything stored about an entry. `updated_at` is absent before it is published; the rest is oldest first."""

    entry: EntryId
    atom_id: AtomId
    title: str
    date: EntryDate | None
    first_source: SourceId
    first_seen_at: datetime
    updated_at: datetime | None
    announced: bool
    removed_at: datetime | None
    steps: tuple[Step, ...]
    shown: tuple[Shown, ...]
    places: tuple[Place, ...]
    mentions: tuple[Mention, ...]
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """A revision, with the values that its entry got when it was new; `cause` as in a Step."""

    at: datetime
    entry: EntryId
    atom_id: AtomId
    page_order: int
    number: int
    cause: str
    source: SourceId | None
    path: str | None
    content: Content
    date: EntryDate | None


@dataclass(frozen=True, slots=True)
class Sighted:
    """A source, other than the entry's first one, began to show the entry."""

    at: datetime
    entry: EntryId
    source: SourceId
    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A reader count of an entry, as a source showed it."""

    at: datetime
    entry: EntryId
    source: SourceId
    readers: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The first import of a source was finished."""

    at: datetime
    source: SourceId


@dataclass(frozen=True, slots=True)
class Removed:
    """The operator removed an entry, and it is still removed."""

    at: datetime
    entry: EntryId


Fact: TypeAlias = Stated | Sighted | Counted | Settled | Removed
