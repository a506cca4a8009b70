"""Operators' changes: edits, entries that are hidden, merged or split, dumps that are forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from digest.changes.values import Cause, Placing, Printed
    from digest.model import AtomId, Content, Entry, EntryDate, EntryId, SourceId
    from digest.ports.entries import ReaderCount


OPERATOR = "command line"  # who did it; there is no other interface


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


class ByHand(Protocol):
    """Operators' changes to entries."""

    def entry(self, entry: EntryId) -> Handled | None:
        """The entry, whatever its state."""
        ...

    def listed(
        self,
        states: Collection[EntryState],
        *,
        source: SourceId | None = None,
        search: str = "",
        limit: int | None = None,
        after: EntryId | None = None,
    ) -> tuple[list[Handled], int]:
        """The entries in these states, and how many there are without `limit` and `after`.

        Newest first, or best first for a search, as in `Entries.search`; only those behind `after`.
        """
        ...

    def record(self, act: Act) -> int:
        """Store a change, ignoring its id; returns the id that it got."""
        ...

    def undone(self, act: int, now: datetime) -> None: ...

    def acts(self, entry: EntryId | None = None) -> list[Act]:
        """The changes to an entry, or all; oldest first."""
        ...

    def revise(
        self,
        entry: EntryId,
        state: tuple[Content, EntryDate | None],
        printed: Printed,
        cause: Cause,
        now: datetime,
    ) -> None:
        """Store an operator's revision; the entry is then also found by its new title."""
        ...

    def revisions(self, entry: EntryId) -> list[Said]:
        """The stored states of an entry, oldest first."""
        ...

    def revision(self, entry: EntryId, number: int) -> Said:
        """A stored state of an entry; it must exist."""
        ...

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """Like `Entries.counts`, for an entry in any state."""
        ...

    def hide(self, entries: Sequence[EntryId], now: datetime, *, forgotten: bool = False) -> None: ...

    def publish(self, entries: Sequence[EntryId], now: datetime) -> None:
        """Publish hidden entries again."""
        ...

    def merge(self, other: EntryId, into: EntryId, now: datetime) -> list[EntryId]:
        """Merge an entry into another one, and retract it from feeds if it is published.

        Entries that were merged into it before are now merged into the other one, and returned.
        """
        ...

    def unmerge(self, other: EntryId, merged: Sequence[EntryId], now: datetime) -> None:
        """Undo a merge; `merged` are the entries that were merged into it before."""
        ...

    def merged_into(self, entry: EntryId) -> EntryId | None: ...

    def show_in(self, entry: EntryId, sources: Sequence[SourceId], now: datetime) -> list[SourceId]:
        """Record that these sources show the entry; returns those that did not before."""
        ...

    def take_from(self, entry: EntryId, sources: Sequence[SourceId]) -> None:
        """Record that these sources show an entry no longer, unless one of their dumps does."""
        ...

    def shown(self, entry: EntryId) -> list[ShownAs]: ...

    def split(
        self, entry: EntryId, new: NewArticle, shown: Sequence[ShownAs], revisions: Collection[int], now: datetime
    ) -> None:
        """Take an article out of an entry: these placings show it, and these revisions had its text."""
        ...

    def resting(self, source: SourceId, paths: Collection[str]) -> RestingOn:
        """What depends on these dumps of a source, or on all of its dumps if none is named."""
        ...

    def forget(self, source: SourceId, paths: Collection[str], *, whole: bool) -> None:
        """Drop these dumps with their readings, or all; for a `whole` source, the next pass is a first import."""
        ...

    def unshow(self, entries: Sequence[EntryId], source: SourceId) -> list[tuple[EntryId, SourceId]]:
        """Remove the source from entries that none of its dumps shows, unless it is their only source.

        An entry that began with this source, and that others show, then begins with the first of those. It is returned
        with that source.
        """
        ...
