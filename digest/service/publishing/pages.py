"""Reads the content of pages from the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.dumps.structure import blocks
from digest.mail.composing.notes import note_html
from digest.model import DateKind, EntryId, Section, SourceId
from digest.records.intake import DumpState
from digest.search_terms import marks, query
from digest.service.editions.digests import digest_title, edition_name
from digest.service.publishing.feeds import EVERYTHING, source_of, via
from digest.service.publishing.redating import tells_another_day
from digest.typeset.characters import line, strip_unsafe
from digest.typeset.chart import chart
from digest.typeset.dates import format_day
from digest.typeset.excerpt import excerpt
from digest.typeset.formulas import text as linear
from digest.typeset.html import html
from digest.typeset.punctuation import full_width
from digest.typeset.titles import headline, labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import Content, Edition, EditionKey, Entry, EntryDate
    from digest.records.publishing import ReaderCount, RevisionRecord
    from digest.search_terms import Query
    from digest.settings import Settings
    from digest.store.transaction import Store, Transaction

_HOME_ENTRIES = 30
_HOME_EDITIONS = 8
_HOME_EXCERPT = 160
_FOUND = 50
_CHANGES = 40  # paragraphs of a revision that a page shows
_BEFORE, _SHOWN = 40, 200  # characters of a text in a search result


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry for pages. `html` and `marked` are safe; `date` is formatted text, `kind` is how it is known.

    `marked` is the title with the matches of a search marked. `dates` are the day before and the new one, if the
    edition on the page corrected its date.
    """

    id: EntryId
    title: str
    marked: str
    url: str
    author: str
    date: str
    kind: str
    html: str
    readers: int | None
    via: str
    source: str
    source_url: str
    first_seen_at: datetime
    revisions: int
    gained: int | None = None
    dates: str = ""
    tags: tuple[str, ...] = ()


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
    cause: str
    dates: str
    html: str


@dataclass(frozen=True, slots=True)
class EntryPage:
    """An entry with its history. `newer` and `older` are its neighbours in the feed of all entries."""

    entry: EntryView
    chart: str
    revisions: tuple[RevisionView, ...]
    newer: Link | None
    older: Link | None


@dataclass(frozen=True, slots=True)
class Home:
    """The home page: newest entries by the day they were first seen, and newest editions."""

    days: tuple[tuple[str, tuple[EntryView, ...]], ...]
    editions: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A source: its state and newest entries. `troubled` are its dumps that are held or could not be read."""

    id: str
    title: str
    refreshed_at: datetime | None
    entries: int
    dumps: int
    troubled: tuple[str, ...]
    newest: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition for a page: its entries by section, the `days` that it covers, and the operator's `note` as HTML."""

    edition: Edition
    title: str
    days: str
    new: tuple[EntryView, ...]
    most_read: tuple[EntryView, ...]
    corrected: tuple[EntryView, ...]
    note: str = ""


