"""What dumps show and what becomes of it: sightings, notes, and entries."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple, NewType, TypeVar, dataclass_transform

SourceId = NewType("SourceId", str)
EntryId = NewType("EntryId", str)
AtomId = NewType("AtomId", str)
Fingerprint = NewType("Fingerprint", str)
_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(made: type[_T]) -> type[_T]:
    """A frozen, slotted dataclass for values that a pass creates by the million; only the type checker enforces frozen.

    Creating one takes three times as long if it is also frozen at run time.
    """
    return dataclass(slots=True, unsafe_hash=True)(made)


class Layout(StrEnum):
    """How a listing page prints an entry; a feed; how a page of HTML says what its entries are."""

    DATEBLOCK = "dateblock"
    BYLINE = "byline"
    FEED = "feed"
    JSON_LD = "json-ld"
    MICROFORMATS = "microformats"
    ARTICLES = "articles"


class DateEvidence(NamedTuple):  # a tuple, because lines are looked up by it
    """A day as one dump shows it. Always a possible day; `year` is absent in the `dateblock` layout."""

    month: int
    day: int
    year: int | None = None


class DateKind(StrEnum):
    """What the evidence supports about the date."""

    EXACT = "exact"
    INFERRED = "inferred"
    PARTIAL = "partial"


class PrintedDate(NamedTuple):
    """A date as far as a page prints it; at least one part is there. Never an impossible day."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


@value
class EntryDate:
    """The date of an entry, as far as the evidence goes, and its kind.

    At least one of year and month is known, and a day only together with its month. The kind is partial if and only if
    a part is unknown.
    """

    month: int | None
    day: int | None
    year: int | None
    kind: DateKind

    @property
    def full(self) -> date | None:
        """The calendar day, or None if a part of it is unknown."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last day on which it can be; None if its year is unknown."""
        if self.year is None:
            return None
        if self.month is None:
            return date(self.year, 1, 1), date(self.year, 12, 31)
        last = monthrange(self.year, self.month)[1]
        return date(self.year, self.month, self.day or 1), date(self.year, self.month, self.day or last)


@value
class Extras:
    """What an entry shows beside its text in a feed, or in a layout that an operator declared.

    `printed` is the whole date evidence, of which `Sighting.date` is that with month and day. `counts` and `fields`
    are names with what they hold, in page order; the count of readers is `Sighting.readers`, too. `tags` are each
    there once. `uid` is the id that a feed gives the entry; no other entry of the feed has it. `updated` is the day on
    which it was last changed, if its feed states no other one: it was published by then.

    `kinds` are the kinds of the paragraphs where the markup of the dump shows them: a letter for each (see
    `letter_of`), or empty. `links` are the texts of links in the paragraphs, where they lead, and how often the text
    stands between the link before and this one, in reading order. In a Content, only tags, link, fields, kinds and
    links are present.
    """

    printed: PrintedDate | None = None
    counts: tuple[tuple[str, int], ...] = ()
    tags: tuple[str, ...] = ()
    link: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    uid: str = ""
    updated: PrintedDate | None = None
    kinds: str = ""
    links: tuple[tuple[str, str, int], ...] = ()

    @property
    def lasting(self) -> Extras:
        """What belongs to the content of an entry; without dates, counts and the id."""
        if not (self.tags or self.link or self.fields or self.kinds or self.links):
            return NO_EXTRAS
        passing = self.printed or self.counts or self.uid or self.updated
        return replace(self, printed=None, counts=(), uid="", updated=None) if passing else self


NO_EXTRAS = Extras()
READERS = "readers"  # the name of the count that feeds, pages and mails show


@value
class Sighting:
    """One entry as one dump shows it.

    `position` counts from 0 through the dump. `page` is the listing page within the dump, counted from 0. `paragraphs`
    is the body in reading order, with each figure's caption once, in its place. `figures` are those captions in the
    same order, so they are a subsequence of `paragraphs`. `date` is absent if the dump printed an impossible day, or
    none. An entry that may still grow is not `complete`. `layout` is a `Layout`, or the id of a declared one. `title`
    is empty if the page prints none, which only a declared layout can tell.
    """

    dump: str
    position: int
    page: int
    layout: str
    title: str
    author: str | None
    date: DateEvidence | None
    readers: int | None
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool
    extras: Extras = NO_EXTRAS

    @property
    def dated(self) -> DateEvidence | PrintedDate | None:
        """The date evidence: a day, with its year or without, or else other parts of a date."""
        return self.date or self.extras.printed


class NoteKind(StrEnum):
    """The kinds of notes about a dump that the operator should see.

    `unread`: a line looks like a mark but cannot be read; the entry that it would begin is lost. `end_mark`: a
    recurring last line was taken for the end mark. `count`: a reader count is out of range or cannot be read, so it is
    unknown. `cut`: the dump ends before it should. `malformed`: a feed is not well-formed. `cut_off`: a feed ends in
    the middle. `shared_id`: several entries of a feed have one id. `broken`: a script for programs is no JSON.
    """

    UNREAD = "unread"
    CUT = "cut"
    END_MARK = "end_mark"
    COUNT = "count"
    MALFORMED = "malformed"
    CUT_OFF = "cut_off"
    SHARED_ID = "shared_id"
    BROKEN = "broken"


