"""What is published, read from the store for the web and the command line: the feed's bytes, pages' values."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from digest.changes.backlog import published_at
from digest.dumps.structure import blocks
from digest.feeds.atom import FeedEntry, FeedFacts, atom
from digest.model import EntryId, Section, SourceId
from digest.typeset.characters import line
from digest.typeset.dates import said
from digest.typeset.excerpt import excerpt
from digest.typeset.html import html
from digest.typeset.text import text

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Edition, EditionKey, Entry, EntryDate
    from digest.service.ports import Store, Transaction
    from digest.settings import Settings, Source

NEWEST = 1000  # entries of the feed: enough for each of them to be seen, few enough to be read by a reader
_SUMMARY = 200
_HOME_ENTRIES = 30
_HOME_EDITIONS = 8
_HOME_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class Document:
    """A published document with its validators. Equal state gives equal bytes, in every process."""

    body: bytes
    gzipped: bytes
    media_type: str
    etag: str
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as pages show it. `html` is safe; `date` is said in words, `kind` how it is known (or empty)."""

    id: EntryId
    title: str
    url: str
    author: str
    date: str
    kind: str
    html: str
    readers: int | None
    via: str
    source: str
    first_seen_at: datetime
    revisions: int
    gained: int | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """The home page: newest entries by the day they were first seen, newest editions."""

    days: tuple[tuple[str, tuple[EntryView, ...]], ...]
    editions: tuple[Edition, ...]


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition as a page: its entries by section."""

    edition: Edition
    title: str
    day: str
    new: tuple[EntryView, ...]
    most_read: tuple[EntryView, ...]
    corrected: tuple[EntryView, ...]


class Publisher:
    """Reads what is published. A document is made once for each state of the store and then handed out as it is.

    May be used from several threads.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._made: dict[SourceId | None, tuple[int, Document]] = {}
        self._lock = Lock()

    def feed(self, source: SourceId | None = None) -> Document:
        """The Atom feed of everything, or of one configured source."""
        with self._store.read() as tx:
            state, changed_at = tx.entries.published_state()
        with self._lock:
            known = self._made.get(source)
        if known and known[0] == state:
            return known[1]
        with self._store.read() as tx:
            state, changed_at = tx.entries.published_state()
            body = self._atom(tx, source, changed_at)
        etag = hashlib.sha256(body).hexdigest()[:32]
        document = Document(
            body, gzip.compress(body, 9, mtime=0), "application/atom+xml; charset=utf-8", etag, changed_at
        )
        with self._lock:
            self._made[source] = (state, document)
        return document

    def _atom(self, tx: Transaction, source: SourceId | None, made_at: datetime) -> bytes:
        settings = self._settings
        entries = tx.entries.newest(source=source, limit=NEWEST)
        configured = settings.source(source) if source else None
        home = f"{settings.base_url}/"
        title = configured.title if configured else settings.site_title
        facts = FeedFacts(
            id=f"tag:{settings.tag_base}:feed{f'/{source}' if source else ''}",
            title=title,
            author=title,
            language=configured.language if configured else settings.language.replace("_", "-"),
            self_url=f"{home}sources/{source}/feed.atom" if source else f"{home}feed.atom",
            home_url=home,
            updated_at=max((entry.updated_at for entry in entries), default=made_at),
        )
        return atom(facts, [self._feed_entry(entry) for entry in entries])

    def _feed_entry(self, entry: Entry) -> FeedEntry:
        source = self._source(entry)
        full = entry.date.full if entry.date else None
        body = blocks(entry.content)
        return FeedEntry(
            id=entry.atom_id,
            title=entry.content.title,
            author=entry.content.author or (source.title if source else self._settings.site_title),
            language=source.language if source else self._settings.language.replace("_", "-"),
            url=self._url(entry.id),
            via=via(source, entry.content.title),
            updated_at=entry.updated_at,
            published=published_at(full, ZoneInfo(source.timezone if source else "UTC")) if full else None,
            summary=" ".join(text(excerpt(body, _SUMMARY), 10_000).split()),
            html=html(body),
        )

    def home(self) -> Home:
        """The newest entries and editions."""
        with self._store.read() as tx:
            entries = tx.entries.newest(limit=_HOME_ENTRIES)
            editions = tuple(made.edition for made in tx.editions.editions() if not made.edition.empty)
        days: dict[str, list[EntryView]] = {}
        for entry in entries:
            zone = ZoneInfo(getattr(self._source(entry), "timezone", "UTC"))
            day = said(entry.first_seen_at.astimezone(zone).date(), self._settings.language)
            days.setdefault(day, []).append(self._view(entry, limit=_HOME_EXCERPT))
        return Home(tuple((day, tuple(views)) for day, views in days.items()), editions[:_HOME_EDITIONS])

    def entry(self, entry: str) -> EntryView | None:
        """A published entry, its whole text."""
        with self._store.read() as tx:
            found = tx.entries.entry(EntryId(entry))
        return self._view(found) if found else None

    def edition(self, key: EditionKey) -> EditionView | None:
        """An edition with its entries as they were when it was made; empty ones have no page."""
        with self._store.read() as tx:
            made = tx.editions.edition(key)
            if made is None or made.edition.empty:
                return None
            selected = tx.editions.selected(key)
        configured = self._settings.digest(made.edition.digest)
        zone = ZoneInfo(configured.timezone if configured else "UTC")

        def section(wanted: Section) -> tuple[EntryView, ...]:
            return tuple(self._view(one.entry, gained=one.gained) for one in selected if one.section is wanted)

        return EditionView(
            made.edition,
            configured.title if configured else made.edition.digest,
            said(made.edition.closes_at.astimezone(zone).date(), self._settings.language),
            section(Section.NEW),
            section(Section.MOST_READ),
            section(Section.CORRECTED),
        )

    def _view(self, entry: Entry, *, limit: int | None = None, gained: int | None = None) -> EntryView:
        source = self._source(entry)
        body = blocks(entry.content)
        return EntryView(
            id=entry.id,
            title=line(entry.content.title) or "—",
            url=f"/entries/{entry.id}",
            author=line(entry.content.author or ""),
            date=said(entry.date, self._settings.language),
            kind=_kind(entry.date),
            html=html(excerpt(body, limit) if limit else body, level=2),
            readers=entry.readers,
            via=via(source, entry.content.title),
            source=source.title if source else "",
            first_seen_at=entry.first_seen_at,
            revisions=entry.revision,
            gained=gained,
        )

    def _source(self, entry: Entry) -> Source | None:
        """The configuration of the first of its sources that still has one."""
        return next((found for name in entry.sources if (found := self._settings.source(name))), None)

    def _url(self, entry: EntryId) -> str:
        return f"{self._settings.base_url}/entries/{entry}"


def via(source: Source | None, title: str) -> str:
    """Where the original is found, by the source's link template; empty without one."""
    return source.link.format(title=quote(title, safe="")) if source and source.link else ""


def _kind(date: EntryDate | None) -> str:
    return str(date.kind) if date else ""
