"""Reads the content of pages from the store: the stream of new entries, entries, sources, topics and editions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from digest.mail.composing.notes import note_html
from digest.model import Edition, EditionKey, Entry, EntryId, Section, SourceId
from digest.records.intake import DumpState
from digest.records.publishing import ReaderCount
from digest.service.editions.digests import digest_title, digest_zone, edition_name
from digest.service.publishing import documents, redating
from digest.service.publishing.entry_views import Day, EntryView, Link, Moment, RevisionView, Views, Ways, zone_of
from digest.service.publishing.feeds import EVERYTHING, feed_at, groups, source_of
from digest.settings import Settings
from digest.typeset.chart import chart
from digest.typeset.titles import display_title

if TYPE_CHECKING:
    from digest.mail.composing.corrections import Correction
    from digest.store.transaction import Store, Transaction

CHUNK = 15  # entries on a page of a stream; the newest page has up to twice as many
_HOME_EDITIONS = 3
_SHORT_EDITION = 12  # entries of which an edition shows the whole text


@dataclass(frozen=True, slots=True)
class EntryPage:
    """An entry with its history. `newer` and `older` are its neighbours in the feed of all entries.

    `dated`: the days of the entry and of both neighbours are known, in this order, so that the words `newer` and
    `older` are true. `gained` readers were counted on one day, so `chart` is empty; the day is named.
    """

    entry: EntryView
    chart: str
    revisions: tuple[RevisionView, ...]
    newer: Link | None
    older: Link | None
    dated: bool
    gained: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class EditionLink:
    """An edition in a list: its digest and days, and how many entries of each kind it announces."""

    url: str
    title: str
    digest: str
    days: str
    new: int
    corrected: int


@dataclass(frozen=True, slots=True)
class Home:
    """A page of the stream of all entries. The first one has the newest editions, too."""

    days: tuple[Day, ...]
    ways: Ways
    editions: tuple[EditionLink, ...] = ()


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page of the entries of a source. `troubled` is the number of its dumps that are held or could not be read."""

    id: str
    title: str
    refreshed: Moment | None
    dumps: int
    troubled: int
    days: tuple[Day, ...]
    ways: Ways


