"""What is published: entries, the documents of feeds, pictures of formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.model import (
        AtomId,
        Content,
        Entry,
        EntryDate,
        EntryId,
        SourceId,
    )


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
    """So many readers of an entry, as a source counted."""

    at: datetime
    source: SourceId
    readers: int


class Entries(Protocol):
    """Published entries. Unsettled and removed entries never show."""

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

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """The reader counts of all sources over time, oldest first. Each source has a series of its own."""
        ...

    def published_state(self) -> tuple[int, datetime]:
        """A number that grows with each change of what is published, and when it last grew (never backwards)."""
        ...


class Feeds(Protocol):
    """The order in which entries joined feeds.

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
    """Formulas as pictures, named by what they look like, never changed."""

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
