"""What operators do by hand: edits, entries that are hidden, merged or split, dumps that are forgotten."""

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


OPERATOR = "command line"  # who did it: there is no other way


class ActKind(StrEnum):
    """What an operator did."""

    EDIT = "edit"
    HIDE = "hide"
    PUBLISH = "publish"
    REMOVE = "remove"
    RESTORE = "restore"
    MERGE = "merge"
    SPLIT = "split"
    FORGET = "forget"


class EntryState(StrEnum):
    """Whether an entry is published, and why not.

    `hidden`: an operator holds it back. `forgotten`: its dumps were, and no dump shows it again. `removed`: it was
    taken back from readers. `merged`: it is another entry. `waiting`: the first import of its source is not finished.
    """

    PUBLISHED = "published"
    HIDDEN = "hidden"
    FORGOTTEN = "forgotten"
    REMOVED = "removed"
    MERGED = "merged"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an operator did, to an entry, to two, or to a source; `other` is the entry that went or came.

    `before` and `after` hold what is needed to tell of it and to undo it. `undone_at` is absent while it holds.
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
    """An entry in any state, with what pages say of it where an operator's word stands.

    `since` is when it came into a state in which it is not published, `settled` whether it ever was.
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
    """A stored state of an entry, and who brought it: a dump, or no single one. `split`: it is another entry's."""

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
    """How a dump shows an entry, or showed it when it `left`."""

    source: SourceId
    path: str
    placing: Placing
    left: bool


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article that is taken out of an entry: `first_seen_at` is when a page first showed it."""

    id: EntryId
    atom_id: AtomId
    content: Content
    date: EntryDate | None
    first_seen_at: datetime
    announced: bool


@dataclass(frozen=True, slots=True)
class RestingOn:
    """What dumps said: `alone` are the published entries that rest on them only, `revised` those that others show too.

    Each of `revised` comes with the number of its last revision that none of these dumps brought; None where they
    brought none that holds, or all.
    """

    alone: tuple[EntryId, ...]
    revised: Mapping[EntryId, int | None]


class ByHand(Protocol):
    """What operators do to entries."""

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
        """The entries in these states and how many they are without `limit` and `after`.

        Newest first, or best first where they are searched for, as `Entries.search`; those behind `after` only.
        """
        ...

    def record(self, act: Act) -> int:
        """Store an act, whose id counts for nothing; the id that it got."""
        ...

    def undone(self, act: int, now: datetime) -> None: ...

    def acts(self, entry: EntryId | None = None) -> list[Act]:
        """Those of an entry, or of all; oldest first."""
        ...

    def revise(
        self,
        entry: EntryId,
        state: tuple[Content, EntryDate | None],
        printed: Printed,
        cause: Cause,
        now: datetime,
    ) -> None:
        """Store an operator's revision; the entry answers to its title too."""
        ...

    def revisions(self, entry: EntryId) -> list[Said]:
        """The stored states of an entry, oldest first."""
        ...

    def revision(self, entry: EntryId, number: int) -> Said:
        """A stored state of an entry; it must be there."""
        ...

    def counts(self, entry: EntryId) -> list[ReaderCount]:
        """As `Entries.counts`, of an entry in any state."""
        ...

    def hide(self, entries: Sequence[EntryId], now: datetime, *, forgotten: bool = False) -> None: ...

    def publish(self, entries: Sequence[EntryId], now: datetime) -> None:
        """Let hidden entries be published again."""
        ...

    def merge(self, other: EntryId, into: EntryId, now: datetime) -> list[EntryId]:
        """Let an entry be another one, and take it back from feeds if it is published.

        What was merged into it before is merged into the other one now, and returned.
        """
        ...

    def unmerge(self, other: EntryId, merged: Sequence[EntryId], now: datetime) -> None:
        """Let an entry be itself again; `merged` are those that were merged into it before."""
        ...

    def merged_into(self, entry: EntryId) -> EntryId | None: ...

    def show_in(self, entry: EntryId, sources: Sequence[SourceId], now: datetime) -> list[SourceId]:
        """Note that these sources show the entry; those that did not before."""
        ...

    def take_from(self, entry: EntryId, sources: Sequence[SourceId]) -> None:
        """Forget that these sources show an entry, where none of their dumps does."""
        ...

    def shown(self, entry: EntryId) -> list[ShownAs]: ...

    def split(
        self, entry: EntryId, new: NewArticle, shown: Sequence[ShownAs], revisions: Collection[int], now: datetime
    ) -> None:
        """Take an article out of an entry: these placings show it, and these revisions had its text."""
        ...

    def resting(self, source: SourceId, paths: Collection[str]) -> RestingOn:
        """What rests on these dumps of a source, or on all of it where none is named."""
        ...

    def forget(self, source: SourceId, paths: Collection[str], *, whole: bool) -> None:
        """Drop these dumps with their readings, or all; of a `whole` source, let the next pass be a first import."""
        ...

    def unshow(self, entries: Sequence[EntryId], source: SourceId) -> list[tuple[EntryId, SourceId]]:
        """Forget that the source shows entries that none of its dumps shows, but their last source.

        Each that began with it, and is shown by others, begins with the first of those; returned with the source.
        """
        ...
