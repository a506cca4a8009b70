"""Entries as the pages show them: text, dates and numbers in the visitor's language and in the zone of the source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from digest.dumps.structure import blocks
from digest.model import Block, BlockKind, Content, DateKind, Entry, EntryDate, EntryId
from digest.service.publishing.feeds import source_of, via
from digest.settings import Settings, Source
from digest.templating import language_tag
from digest.typeset import characters, chart, formulas, titles
from digest.typeset.dates import format_day, format_moment, format_near, machine_day
from digest.typeset.excerpt import excerpt, summary
from digest.typeset.html import html
from digest.typeset.text import text

ROW, _LEAD = 90, 120  # characters of an excerpt in a list, about, and of the first one
_DESCRIPTION = 150  # characters that search engines and chat programs show
_WIDE_FORMULA = 1_200  # characters of MathML, from which on a formula may be wider than a phone
_WAN = 10_000
_CLAUSE = re.compile(r"[^：，？！；]+(?:[：，？！；]+[”’」』）》]*|$)")
# Formulas in lists are text, as in feeds: a page of rows needs no font of 390 kB.
_LISTED = formulas.in_feeds({}, lambda name: name)
_FORMULA = '<p class="formula">'


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: for machines, to the minute, and as people name its day (`3 days ago`)."""

    iso: str
    text: str
    near: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry for pages. `html`, `marked` and `row` are safe.

    `date` is formatted text, `machine_date` the same for machines, and `kind` is how it is known: empty, `inferred`,
    `partial` without a year, `none` without any date. `marked` is the title with the matches of a search marked.
    `clauses` are the title in the parts between which a line breaks first. `row` is a short excerpt for lists.
    `taken_back`: an operator removed the entry after an edition had announced it, so only its place is shown.
    `dates` are the day before and the new one, if the edition on the page corrected its date.
    """

    id: EntryId
    title: str
    clauses: tuple[str, ...]
    marked: str
    url: str
    language: str
    author: str
    author_url: str
    date: str
    short_date: str
    month: str
    machine_date: str
    kind: str
    html: str
    row: str
    description: str
    readers: int | None
    readers_text: str
    via: str
    source: str
    source_url: str
    first_seen_at: datetime
    seen: Moment
    revisions: int
    gained: int | None = None
    dates: str = ""
    tags: tuple[str, ...] = ()
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """A stored state of an entry: when, why (a changes.Cause), and its changes, as safe HTML.

    `dates` are the formatted day before and the new one if the day changed, otherwise empty.
    """

    number: int
    at: datetime
    moment: Moment
    cause: str
    dates: str
    html: str


@dataclass(frozen=True, slots=True)
class Day:
    """The entries that were first seen on one day; they are joined with the day's name."""

    day: Moment
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class Ways:
    """The addresses of the neighbouring pages of a list, empty where there is none. `total` counts the whole list."""

    total: int
    newer: str = ""
    older: str = ""
    oldest: str = ""
    page: int | None = None
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Views:
    """Makes the views of entries for one page. `now` decides what is called `today`."""

    settings: Settings
    language: str
    now: datetime

    def whole(self, entry: Entry) -> EntryView:
        """An entry with its whole text."""
        return self._view(entry, html=_scrollable(html(blocks(entry.content), level=2)))

    def taken_back(self, entry: Entry) -> EntryView:
        """The place of an entry that an operator removed: nothing of what it said."""
        gone = replace(
            entry, content=replace(entry.content, title=titles.UNTITLED, author=None, paragraphs=()), readers=None
        )
        return replace(self._view(gone), taken_back=True, via="", description="")

    def lead(self, entry: Entry) -> EntryView:
        """An entry with a longer excerpt, for the first place of a list."""
        return self._view(
            entry, html=_scrollable(html(excerpt(_plain(entry.content), _LEAD), level=3, channel=_LISTED))
        )

    def row(self, entry: Entry) -> EntryView:
        """An entry for a list."""
        return self._view(entry, row=html(summary(blocks(entry.content), ROW), level=3, channel=_LISTED))

    def title(self, entry: Entry) -> EntryView:
        """An entry for a list of titles."""
        return self._view(entry)

    def moment(self, at: datetime, zone: tzinfo) -> Moment:
        """A time on the calendar of a zone."""
        return Moment(
            at.astimezone(zone).isoformat(timespec="minutes"),
            format_moment(at, zone, self.language),
            format_near(at.astimezone(zone).date(), self.now.astimezone(zone).date(), self.language),
        )

    def compact(self, number: int | None) -> str:
        """A number of readers in a list: `4,812`, in Chinese from ten thousand on `1.2万`; empty for none."""
        if number is None:
            return ""
        return f"{number:,}" if number < _WAN else chart.format_count(number, self.language)

    def _view(self, entry: Entry, *, html: str = "", row: str = "") -> EntryView:
        source = source_of(self.settings, entry)
        title = titles.display_title(entry.content)
        author = characters.line(entry.content.author or "")
        return EntryView(
            id=entry.id,
            title=title,
            clauses=tuple(_CLAUSE.findall(title)) or (title,),
            marked=escape(title),
            url=f"/entries/{entry.id}",
            language=source.language if source else language_tag(self.settings.language),
            author=author,
            author_url=author_path(entry.content.author or "") if author else "",
            date=format_day(entry.date, self.language),
            short_date=_short(format_day(entry.date, self.language, year=False)),
            month=month_name(entry.date.month, self.language) if entry.date and entry.date.month else "",
            machine_date=machine_day(entry.date),
            kind=_kind(entry.date),
            html=html,
            row=row,
            description=_description(entry.content),
            readers=entry.readers,
            readers_text=self.compact(entry.readers),
            via=via(source, entry.content),
            source=source.title if source else "",
            source_url=f"/sources/{source.id}" if source else "",
            first_seen_at=entry.first_seen_at,
            seen=self.moment(entry.first_seen_at, zone_of(self.settings.sources, source)),
            revisions=entry.revision,
            tags=tuple(titles.labels(entry.content.extras.tags)),
        )


