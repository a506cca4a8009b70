"""The endpoints of the lists: the stream, archive, authors, topics, most read, search, and the sitemap."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from digest.model import SourceId
from digest.records.publishing import Among
from digest.service.publishing.browsing import Catalogue
from digest.service.publishing.entry_views import month_name
from digest.web.response_cache import Lifetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from starlette.requests import Request

    from digest.service.publishing.pages import Reading
    from digest.settings import Settings
    from digest.store.transaction import Store
    from digest.web.pages import Pages

LONGEST_QUERY = 200  # characters
_ON_A_SITEMAP = 10_000  # addresses; the protocol allows 50,000 and 50 MB
_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MONTHS = range(1, 13)
_YEARS = range(1, 10_000)
_DAY = 86_400  # seconds
# What people and programs try when they look for a feed.
USUAL_FEEDS = {
    "/feed": "/feed.atom",
    "/atom": "/feed.atom",
    "/atom.xml": "/feed.atom",
    "/feed.xml": "/feed.atom",
    "/rss": "/feed.rss",
    "/rss.xml": "/feed.rss",
    "/index.xml": "/feed.rss",
}
_PAGES = ("/", "/about", "/reading", "/archive", "/authors", "/most-read", "/editions")


class Lists:
    """The endpoints. `missing` answers where there is nothing."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        pages: Pages,
        reading: Reading,
        now: Callable[[], datetime],
        missing: Callable[[Request, None], Response],
    ) -> None:
        self._settings, self._pages, self._reading, self._missing = settings, pages, reading, missing
        self._catalogue = Catalogue(store, settings, now)

    def _page(self, request: Request, name: str, values: dict[str, object]) -> Response:
        """The page; or that of what is missing, if one of its values is None."""
        if any(value is None for value in values.values()):
            return self._missing(request, None)
        return self._pages.show(request, name, values)

    def stream(self, request: Request) -> Response:
        """The home page, or an older page of the stream of all entries."""
        home = self._reading.home(self._pages.language(request), request.path_params.get("page"))
        return self._page(request, "home", {"home": home})

    def topic(self, request: Request) -> Response:
        given = request.path_params
        topic = self._reading.topic(given["topic"], self._pages.language(request), given.get("page"))
        return self._page(request, "topic", {"topic": topic})

    def archive(self, request: Request) -> Response:
        months = [month_name(month, self._pages.language(request)) for month in _MONTHS]
        return self._page(request, "archive", {"archive": self._catalogue.archive(), "months": months})

    def dated(self, request: Request) -> Response:
        """A year or a month of the archive."""
        year, month = request.path_params["year"], request.path_params.get("month")
        if year not in _YEARS or month not in {None, *_MONTHS}:
            return self._missing(request, None)
        language = self._pages.language(request)
        titles = self._catalogue.dated(year, month, language, _number(request))
        name = month_name(month, language, year) if month else ""
        return self._page(request, "titles", {"titles": titles, "year": year, "month": name})

    def undated(self, request: Request) -> Response:
        titles = self._catalogue.undated(self._pages.language(request), _number(request))
        return self._page(request, "titles", {"titles": titles, "year": 0, "month": ""})

    def authors(self, request: Request) -> Response:
        return self._page(request, "authors", {"authors": self._catalogue.authors()})

    def author(self, request: Request) -> Response:
        given = request.path_params
        found = self._catalogue.author(given["author"], self._pages.language(request), given.get("page"))
        if found is None:
            return self._missing(request, None)
        entries, ways = found
        return self._pages.page(request, "author", author=given["author"], entries=entries, ways=ways)

    def most_read(self, request: Request) -> Response:
        return self._page(request, "most_read", {"most_read": self._catalogue.most_read(self._pages.language(request))})

    def next_edition(self, request: Request) -> Response:
        """What the next edition of a digest holds so far; it changes, so search engines do not list it."""
        upcoming = self._catalogue.next_edition(request.path_params["digest"], self._pages.language(request))
        answered = self._page(request, "next", {"upcoming": upcoming})
        answered.headers["X-Robots-Tag"] = "noindex"
        return answered

    def search(self, request: Request) -> Response:
        """The results of a search. There are as many of these pages as there are words, so search engines list none."""
        words = request.query_params.get("q", "")[:LONGEST_QUERY].strip()
        given = {name: request.query_params.get(name, "").strip() for name in ("source", "author", "year")}
        year = given["year"]
        among = Among(
            SourceId(given["source"]) if self._settings.source(given["source"]) else None,
            given["author"][:LONGEST_QUERY],
            int(year) if year.isascii() and year.isdigit() and len(year) == len("2026") and int(year) else None,
        )
        found = self._catalogue.search(words, among, self._pages.language(request), _number(request))
        answered = self._pages.page(request, "search", query=words, found=found, among=among)
        answered.headers["X-Robots-Tag"] = "noindex"
        return answered

    # --- for programs -----------------------------------------------------------------------------

    def usual_feed(self, request: Request) -> Response:
        """Lead from an address where feeds often are to ours."""
        query = f"?{request.url.query}" if request.url.query else ""
        to = f"{USUAL_FEEDS[request.url.path]}{query}"
        return RedirectResponse(to, 301, {"Cache-Control": f"public, max-age={_DAY}"})

    def robots(self, request: Request) -> Response:  # noqa: ARG002 - an endpoint takes it
        closed = ("/search", "/*script=", "/confirm/", "/leave/", "/preferences/", "/private/")
        rules = "".join(f"Disallow: {path}\n" for path in closed)
        return PlainTextResponse(
            f"User-agent: *\n{rules}\nSitemap: {self._settings.base_url}/sitemap.xml\n",
            headers={"Cache-Control": f"public, max-age={_DAY}"},
        )

    def sitemap(self, request: Request) -> Response:
        """All addresses that search engines should know; an index of several lists if there are many entries."""
        size = self._catalogue.size()
        if size <= _ON_A_SITEMAP:
            return self._sitemap(request, [*self._lists(), *self._entries(1, size)])
        names = ["pages", *(str(number + 1) for number in range(-(-size // _ON_A_SITEMAP)))]
        base = self._settings.base_url
        inside = "".join(f"<sitemap><loc>{base}/sitemap-{name}.xml</loc></sitemap>\n" for name in names)
        return self._xml(request, f'<sitemapindex xmlns="{_NS}">\n{inside}</sitemapindex>\n')

    def part_of_sitemap(self, request: Request) -> Response:
        """The lists, or ten thousand entries, by the numbers of the feed of all entries."""
        name = request.path_params["name"]
        if name == "pages":
            return self._sitemap(request, self._lists())
        number = int(name) if name.isascii() and name.isdigit() and len(name) < len("1000000") else 0
        first = (number - 1) * _ON_A_SITEMAP + 1
        if number < 1 or first > self._catalogue.size():
            return self._missing(request, None)
        return self._sitemap(request, self._entries(first, first + _ON_A_SITEMAP - 1))

    def _lists(self) -> Iterable[tuple[str, str]]:
        """The pages that are no entries."""
        settings, archive = self._settings, self._catalogue.archive()
        yield from ((path, "") for path in _PAGES)
        yield from ((f"/sources/{source.id}", "") for source in settings.sources)
        yield from ((f"/topics/{topic.id}", "") for topic in settings.topics)
        yield from ((author.url, "") for author in archive.authors)
        for year in archive.years:
            yield f"/archive/{year.year}", ""
            yield from (
                (f"/archive/{year.year}/{at:02}", "") for at, count in zip(_MONTHS, year.months, strict=True) if count
            )
        if archive.undated:
            yield "/archive/undated", ""
        yield from ((edition.url, "") for edition in self._reading.editions(settings.language))

    def _entries(self, first: int, last: int) -> Iterable[tuple[str, str]]:
        return ((path, at.isoformat(timespec="seconds")) for path, at in self._catalogue.addresses(first, last))

    def _sitemap(self, request: Request, addresses: Iterable[tuple[str, str]]) -> Response:
        base = escape(self._settings.base_url)
        inside = "".join(
            f"<url><loc>{base}{escape(path)}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>\n"
            for path, at in addresses
        )
        return self._xml(request, f'<urlset xmlns="{_NS}">\n{inside}</urlset>\n')

    def _xml(self, request: Request, inside: str) -> Response:
        return self._pages.served(
            request, f'<?xml version="1.0" encoding="UTF-8"?>\n{inside}'.encode(), "application/xml", cache="no-cache"
        )


def _number(request: Request) -> int:
    """The page that a list is asked for; 0, which no list has, for anything that is no number."""
    given = request.query_params.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) < len("1000000") else 0


# As the table in `application`.
LISTS: tuple[tuple[str, Callable[..., Response], Lifetime | None], ...] = (
    ("/", Lists.stream, Lifetime.COMMIT),
    ("/page/{page:int}", Lists.stream, Lifetime.COMMIT),
    ("/topics/{topic}", Lists.topic, Lifetime.COMMIT),
    ("/topics/{topic}/page/{page:int}", Lists.topic, Lifetime.COMMIT),
    ("/archive", Lists.archive, Lifetime.COMMIT),
    ("/archive/undated", Lists.undated, Lifetime.COMMIT),
    ("/archive/{year:int}", Lists.dated, Lifetime.COMMIT),
    ("/archive/{year:int}/{month:int}", Lists.dated, Lifetime.COMMIT),
    ("/authors", Lists.authors, Lifetime.COMMIT),
    ("/authors/{author:path}/page/{page:int}", Lists.author, Lifetime.COMMIT),
    ("/authors/{author:path}", Lists.author, Lifetime.COMMIT),
    ("/digests/{digest}/next", Lists.next_edition, Lifetime.COMMIT),
    ("/most-read", Lists.most_read, Lifetime.COMMIT),
    ("/search", Lists.search, None),
    ("/robots.txt", Lists.robots, None),
    ("/sitemap.xml", Lists.sitemap, Lifetime.COMMIT),
    ("/sitemap-{name}.xml", Lists.part_of_sitemap, Lifetime.COMMIT),
    *((path, Lists.usual_feed, None) for path in USUAL_FEEDS),
)
