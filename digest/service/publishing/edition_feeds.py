"""Editions as feeds: one entry for each edition of a digest, with its whole content. Decision 315."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from digest.errors import UnknownError
from digest.feeds.values import FeedEntry, Paging
from digest.mail.composing.notes import note_html
from digest.mail.tokens import read_private_feed_token
from digest.model import DigestId, Section
from digest.service.editions.digests import digest_title, digest_zone, edition_name
from digest.service.publishing.documents import Document
from digest.service.publishing.feeds import holds_any, subject
from digest.service.publishing.syndication import FORMATS, HTML_SHARE, feed_document
from digest.templating import language_tag, rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.model import Edition, EditionKey, Entry
    from digest.records.people import SubscriberRecord
    from digest.service.publishing.syndication import Syndication
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store, Transaction

IN_A_FEED = 12  # editions in a subscription document; older ones are in archives of as many
_KEPT = 64  # documents
_Wanted = tuple[str, str, int | None]


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
        self._made: OrderedDict[_Wanted, tuple[object, Document]] = OrderedDict()
        self._lock = Lock()

    def feed(self, digest: str, kind: str, page: int | None = None) -> Document:
        """The newest editions of a digest, or an archive page of older ones, numbered from 1 for the oldest.

        Raises:
            UnknownError: there is no such digest, format or page.
        """
        configured = self._settings.digest(digest)
        if configured is None or kind not in FORMATS:
            raise UnknownError("feed", f"digests/{digest}/feed.{kind}")
        wanted = (digest, kind, page)
        with self._store.read() as tx:
            editions = tx.editions.outgoing(DigestId(digest))
            state = (tx.entries.published_state(), tuple(one.key for one in editions))
            with self._lock:
                known = self._made.get(wanted)
            if known and known[0] == state:
                return known[1]
            made = self._document(tx, configured, kind, page, editions)
        with self._lock:
            self._made[wanted] = (state, made)
            self._made.move_to_end(wanted)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return made

    def private(self, token: str, kind: str) -> Document:
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
            holds = holds_any(self._settings, person.topics)
            made = [self._entry(tx, one, holds) for one in newest]
            entries = [entry for entry in made if entry]
            _, changed_at = tx.entries.published_state()
        language = language_tag(person.language)
        url = f"{self._settings.base_url}/private/{token}/feed.{kind}"
        title = subject(self._settings.site_title, ("我的订阅", "my editions"), language)
        name = f"private/{person.id}"
        facts = self._syndication.facts(name, title, language, url, entries, changed_at)
        body = feed_document(kind, replace(facts, hub="", home_url=f"{self._settings.base_url}/editions"), entries)
        etag = hashlib.sha256(body).hexdigest()[:32]
        updated = max((entry.updated_at for entry in entries), default=changed_at)
        return Document(body, f"{FORMATS[kind]}; charset=utf-8", etag, max(updated, changed_at))

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
        self, tx: Transaction, digest: Digest, kind: str, page: int | None, editions: Sequence[Edition]
    ) -> Document:
        closed = max(0, (len(editions) - 1) // IN_A_FEED)  # full archive pages; the rest is in the feed
        if page is not None and not 1 <= page <= closed:
            raise UnknownError("page of a feed", f"digests/{digest.id}/archive/{page}")
        here = editions[(page - 1) * IN_A_FEED : page * IN_A_FEED] if page else editions[closed * IN_A_FEED :]
        _, changed_at = tx.entries.published_state()
        entries = [entry for one in reversed(here) if (entry := self._entry(tx, one))]
        language = language_tag(digest.language)
        base = f"{self._settings.base_url}/digests/{digest.id}/"
        previous = page - 1 if page else closed
        paging = Paging(
            archive=page is not None,
            current=f"{base}feed.{kind}" if page else "",
            previous=f"{base}archive/{previous}.{kind}" if previous else "",
            following=f"{base}archive/{page + 1}.{kind}" if page and page < closed else "",
        )
        url = f"{base}archive/{page}.{kind}" if page else f"{base}feed.{kind}"
        title = subject(self._settings.site_title, (digest.title, digest.title), language)
        facts = self._syndication.facts(f"editions/{first_name(tx, digest)}", title, language, url, entries, changed_at)
        facts = replace(facts, paging=paging, hub="", home_url=f"{self._settings.base_url}/editions")
        body = feed_document(kind, facts, entries)
        updated = max((one.closes_at for one in editions), default=changed_at)
        etag = hashlib.sha256(body).hexdigest()[:32]
        return Document(body, f"{FORMATS[kind]}; charset=utf-8", etag, max(updated, changed_at))

    def _entry(
        self, tx: Transaction, edition: Edition, holds: Callable[[Entry], bool] = lambda _: True
    ) -> FeedEntry | None:
        """An edition as an entry, with the entries that `holds` accepts; None if it announces none of them."""
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
    values = {
        "days": edition_name(tx, settings, edition, language),
        "url": f"{settings.base_url}/editions/{edition.key}",
        "note_html": note_html(edition.note),
        "removed": removed,
        **{name: [pair for pair in shown if pair[0].section is section] for section, name in _PUBLIC.items()},
    }

    def html(*, whole: bool) -> str:
        return rendered(language, settings.templates, "web/edition_content.html", {**values, "whole": whole}).strip()

    made = html(whole=True)
    if len(made.encode()) > settings.feed.largest * HTML_SHARE / 2:
        made = html(whole=False)
    titles = [entry.title for one, entry in shown if one.section is Section.NEW and one.entry.id not in removed]
    return EditionContent(
        f"{digest_title(settings, edition.digest)} · {values['days']}",
        " · ".join(titles or [entry.title for one, entry in shown if one.entry.id not in removed]),
        made,
        tuple((one.section, entry) for one, entry in shown if one.entry.id not in removed),
    )


_PUBLIC = {Section.NEW: "new", Section.MOST_READ: "most_read", Section.CORRECTED: "corrected"}
