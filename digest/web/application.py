"""The routes of the web server and their endpoints."""

from __future__ import annotations

import json
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from digest.errors import DigestError, UnknownError
from digest.feeds.opml import MEDIA_TYPE
from digest.model import EditionKey
from digest.service.editions.digests import describe_digest
from digest.service.publishing.pages import Reading
from digest.service.publishing.syndication import FORMATS, Syndication
from digest.service.sources.renaming import present_name
from digest.web.browsing import LISTS, LONGEST_QUERY, USUAL_FEEDS, Lists
from digest.web.conditional import FEED_CACHE, MOVED_CACHE, respond, wants_page
from digest.web.extra_routes import hook_routes, operators_routes
from digest.web.metrics import Metrics, MonitorEndpoints, from_this_machine
from digest.web.outlets import outlet_routes
from digest.web.pages import MANIFEST, PICTURES, Pages, script_of
from digest.web.people import people_routes
from digest.web.response_cache import Lifetime, ResponseCache, lifetimes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.operations.core import Service
    from digest.service.publishing.documents import Document
    from digest.settings import Settings
    from digest.store.transaction import Store

_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}  # its address contains its hash
_FEED_ANSWER = "digest.feed"  # scope key: which feed was requested, and how it was answered
# No script runs here. `connect-src` lets programs that examine a page from within, such as Lighthouse, read robots.txt.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; manifest-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SAME_DAY = 900  # seconds: in no zone does a day begin within such a quarter of an hour
_COLOURS = {"background_color": "#fbfaf7", "theme_color": "#fbfaf7"}


