"""The input and output values of the diff."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from digest.changes.identifiers import ID
from digest.model import (
    NO_EXTRAS,
    Content,
    DateEvidence,
    DateKind,
    EntryDate,
    EntryId,
    Extras,
    Fingerprint,
    PrintedDate,
    value,
)

Counts = tuple[tuple[str, int], ...]  # numbers by name, in the order of the page


@dataclass(frozen=True, slots=True)
class Questions:
    """What the diff must know of the store: every entry that matches one of these keys, or is named in `entries`.

    `titles` are title keys and `leads` are lead keys (both from `changes.keys`). `days` are full dates `(year, month,
    day)`; if more than a thousand entries have the same date, only the newest thousand are returned. `uids` are
    identifiers (from `changes.identifiers`) in the source `source`.
    """

    titles: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    days: frozenset[tuple[int, int, int]] = frozenset()
    entries: frozenset[EntryId] = frozenset()
    uids: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Others:
    """What other dumps show. `standing` are the entries in a last good reading of one of them.

    `vanished` are the entries that a dump stopped showing in this pass.
    """

    standing: AbstractSet[EntryId] = frozenset()
    vanished: AbstractSet[EntryId] = frozenset()


@dataclass(frozen=True, slots=True)
class Times:
    """The time of a reading: `now`, the day at the source, and the day of the dump's last good reading before.

    `since` is None for a first reading. Both come from the program's clock.
    """

    now: datetime
    today: date
    since: date | None = None


@value
class Earlier:
    """A revision of an entry before its newest one. `told` means that it changed what visitors read."""

    number: int
    content: Content
    date: EntryDate | None
    told: bool


@value
class Known:
    """A stored entry as the diff sees it.

    `titles` are all keys (`keys.entry_key`) that it ever had, including its present one. A `removed` entry has a
    tombstone. It is still matched, so that it never comes back, but it is never revised. Its readers are still counted,
    in case an operator restores it. `revision` is the number of its newest revision; `earlier` are those before it,
    oldest first. `first_seen_at` is None only in tests that do not need it. `uids` are the identifiers that it ever had
    (from `changes.identifiers`), each with its source.
    """

    id: EntryId
    titles: frozenset[str]
    content: Content
    date: EntryDate | None
    removed: bool = False
    first_seen_at: datetime | None = None
    revision: int = 1
    earlier: tuple[Earlier, ...] = ()
    uids: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_of_feed(self) -> bool:
        """Whether a feed showed it, under an id."""
        return any(uid.startswith(ID) for _, uid in self.uids)

    @property
    def has_renderings(self) -> bool:
        """Whether its text may come from a feed or from HTML, so that texts show it otherwise."""
        return self.is_of_feed or bool(self.content.extras.kinds)

    @property
    def latest_only(self) -> bool:
        """Whether its date may only be the day on which a feed says that it was changed, so it may be older."""
        return self.date is not None and self.date.kind is DateKind.INFERRED and self.is_of_feed

    def text(self, number: int) -> Content | None:
        """The content of one of its revisions; None if there is no such revision."""
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
    """The text of an entry as a dump showed it, if no revision of the entry has exactly this text."""

    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]


@value
class Placing:
    """A sighting in the last good reading of a dump: its entry, its position and its text.

    `view` is a fingerprint of the title and text that the dump showed, so that a dump that keeps showing the same old
    text never counts as a revision. `readers` is the last count that the dump showed, even if it shows none now.
    `because` is the reason for the match when the dump first showed the entry, for people. The text is that of the
    entry's revision `revision`, or `body`; both are None in readings from before they were stored. `extras` are those
    of the sighting, and `key` is its key if it has no title.
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
    extras: Extras = NO_EXTRAS
    key: str = ""

    @property
    def dated(self) -> DateEvidence | PrintedDate | None:
        """The date evidence, as of a Sighting."""
        return self.evidence or self.extras.printed

    @property
    def is_of_markup(self) -> bool:
        """Whether a feed or HTML shows it; texts are rendered in another way."""
        return bool(self.extras.uid or self.extras.kinds)

    def still_shown(self, position: int, page: int, readers: int | None, extras: Extras) -> Placing:
        """The same line at the next reading. `dataclasses.replace` takes three times as long, for every line."""
        return Placing(
            self.entry,
            position,
            page,
            self.title,
            self.evidence,
            readers,
            self.view,
            self.complete,
            self.because,
            self.revision,
            self.body,
            extras,
            self.key,
        )

    def with_text(self, revision: int | None, body: Body | None) -> Placing:
        """The same line with its text, made like that for the same reason."""
        return Placing(
            self.entry,
            self.position,
            self.page,
            self.title,
            self.evidence,
            self.readers,
            self.view,
            self.complete,
            self.because,
            revision,
            body,
            self.extras,
            self.key,
        )

    @property
    def keeps_text(self) -> bool:
        """Whether the displayed text is known."""
        return self.revision is not None or self.body is not None