def zone_of(sources: Sequence[Source], source: Source | None = None) -> ZoneInfo:
    """The zone of a source; by default that of the site, which is its first source's."""
    chosen = source or next(iter(sources), None)
    return ZoneInfo(chosen.timezone if chosen else "UTC")


def author_path(author: str) -> str:
    """The address of the page of an author."""
    return f"/authors/{quote(author, safe='')}"


def _plain(content: Content) -> list[Block]:
    """The blocks that an excerpt in a list can show: no displayed formula, code or figure."""
    left_out = {BlockKind.FORMULA, BlockKind.CODE, BlockKind.FIGURE}
    made = blocks(content)
    return [block for block in made if block.kind not in left_out] or list(made)


def _description(content: Content) -> str:
    """The beginning of the text in one line, without markup; empty without a text."""
    return characters.joined(text(summary(blocks(content), _DESCRIPTION), 10_000))


def _scrollable(made: str) -> str:
    """The text with its wide formulas in reach of the keyboard, in browsers that let Tab pass by what scrolls."""
    first, *rest = made.split(_FORMULA)
    for part in rest:
        wide = part.find("</p>") > _WIDE_FORMULA
        first += (_FORMULA.replace(">", ' tabindex="0">') if wide else _FORMULA) + part
    return first


def _short(day: str) -> str:
    """A day for a column: `24 Nov` for `24 November`; a Chinese one is short already."""
    return " ".join(word[:3] for word in day.split(" ")) if day.isascii() else day


def month_name(month: int, language: str, year: int | None = None) -> str:
    """A month as text: `11月`, `2020年11月`, `November 2020`."""
    return format_day(EntryDate(month, None, year, DateKind.PARTIAL), language)


def _kind(date: EntryDate | None) -> str:
    """How a date is known; a partial one with its year says by itself what is missing."""
    if date is None:
        return "none"
    if date.kind is DateKind.PARTIAL and date.year is not None:
        return ""
    return "" if date.kind is DateKind.EXACT else str(date.kind)