@dataclass(frozen=True, slots=True)
class TopicPage:
    """A page of the entries of a topic."""

    id: str
    title: str
    days: tuple[Day, ...]
    ways: Ways


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition for a page: its entries by section, the `days` that it covers, when it was made, and the `note`.

    `groups` are the new entries under the names of their groups; there and in `new` they have the order of the mails.
    """

    edition: Edition
    title: str
    days: str
    made: Moment
    new: tuple[EntryView, ...]
    groups: tuple[tuple[str, tuple[EntryView, ...]], ...]
    most_read: tuple[EntryView, ...]
    corrected: tuple[EntryView, ...]
    newer: EditionLink | None
    older: EditionLink | None
    note: str = ""


class Reading:
    """Reads published content for the pages, in the visitor's language. May be used from several threads."""

    def __init__(
        self, store: Store, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._known = documents.PerState(store)

    def home(self, language: str, page: int | None = None) -> Home | None:
        """The newest entries and editions, or an older page of the entries; None for a page that does not exist."""
        with self._store.read() as tx:
            found = self._stream(tx, EVERYTHING, "", language, page)
            if found is None:
                return None
            editions = () if page else self._editions(tx, language)[:_HOME_EDITIONS]
        return Home(*found, editions)

    def source(self, name: str, language: str, page: int | None = None) -> SourcePage | None:
        """A configured source; None for any other, and for a page that does not exist."""
        configured = self._settings.source(name)
        if configured is None:
            return None
        source = SourceId(name)
        with self._store.read() as tx:
            state, dumps = tx.readings.source(source), tx.readings.dumps(source)
            found = self._stream(tx, f"source/{name}", f"/sources/{name}", language, page)
        if found is None:
            return None
        views = Views(self._settings, language, self._now())
        return SourcePage(
            name,
            configured.title,
            views.moment(state.refreshed_at, zone_of(self._settings.sources, configured))
            if state and state.refreshed_at
            else None,
            len(dumps),
            sum(dump.state is not DumpState.GOOD for dump in dumps.values()),
            *found,
        )

    def topic(self, name: str, language: str, page: int | None = None) -> TopicPage | None:
        """A configured topic; None for any other, and for a page that does not exist."""
        topic, feed = self._settings.topic(name), feed_at(self._settings, f"topics/{name}/")
        if topic is None or feed is None:
            return None
        with self._store.read() as tx:
            found = self._stream(tx, feed.key, f"/topics/{name}", language, page)
        return TopicPage(name, topic.title, *found) if found else None

    def _stream(
        self, tx: Transaction, feed: str, path: str, language: str, page: int | None
    ) -> tuple[tuple[Day, ...], Ways] | None:
        """A page of a feed's entries in the order in which they joined it, newest first; None for no such page.

        Page N holds the numbers up to N times CHUNK, so what it shows never moves to another page. Decision 318.
        """
        size = tx.feeds.size(feed)
        closed = max(0, (size - CHUNK) // CHUNK)
        if page is not None and not 1 <= page <= closed:
            return None
        last = page * CHUNK if page else size
        entries = tx.feeds.members(feed, (page - 1) * CHUNK + 1 if page else closed * CHUNK + 1, last)
        older = page - 1 if page else closed
        newer = f"{path}/page/{page + 1}" if page and page < closed else path or "/"
        ways = Ways(
            self._known.get(("size", feed), lambda tx: tx.browsing.size(feed), within=tx),
            newer if page else "",
            f"{path}/page/{older}" if older else "",
            f"{path}/page/1" if older > 1 else "",
        )
        return self._days(entries, language, lead=page is None and not path), ways

    def _days(self, entries: Sequence[Entry], language: str, *, lead: bool) -> tuple[Day, ...]:
        views = Views(self._settings, language, self._now())
        shown = [views.lead(one) if lead and not at else views.row(one) for at, one in enumerate(entries)]
        return tuple(
            Day((group := tuple(same))[0].seen, group) for _, same in groupby(shown, lambda one: one.seen.iso[:10])
        )

    def entry(self, entry: str, language: str) -> EntryPage | None:
        """A published entry, with its whole text and history."""
        with self._store.read() as tx:
            found = tx.entries.entry(EntryId(entry))
            if found is None:
                return None
            revisions, counts = tx.entries.revisions(found.id), tx.entries.counts(found.id)
            newer, older = tx.feeds.neighbours(EVERYTHING, found.id)
        views, zone = (
            Views(self._settings, language, self._now()),
            zone_of(self._settings.sources, source_of(self._settings, found)),
        )
        series = _newest_series(counts)
        return EntryPage(
            views.whole(found),
            chart(series, language=language) if _takes_days(series, zone) else "",
            redating.history(views, revisions, zone),
            _link(newer),
            _link(older),
            _in_order(newer, found, older),
            _gained_in_a_day(series, views, zone),
        )

    def merged_into(self, entry: str) -> EntryId | None:
        """The entry into which an operator merged this one."""
        with self._store.read() as tx:
            return tx.by_hand.merged_into(EntryId(entry))

    def removed(self, entry: str) -> bool:
        """Whether an entry was removed."""
        with self._store.read() as tx:
            return tx.feeds.removed_at(EntryId(entry)) is not None

    def editions(self, language: str) -> tuple[EditionLink, ...]:
        """All editions with a page, newest first, by their digest and days."""
        with self._store.read() as tx:
            return self._editions(tx, language)

    def _editions(self, tx: Transaction, language: str) -> tuple[EditionLink, ...]:
        made = [one.edition for one in tx.editions.editions() if not one.edition.empty]
        counts = tx.browsing.sections()
        return tuple(self._edition_link(tx, one, counts.get(one.key, {}), language) for one in made)

    def _edition_link(
        self, tx: Transaction, edition: Edition, counts: dict[Section, int], language: str
    ) -> EditionLink:
        digest = digest_title(self._settings, edition.digest)
        whole, short = (edition_name(tx, self._settings, edition, language, now) for now in (None, self._now()))
        new, corrected = counts.get(Section.NEW, 0), counts.get(Section.CORRECTED, 0)
        return EditionLink(f"/editions/{edition.key}", f"{digest} · {whole}", digest, short, new, corrected)

    def edition(self, key: EditionKey, language: str) -> EditionView | None:
        """An edition with its entries as they were when it was made; empty ones mailed to nobody have no page.

        Of an entry that was removed since, only the place is left, behind the others.
        """
        from digest.mail.composing.entry_views import group_of, in_groups  # noqa: PLC0415 - few pages are editions
        from digest.service.editions.selecting import corrections_of  # noqa: PLC0415 - as above

        with self._store.read() as tx:
            made = tx.editions.edition(key)
            if made is None or (made.edition.empty and not made.deliveries):
                return None
            selected = tx.editions.selected(key)
            gone = tx.browsing.removed([one.entry.id for one in selected])
            corrections = {
                one.entry.id: corrections_of(tx, made.edition, one.entry.id, one.entry.revision)
                for one in selected
                if one.section is Section.CORRECTED
            }
            days = edition_name(tx, self._settings, made.edition, language)
            title = digest_title(self._settings, made.edition.digest)
            same = [one for one in self._editions(tx, language) if one.digest == title]
        views = Views(self._settings, language, self._now())
        short = sum(one.section is Section.NEW for one in selected) <= _SHORT_EDITION

        def section(wanted: Section) -> tuple[EntryView, ...]:
            view = (views.whole if short else views.row) if wanted is Section.NEW else views.title
            return tuple(
                views.taken_back(one.entry) if one.entry.id in gone else replace(view(one.entry), gained=one.gained)
                for one in selected
                if one.section is wanted
            )

        offered = groups(self._settings, [one.entry for one in selected])
        named = {one.entry.id: "" if one.entry.id in gone else group_of(offered, one.entry) for one in selected}
        grouped = in_groups(offered, section(Section.NEW), lambda one: named[one.id])
        place = next((at for at, one in enumerate(same) if one.url == f"/editions/{key}"), None)
        return EditionView(
            made.edition,
            title,
            days,
            views.moment(made.edition.closes_at, digest_zone(self._settings, made.edition.digest)),
            tuple(one for _, inside in grouped for one in inside),
            tuple((name, tuple(inside)) for name, inside in grouped),
            section(Section.MOST_READ),
            tuple(
                one if one.taken_back else _corrected(one, corrections[one.id], language)
                for one in section(Section.CORRECTED)
            ),
            same[place - 1] if place else None,
            same[place + 1] if place is not None and place + 1 < len(same) else None,
            note_html(made.edition.note),
        )


def _in_order(newer: Entry | None, entry: Entry, older: Entry | None) -> bool:
    """Whether the days of these entries are known and do not contradict their order."""
    days = [one.date.full if one.date else None for one in (newer, entry, older) if one]
    return all(days) and all(a >= b for a, b in pairwise(days) if a and b)


def _takes_days(series: Sequence[tuple[datetime, int]], zone: tzinfo) -> bool:
    """Whether the counts are of more than one day; a steep line between two equal days tells nothing."""
    return len({at.astimezone(zone).date() for at, _ in series}) > 1


def _gained_in_a_day(series: Sequence[tuple[datetime, int]], views: Views, zone: tzinfo) -> tuple[int, str] | None:
    """How many readers an entry won, and the day as people name it, if all counts are of one day; else None."""
    gained = series[-1][1] - series[0][1] if series and not _takes_days(series, zone) else 0
    return (gained, views.moment(series[-1][0], zone).near) if gained > 0 else None


def _newest_series(counts: Sequence[ReaderCount]) -> list[tuple[datetime, int]]:
    """The counts of the source that counted last, whose newest count is the entry's number."""
    source = counts[-1].source if counts else None
    return [(count.at, count.readers) for count in counts if count.source == source]


def _corrected(view: EntryView, corrections: Sequence[Correction], language: str) -> EntryView:
    """An entry with what an edition corrected: its days, and its text before and after."""
    from digest.mail.composing.corrections import corrections_html  # noqa: PLC0415 - few pages show corrections

    return replace(view, html=corrections_html(corrections), dates=redating.days_corrected(corrections, language))


def _link(entry: Entry | None) -> Link | None:
    return Link(f"/entries/{entry.id}", display_title(entry.content)) if entry else None