class Cause(StrEnum):
    """The reason for a revision.

    `TITLE`, `TEXT`, `REDATED` and `EDITED` are significant: they change what visitors read.
    """

    TITLE = "title"
    TEXT = "text"
    REDATED = "redated"  # a different day was published: the article was posted again, or the year was wrong
    COMPLETED = "completed"  # the dump was half-written before, or shows more of the same text than before
    MERGED = "merged"  # another dump shows more of the same text
    SPACING = "spacing"  # white space, character widths, or the notation of a formula that draws the same
    AUTHOR = "author"  # an author became known or changed
    DETAILS = "details"  # tags, link or further fields changed
    CRAWLER = "crawler"  # the crawler or the reading rules changed, not the article
    SETTLED = "settled"  # a text that alternated with another one stayed
    EDITED = "edited"  # an operator changed it, and readers hear of it
    EDITED_SILENTLY = "edited silently"  # an operator changed it, and readers do not hear of it

    @property
    def significant(self) -> bool:
        """Whether the revision moves `updated` and is announced as a correction."""
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
    """An entry that was in the last reading of this dump and is not in this one. It stays published."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A sighting that could be one of several entries; `outcome` is a sentence about the decision."""

    position: int
    title: str
    candidates: tuple[EntryId, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The effects of one snapshot.

    - `changes`: for each entry, at most one Added or one significant Revised.
    - `placings`: the new last reading of the dump, in page order. An unassigned sighting has none.
    - `readers`: the counts that this dump newly shows, one for each entry. `changes.counts` decides which of them
      belong to
    the source's series.
    - `read_before`: the dump's previous counts for these entries, if it showed any.
    - `dates`: entries whose date evidence got better through their own sighting (not through their page, see
    `changes.dates`) or that have a new date (the changes then contain a `Revised` with `REDATED`). Includes every
    Added.
    - `ambiguous`: doubtful matches to report.
    - `waits`: whether the present content of other dumps would show more. Either an entry that counts as new resembles
      one
    that another dump still shows, or this dump shows more of an entry than others did.
    - `counts`: the other numbers that this dump newly shows, by name, for each entry.
    - `counted_before`: the dump's previous numbers for these entries, if it showed any.
    - `carried`: the number of last placings that are not shown now, because they stood beyond the end of a half-written
    dump.
    """

    changes: tuple[Added | Revised | Vanished, ...]
    placings: tuple[Placing, ...]
    readers: tuple[tuple[EntryId, int], ...]
    dates: tuple[tuple[EntryId, EntryDate], ...]
    ambiguous: tuple[Ambiguous, ...]
    read_before: Mapping[EntryId, int] = field(default_factory=dict)
    waits: bool = False
    carried: int = 0
    counts: tuple[tuple[EntryId, Counts], ...] = ()
    counted_before: Mapping[EntryId, Counts] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[Placing, ...]:
        """The placings of what the dump shows now."""
        return self.placings[: len(self.placings) - self.carried]
