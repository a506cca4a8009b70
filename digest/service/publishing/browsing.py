"""The ways to everything that was published: by year and month, author, number of readers, and by searching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from digest.model import Content, DigestId, Entry, EntryId, Section
from digest.records.publishing import Among
from digest.search_terms import Query, marks, query
from digest.service.editions.digests import digest_zone
from digest.service.publishing.documents import PerState
from digest.service.publishing.entry_views import EntryView, Moment, Views, Ways, author_path
from digest.service.publishing.feeds import groups
from digest.service.publishing.pages import CHUNK
from digest.settings import Settings
from digest.typeset import characters, excerpt, formulas, punctuation
from digest.typeset.sentences import clauses, ends

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

TITLES = 100  # on a page of titles
HITS = 20  # on a page of results
RANKED = 1_000  # results of one search that have pages; the number of hits counts all
MOST_READ = 50
RISING_DAYS = 7
_AUTHORS = 30  # that the archive names; all are on a page of their own
_BEFORE, _SHOWN = 30, 120  # characters of a text in a result, about
_CHINESE_ENDS = tuple("。！？；：，、…”’」』）》")


@dataclass(frozen=True, slots=True)
class Author:
    """An author with the address of their page and the number of their entries."""

    name: str
    url: str
    count: int


@dataclass(frozen=True, slots=True)
class Year:
    """A year: how many entries it has in all, and in each of its twelve months."""

    year: int
    count: int
    months: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Archive:
    """What there is: years, newest first; entries of an unknown year; authors with most entries; the whole number."""

    years: tuple[Year, ...]
    undated: int
    authors: tuple[Author, ...]
    more_authors: bool
    total: int


@dataclass(frozen=True, slots=True)
class Titles:
    """A page of titles. `groups` are the parts of the list, each with its name: a month's or an empty one."""

    groups: tuple[tuple[str, tuple[EntryView, ...]], ...]
    ways: Ways


