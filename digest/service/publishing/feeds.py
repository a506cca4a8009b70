"""Defines the feeds and which entries belong to them; documents are made elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from digest.changes.backlog import began_on
from digest.errors import UnknownError
from digest.model import Content, Entry, EntryId, SourceId
from digest.patterns import Pattern
from digest.records.operating import acting
from digest.records.publishing import Act, ActKind
from digest.templating import language_tag

if TYPE_CHECKING:
    from digest.records.intake import Unsettled
    from digest.settings import Settings, Source, Topic
    from digest.store.transaction import Store, Transaction

EVERYTHING = ""
_LONGEST_LINK = 2_000  # characters; browsers do not follow longer ones
_NOT_IN_LINKS = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f<>\"`{}|\\^\u200b-\u200f\u202a-\u202e\u2060-\u2069\ue000-\uf8ff\ufeff]"
)
_IN_LINKS = "%:/?#[]@!$&'()*+,;=~-._"  # everything else is percent-encoded


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `key` identifies it in the store, `path` begins its URLs (empty or ending in a slash).

    `name` is its name beside other feeds of this site; `title` is its name in a feed reader, and no other feed's.

    A topic whose rule changes becomes another feed in the store, so that the archives of the old one do not change.
    """

    key: str
    path: str
    name: str
    title: str
    subtitle: str
    language: str
    holds: Callable[[Any], bool]  # of an Entry; except for a topic, an Unsettled has all the fields that it needs


def feeds(settings: Settings) -> list[Feed]:
    """All feeds; the feed of all entries is first."""
    return _feeds(settings, settings.sources)


def feed_at(settings: Settings, path: str) -> Feed | None:
    """The feed with this path."""
    named = settings.source(path.removeprefix("sources/").removesuffix("/"))
    return next((feed for feed in _feeds(settings, [named] if named else []) if feed.path == path), None)


def _feeds(settings: Settings, sources: Iterable[Source]) -> list[Feed]:
    """All feeds except those of other sources, of which there may be thousands."""
    site, everywhere = settings.site_title, language_tag(settings.language)
    shared = any(source.title == site for source in settings.sources)
    everything = subject(site, ("全部文章", "All articles"), everywhere) if shared else site
    made = [Feed(EVERYTHING, "", site, everything, new_articles(site, "", everywhere), everywhere, lambda _: True)]
    for source in sources:
        shown = SourceId(source.id)
        made.append(
            Feed(
                f"source/{source.id}",
                f"sources/{source.id}/",
                source.title,
                source.title,
                new_articles(source.title, "", source.language),
                source.language,
                lambda entry, shown=shown: shown in entry.sources,  # type: ignore[misc]
            )
        )
    for topic in settings.topics:
        title, about = f"{site} · {topic.title}", new_articles(site, topic.title, everywhere)
        made.append(
            Feed(topic_key(topic), f"topics/{topic.id}/", topic.title, title, about, everywhere, _Rule(topic).holds)
        )
    return made


def groups(settings: Settings, entries: Iterable[Entry] | None = None) -> list[tuple[str, Callable[[Entry], bool]]]:
    """The groups of the new entries of an edition, with their rules: the topics, or without topics the sources.

    With `entries`, the sources are those of the entries only: there may be thousands of others.
    """
    shown = None if entries is None else {str(name) for entry in entries for name in entry.sources}
    among = [one for one in settings.sources if not settings.topics and (shown is None or one.id in shown)]
    return [(feed.name, feed.holds) for feed in _feeds(settings, among) if feed.path]


def subject(site: str, words: tuple[str, str], language: str) -> str:
    """The title of a feed: the site and what it contains, of which `words` are the Chinese and the English form.

    Words that begin with the name of the site need it no second time.
    """
    named = words[0 if language.startswith("zh") else 1]
    return named if named.startswith(site) and named != site else f"{site} · {named}"


def new_articles(site: str, topic: str, language: str) -> str:
    """What a feed contains, in a sentence without a full stop."""
    if language.startswith("zh"):
        return f"“{site}”中关于“{topic}”的新文章" if topic else f"“{site}”的新文章"
    return f"New articles of {site} on {topic}" if topic else f"New articles of {site}"


def topic_key(topic: Topic) -> str:
    """The key of a topic's feed in the store; it depends on the topic's present rule."""
    rule = hashlib.sha256(topic.model_dump_json(exclude={"title"}).encode()).hexdigest()[:8]
    return f"topic/{topic.id}/{rule}"


class _Rule:
    """The conditions that a topic has for an entry."""

    def __init__(self, topic: Topic) -> None:
        self._words = re.compile("|".join(map(re.escape, topic.words)), re.IGNORECASE) if topic.words else None
        self._patterns = [Pattern(pattern) for pattern in topic.patterns]
        self._sources, self._authors = set(topic.sources), set(topic.authors)

    def holds(self, entry: Entry) -> bool:
        if self._sources and not self._sources & set(entry.sources):
            return False
        if self._authors and entry.content.author not in self._authors:
            return False
        text = "\n".join((entry.content.title, *entry.content.paragraphs, *entry.content.extras.tags))
        if self._words is None and not self._patterns:
            return True
        if self._words is not None and self._words.search(text):
            return True
        return any(pattern.found(text) for pattern in self._patterns)


