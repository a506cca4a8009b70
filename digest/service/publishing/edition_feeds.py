"""Editions as feeds: one entry for each edition of a digest, with its whole content. Decision 315."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.errors import UnknownError
from digest.feeds.values import FeedEntry, FeedFacts, in_script
from digest.mail.composing import corrections, entry_views, notes
from digest.mail.tokens import read_private_feed_token
from digest.model import DigestId, Edition, EditionKey, Entry, Section
from digest.records.people import SubscriberRecord
from digest.service.editions.digests import digest_title, digest_zone, edition_name
from digest.service.editions.selecting import corrections_of
from digest.service.publishing import documents, feeds, pictures, redating
from digest.service.publishing.syndication import FORMATS, HTML_SHARE, Syndication, feed_document, fitting, placed
from digest.settings import Digest, Settings
from digest.templating import language_tag, rendered, translated

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

IN_A_FEED = 12  # editions in a subscription document at most; older ones are in archives
IN_AN_ARCHIVE = 4  # few enough that a subscription document never misses many


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a feed: a browser that shows it (`styled`) in the language of its visitor, or a feed reader.

    `script` is one of `chinese.SCRIPTS`; any other text leaves the characters as they are written.
    """

    styled: bool = False
    language: str = ""
    script: str = ""


NOBODY = Visitor()


@dataclass(frozen=True, slots=True)
class EditionContent:
    """An edition for outlets other than mail. `html` is well-formed XML; `entries` are its entries by section."""

    title: str
    summary: str
    html: str
    entries: tuple[tuple[Section, FeedEntry], ...]


