"""Feed documents from published content: subscription documents, archives, searches, the list of feeds.

A document is made once for each state of the store and then served unchanged. Decisions 71, 72 and 298.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from digest.changes.backlog import published_at
from digest.chinese import converted_page
from digest.dumps.structure import blocks
from digest.errors import UnknownError
from digest.feeds.atom import MEDIA_TYPE as ATOM
from digest.feeds.atom import atom
from digest.feeds.browser import for_browser
from digest.feeds.json_feed import MEDIA_TYPE as JSON
from digest.feeds.json_feed import json_feed
from digest.feeds.opml import opml
from digest.feeds.rss import MEDIA_TYPE as RSS
from digest.feeds.rss import rss
from digest.feeds.values import FeedEntry, FeedFacts, Paging, Tombstone, in_script
from digest.model import DateKind, Entry
from digest.service.publishing import documents, pictures
from digest.service.publishing.feeds import Feed, feed_at, feeds, new_articles, source_of, subject, via
from digest.settings import Settings
from digest.templating import language_tag
from digest.typeset import characters, titles
from digest.typeset.dates import known_day
from digest.typeset.excerpt import excerpt
from digest.typeset.html import captioned, html
from digest.typeset.math.extract import Formula
from digest.typeset.text import text

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

    Shown = Callable[[str, FeedFacts, Sequence[FeedEntry]], str]

FORMATS = {"atom": ATOM, "rss": RSS, "json": JSON}
_KEPT = 512  # documents
HTML_SHARE = 0.7  # share of a document's bytes that is its entries' HTML; titles, summaries and links are the rest
_REMOVED = 50  # tombstones in a subscription document
_SUMMARY = 200


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The key of a requested document."""

    path: str
    kind: str
    page: int | None
    styled: bool
    language: str = ""
    script: str = ""


@dataclass(frozen=True, slots=True)
class _Newest:
    """The entries that are on no archive page yet; `size` entries joined the feed, `closed` pages are full."""

    size: int
    closed: int
    entries: list[FeedEntry]


