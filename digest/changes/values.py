"""What the diff is given and what it returns; owns no rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.model import value

if TYPE_CHECKING:
    from digest.model import Content, DateEvidence, EntryDate, EntryId, Fingerprint


@dataclass(frozen=True, slots=True)
class Questions:
    """What the diff must know of the store: every entry that answers to one of these keys, or is named.

    `titles` are title keys, `leads` are lead keys (both from `changes.keys`), `days` are full dates
    `(year, month, day)`; of one on which more than a thousand entries are dated, the newest thousand answer.
    """

    titles: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    days: frozenset[tuple[int, int, int]] = frozenset()
    entries: frozenset[EntryId] = frozenset()


@value
class Known:
    """A stored entry as the diff sees it.

    `titles` are all title keys it ever answered to, its own included. A `removed` one carries a tombstone: it
    still is matched, so that a removed entry never comes back, and never is revised; its
    readers are counted on, for whoever restores it.
    """

    id: EntryId
    titles: frozenset[str]
    content: Content
    date: EntryDate | None
    readers: int | None = None
    removed: bool = False


@value
class Placing:
    """One sighting of the last good reading of a dump: which entry stood where, and with which text.

    `view` is the fingerprint of title and text as that dump showed them, so that a dump that goes on showing the
    same old text is never taken for a revision. `because` says, for people, why it was taken for this entry when the
    dump first showed it.
    """

    entry: EntryId
    position: int
    page: int
    title: str
    evidence: DateEvidence | None
    readers: int | None
    view: Fingerprint
    complete: bool
    because: str = field(default="", compare=False)


class Cause(StrEnum):
    """Why a revision was stored. Only `TITLE` and `TEXT` are significant: they change what a reader reads."""

    TITLE = "title"
    TEXT = "text"
    COMPLETED = "completed"  # the dump was half-written before, or shows more of the same text than it did
    MERGED = "merged"  # another dump shows more of the same text
    SPACING = "spacing"  # white space, character widths
    AUTHOR = "author"  # an author became known or was changed

    @property
    def significant(self) -> bool:
        """Whether the revision moves `updated` and is told as a correction."""
        return self in (Cause.TITLE, Cause.TEXT)


@value
class Added:
    """A new entry. `position` is that of its first sighting in the dump."""

    entry: EntryId
    position: int
    content: Content
    date: EntryDate | None


@value
class Revised:
    """A known entry whose content changed."""

    entry: EntryId
    content: Content
    cause: Cause


@value
class Vanished:
    """An entry that the last reading of this dump held and this one does not. It stays published."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A sighting that could be one of several entries; what was done about it is `outcome`, a sentence."""

    position: int
    title: str
    candidates: tuple[EntryId, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one snapshot means.

    `changes`: at most one Added or one significant Revised an entry. `placings`: the new last reading of the dump,
    in page order; a sighting that was left unassigned has none. `readers`: the counts that are news, one an entry.
    `dates`: entries whose date evidence got better through their own sighting (not through runs, see
    `changes.dates`); includes every Added. `ambiguous`: to be reported.
    """

    changes: tuple[Added | Revised | Vanished, ...]
    placings: tuple[Placing, ...]
    readers: tuple[tuple[EntryId, int], ...]
    dates: tuple[tuple[EntryId, EntryDate], ...]
    ambiguous: tuple[Ambiguous, ...]
