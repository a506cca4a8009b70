"""Published content: entries, feeds, pictures of formulas."""

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
    """A reader count of an entry, as a source showed it."""

    at: datetime
    source: SourceId
    readers: int


class Entries(Protocol):
    """Published entries. Unsettled and removed entries are never returned."""

    def newest(self, *, source: SourceId | None = None, limit: int | None = None) -> list[Entry]:
        """Newest first: by first sighting, then by date (known years first, newest first), then page order, then id."""
        ...

    def entry(self, entry: EntryId) -> Entry | None: ...

    def search(self, query: str, *, limit: int = 50) -> list[Entry]:
        """The entries whose title and text contain all terms of `changes.words.query`; any string is a query.

        First come those whose title contains all terms, then those with the best match (the title counts more), then
        the newest. No entries for a query without a word.
        """
        ...

    def revisions(self, entry: EntryId) -> list[RevisionRecord]:
        """Oldest first."""
        ...

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """The reader counts of all sources over time, oldest first. Each source has its own series."""
        ...

    def published_state(self) -> tuple[int, datetime]:
        """A number that grows with each change of the published content, and when it last grew (never backwards)."""
        ...


class Feeds(Protocol):
    """The order in which entries joined feeds.

    A feed has a key. Its entries are numbered from 1 in the order of joining, permanently.
    """

    def enlist(self, feed: str, joining: Sequence[EntryId]) -> int:
        """Add entries to the feed that are not in it yet, in this order; returns how many were added."""
        ...

    def size(self, feed: str) -> int:
        """The newest number given, 0 if none."""
        ...

    def empty(self, of: Sequence[str]) -> list[str]:
        """The feeds among these that no entry ever joined."""
        ...

    def members(self, feed: str, first: int, last: int) -> list[Entry]:
        """The published entries with these numbers, inclusive, newest first."""
        ...

    def neighbours(self, feed: str, entry: EntryId) -> tuple[Entry | None, Entry | None]:
        """The published entries that joined next after and last before this one."""
        ...

    def removed(self, feed: str, first: int, last: int) -> list[tuple[AtomId, datetime]]:
        """The removed entries with these numbers and the time of each removal, newest removal first."""
        ...

    def published(self, of: Iterable[EntryId]) -> list[Entry]:
        """The published ones of these entries; unordered."""
        ...

    def remove(self, entry: EntryId, now: datetime) -> bool:
        """Retract a published entry; it stays known. False if it is not published."""
        ...

    def restore(self, entry: EntryId, now: datetime) -> bool:
        """Publish a removed entry again, updated as of now; False if it is not removed."""
        ...

    def removed_at(self, entry: EntryId) -> datetime | None:
        """When it was removed; None if it is not, or unknown."""
        ...

    def pinged(self) -> int:
        """The `published_state` that the hub was last notified of."""
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
    """Formulas as pictures, named by their appearance, never changed."""

    def unknown(self, names: Iterable[str]) -> set[str]:
        """The names that nobody tried to draw yet."""
        ...

    def add(self, drawn: Mapping[str, Drawn | None]) -> None:
        """Store pictures, None for one that could not be drawn."""
        ...

    def sizes(self, names: Iterable[str]) -> dict[str, tuple[int, int, int]]:
        """Width, height and depth of those that exist."""
        ...

    def png(self, name: str) -> bytes | None: ...

    def failed(self) -> int:
        """How many could not be drawn."""
        ...