class Syndication:
    """Makes the documents. May be used from several threads.

    `stylesheet` is the address of the style sheet for browsers that open a feed, and `shown` returns what they show of
    one in a language (see feeds.browser).
    """

    def __init__(self, store: Store, settings: Settings, stylesheet: str = "", shown: Shown | None = None) -> None:
        self._store, self._settings, self._stylesheet, self._shown = store, settings, stylesheet, shown
        self._made: OrderedDict[_Wanted, tuple[int, documents.Document]] = OrderedDict()
        self._newest_of: dict[str, tuple[int, _Newest]] = {}
        self._lock = Lock()

    def feed(
        self,
        path: str = "",
        kind: str = "atom",
        *,
        page: int | None = None,
        styled: bool = False,
        language: str = "",
        script: str = "",
    ) -> documents.Document:
        """The subscription document of the feed at this path, or an archive page of it.

        `styled`: for a browser that opens it, in the `language` of its visitor. `script` is one of `chinese.SCRIPTS`;
        any other text leaves the characters as they are written.

        Raises:
            UnknownError: there is no such feed or page.
        """
        feed = feed_at(self._settings, path)
        if feed is None or kind not in FORMATS:
            raise UnknownError("feed", f"{path}feed.{kind}")
        wanted = _Wanted(path, kind, page, styled, language if styled else "", script)
        return self._once(wanted, lambda tx, changed_at: self._page(tx, feed, wanted, changed_at))

    def search_feed(
        self, query: str, kind: str, script: str = "", *, styled: bool = False, language: str = ""
    ) -> documents.Document:
        """The newest results of a search, as a feed; the options are those of `feed`.

        Raises:
            UnknownError: there is no such format.
        """
        if kind not in FORMATS:
            raise UnknownError("feed", f"search.{kind}")
        wanted = _Wanted(f"search?{query}", kind, None, styled, language if styled else "", script)
        return self._once(wanted, lambda tx, changed_at: self._search_page(tx, query, wanted, changed_at))

    def opml(self, *, each: bool = False) -> bytes:
        """The list that a feed reader imports: the feed of everything, which contains each article once.

        `each`: instead of it, the feeds of all sources, and those of the topics in a folder.
        """
        everything, *others = feeds(self._settings)
        base = self._settings.base_url
        named = [(feed.path, (feed.title, f"{base}/{feed.path}feed.atom")) for feed in ([everything], others)[each]]
        topics = [one for path, one in named if path.startswith("topics/")]
        folder = "主题" if everything.language.startswith("zh") else "Topics"
        listed = [one for path, one in named if not path.startswith("topics/")]
        return opml(self._settings.site_title, f"{base}/", listed, {folder: topics} if topics else {})

    def _once(self, wanted: _Wanted, make: Callable[[Transaction, datetime], bytes]) -> documents.Document:
        """A document; it is made if none exists for the present published state."""
        state, _ = self._store.published_state()
        with self._lock:
            known = self._made.get(wanted)
        if known and known[0] == state:
            return known[1]
        with self._store.read() as tx:
            state, changed_at = tx.entries.published_state()
            body = make(tx, changed_at)
        media_type = "application/xml" if wanted.styled else FORMATS[wanted.kind]
        etag = hashlib.sha256(body).hexdigest()[:32]
        document = documents.Document(body, f"{media_type}; charset=utf-8", etag, changed_at, self._links(wanted))
        with self._lock:
            self._made[wanted] = (state, document)
            self._made.move_to_end(wanted)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return document

    def _links(self, wanted: _Wanted) -> str:
        """The Link header in which WebSub finds hub and topic."""
        hub, page = self._settings.feed.hub, wanted.page
        if not hub or page is not None or wanted.script or "?" in wanted.path:
            return ""
        return f'<{hub}>; rel="hub", <{self._settings.base_url}/{wanted.path}feed.{wanted.kind}>; rel="self"'

    def _page(self, tx: Transaction, feed: Feed, wanted: _Wanted, changed_at: datetime) -> bytes:
        kind, page, chunk = wanted.kind, wanted.page, self._chunk
        newest = self._newest(tx, feed)
        closed = newest.closed
        if page is not None and not 1 <= page <= closed:
            raise UnknownError("page of a feed", f"{feed.path}archive/{page}")
        if page:
            first, last = (page - 1) * chunk + 1, page * chunk
            entries, removed = self.told(tx, tx.feeds.members(feed.key, first, last)), (first, last)
        else:  # feed readers poll the subscription document only, so removals are listed there too
            entries, removed = newest.entries, (1, newest.size)
        url, paging = placed(f"{self._settings.base_url}/{feed.path}", kind, page, closed)
        facts = self.facts(_first_name(tx, feed), feed.title, feed.language, url, entries, changed_at)
        author = feed.name if feed.path.startswith("sources/") else facts.author
        facts = replace(facts, author=author, paging=paging, subtitle=feed.subtitle)
        facts, entries = in_script(facts, entries, wanted.script)
        tombstones = [Tombstone(*one) for one in tx.feeds.removed(feed.key, *removed)[: None if page else _REMOVED]]
        return self._for_visitor(wanted, facts, entries, tombstones)

    def _for_visitor(
        self, wanted: _Wanted, facts: FeedFacts, entries: Sequence[FeedEntry], removed: Sequence[Tombstone] = ()
    ) -> bytes:
        """The document, with what a browser shows of it if one asks."""
        document = feed_document(wanted.kind, facts, fitting(entries, self._settings.feed.largest), removed)
        return self.for_browser(document, wanted.language, facts, entries, wanted.script) if wanted.styled else document

    def for_browser(
        self, document: bytes, language: str, facts: FeedFacts, entries: Sequence[FeedEntry], script: str = ""
    ) -> bytes:
        """A document of these values with what a browser shows of it to a visitor, in their language and script."""
        shown = self._shown(language, facts, entries) if self._shown else ""
        return for_browser(document, self._stylesheet, converted_page(shown, script))

    def _search_page(self, tx: Transaction, query: str, wanted: _Wanted, changed_at: datetime) -> bytes:
        found = tx.entries.search(query, limit=self._settings.feed.newest)
        newest_first = sorted(found, key=lambda entry: (entry.first_seen_at, entry.id), reverse=True)
        entries = self.told(tx, newest_first)
        known = hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()[:16]
        settings = self._settings
        url = f"{settings.base_url}/search.{wanted.kind}?q={quote(query, safe='', errors='replace')}"
        language = language_tag(settings.language)
        title = subject(settings.site_title, (f"搜索：{query}", f"Search: {query}"), language)
        facts = self.facts(f"search/{known}", title, language, url, entries, changed_at)
        facts = replace(facts, subtitle=new_articles(settings.site_title, query, language))
        facts, entries = in_script(replace(facts, hub=""), entries, wanted.script)
        return self._for_visitor(wanted, facts, entries)

    def facts(
        self, name: str, title: str, language: str, self_url: str, entries: Sequence[FeedEntry], changed_at: datetime
    ) -> FeedFacts:
        """The values of a feed with this name in its id, and these entries."""
        settings = self._settings
        return FeedFacts(
            id=f"tag:{settings.tag_base}:{name}",
            title=title,
            author=settings.site_title,
            language=language,
            self_url=self_url,
            home_url=f"{settings.base_url}/",
            updated_at=max((entry.updated_at for entry in entries), default=changed_at),
            hub=settings.feed.hub,
            icon=f"{settings.base_url}/icon.png",
            logo=f"{settings.base_url}/logo.png",
        )

    @property
    def _chunk(self) -> int:
        """The number of entries on an archive page: few enough that a subscription document is never missing many."""
        return max(2, self._settings.feed.newest // 5)

    def _newest(self, tx: Transaction, feed: Feed) -> _Newest:
        """The content of a subscription document: as much as fits, and the rest in whole archive pages."""
        state, _ = tx.entries.published_state()
        with self._lock:
            known = self._newest_of.get(feed.key)
        if known and known[0] == state:
            return known[1]
        size, chunk, limits = tx.feeds.size(feed.key), self._chunk, self._settings.feed
        closed = max(0, -(-(size - limits.newest) // chunk))
        while True:
            entries = self.told(tx, tx.feeds.members(feed.key, closed * chunk + 1, size))
            if _weight(entries) <= limits.largest * HTML_SHARE or (closed + 1) * chunk > size:
                break
            closed += 1
        made = _Newest(size, closed, entries)
        with self._lock:
            self._newest_of[feed.key] = (state, made)
        return made

    def told(self, tx: Transaction, entries: Sequence[Entry]) -> list[FeedEntry]:
        """The entries in the form that every format uses."""
        address = f"{self._settings.base_url}/formulas"
        shown = pictures.channel(
            tx, (entry.content for entry in entries), lambda name: f"{address}/{name}.png", feed=True
        )
        return [self._feed_entry(entry, shown) for entry in entries]

    def _feed_entry(self, entry: Entry, shown: Callable[[Formula], str]) -> FeedEntry:
        source = source_of(self._settings, entry)
        full = entry.date.full if entry.date else None
        body = list(map(captioned, blocks(entry.content)))
        summary = characters.joined(text(excerpt(body, _SUMMARY), 10_000))
        language = source.language if source else language_tag(self._settings.language)
        url, original = f"{self._settings.base_url}/entries/{entry.id}", via(source, entry.content)
        title = titles.display_title(entry.content)
        # A feed reader that finds no content fetches the page, or shows nothing.
        whole = html(body, channel=shown) or f'<p><a href="{escape(original or url)}">{escape(title)}</a></p>'
        short = f"<p>{escape(summary or title)}</p>"
        exact = full and entry.date and entry.date.kind is DateKind.EXACT
        doubts = "" if exact else f"<p>{known_day(entry.date, language)}</p>\n"
        # One giant entry would push all others, announced or not, out of the document that feed readers poll.
        fits = len(whole.encode()) <= self._settings.feed.largest * HTML_SHARE / 2
        return FeedEntry(
            id=entry.atom_id,
            title=title,
            author=entry.content.author or "",
            language=language,
            url=url,
            via=original,
            updated_at=entry.updated_at,
            published=published_at(full, ZoneInfo(source.timezone if source else "UTC")) if full else None,
            summary=summary,
            html=doubts + (whole if fits else short),
            tags=entry.content.extras.tags,
            date=entry.date,
        )


def _first_name(tx: Transaction, feed: Feed) -> str:
    """The name in a feed's id, which stays when its source is renamed and its path changes."""
    kind, _, name = feed.path.rstrip("/").partition("/")
    renamed = tx.renames.all().values() if kind == "sources" else ()
    first = next((one.first for one in renamed if one.new == name), name)
    return f"feed/{kind}/{first}" if name else "feed"


def _weight(entries: Sequence[FeedEntry]) -> int:
    return sum(len(entry.html.encode()) for entry in entries)


def placed(base: str, kind: str, page: int | None, closed: int) -> tuple[str, Paging]:
    """The URL of the document below `base`, or of one of its `closed` archive pages, and its neighbours."""
    previous = page - 1 if page else closed
    paging = Paging(
        archive=page is not None,
        current=f"{base}feed.{kind}" if page else "",
        previous=f"{base}archive/{previous}.{kind}" if previous else "",
        following=f"{base}archive/{page + 1}.{kind}" if page and page < closed else "",
    )
    return f"{base}archive/{page}.{kind}" if page else f"{base}feed.{kind}", paging


def fitting(entries: Sequence[FeedEntry], largest: int) -> list[FeedEntry]:
    """The entries; if they are too large for one document, the older ones are shortened."""
    left, fitting = largest * HTML_SHARE, []
    for entry in entries:
        left -= len(entry.html.encode())
        fitting.append(entry if left > 0 else replace(entry, html=f"<p>{escape(entry.summary or entry.title)}</p>"))
    return fitting


def feed_document(
    kind: str, facts: FeedFacts, entries: Sequence[FeedEntry], removed: Sequence[Tombstone] = ()
) -> bytes:
    """The document of a feed in a format of `FORMATS`."""
    match kind:
        case "rss":
            return rss(facts, entries)
        case "json":
            return json_feed(facts, entries, removed)
        case _:
            return atom(facts, entries, removed)
