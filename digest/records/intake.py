"""Sources, dumps and what was fetched in the store, and the values that storing a reading needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from digest.changes.values import Placing
from digest.dumps.files import Stamp
from digest.model import AtomId, EntryDate, EntryId, Sighting, SourceId

FACT = "told: "  # begins a note that only tells what was chosen


class DumpState(StrEnum):
    """The outcome of the last attempt to read a dump."""

    GOOD = "good"
    HELD = "held"
    FAILED = "failed"


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
    be read or was guessed and, behind `FACT`, about what was chosen among the records of a container. `left_out` means
    that an entry is missing because of it.
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
    def warnings(self) -> tuple[str, ...]:
        """The notes without mere facts."""
        return tuple(note for note in self.notes if not note.startswith(FACT))

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is held, and good readings that agree end the hold."""
        return self.state is DumpState.HELD and self.agreed > 0

    @property
    def awaits_reading(self) -> bool:
        """Whether the operator approved its bytes and they were not read since."""
        return self.state is DumpState.HELD and self.approved == self.sha256


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What tells that a record of a container is unchanged. `is_settled`: it is good, and awaits no reading."""

    sha256: str
    stamp: str
    is_settled: bool


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


@dataclass(frozen=True, slots=True)
class Renamed:
    """A former name of a source. `new` is its present name, `first` its original one."""

    old: SourceId
    new: SourceId
    first: SourceId
    at: datetime


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


COMMAND = "command"  # in place of an address: the output of a source's program


@dataclass(frozen=True, slots=True)
class FetchState:
    """How fetching from one address goes.

    `host` is whom to spare, with scheme and port. The newest body is known by `sha256` and `size` (0: there is none).
    It was found at `found_at`, an address after redirects, with these validators; `fetched_at` is when it last came
    whole, `confirmed_at` when it did or when the site said that it is unchanged. `tried_at` is the last attempt.
    `failures` counts the attempts in a row that failed, the last of them with `problem` and `status`. `shrunken` counts
    those in a row whose body was not believed for its size. Before `next_try_at` there is no attempt; until
    `host_until` there is none from this host, because it asks for that. `moved_to` is where the site says that it
    moved permanently, or empty.
    """

    source: SourceId
    url: str
    host: str
    tried_at: datetime
    next_try_at: datetime
    found_at: str = ""
    etag: str = ""
    last_modified: str = ""
    media_type: str = ""
    sha256: str = ""
    size: int = 0
    fetched_at: datetime | None = None
    confirmed_at: datetime | None = None
    failures: int = 0
    shrunken: int = 0
    problem: str = ""
    status: int | None = None
    host_until: datetime | None = None
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class KeptFetch:
    """A body that is kept, without its bytes: when it first and last came like this, and its size unpacked."""

    source: SourceId
    url: str
    sha256: str
    size: int
    media_type: str
    first_at: datetime
    last_at: datetime