def holds_any(settings: Settings, topics: Iterable[str]) -> Callable[[Entry], bool]:
    """Whether one of these topics contains an entry. If none of them is configured any more, every entry counts."""
    rules = [_Rule(topic) for name in topics if (topic := settings.topic(name)) is not None]
    return lambda entry: not rules or any(rule.holds(entry) for rule in rules)


def enlist_all(tx: Transaction, settings: Settings, waiting: Iterable[Unsettled]) -> None:
    """Add the entries of a finished first import to their feeds; loads their content only if a topic needs it."""
    ordered = sorted(waiting, key=_age)
    whole = {entry.id: entry for entry in tx.feeds.published(one.id for one in ordered)} if settings.topics else {}
    _enlist(tx, settings, [whole.get(one.id, one) for one in ordered])


def enlist(tx: Transaction, settings: Settings, of: Iterable[EntryId]) -> None:
    """Add the published ones of these entries to the feeds that they belong to, oldest first."""
    _enlist(tx, settings, sorted(tx.feeds.published(of), key=_age))


def register(store: Store, settings: Settings) -> None:
    """Fill feeds that are new to the store with the published entries."""
    with store.read() as tx:
        new = set(tx.feeds.empty([feed.key for feed in feeds(settings)]))
        if not new or not (known := tx.entries.newest()):
            return
    with store.write() as tx:
        _enlist(tx, settings, sorted(known, key=_age), new)


def _enlist(
    tx: Transaction, settings: Settings, ordered: Sequence[Entry | Unsettled], only: Container[str] | None = None
) -> None:
    """Offer entries to the feeds that may contain one: those of their sources, and no others of thousands."""
    names = dict.fromkeys(name for entry in ordered for name in entry.sources)
    showing = [source for name in names if (source := settings.source(name))]
    by_source: dict[str, list[Entry | Unsettled]] = {}
    for entry in ordered:
        for name in entry.sources:
            by_source.setdefault(f"source/{name}", []).append(entry)
    for feed in _feeds(settings, showing):
        joining = [entry.id for entry in by_source.get(feed.key, ordered) if feed.holds(entry)]
        if joining and (only is None or feed.key in only):
            tx.feeds.enlist(feed.key, joining)


def _age(entry: Entry | Unsettled) -> tuple[datetime, bool, int, int, str]:
    """The sort key for oldest first: by first sighting, by date if its year is known, in reverse page order."""
    since = began_on(entry.date)
    return entry.first_seen_at, since is not None, (since or date.min).toordinal(), -entry.page_order, entry.id


def remove(store: Store, entry: str, now: datetime) -> None:
    """Remove an entry from feeds and pages; it stays known, so no dump brings it back.

    Raises:
        UnknownError: no published entry has this id.
    """
    with store.write() as tx:
        remove_within(tx, entry, now)


def remove_within(tx: Transaction, entry: str, now: datetime) -> None:
    """The same as `remove`, in a transaction of the caller."""
    if not tx.feeds.remove(EntryId(entry), now):
        raise UnknownError("published entry", entry, remedy="see `digest entries list`")
    tx.by_hand.record(Act(0, now, acting(), ActKind.REMOVE, EntryId(entry), None, None, {}, {}))


def restore(store: Store, settings: Settings, entry: str, now: datetime) -> None:
    """Publish a removed entry again, also in the feeds of sources that began to show it meanwhile.

    Raises:
        UnknownError: no removed entry has this id.
    """
    with store.write() as tx:
        if not tx.feeds.restore(EntryId(entry), now):
            raise UnknownError("removed entry", entry, remedy="`digest entries list --removed` shows what is")
        tx.by_hand.record(Act(0, now, acting(), ActKind.RESTORE, EntryId(entry), None, None, {}, {}))
        enlist(tx, settings, [EntryId(entry)])


def source_of(settings: Settings, entry: Entry) -> Source | None:
    """The configuration of the first of an entry's sources that is still configured."""
    return next((found for name in entry.sources if (found := settings.source(name))), None)


def via(source: Source | None, content: Content) -> str:
    """The URL of the original: the one that a page shows, or else by the source's link template; empty without one.

    Decision 287.
    """
    if content.extras.link and (shown := web_address(content.extras.link)):
        return shown
    if source is None or not source.link or ("{title}" in source.link and not content.title):
        return ""
    return source.link.format(title=quote(content.title, safe=""))


def web_address(link: str) -> str:
    """The link that a page shows, if it is an absolute http or https address that browsers follow; otherwise empty."""
    try:
        parts = urlsplit(link)
        parts.port  # noqa: B018 - raises for an impossible port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or len(link) > _LONGEST_LINK:
        return ""
    if _NOT_IN_LINKS.search(link):
        return ""
    before, host, behind = link.partition(parts.netloc)  # a host that is not ASCII is for the browser to translate
    return before + host + quote(behind, safe=_IN_LINKS)