@dataclass(frozen=True, slots=True)
class MostRead:
    """The entries with most readers of all time, and those that won most in the last days."""

    ever: tuple[EntryView, ...]
    rising: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the results of a search, best first. `years` and `authors` are what it can be restricted to."""

    entries: tuple[EntryView, ...]
    ways: Ways
    years: tuple[int, ...]
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextEditionPage:
    """What the next edition of a digest holds so far. `at` is when it is or was due; it `waits` for approval."""

    digest: str
    title: str
    at: Moment
    waits: bool
    new: tuple[EntryView, ...]
    corrected: tuple[EntryView, ...]


class Catalogue:
    """Lists of what is published. May be used from several threads.

    Lists and counts are made once for each published state; then a page costs no more than its own entries.
    """

    def __init__(
        self, store: Store, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._known = PerState(store)

    def archive(self) -> Archive:
        """The overview of everything."""
        years, undated, authors, total = self._overview()
        named = [Author(name, author_path(name), count) for name, count in authors.items()]
        return Archive(years, undated, tuple(named[:_AUTHORS]), len(named) > _AUTHORS, total)

    def authors(self) -> tuple[Author, ...]:
        """All authors: most entries first, then by name."""
        return tuple(Author(name, author_path(name), count) for name, count in self._overview()[2].items())

    def _overview(self) -> tuple[tuple[Year, ...], int, dict[str, int], int]:
        def make(tx: Transaction) -> tuple[tuple[Year, ...], int, dict[str, int], int]:
            months = tx.browsing.months()
            years = sorted({year for year, _ in months}, reverse=True)
            made = [
                Year(
                    year,
                    sum(count for (other, _), count in months.items() if other == year),
                    tuple(months.get((year, month), 0) for month in range(1, 13)),
                )
                for year in years
            ]
            return tuple(made), len(tx.browsing.undated()), tx.browsing.authors(), tx.browsing.count()

        return self._known.get("overview", make)

    def dated(self, year: int, month: int | None, language: str, page: int = 1) -> Titles | None:
        """The entries of a year or a month, newest first; None if there are none, or no such page."""
        path = f"/archive/{year}" + (f"/{month:02}" if month else "")
        ids = self._known.get((year, month), lambda tx: tx.browsing.dated(year, month))
        return self._titles(ids, path, language, page, lambda view: "" if month else view.month)

    def undated(self, language: str, page: int = 1) -> Titles | None:
        """The entries whose year is unknown; None if there are none, or no such page."""
        ids = self._known.get("undated", lambda tx: tx.browsing.undated())
        return self._titles(ids, "/archive/undated", language, page, lambda _: "")

    def _titles(
        self, ids: Sequence[EntryId], path: str, language: str, page: int, group: Callable[[EntryView], str]
    ) -> Titles | None:
        pages = -(-len(ids) // TITLES)
        if not 1 <= page <= pages:
            return None
        with self._store.read() as tx:
            entries = tx.browsing.entries(ids[(page - 1) * TITLES : page * TITLES])
        views = Views(self._settings, language, self._now())
        groups: dict[str, list[EntryView]] = {}
        for view in map(views.title, entries):
            groups.setdefault(group(view), []).append(view)
        ways = _numbered(path, {}, len(ids), page, pages)
        return Titles(tuple((name, tuple(inside)) for name, inside in groups.items()), ways)

    def author(self, author: str, language: str, page: int | None = None) -> tuple[tuple[EntryView, ...], Ways] | None:
        """The entries of an author, newest first sighting first; None for nobody, or for no such page.

        Pages are numbered from the oldest, as in a stream: a page moves only if earlier entries change their author.
        """
        ids = self._known.get(("author", author), lambda tx: tx.browsing.by_author(author))
        closed = max(0, (len(ids) - CHUNK) // CHUNK)
        if not ids or (page is not None and not 1 <= page <= closed):
            return None
        first, last = ((page - 1) * CHUNK, page * CHUNK) if page else (closed * CHUNK, len(ids))
        with self._store.read() as tx:
            entries = tx.browsing.entries(ids[first:last][::-1])
        views = Views(self._settings, language, self._now())
        older, path = page - 1 if page else closed, author_path(author)
        ways = Ways(
            len(ids),
            (f"{path}/page/{page + 1}" if page < closed else path) if page else "",
            f"{path}/page/{older}" if older else "",
            f"{path}/page/1" if older > 1 else "",
        )
        return tuple(map(views.row, entries)), ways

    def most_read(self, language: str) -> MostRead:
        """The entries with most readers."""
        now = self._now()
        with self._store.read() as tx:
            ever = tx.browsing.entries(tx.browsing.most_read(MOST_READ))
            rising = tx.selecting.most_read(now - timedelta(days=RISING_DAYS), (), MOST_READ)
        views = Views(self._settings, language, now)
        return MostRead(
            tuple(map(views.title, ever)),
            tuple(replace(views.title(entry), gained=gained) for entry, gained in rising),
        )

    def search(self, words: str, among: Among, language: str, page: int = 1) -> Found:
        """A page of results, with the matches marked; an empty one behind the last."""
        total, ids = self._known.get(("search", words, among), lambda tx: tx.browsing.search(words, among, RANKED))
        pages = max(1, -(-len(ids) // HITS))
        with self._store.read() as tx:
            entries = tx.browsing.entries(ids[(page - 1) * HITS : page * HITS])
        years, _, authors, _ = self._overview()
        views, wanted = Views(self._settings, language, self._now()), query(words)
        given = {"q": words, "source": among.source or "", "author": among.author, "year": str(among.year or "")}
        ways = _numbered("/search", {name: value for name, value in given.items() if value}, total, page, pages)
        return Found(
            tuple(_found(views, entry, wanted) for entry in entries),
            ways,
            tuple(one.year for one in years),
            tuple(authors)[:_AUTHORS],
        )

    def next_edition(self, name: str, language: str) -> NextEditionPage | None:
        """What the next edition of a digest would announce now; None if there is no such digest."""
        digest = self._settings.digest(name)
        if digest is None:
            return None
        from digest.mail.composing.entry_views import group_of, in_groups  # noqa: PLC0415 - few visitors look at this
        from digest.service.editions.drafts import next_edition  # noqa: PLC0415 - as above

        now = self._now()
        with self._store.read() as tx:
            found = next_edition(tx, digest, now)
        views = Views(self._settings, language, now)
        new, corrected = (
            [one.entry for one in found.selection.entries if one.section is section]
            for section in (Section.NEW, Section.CORRECTED)
        )
        offered = groups(self._settings, new)
        grouped = in_groups(offered, new, lambda entry: group_of(offered, entry))
        at = views.moment(found.due, digest_zone(self._settings, DigestId(name)))
        return NextEditionPage(
            name,
            digest.title,
            at,
            found.plan.slot_at is not None,
            tuple(views.title(entry) for _, inside in grouped for entry in inside),
            tuple(map(views.title, corrected)),
        )

    def addresses(self, first: int, last: int) -> list[tuple[str, datetime]]:
        """The path of each published entry with these numbers in the feed of all entries, and when it was updated."""
        with self._store.read() as tx:
            return [(f"/entries/{entry}", at) for entry, at in tx.browsing.updated("", first, last)]

    def size(self) -> int:
        """The newest number in the feed of all entries."""
        with self._store.read() as tx:
            return tx.feeds.size("")


def _numbered(path: str, given: dict[str, str], total: int, page: int, pages: int) -> Ways:
    """The neighbours of a page of a list whose pages are numbered from 1."""

    def at(number: int) -> str:
        query = {**given, **({"page": str(number)} if number > 1 else {})}
        return f"{path}?{urlencode(query, errors='replace')}" if query else path

    return Ways(
        total,
        at(page - 1) if page > 1 else "",
        at(page + 1) if page < pages else "",
        at(pages) if page + 1 < pages else "",
        page,
        pages,
    )


def _found(views: Views, entry: Entry, wanted: Query) -> EntryView:
    view, around = views.title(entry), _excerpt(entry.content, wanted)
    marked = _marked(view.title, marks(view.title, wanted))
    return replace(view, marked=marked, row=f"<p>{around}</p>" if around else "")


def excerpt_around(content: Content, words: str) -> str:
    """The stretch of a text around the first place where it has what a search asks for, marked: safe HTML."""
    return _excerpt(content, query(words))


def _excerpt(content: Content, wanted: Query) -> str:
    body = formulas.text(
        punctuation.full_width(characters.strip_unsafe(characters.joined("".join(map(_apart, content.paragraphs)))))
    )
    return _around(body, marks(body, wanted))


def _apart(paragraph: str) -> str:
    """A paragraph in one line with others; a heading or caption is set off by a space."""
    return paragraph if paragraph.rstrip().endswith(_CHINESE_ENDS) else f"{paragraph} "


def _marked(text: str, places: Sequence[tuple[int, int]]) -> str:
    made, at = "", 0
    for start, end in places:
        made += f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>"
        at = end
    return made + escape(text[at:])


def _around(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The stretch of a text around the first match, marked; its beginning if there is none.

    It begins and ends with a sentence, or else between clauses or words, with an ellipsis.
    """
    match = places[0][0] if places else 0
    start, whole = _beginning(text, match)
    shown = excerpt.cut(text[start:], max(_SHOWN, places[0][1] - start if places else 0))
    words = shown.removesuffix("…").removesuffix("…")
    inside = [(a - start, b - start) for a, b in places if start <= a and b <= start + len(words)]
    return ("" if whole else excerpt.dots(text)) + _marked(shown, inside)


def _beginning(text: str, match: int) -> tuple[int, bool]:
    """Where the words before a match begin, and whether a sentence begins there."""
    least = max(0, match - _BEFORE)
    sentences = [place for place in (0, *ends(text[:match])) if place >= least]
    if sentences:
        return sentences[0], True
    clause = next((place + 1 for place in clauses(text[:match]) if place + 1 >= least), None)
    return (excerpt.before_word(text, least) if clause is None else clause), False