class EditionFeeds:
    """Makes the documents; each is made once for each state of the store. May be used from several threads."""

    def __init__(self, store: Store, settings: Settings, syndication: Syndication) -> None:
        self._store, self._settings, self._syndication = store, settings, syndication
        self._known = documents.PerState(store)

    def feed(self, digest: str, kind: str, page: int | None = None, visitor: Visitor = NOBODY) -> documents.Document:
        """The newest editions of a digest, or an archive page of older ones, numbered from 1 for the oldest.

        Raises:
            UnknownError: there is no such digest, format or page.
        """
        configured = self._settings.digest(digest)
        if configured is None or kind not in FORMATS:
            raise UnknownError("feed", f"digests/{digest}/feed.{kind}")
        with self._store.read() as tx:
            editions = tx.editions.outgoing(DigestId(digest))
            name = (digest, kind, page, visitor, tuple(one.key for one in editions))
            return self._known.get(name, lambda tx: self._document(tx, configured, kind, page, editions, visitor), tx)

    def private(self, token: str, kind: str, visitor: Visitor = NOBODY) -> documents.Document:
        """A subscriber's own feed: the newest editions of their digests since they joined, with their topics only.

        Raises:
            UnknownError: the address is not valid, or not any more; or there is no such format.
        """
        read = read_private_feed_token(self._store.secret(), token)
        with self._store.read() as tx:
            record = tx.subscribers.get(read[0]) if read else None
            if not (read and record and record.subscriber.feed and record.subscriber.feed_number == read[1]):
                raise UnknownError("private feed", "address")
            if kind not in FORMATS:
                raise UnknownError("feed", f"private/feed.{kind}")
            person = record.subscriber
            editions = [one for digest in record.digests for one in self._reaching(tx, record, digest)]
            newest = sorted(editions, key=lambda one: (one.closes_at, one.key), reverse=True)[:IN_A_FEED]
            entries = self._entries(tx, newest, person.topics)
            _, changed_at = tx.entries.published_state()
        language = language_tag(person.language)
        url = f"{self._settings.base_url}/private/{token}/feed.{kind}"
        title = feeds.subject(self._settings.site_title, ("我的订阅", "my editions"), language)
        name = f"private/{person.id}"
        facts = self._syndication.facts(name, title, language, url, entries, changed_at)
        return self._made(
            kind, replace(facts, kind="private", subtitle=_said(_MINE, language)), entries, changed_at, visitor
        )

    @staticmethod
    def _reaching(tx: Transaction, record: SubscriberRecord, digest: DigestId) -> list[Edition]:
        """The editions of a digest since the person joined, and the one before, which newcomers get."""
        joined = max((one.at for one in record.consents if (one.digest, one.act) == (digest, "joined")), default=None)
        editions = tx.editions.outgoing(digest)
        if joined is None:
            return editions
        since = [one for one in editions if one.closes_at >= joined]
        before = [one for one in editions if one.closes_at < joined]
        return [*before[-1:], *since]

    def _document(
        self,
        tx: Transaction,
        digest: Digest,
        kind: str,
        page: int | None,
        editions: Sequence[Edition],
        visitor: Visitor,
    ) -> documents.Document:
        closed = max(0, -(-(len(editions) - IN_A_FEED) // IN_AN_ARCHIVE))  # full archive pages; the rest is in the feed
        if page is not None and not 1 <= page <= closed:
            raise UnknownError("page of a feed", f"digests/{digest.id}/archive/{page}")
        first, last = ((page - 1) * IN_AN_ARCHIVE, page * IN_AN_ARCHIVE) if page else (closed * IN_AN_ARCHIVE, None)
        _, changed_at = tx.entries.published_state()
        entries = self._entries(tx, editions[first:last][::-1])
        language = language_tag(digest.language)
        url, paging = placed(f"{self._settings.base_url}/digests/{digest.id}/", kind, page, closed)
        title = edition_feed_title(self._settings, digest)
        facts = self._syndication.facts(f"editions/{first_name(tx, digest)}", title, language, url, entries, changed_at)
        facts = replace(facts, paging=paging, kind="editions", subtitle=_said(_EACH, language).format(digest.title))
        return self._made(kind, facts, entries, changed_at, visitor)

    def _made(
        self, kind: str, facts: FeedFacts, entries: Sequence[FeedEntry], changed_at: datetime, visitor: Visitor
    ) -> documents.Document:
        facts = replace(facts, hub="", home_url=f"{self._settings.base_url}/editions")
        facts, entries = in_script(facts, fitting(entries, self._settings.feed.largest), visitor.script)
        body, media_type = feed_document(kind, facts, entries), FORMATS[kind]
        if visitor.styled:
            body = self._syndication.for_browser(body, visitor.language, facts, entries, visitor.script)
            media_type = "application/xml"
        etag = hashlib.sha256(body).hexdigest()[:32]
        updated = max((entry.updated_at for entry in entries), default=changed_at)
        return documents.Document(body, f"{media_type}; charset=utf-8", etag, max(updated, changed_at))

    def _entries(self, tx: Transaction, editions: Iterable[Edition], topics: tuple[str, ...] = ()) -> list[FeedEntry]:
        """The editions as entries, with the articles of these topics; without those that announce none of them."""
        made = (
            self._known.get((one.key, topics), lambda tx, one=one: self._entry(tx, one, topics), tx)  # type: ignore[misc] # mypy ignores a lambda's defaults
            for one in editions
        )
        return [entry for entry in made if entry]

    def _entry(self, tx: Transaction, edition: Edition, topics: tuple[str, ...]) -> FeedEntry | None:
        holds = feeds.holds_any(self._settings, topics)
        content = edition_content(tx, self._settings, self._syndication, edition, holds)
        if content is None:
            return None
        configured = self._settings.digest(edition.digest)
        return FeedEntry(
            id=edition_id(self._settings, edition.key),
            title=content.title,
            author=self._settings.site_title,
            language=language_tag(configured.language if configured else self._settings.language),
            url=f"{self._settings.base_url}/editions/{edition.key}",
            via="",
            updated_at=edition.closes_at,
            published=edition.closes_at.astimezone(digest_zone(self._settings, edition.digest)),
            summary=content.summary,
            html=content.html,
        )


def edition_id(settings: Settings, key: EditionKey) -> str:
    """The permanent id of an edition, a `tag:` URI."""
    return f"tag:{settings.tag_base}:edition/{key}"


def edition_feed_title(settings: Settings, digest: Digest) -> str:
    """The title of the feed of a digest's editions, which names the site once."""
    title, site = digest.title, settings.site_title
    return title if site in title else feeds.subject(site, (title, title), language_tag(digest.language))


def first_name(tx: Transaction, digest: Digest) -> str:
    """The name in the id of a digest's feed, which stays when the digest is renamed."""
    former = [one for one in tx.digest_names.all().values() if one.new == digest.id]
    return min(former, key=lambda one: one.at).old if former else digest.id


def edition_content(
    tx: Transaction,
    settings: Settings,
    syndication: Syndication,
    edition: Edition,
    holds: Callable[[Entry], bool] = lambda _: True,
) -> EditionContent | None:
    """The content of an edition as it was frozen, with the entries that `holds` accepts; None if it announces none.

    An entry that was removed since is named as taken back. If the whole texts are too long for a feed, excerpts stand
    in their place.

    Raises:
        ConfigurationError: the template is wrong.
    """
    configured = settings.digest(edition.digest)
    language = configured.language if configured else settings.language
    selected = [one for one in tx.editions.selected(edition.key) if one.section in _PUBLIC and holds(one.entry)]
    if all(one.section is Section.MOST_READ for one in selected):
        return None
    shown = list(zip(selected, syndication.told(tx, [one.entry for one in selected]), strict=True))
    removed = {one.entry.id for one in selected if tx.feeds.removed_at(one.entry.id) is not None}
    offered = feeds.groups(settings, [one.entry for one in selected])
    named = {
        one.entry.id: "" if one.entry.id in removed else entry_views.group_of(offered, one.entry) for one in selected
    }
    new = entry_views.in_groups(
        offered, [pair for pair in shown if pair[0].section is Section.NEW], lambda pair: named[pair[0].entry.id]
    )
    steps = {
        one.entry.id: corrections_of(tx, edition, one.entry.id, one.entry.revision)
        for one in selected
        if one.section is Section.CORRECTED
    }
    values = {
        "groups": new,
        "changes": {entry: _changes(tx, settings, one, language) for entry, one in steps.items()},
        "dates": {entry: redating.days_corrected(one, language) for entry, one in steps.items()},
        "days": edition_name(tx, settings, edition, language),
        "url": f"{settings.base_url}/editions/{edition.key}",
        "note_html": notes.note_html(edition.note),
        "removed": removed,
        "grouped": "{:,}".format,
        **{name: [pair for pair in shown if pair[0].section is section] for section, name in _PUBLIC.items()},
    }

    def html(*, whole: bool) -> str:
        return rendered(
            language, settings.template_folders, "web/edition_content.html", {**values, "whole": whole}
        ).strip()

    made = html(whole=True)
    if len(made.encode()) > settings.feed.largest * HTML_SHARE / 2:
        made = html(whole=False)
    ordered = [pair for _, inside in new for pair in inside]
    ordered += [pair for pair in shown if pair[0].section is not Section.NEW]
    titles = [entry.title for _, inside in new for one, entry in inside if one.entry.id not in removed]
    return EditionContent(
        f"{digest_title(settings, edition.digest)} · {values['days']}",
        " · ".join(titles or [entry.title for one, entry in shown if one.entry.id not in removed]),
        made,
        tuple((one.section, entry) for one, entry in ordered if one.entry.id not in removed),
    )


def _changes(tx: Transaction, settings: Settings, steps: Sequence[corrections.Correction], language: str) -> str:
    """What corrections changed, as HTML for feeds."""
    contents = [content for one in steps for content in (one.before, one.after)]
    shown = pictures.channel(tx, contents, lambda name: f"{settings.base_url}/formulas/{name}.png", feed=True)
    return corrections.corrections_html(steps, shown, (translated("was: ", language), translated("now: ", language)))


def _said(words: tuple[str, str], language: str) -> str:
    return words[0 if language.startswith("zh") else 1]


# What these feeds contain, in a sentence without a full stop.
_EACH = ("《{}》，一期一条", "{}: one entry for each edition")
_MINE = ("您订阅的摘要，一期一条，只含您选择的主题", "The editions that you follow, with the topics that you chose")
_PUBLIC = {Section.NEW: "new", Section.MOST_READ: "most_read", Section.CORRECTED: "corrected"}