class Reading:
    """Reads published content for the pages, in the visitor's language. May be used from several threads."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def home(self, language: str) -> Home:
        """The newest entries and editions."""
        with self._store.read() as tx:
            entries = tx.entries.newest(limit=_HOME_ENTRIES)
        days: dict[str, list[EntryView]] = {}
        for entry in entries:
            zone = ZoneInfo(getattr(source_of(self._settings, entry), "timezone", "UTC"))
            day = format_day(entry.first_seen_at.astimezone(zone).date(), language)
            days.setdefault(day, []).append(self._view(entry, language, limit=_HOME_EXCERPT))
        return Home(tuple((day, tuple(views)) for day, views in days.items()), self.editions(language)[:_HOME_EDITIONS])

    def source(self, name: str, language: str) -> SourcePage | None:
        """A configured source; None for any other."""
        configured = self._settings.source(name)
        if configured is None:
            return None
        source = SourceId(name)
        with self._store.read() as tx:
            state, dumps = tx.readings.source(source), tx.readings.dumps(source)
            newest = tx.entries.newest(source=source, limit=_HOME_ENTRIES)
            size = tx.feeds.size(f"source/{name}")
        return SourcePage(
            name,
            configured.title,
            state.refreshed_at if state else None,
            size,
            len(dumps),
            tuple(f"{dump.path}: {dump.reason}" for dump in dumps.values() if dump.state is not DumpState.GOOD),
            tuple(self._view(entry, language, limit=_HOME_EXCERPT) for entry in newest),
        )

    def search(self, asked: str, language: str) -> tuple[EntryView, ...]:
        """The results of a search, best first, with the matches marked."""
        with self._store.read() as tx:
            found = tx.entries.search(asked, limit=_FOUND)
        wanted = query(asked)
        return tuple(self._found(entry, wanted, language) for entry in found)

    def entry(self, entry: str, language: str) -> EntryPage | None:
        """A published entry, with its whole text and history."""
        with self._store.read() as tx:
            found = tx.entries.entry(EntryId(entry))
            if found is None:
                return None
            revisions, counts = tx.entries.revisions(found.id), tx.entries.counts(found.id)
            newer, older = tx.feeds.neighbours(EVERYTHING, found.id)
        return EntryPage(
            self._view(found, language),
            chart(_newest_series(counts), language=language),
            tuple(
                RevisionView(
                    new.number,
                    new.at,
                    new.cause,
                    _days(old, new, language),
                    _difference(old.content, new.content),
                )
                for old, new in pairwise(revisions)
            )[::-1],
            _link(newer),
            _link(older),
        )

    def merged_into(self, entry: str) -> EntryId | None:
        """The entry into which an operator merged this one."""
        with self._store.read() as tx:
            return tx.by_hand.merged_into(EntryId(entry))

    def removed(self, entry: str) -> bool:
        """Whether an entry was removed."""
        with self._store.read() as tx:
            return tx.feeds.removed_at(EntryId(entry)) is not None

    def editions(self, language: str) -> tuple[Link, ...]:
        """All editions with a page, newest first, by their digest and days."""
        with self._store.read() as tx:
            return tuple(
                Link(f"/editions/{one.edition.key}", self._edition_title(tx, one.edition, language))
                for one in tx.editions.editions()
                if not one.edition.empty
            )

    def _edition_title(self, tx: Transaction, edition: Edition, language: str) -> str:
        days = edition_name(tx, self._settings, edition, language)
        return f"{digest_title(self._settings, edition.digest)} · {days}"

    def edition(self, key: EditionKey, language: str) -> EditionView | None:
        """An edition with its entries as they were when it was made; empty ones mailed to nobody have no page."""
        with self._store.read() as tx:
            made = tx.editions.edition(key)
            if made is None or (made.edition.empty and not made.deliveries):
                return None
            selected = tx.editions.selected(key)
            history = {
                one.entry.id: tx.entries.revisions(one.entry.id) for one in selected if one.section is Section.CORRECTED
            }
            days = edition_name(tx, self._settings, made.edition, language)

        def section(wanted: Section) -> tuple[EntryView, ...]:
            return tuple(
                self._view(one.entry, language, gained=one.gained) for one in selected if one.section is wanted
            )

        return EditionView(
            made.edition,
            digest_title(self._settings, made.edition.digest),
            days,
            section(Section.NEW),
            section(Section.MOST_READ),
            tuple(
                replace(one, dates=_days_told(history[one.id][: one.revisions], made.edition, language))
                for one in section(Section.CORRECTED)
            ),
            note_html(made.edition.note),
        )

    def _found(self, entry: Entry, wanted: Query, language: str) -> EntryView:
        view = self._view(entry, language, limit=0)
        body = linear(full_width(strip_unsafe(" ".join(entry.content.paragraphs))))
        return replace(
            view,
            marked=_marked(view.title, marks(view.title, wanted)),
            html=f"<p>{_around(body, marks(body, wanted))}</p>",
        )

    def _view(self, entry: Entry, language: str, *, limit: int | None = None, gained: int | None = None) -> EntryView:
        source = source_of(self._settings, entry)
        body = blocks(entry.content)
        shown_title = headline(entry.content)
        return EntryView(
            id=entry.id,
            title=shown_title,
            marked=escape(shown_title),
            url=f"/entries/{entry.id}",
            author=line(entry.content.author or ""),
            date=format_day(entry.date, language),
            kind=_kind(entry.date),
            html="" if limit == 0 else html(excerpt(body, limit) if limit else body, level=2),
            readers=entry.readers,
            via=via(source, entry.content),
            source=source.title if source else "",
            source_url=f"/sources/{source.id}" if source else "",
            first_seen_at=entry.first_seen_at,
            revisions=entry.revision,
            gained=gained,
            tags=tuple(labels(entry.content.extras.tags)),
        )


def _newest_series(counts: Sequence[ReaderCount]) -> list[tuple[datetime, int]]:
    """The counts of the source that counted last, whose newest count is the entry's number."""
    source = counts[-1].source if counts else None
    return [(count.at, count.readers) for count in counts if count.source == source]


def _difference(before: Content, after: Content) -> str:
    """The changes between two texts, as far as a reader can follow them."""
    from digest.typeset import differences  # noqa: PLC0415 - few pages show corrections

    return differences.html(differences.differences(before, after)[:_CHANGES])


def _days(old: RevisionRecord, new: RevisionRecord, language: str) -> str:
    """The two days of a revision that changed the day; empty for any other."""
    if not tells_another_day(old, new):
        return ""
    return " → ".join(filter(None, (format_day(old.date, language), format_day(new.date, language))))


def _days_told(revisions: Sequence[RevisionRecord], edition: Edition, language: str) -> str:
    """The first and the last day if an edition with these revisions corrected the date; otherwise empty."""
    steps = [
        (old, new)
        for old, new in pairwise(revisions)
        if (edition.opens_at is None or new.at >= edition.opens_at) and tells_another_day(old, new)
    ]
    return _days(steps[0][0], steps[-1][1], language) if steps else ""


def _link(entry: Entry | None) -> Link | None:
    return Link(f"/entries/{entry.id}", headline(entry.content)) if entry else None


def _kind(date: EntryDate | None) -> str:
    """How a date is known; a partial one with its year says by itself what is missing."""
    if date is None or (date.kind is DateKind.PARTIAL and date.year is not None):
        return ""
    return str(date.kind)


def _marked(text: str, places: Sequence[tuple[int, int]]) -> str:
    made, at = "", 0
    for start, end in places:
        made += f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>"
        at = end
    return made + escape(text[at:])


def _around(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The stretch of a text around the first match, marked; its beginning if there is none."""
    start = max(0, places[0][0] - _BEFORE) if places else 0
    end = start + _SHOWN
    inside = [(a - start, b - start) for a, b in places if start <= a and b <= end]
    return ("…" if start else "") + _marked(text[start:end], inside) + ("…" if end < len(text) else "")
