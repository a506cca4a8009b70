"""What explaining, checking and simulating ask of a store: everything, the unpublished too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from digest.model import (
        AtomId,
        Content,
        DeliveryState,
        Edition,
        EditionKey,
        EntryDate,
        EntryId,
        Section,
        SourceId,
        SubscriberId,
    )
    from digest.ports.deliveries import DeliveryRow
    from digest.ports.dumps import Report
    from digest.ports.entries import Drawn


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a law; `row` names it by its keys."""

    law: str
    row: str

    def __str__(self) -> str:
        return f"{self.law}: {self.row}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry with what was once computed from its content. `titles` and `leads` are the stored keys."""

    entry: EntryId
    atom_id: AtomId
    contents: tuple[Content, ...]
    titles: frozenset[str]
    leads: frozenset[str]
    indexed: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A source that shows an entry: since when, in which dump first, and why that sighting was taken for it."""

    source: SourceId
    first_seen_at: datetime
    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the last good reading of a dump; pages and positions from 0."""

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
    """Who was sent an entry, and when. The address is empty once they were erased."""

    address: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mention:
    """An edition that tells an entry, with its deliveries by state.

    `reached` are the first who were sent it in words that tell the entry, `further` counts the others.
    """

    edition: Edition
    section: Section
    revision: int
    deliveries: dict[DeliveryState, int]
    reached: tuple[Reached, ...]
    further: int


@dataclass(frozen=True, slots=True)
class Story:
    """All that is stored of an entry. `updated_at` is absent before it is published; the rest oldest first."""

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
    """A revision, with what its entry got when it was new; `cause` as in a Step."""

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
    """A source other than its first one began to show an entry."""

    at: datetime
    entry: EntryId
    source: SourceId
    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Counted:
    """So many readers of an entry, as a source said."""

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
    """The operator removed an entry, and it still is."""

    at: datetime
    entry: EntryId


Fact: TypeAlias = Stated | Sighted | Counted | Settled | Removed


class Audit(Protocol):
    """Looks at everything, the unpublished too. Streams: memory does not grow with the store."""

    def size(self) -> int:
        """How many entries there are: what `recorded` yields."""
        ...

    def broken(self) -> Iterator[Violation]:
        """What the database itself can say: damage, dangling references, doubles, gaps."""
        ...

    def index_agrees(self) -> bool:
        """Whether the index of words holds what is stored; asked in a transaction that may write."""
        ...

    def recorded(self) -> Iterator[Recorded]: ...

    def matching(self, asked: str, limit: int) -> list[tuple[EntryId, str]]:
        """The entry of this id, else those whose title holds these words, newest first."""
        ...

    def story(self, entry: EntryId) -> Story | None: ...

    def delivery(self, edition: EditionKey, subscriber: SubscriberId) -> DeliveryRow | None: ...

    def tells(self, edition: EditionKey, subscriber: SubscriberId, entry: EntryId, section: Section) -> bool:
        """Whether the words that this person has of an edition tell the entry as new, or list it once more, there."""
        ...

    def moments(self) -> int:
        """At how many moments revisions were stored."""
        ...

    def history(self) -> Iterator[Fact]:
        """What was stored when, in an order in which it could be stored again: by time, an entry's revisions by number.

        Where the clock stepped back, a fact has the moment of the one that it needs. Of one moment: revisions by
        number, source and path, then who else showed entries, counts, finished first imports, what was removed.
        """
        ...

    def pictures(self) -> Iterator[tuple[str, Drawn | None]]:
        """All formulas' pictures by name, None for one that could not be drawn."""
        ...
