"""The routes of the web server and what each answers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from digest import bundled
from digest.errors import DigestError, masked
from digest.model import EditionKey, SourceId
from digest.service import subscribers
from digest.service.reading import Publisher
from digest.templating import rendered
from digest.web.conditional import answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digest.service.ports import Store
    from digest.settings import Settings

_FEED_AGE = 900  # seconds
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def application(store: Store, settings: Settings, *, now: Callable[[], datetime]) -> ASGIApp:
    """The ASGI application. It may be served by several threads and processes on one store."""
    site = _Site(store, settings, now)
    routes = [
        Route("/", site.home),
        Route("/feed.atom", site.feed),
        Route("/sources/{source}/feed.atom", site.feed),
        Route("/entries/{entry}", site.entry),
        Route("/editions/{key:path}", site.edition),
        Route("/leave/{token}", site.leave, methods=["GET", "HEAD", "POST"]),
        Route(site.style_path, site.style),
        Route("/healthz", site.healthy),
        Route("/readyz", site.ready),
    ]
    made = Starlette(
        routes=routes, exception_handlers={404: site.missing, 405: site.not_allowed, DigestError: site.unavailable}
    )
    made.router.redirect_slashes = False  # it would redirect to whatever host the client names
    return _SafeHeaders(made)


class _SafeHeaders:
    """Adds the security headers to every response."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._inner(scope, receive, with_headers)


class _Site:
    """The endpoints. They are plain functions, which Starlette runs in threads: the store blocks."""

    def __init__(self, store: Store, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._publisher = Publisher(store, settings)
        folder = settings.templates
        own = folder / "web" / "style.css" if folder else None
        file = own if own and own.is_file() else bundled.folder("templates") / "web" / "style.css"
        self._style = file.read_bytes()
        self.style_path = f"/style-{hashlib.sha256(self._style).hexdigest()[:12]}.css"

    def home(self, request: Request) -> Response:  # noqa: ARG002 - an endpoint takes it
        home = self._publisher.home()
        return self._page("home", home=home, digests=self._settings.digests, sources=self._settings.sources)

    def feed(self, request: Request) -> Response:
        source = request.path_params.get("source")
        if source is not None and self._settings.source(source) is None:
            return self.missing(request, None)
        document = self._publisher.feed(SourceId(source) if source else None)
        made = answer(document, request.headers, max_age=_FEED_AGE)
        return Response(made.body, made.status, made.headers)

    def entry(self, request: Request) -> Response:
        entry = self._publisher.entry(request.path_params["entry"])
        return self._page("entry", entry=entry) if entry else self.missing(request, None)

    def edition(self, request: Request) -> Response:
        edition = self._publisher.edition(EditionKey(request.path_params["key"]))
        return self._page("edition", edition=edition) if edition else self.missing(request, None)

    def leave(self, request: Request) -> Response:
        """The page behind the link in a mail, which changes nothing; and its button, which mail programs press too.

        Source: RFC 8058: the POST is answered without redirect, cookie or question.
        """
        token = request.path_params["token"]
        pressed = request.method == "POST"
        if pressed and not subscribers.leave(self._store, token, source="link in a mail", now=self._now()):
            return self.missing(request, None)
        known = subscribers.leaving(self._store, token)
        if known is None:  # erased: there is nobody left to speak of
            return PlainTextResponse("ok\n") if pressed else self.missing(request, None)
        record, digest = known
        configured = self._settings.digest(digest)
        return self._page(
            "leave",
            status="subscribed" if digest in record.digests else "left",
            address=masked(record.subscriber.address),
            digest=configured.title if configured else digest,
        )

    def style(self, request: Request) -> Response:  # noqa: ARG002 - as above
        return Response(
            self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    def healthy(self, request: Request) -> Response:  # noqa: ARG002 - as above
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    def ready(self, request: Request) -> Response:  # noqa: ARG002 - as above
        try:
            self._store.check()
        except DigestError:
            return PlainTextResponse("the store does not answer\n", 503, headers={"Cache-Control": "no-store"})
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    def missing(self, request: Request, error: Exception | None) -> Response:  # noqa: ARG002 - as above
        return self._page("missing", code=404)

    def not_allowed(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as above
        return PlainTextResponse("method not allowed\n", 405, headers=getattr(error, "headers", None))

    def unavailable(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - as above
        return PlainTextResponse("try again in a minute\n", 503, headers={"Retry-After": "60"})

    def _page(self, name: str, *, code: int = 200, **values: object) -> Response:
        settings = self._settings
        frame = {
            "language": settings.language.replace("_", "-"),
            "site": settings.site_title,
            "base_url": settings.base_url,
            "style": self.style_path,
        }
        page = rendered(settings.language, settings.templates, f"web/{name}.html", frame | values)
        return HTMLResponse(page, code, {"Cache-Control": "no-cache" if code == 200 else "no-store"})  # noqa: PLR2004