_SAYINGS = {  # the reason and the remedy of each
    NoteKind.UNREAD: (
        "looks like the start of an entry and cannot be read, so that entry is left out: {text}",
        "see what the site or the crawler changed",
    ),
    NoteKind.CUT: (
        "breaks off, so its entry is incomplete and later ones are missing",
        "see whether it is still being written; if not, fetch it anew",
    ),
    NoteKind.END_MARK: (
        "ends {entries} entries and was taken for the end mark: {text}",
        "check that it is a link to the whole article",
    ),
    NoteKind.COUNT: (
        "has a reader count that cannot be right, so it is unknown: {text}",
        "nothing to do if the site prints it so",
    ),
    NoteKind.MALFORMED: (
        "is not well-formed, so the feed was read as far as it can be understood: {text}",
        "tell the site; nothing to do if its entries are right",
    ),
    NoteKind.CUT_OFF: (
        "is where the feed is cut off, so what would follow is missing: {text}",
        "nothing to do if the next reading is whole; else see what fetches it",
    ),
    NoteKind.SHARED_ID: (
        "has an id that {entries} entries of the feed share, so it is ignored: {text}",
        "tell the site; its entries are recognised by link, title and text",
    ),
    NoteKind.BROKEN: (
        "has JSON-LD that cannot be read, so its entries are missing: {text}",
        "tell the site; other layouts may read the page",
    ),
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a parsed dump that the operator should know.

    `line` counts from 1 through the decoded file. `text` is that line as read, at most `LONGEST` characters of it.
    `entries` is the number of entries that an end mark ends or that share an id, otherwise 0.
    """

    LONGEST: ClassVar[int] = 120

    line: int
    kind: NoteKind
    text: str
    entries: int = 0

    @property
    def reason(self) -> str:
        """What happened, without a full stop."""
        return _SAYINGS[self.kind][0].format(text=self.text, entries=self.entries)

    @property
    def remedy(self) -> str:
        """What the operator can do."""
        return _SAYINGS[self.kind][1]

    @property
    def sentence(self) -> str:
        """One sentence for the operator, beginning with the line number."""
        return f"Line {self.line} {self.reason} ({self.remedy})."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A parsed dump. `sightings` are in page order, at least one; `notes` are in line order."""

    dump: str
    sightings: tuple[Sighting, ...]
    notes: tuple[Note, ...] = ()


class BlockKind(StrEnum):
    """What a stretch of an entry's body is, as recovered from the flat text."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    FIGURE = "figure"
    VERSE = "verse"
    CODE = "code"
    FORMULA = "formula"


_LETTERS = dict(zip(BlockKind, "phfvcm", strict=True))
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
UNKNOWN_KIND = "-"
"""Stands for the kind of a paragraph that the flat text has to show."""


def letter_of(kind: BlockKind) -> str:
    """The letter of a kind in `Extras.kinds`: p, h, f, v, c, m in the order of `BlockKind`."""
    return _LETTERS[kind]


def kind_of(letter: str) -> BlockKind | None:
    """The kind of a letter; None for `UNKNOWN_KIND`."""
    return _KINDS.get(letter)


@value
class Block:
    """A stretch of an entry's body. `text` may contain line breaks, which matter in verse, code and formulas.

    `links` are stretches of the text that lead somewhere, in reading order: where they begin, the stretch, an address.
    """

    kind: BlockKind
    text: str
    links: tuple[tuple[int, str, str], ...] = ()


@value
class Content:
    """The text of an entry; `paragraphs`, `figures` and `complete` as in a Sighting.

    `title` is empty if no page prints one. `extras` are the tags, the link, the fields, and the kinds and links of the
    paragraphs.
    """

    title: str
    author: str | None
    paragraphs: tuple[str, ...]
    figures: tuple[str, ...]
    complete: bool = True
    extras: Extras = NO_EXTRAS


def realigned(paragraphs: Sequence[str], *sources: Content) -> str:
    """The kinds of paragraphs that come from other contents, of which the first one that knows a kind decides.

    Empty if none of them knows any.
    """
    known: dict[str, str] = {}
    for source in reversed(sources):
        if len(source.extras.kinds) == len(source.paragraphs):
            pairs = zip(source.paragraphs, source.extras.kinds, strict=True)
            known |= {paragraph: letter for paragraph, letter in pairs if letter != UNKNOWN_KIND}
    kinds = "".join(known.get(paragraph, UNKNOWN_KIND) for paragraph in paragraphs) if known else ""
    return kinds if kinds.strip(UNKNOWN_KIND) else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, merged from its sightings.

    `date.full` is the `published` date in feeds. `readers` is the newest count from the source that counted last.
    `sources` contains at least one id; the first is the source that showed the entry first. `updated_at` changes only
    on a significant revision. `revision` numbers the stored states from 1, and `content` belongs to that revision.
    `page_order` is the position at the first sighting. `counts` are the newest numbers of other things that its pages
    count, by name.
    """

    id: EntryId
    atom_id: AtomId
    sources: tuple[SourceId, ...]
    content: Content
    date: EntryDate | None
    readers: int | None
    first_seen_at: datetime
    updated_at: datetime
    revision: int
    page_order: int
    counts: tuple[tuple[str, int], ...] = ()
