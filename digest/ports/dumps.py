"""Sources, dumps and readings in a store. Publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.changes.values import ChangeSet, Known, Placing, Questions
    from digest.model import (
        AtomId,
        EntryDate,
        EntryId,
        Sighting,
        SourceId,
    )


class DumpState(StrEnum):
    """The outcome of the last attempt to read a dump."""

    GOOD = "good"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file's metadata without its content; equal stamps mean an unchanged file if they are `settled`.

    A stamp that is not settled was taken so soon after the file was written that later bytes may have the same stamp.
    """

    size: int
    mtime_ns: int
    inode: int
    settled: bool = True

    def __str__(self) -> str:
        """The stored form, because file systems have inodes and times of more than 63 bits."""
        return f"{self.size} {self.mtime_ns} {self.inode}{'' if self.settled else ' ?'}"

    def names(self, other: Stamp) -> bool:
        """Whether both belong to one file that was not written in between, as far as a file system can say."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


@dataclass(frozen=True, slots=True)
class KnownDump:
    """What is stored about one dump file. `path` is relative to its source's folder, with forward slashes.

    `stamp` and `sha256` are of the newest bytes looked at, good or not. `sightings` counts the last good reading (0:
    there is none). `unreadable`: those bytes are no dump. `approved` is the hash that the operator approved,
    `discarded` the one they refused. `rules` is the version of the parsing rules that read it. `changed_at` is when its
    bytes last changed, `confirmed_at` is when its last good reading was last written, with the same bytes or others.
    Both are absent for dumps older than these fields. At `weigh_at`, a date that it shows and that lay in the future
    becomes credible. For a held dump, `read_at` is when it was held, `waiting` are the lines of the held reading, and
    `overwritten` are the sightings of all readings that agree with it. `agreed` counts the consecutive good readings
    that show them, including that one; it is 0 if no reading ends the hold. `notes` are sentences about what could not
    be read or was guessed. `left_out` means that an entry is missing because of it.
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
    rules: int = 1
    changed_at: datetime | None = None
    confirmed_at: datetime | None = None
    weigh_at: datetime | None = None
    waiting: tuple[str, ...] = ()
    overwritten: tuple[Sighting, ...] = ()
    agreed: int = 0
    notes: tuple[str, ...] = ()
    left_out: bool = False

    @classmethod
    def of(cls, source: SourceId, path: str, stamp: Stamp, sha256: str, now: datetime) -> KnownDump:
        """A good dump after its first look, without sightings so far."""
        return cls(source, path, stamp, sha256, DumpState.GOOD, "", now, 0)

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is held, and good readings that agree end the hold."""
        return self.state is DumpState.HELD and self.agreed > 0

    @property
    def awaits_reading(self) -> bool:
        """Whether the operator approved its bytes and they were not read since."""
        return self.state is DumpState.HELD and self.approved == self.sha256


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is stored about a source. `settled_at`: when its first import was finished, absent before that.

    `refreshed_at`: when its newest pass ended, absent before the first pass. `failures` counts the consecutive failed
    passes up to the newest one.
    """

    id: SourceId
    settled_at: datetime | None
    refreshed_at: datetime | None
    problem: str
    failures: int = 0
    registered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Something that an operator should check: an ambiguous sighting, and what was done with it."""

    at: datetime
    source: SourceId
    path: str
    title: str
    candidates: tuple[EntryId, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An entry of an unfinished first import, without its content; the fields are as in an Entry."""

    id: EntryId
    sources: tuple[SourceId, ...]
    date: EntryDate | None
    first_seen_at: datetime
    page_order: int


