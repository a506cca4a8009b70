"""What the diff is given and what it returns; owns no rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.model import value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date, datetime

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


@dataclass(frozen=True, slots=True)
class Others:
    """What the other dumps say of entries: `standing` are those that a last good reading of one of them shows.

    `vanished` are those that a dump stopped to show in this pass.
    """

    standing: AbstractSet[EntryId] = frozenset()
    vanished: AbstractSet[EntryId] = frozenset()


@dataclass(frozen=True, slots=True)
class Times:
    """When a dump is read: the moment, its day where the source is, and the day of its last good reading before.

    `since` is absent at a first reading. Both come from the program's clock.
    """

    now: datetime
    today: date
    since: date | None = None


@value
class Earlier:
    """A revision of an entry before its newest one. `told`: it changed what a reader reads."""

    number: int
    content: Content
    date: EntryDate | None
    told: bool


@value
class Known:
    """A stored entry as the diff sees it.

    `titles` are all title keys it ever answered to, its own included. A `removed` one carries a tombstone: it
    still is matched, so that a removed entry never comes back, and never is revised; its
    readers are counted on, for whoever restores it. `revision` is the number of its newest revision, `earlier` those
    before it, oldest first. `first_seen_at` is absent only in tests of what does not ask for it.
    """

    id: EntryId
    titles: frozenset[str]
    content: Content
    date: EntryDate | None
    removed: bool = False
    first_seen_at: datetime | None = None
    revision: int = 1
    earlier: tuple[Earlier, ...] = ()

    def text(self, number: int) -> Content | None:
        """The content of one of its revisions; None where it has no such one."""
        if number == self.revision:
            return self.content
        return next((one.content for one in self.earlier if one.number == number), None)


@value
class Printed:
    """What the pages say of the fields of an entry that an operator's word covers; the others are as published.

    A field that is not covered is None; author and date stand in a tuple, since pages may say none.
    """

    title: str | None = None
    author: tuple[str | None] | None = None
    date: tuple[EntryDate | None] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the covered fields."""
        return tuple(name for name in ("title", "author", "date") if getattr(self, name) is not None)


@value
class Body:
    """The text of an entry as a dump showed it, where no revision of the entry has just that."""

    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]


@value
class Placing:
    """One sighting of the last good reading of a dump: which entry stood where, and with which text.

    `view` is the fingerprint of title and text as that dump showed them, so that a dump that goes on showing the same
    old text is never taken for a revision. `readers` is the last count that it showed, though it may show none now.
    `because` says, for people, why it was taken for this entry when the dump first showed it. The text that it showed
    is that of the entry's revision `revision`, or `body`; both are absent in readings of before they were kept.
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
    revision: int | None = None
    body: Body | None = None

    @property
    def keeps_text(self) -> bool:
        """Whether it is known which text it showed."""
        return self.revision is not None or self.body is not None


class Cause(StrEnum):
    """Why a revision was stored.

    `TITLE`, `TEXT`, `REDATED` and `EDITED` are significant: they change what a reader reads.
    """

    TITLE = "title"
    TEXT = "text"
    REDATED = "redated"  # another day than was published: the article was posted again, or the year was wrong
    COMPLETED = "completed"  # the dump was half-written before, or shows more of the same text than it did
    MERGED = "merged"  # another dump shows more of the same text
    SPACING = "spacing"  # white space, character widths
    AUTHOR = "author"  # an author became known or was changed
    CRAWLER = "crawler"  # the crawler or the reading rules changed, not the article
    SETTLED = "settled"  # a text that alternated with another one stayed
    EDITED = "edited"  # an operator changed it, and readers hear of it
    EDITED_SILENTLY = "edited silently"  # an operator changed it, and readers do not hear of it

    @property
    def significant(self) -> bool:
        """Whether the revision moves `updated` and is told as a correction."""
        return self in (Cause.TITLE, Cause.TEXT, Cause.REDATED, Cause.EDITED)

    @property
    def by_hand(self) -> bool:
        """Whether an operator made the revision, not a page."""
        return self in (Cause.EDITED, Cause.EDITED_SILENTLY)


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
    in page order; a sighting that was left unassigned has none. `readers`: the counts that this dump newly shows, one
    an entry; which of them say something of the source, `changes.counts` decides. `read_before`: the count that the
    dump showed of those before, where it showed one.
    `dates`: entries whose date evidence got better through their own sighting (not through their page, see
    `changes.dates`), or that were dated anew (a `Revised` with `REDATED` stands among the changes); includes every
    Added. `ambiguous`: to be reported. `waits`: what other dumps show now would tell more: an entry that counts as new
    is like one that another dump still shows, or this one shows more of an entry than others did. The last `carried`
    placings are not shown now: they stood behind where a half-written dump ends.
    """

    changes: tuple[Added | Revised | Vanished, ...]
    placings: tuple[Placing, ...]
    readers: tuple[tuple[EntryId, int], ...]
    dates: tuple[tuple[EntryId, EntryDate], ...]
    ambiguous: tuple[Ambiguous, ...]
    read_before: Mapping[EntryId, int] = field(default_factory=dict)
    waits: bool = False
    carried: int = 0

    @property
    def shown(self) -> tuple[Placing, ...]:
        """The placings of what the dump shows now."""
        return self.placings[: len(self.placings) - self.carried]
