"""What a store keeps of sources, dumps and readings; publishes nothing."""

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
    """How the last attempt to read a dump ended."""

    GOOD = "good"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file system says of a file without reading it; equal stamps mean an unchanged file, if they are `settled`.

    One that is not was taken so soon after the file was written that the same stamp may be that of later bytes.
    """

    size: int
    mtime_ns: int
    inode: int
    settled: bool = True

    def __str__(self) -> str:
        """As it is stored: file systems have inodes and times of more than 63 bits."""
        return f"{self.size} {self.mtime_ns} {self.inode}{'' if self.settled else ' ?'}"

    def names(self, other: Stamp) -> bool:
        """Whether both are of one file that was not written in between, as far as a file system can tell."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


@dataclass(frozen=True, slots=True)
class KnownDump:
    """What is stored of one dump file. `path` is relative to its source's folder, with forward slashes.

    `stamp` and `sha256` are of the newest bytes looked at, good or not. `sightings` counts the last good reading (0:
    there is none). `unreadable`: those bytes are no dump. `approved` is the hash that the operator let through,
    `discarded` the one they refused. `rules` is the version of the reading rules by which it was read. `changed_at` is
    when its bytes last changed, `confirmed_at` when its last good reading was last seen to be written, with the same
    bytes or others; both are absent for dumps of before they were kept. At `weigh_at` a date that it shows, and that
    lay ahead of us, will be believed. Of a held one, `read_at` is when it was held, `waiting` are the lines of the held
    reading, `overwritten` the sightings of all readings that agree with it, and `agreed` counts the good readings in a
    row that show them, that one included: it is 0 where no reading ends the hold. `notes` are sentences of what could
    not be read or was guessed; `left_out` says that an entry is missing because of it.
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
        """A dump just looked at and found good, so far without sightings."""
        return cls(source, path, stamp, sha256, DumpState.GOOD, "", now, 0)

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is held, and good readings that agree end that."""
        return self.state is DumpState.HELD and self.agreed > 0

    @property
    def awaits_reading(self) -> bool:
        """Whether the operator let its bytes through and they were not read since."""
        return self.state is DumpState.HELD and self.approved == self.sha256


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is stored of a source. `settled_at`: when its first import was finished, absent before that.

    `refreshed_at`: when its newest pass ended, absent before the first one. `failures` counts the newest passes in a
    row that did not go well.
    """

    id: SourceId
    settled_at: datetime | None
    refreshed_at: datetime | None
    problem: str
    failures: int = 0
    registered_at: datetime | None = None


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
    """Sources, dumps and their last good readings."""

    def register_source(self, source: SourceId, now: datetime) -> None:
        """Make the source known; does nothing where it is. StoreError of one that was renamed."""
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

    def stamps(self, source: SourceId, rules: int, now: datetime) -> dict[str, str]:
        """By path, the stamp of each dump as a text, without those that await reading.

        Those do that the operator approved, that were read by other rules, or whose dates can be weighed again now.
        """
        ...

    def paths(self, source: SourceId) -> dict[str, str]:
        """The SHA-256 of each dump ever read of a source, by path."""
        ...

    def move(self, source: SourceId, old: str, new: str) -> None:
        """Give a dump another path, with its last reading and its reports; nothing may be known of the new one."""
        ...

    def troubled(self, source: SourceId) -> list[KnownDump]:
        """Its dumps that are not good, or that have notes, by path."""
        ...

    def let_go(self, source: SourceId, path: str) -> None:
        """A dump in trouble is gone: it is forgotten, or good again at its last good reading if it had one."""
        ...

    def changed_at(self, source: SourceId) -> datetime | None:
        """When the content of one of its dumps changed last; None where it has none. Reads them all."""
        ...

    def clock_stepped_back(self, now: datetime) -> None:
        """Move every stored moment that lies ahead of us to now: they were noted under a clock that was wrong."""
        ...

    def standing(self, source: SourceId) -> int:
        """How many entries the last good readings of the source show."""
        ...

    def standing_elsewhere(self, entries: Iterable[EntryId], but: tuple[SourceId, str]) -> set[EntryId]:
        """Those of the entries that the last good reading of another dump than `but` (source, path) shows."""
        ...

    def held(self, source: SourceId) -> set[str]:
        """The paths of its dumps that are held."""
        ...

    def last_reading(self, source: SourceId, path: str) -> tuple[Placing, ...]:
        """The last good reading in page order; empty where there is none."""
        ...

    def departed(self, source: SourceId, path: str, entries: Iterable[EntryId]) -> dict[EntryId, Placing]:
        """How the dump showed those of the entries that it stopped to show in the last 90 days.

        Only title, view and text of these placings are kept.
        """
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

    def dates(self, entries: Iterable[EntryId]) -> dict[EntryId, tuple[EntryDate | None, datetime]]:
        """The date of each entry, and when it was first seen."""
        ...

    def newest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The newest count that the source showed of each entry, where it ever showed one."""
        ...

    def highest_counts(self, source: SourceId, entries: Iterable[EntryId]) -> dict[EntryId, int]:
        """The highest count that the source ever showed of each entry; reads its whole series."""
        ...

    def store_dump(self, dump: KnownDump) -> None:
        """Insert or replace what is known of the dump (its last reading stays)."""
        ...

    def apply(self, source: SourceId, path: str, changes: ChangeSet, facts: ApplyFacts) -> set[EntryId]:
        """Store a change set: entries, revisions, keys, all counts, dates, and `placings` as the new last reading.

        Returns the entries that the source never showed before, new ones included.

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
    `quiet` are new entries that are published without being announced, each with what it carries as `updated`.
    `last` is the last reading of the dump as the store holds it, where the caller has read it in this transaction:
    what stands there as it stood is not written again.
    """

    now: datetime
    first_import: bool
    atom_ids: Mapping[EntryId, AtomId]
    title_keys: Mapping[EntryId, str]
    lead_keys: Mapping[EntryId, str]
    last: Sequence[Placing] | None = None
    quiet: Mapping[EntryId, datetime] = field(default_factory=dict)