class Readings(Protocol):
    """Sources, dumps and their last good readings."""

    def register_source(self, source: SourceId, now: datetime) -> None:
        """Register the source; does nothing if it exists. StoreError for a source that was renamed."""
        ...

    def source(self, source: SourceId) -> SourceState | None: ...

    def sources(self) -> dict[SourceId, SourceState]:
        """Every source ever known; one query for all sources."""
        ...

    def shown_by(self, source: SourceId) -> int:
        """How many entries the source shows or showed, without removed ones. Reads them all: not for each dump."""
        ...

    def refreshed(self, source: SourceId, now: datetime, problem: str, *, held: bool = False) -> None:
        """Record the end of a pass; it succeeded if `problem` is empty and no dump is `held`."""
        ...

    def dumps(self, source: SourceId) -> dict[str, KnownDump]:
        """Every dump ever read of a source, by path."""
        ...

    def dump(self, source: SourceId, path: str) -> KnownDump | None: ...

    def stamps(self, source: SourceId, rules: int, now: datetime) -> dict[str, str]:
        """The stamp of each dump as text, by path, without dumps that await reading.

        A dump awaits reading if the operator approved it, if other rules read it, or if its dates can be weighed again
        now.
        """
        ...

    def paths(self, source: SourceId) -> dict[str, str]:
        """The SHA-256 of each dump ever read of a source, by path."""
        ...

    def move(self, source: SourceId, old: str, new: str) -> None:
        """Move a dump to another path, with its last reading and its reports; the new path must be unknown."""
        ...

    def troubled(self, source: SourceId) -> list[KnownDump]:
        """The source's dumps that are not good, or have notes, by path."""
        ...

    def let_go(self, source: SourceId, path: str) -> None:
        """A dump in trouble is gone: forget it, or make it good again at its last good reading if it had one."""
        ...

    def changed_at(self, source: SourceId) -> datetime | None:
        """When the content of one of its dumps last changed; None if it has none. Reads them all."""
        ...

    def clock_stepped_back(self, now: datetime) -> None:
        """Move every stored time in the future to now: a wrong clock recorded it."""
        ...

    def standing(self, source: SourceId) -> int:
        """How many entries the last good readings of the source show."""
        ...

    def standing_elsewhere(self, entries: Iterable[EntryId], but: tuple[SourceId, str]) -> set[EntryId]:
        """Those of the entries that the last good reading of a dump other than `but` (source, path) shows."""
        ...

    def held(self, source: SourceId) -> set[str]:
        """The paths of the source's held dumps."""
        ...

    def last_reading(self, source: SourceId, path: str) -> tuple[Placing, ...]:
        """The last good reading in page order; empty if there is none."""
        ...

    def departed(self, source: SourceId, path: str, entries: Iterable[EntryId]) -> dict[EntryId, Placing]:
        """How the dump showed those of the entries that it stopped showing in the last 90 days.

        Only title, view and text of these placings are stored.
        """
        ...

    def known(self, questions: Questions) -> list[Known]:
        """Every entry, including removed ones, that answers to a question; unordered, without duplicates."""
        ...

    def pages_with(
        self, entries: Iterable[EntryId], *, but: tuple[SourceId, str] | None = None
    ) -> dict[tuple[SourceId, str, int], tuple[Placing, ...]]:
        """Each page (source, path, page) of a last good reading that shows one of the entries, in page order.

        It leaves out the pages of the dump `but` (source, path).
        """
        ...

    def dates(self, entries: Iterable[EntryId]) -> dict[EntryId, tuple[EntryDate | None, datetime]]:
        """The date of each entry, and when it was first seen."""
        ...

    def newest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The newest count that the source showed of each entry, if it ever showed one."""
        ...

    def highest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The highest count that the source ever showed of each entry; reads its whole series."""
        ...

    def store_dump(self, dump: KnownDump) -> None:
        """Insert or replace the record of the dump; its last reading stays."""
        ...

    def apply(self, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> set[EntryId]:
        """Store a change set: entries, revisions, keys, all counts, dates, and `placings` as the new last reading.

        Returns the entries that the source never showed before, including new ones.

        The source must be registered and the dump stored before. A better date is a silent revision of its own. An
        ambiguous sighting is reported, unless the reading before it had the same report.
        """
        ...

    def upgrade_dates(self, dates: Mapping[EntryId, EntryDate], now: datetime) -> None:
        """Store better date evidence. This is silent: `updated_at` does not change."""
        ...

    def unsettled(self, source: SourceId) -> list[Unsettled]:
        """The entries of an unfinished first import that this source showed first; they are not published yet."""
        ...

    def settle(
        self, source: SourceId, news: Iterable[EntryId], updated_at: Mapping[EntryId, datetime], now: datetime
    ) -> None:
        """Finish the first import: publish its entries with the given `updated_at`, mark `news` for editions."""
        ...

    def reports(self, source: SourceId | None = None, limit: int = 20) -> list[Report]:
        """The ambiguous sightings (`apply` stores them from the change set), newest first."""
        ...

    def decide(self, source: SourceId, path: str, *, approve: bool) -> None:
        """Record the operator's decision on a held dump.

        Approved: its present hash is stored in `approved`, and it stays held until it is read. Discarded: its present
        hash is stored in `discarded`, and it is good again, at its last good reading.
        """
        ...


@dataclass(frozen=True, slots=True)
class ApplyFacts:
    """The values that storing a change set needs in addition.

    `first_import`: new entries are not published before `settle`. `atom_ids` has one for each Added. `title_keys` and
    `lead_keys` have those of each Added and each Revised content; an empty one answers nothing. `quiet` are new entries
    that are published without being announced, each with its `updated` time. `last` is the last reading of the dump as
    the store has it, if the caller read it in this transaction: unchanged lines in it are not written again.
    """

    now: datetime
    first_import: bool
    atom_ids: Mapping[EntryId, AtomId]
    title_keys: Mapping[EntryId, str]
    lead_keys: Mapping[EntryId, str]
    last: Sequence[Placing] | None = None
    quiet: Mapping[EntryId, datetime] = field(default_factory=dict)