def application(
    store: Store,
    settings: Settings,
    *,
    now: Callable[[], datetime],
    metrics: Metrics | None = None,
    fetch: Callable[[str], bytes] | None = None,
    service: Service | None = None,
) -> ASGIApp:
    """The ASGI application. Several threads and processes may serve it on one store.

    `service` is what operations may ask of the service around it. `fetch` gets the content of an Amazon URL, which
    Amazon's bounce notices need; by default from the web.

    Raises:
        ConfigurationError: a key or secret of a provider in `settings.hooks` cannot be read.
    """
    metrics = metrics or Metrics(store, settings, now)
    site = _Site(store, settings, now, metrics)
    routes = [
        *outlet_routes(store, settings, site.feeds, site.visitor),
        *(Route(path, MethodType(endpoint, site.lists)) for path, endpoint, _ in LISTS),
        *(Route(path, MethodType(endpoint, site)) for path, endpoint, _ in ROUTES),
        *people_routes(store, settings, now=now),
        *hook_routes(store, settings, now, fetch),
        *operators_routes(store, settings, now, service),
        *(Route(path, site.asset) for path in site.assets),
        Route("/healthz", site.watch.healthy),
        Route("/readyz", site.watch.ready),
        Route("/metrics", site.metrics),
    ]
    made = Starlette(
        routes=routes,
        exception_handlers={
            404: site.missing,
            405: site.not_allowed,
            UnknownError: site.missing,
            DigestError: site.unavailable,
            ClientDisconnect: site.gone,
        },
    )
    made.router.redirect_slashes = False  # it would redirect to whatever host the client names
    return ResponseCache(
        _Answering(made, metrics),
        store.version,
        lifetime_of,
        partial(_repetition_counter, metrics),
        lambda: int(now().timestamp() // _SAME_DAY),
    )


def _repetition_counter(metrics: Metrics, scope: Scope, status: int) -> Callable[[], None]:
    """Counts a response served from the cache."""
    kind, _ = scope.get(_FEED_ANSWER, ("page", ""))
    return partial(metrics.answered, kind, status, "" if kind == "page" else "kept")


class _Answering:
    """Adds the security headers to every response, and counts it."""

    def __init__(self, inner: ASGIApp, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                self._metrics.answered(*_counted(scope, message["status"]))
            await send(message)

        await self._inner(scope, receive, with_headers)


def _counted(scope: Scope, status: int) -> tuple[str, int, str]:
    """The labels that count a response: a feed by format and whether its document was made or cached; or a page."""
    kind, cache = scope.get(_FEED_ANSWER, ("page", ""))
    return kind, status, cache


def _asked_for(request: Request) -> None:
    """Note that a feed was requested, before anything can fail: a failing feed must not count as a page."""
    kind = request.path_params["kind"]
    request.scope[_FEED_ANSWER] = (kind if kind in FORMATS else "page", "")


class _Site:
    """The endpoints. They are plain functions, which Starlette runs in threads, because the store blocks."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime], metrics: Metrics) -> None:
        self._store, self._settings, self._now = store, settings, now
        self.watch = MonitorEndpoints(store, metrics)
        self._pages = Pages(settings)
        self.assets, self._paths = self._pages.assets, self._pages.paths
        self._reading = Reading(store, settings, now)
        self.lists = Lists(store, settings, self._pages, self._reading, now, self.missing)
        self.feeds = Syndication(store, settings, stylesheet=self._paths["feed"], shown=self._pages.feed)

    def about(self, request: Request) -> Response:
        language = self._pages.language(request)
        return self._pages.page(
            request,
            "about",
            digests=self._settings.digests,
            spoken=lambda digest: describe_digest(digest, language),
            hours=int(self._settings.signup.expires.total_seconds() // 3600),
        )

    def source(self, request: Request) -> Response:
        given = request.path_params
        source = self._reading.source(given["source"], self._pages.language(request), given.get("page"))
        if source:
            return self._pages.page(request, "source", source=source)
        return self._redirect_if_renamed(request, given["source"]) or self.missing(request, None)

    def _redirect_if_renamed(self, request: Request, name: str) -> Response | None:
        """Redirect to the page or feed of a renamed source; temporarily, since it may get its old name back."""
        present = present_name(self._store, self._settings, name)
        if present is None:
            return None
        url = request.url.path.replace(f"/sources/{name}", f"/sources/{present}", 1)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{url}{query}", 301, MOVED_CACHE)

    def reading(self, request: Request) -> Response:
        """How to read what is here, and where."""
        return self._pages.page(request, "reading", digests=self._settings.digests)

    def search_feed(self, request: Request) -> Response:
        _asked_for(request)
        query = request.query_params.get("q", "")[:LONGEST_QUERY].strip()
        if not query:
            return self.missing(request, None)
        kind, (styled, language) = request.path_params["kind"], self.visitor(request)
        document = self.feeds.search_feed(query, kind, script_of(request), styled=styled, language=language)
        return self._document(request, document, styled=styled)

    def opml(self, request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        made = self._pages.served(request, self.feeds.opml(each=name == "sources.opml"), MEDIA_TYPE, cache="no-cache")
        made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return made

    def feed(self, request: Request) -> Response:
        _asked_for(request)
        given = request.path_params
        path = f"{given['group']}/{given['name']}/" if "group" in given else ""
        if given.get("group") == "sources" and self._settings.source(given["name"]) is None:
            return self._redirect_if_renamed(request, given["name"]) or self.missing(request, None)
        styled, language = self.visitor(request)
        script = script_of(request)
        document = self.feeds.feed(
            path, given["kind"], page=given.get("page"), styled=styled, language=language, script=script
        )
        return self._document(request, document, styled=styled)

    def visitor(self, request: Request) -> tuple[bool, str]:
        """Whether a browser asks for a feed in order to show it, and the language of its visitor."""
        kind = request.path_params["kind"]
        accepted = ",".join(request.headers.getlist("accept"))
        return kind != "json" and wants_page(accepted, FORMATS.get(kind, "")), self._pages.language(request)

    def _document(self, request: Request, document: Document, *, styled: bool) -> Response:
        negotiated = ("Accept", "Accept-Language") if styled else ("Accept",)
        made = respond(document, request.headers, cache=FEED_CACHE, negotiated=negotiated)
        request.scope[_FEED_ANSWER] = (request.path_params["kind"], "kept" if document.taken() else "made")
        return Response(made.body, made.status, made.headers)

    def entry(self, request: Request) -> Response:
        name, language = request.path_params["entry"], self._pages.language(request)
        entry = self._reading.entry(name, language)
        if entry:
            return self._pages.page(request, "entry", entry=entry)
        if into := self._reading.merged_into(name):
            return RedirectResponse(f"/entries/{into}", 301, MOVED_CACHE)
        return (
            self._pages.page(request, "removed", code=410)
            if self._reading.removed(name)
            else self.missing(request, None)
        )

    def formula(self, request: Request) -> Response:
        with self._store.read() as tx:
            png = tx.pictures.png(request.path_params["name"])
        if png is None:
            return self.missing(request, None)
        return Response(png, media_type="image/png", headers=_FOR_GOOD)

    def editions(self, request: Request) -> Response:
        editions = self._reading.editions(self._pages.language(request))
        return self._pages.page(request, "editions", editions=editions, digests=self._settings.digests)

    def edition(self, request: Request) -> Response:
        edition = self._reading.edition(EditionKey(request.path_params["key"]), self._pages.language(request))
        return self._pages.page(request, "edition", edition=edition) if edition else self.missing(request, None)

    def asset(self, request: Request) -> Response:
        asset = self.assets[request.url.path]
        if asset.media_type.startswith(("text/", "image/svg")):
            return self._pages.served(
                request, asset.body, _with_charset(asset.media_type), cache=_FOR_GOOD["Cache-Control"]
            )
        return Response(asset.body, media_type=asset.media_type, headers=_FOR_GOOD)

    def picture(self, request: Request) -> Response:
        """An icon at a path that stays, which feeds name, or where browsers and feed readers look for it."""
        picture = self.assets[self._paths[PICTURES[request.url.path]]]
        return Response(picture.body, media_type=picture.media_type, headers={"Cache-Control": "public, max-age=86400"})

    def manifest(self, request: Request) -> Response:
        """What a phone shows of the site on its home screen."""
        icons = [
            {"src": self._paths[name], "sizes": f"{size}x{size}", "type": "image/png"}
            for name, size in (("icon-180", 180), ("square", 512))
        ]
        title = self._settings.site_title
        made = {"name": title, "short_name": title, "start_url": "/", "display": "browser", "icons": icons}
        body = json.dumps({**made, **_COLOURS}, ensure_ascii=False).encode()
        return self._pages.served(request, body, MANIFEST, cache="public, max-age=86400")

    def metrics(self, request: Request) -> Response:
        """Metrics for requests from this machine; other monitors use the listener of `web.metrics_listen`."""
        if not from_this_machine(request, self._settings.base_url):
            return self.missing(request, None)
        return self.watch.metrics(request)

    def missing(self, request: Request, error: Exception | None) -> Response:  # noqa: ARG002 - a handler takes it
        path = request.url.path.rstrip("/")
        if path and path != request.url.path and request.method in {"GET", "HEAD"} and _is_ours(request, path):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{quote(USUAL_FEEDS.get(path, path))}{query}", 301, MOVED_CACHE)
        return self._pages.page(request, "missing", code=404)

    def not_allowed(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as above
        return PlainTextResponse("method not allowed\n", 405, headers=getattr(error, "headers", None))

    def gone(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as above
        """The client has disconnected; without a response the server would log a trace."""
        return PlainTextResponse("the request ended early\n", 400)

    def unavailable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as above
        return PlainTextResponse("try again in a minute\n", 503, headers={"Retry-After": "60"})


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _is_ours(request: Request, path: str) -> bool:
    """Whether a path leads to a route of this site, and to none of another: `//host` names another."""
    if path.startswith("//") or "\\" in path:
        return False
    return any(isinstance(route, Route) and route.path_regex.match(path) for route in request.app.routes)


# The path of each page and feed, what answers it, and how long its response may be cached.
ROUTES: tuple[tuple[str, Callable[..., Response], Lifetime | None], ...] = (
    ("/about", _Site.about, Lifetime.COMMIT),
    ("/reading", _Site.reading, Lifetime.COMMIT),
    ("/search.{kind}", _Site.search_feed, None),
    ("/feeds.opml", _Site.opml, Lifetime.COMMIT),
    ("/sources.opml", _Site.opml, Lifetime.COMMIT),
    ("/feed.{kind}", _Site.feed, Lifetime.PUBLISHED),
    ("/archive/{page:int}.{kind}", _Site.feed, Lifetime.PUBLISHED),
    ("/sources/{source}", _Site.source, Lifetime.COMMIT),
    ("/sources/{source}/page/{page:int}", _Site.source, Lifetime.COMMIT),
    ("/{group:str}/{name}/feed.{kind}", _Site.feed, Lifetime.PUBLISHED),
    ("/{group:str}/{name}/archive/{page:int}.{kind}", _Site.feed, Lifetime.PUBLISHED),
    ("/formulas/{name}.png", _Site.formula, None),
    ("/entries/{entry}", _Site.entry, Lifetime.COMMIT),
    ("/editions", _Site.editions, Lifetime.COMMIT),
    ("/editions/{key:path}", _Site.edition, Lifetime.COMMIT),
    *((path, _Site.picture, None) for path in PICTURES),
    ("/manifest.webmanifest", _Site.manifest, None),
)
lifetime_of = lifetimes((path, lifetime) for path, _, lifetime in (*LISTS, *ROUTES))
