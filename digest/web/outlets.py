"""The routes of editions outside of mail: the feed of each digest, and the private feeds of subscribers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from digest.model import DigestId
from digest.service.publishing.edition_feeds import EditionFeeds, Visitor
from digest.web.conditional import FEED_CACHE, MOVED_CACHE, respond
from digest.web.pages import script_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from digest.service.publishing.syndication import Syndication
    from digest.settings import Settings
    from digest.store.transaction import Store


def outlet_routes(
    store: Store, settings: Settings, syndication: Syndication, visitor: Callable[[Request], tuple[bool, str]]
) -> list[Route]:
    """The routes of this module; they stand before those of entries' feeds, which have the same form.

    `visitor` says whether a browser asks for a feed in order to show it, and the language of its visitor.
    """
    outlets = _Outlets(store, settings, syndication, visitor)
    return [
        Route("/digests/{name}/feed.{kind}", outlets.feed),
        Route("/digests/{name}/archive/{page:int}.{kind}", outlets.feed),
        Route("/private/{token}/feed.{kind}", outlets.private),
    ]


class _Outlets:
    def __init__(
        self, store: Store, settings: Settings, syndication: Syndication, visitor: Callable[[Request], tuple[bool, str]]
    ) -> None:
        self._store, self._settings, self._visitor = store, settings, visitor
        self._editions = EditionFeeds(store, settings, syndication)

    def feed(self, request: Request) -> Response:
        given = request.path_params
        if self._settings.digest(given["name"]) is None and (moved := self._renamed(request)):
            return moved
        visitor = self._asks(request)
        document = self._editions.feed(given["name"], given["kind"], given.get("page"), visitor)
        made = respond(document, request.headers, cache=FEED_CACHE, negotiated=_negotiated(visitor))
        return Response(made.body, made.status, made.headers)

    def private(self, request: Request) -> Response:
        """A subscriber's own feed. Its address is a secret: no cache stores it, no search engine lists it."""
        visitor = self._asks(request)
        document = self._editions.private(request.path_params["token"], request.path_params["kind"], visitor)
        made = respond(document, request.headers, cache="no-store", negotiated=_negotiated(visitor))
        return Response(made.body, made.status, {**made.headers, "X-Robots-Tag": "noindex"})

    def _asks(self, request: Request) -> Visitor:
        styled, language = self._visitor(request)
        return Visitor(styled, language if styled else "", script_of(request))

    def _renamed(self, request: Request) -> Response | None:
        """Redirect to the feed of a renamed digest."""
        name = request.path_params["name"]
        with self._store.read() as tx:
            renamed = tx.digest_names.all().get(DigestId(name))
        if renamed is None or self._settings.digest(renamed.new) is None:
            return None
        url = request.url.path.replace(f"/digests/{name}", f"/digests/{renamed.new}", 1)
        return RedirectResponse(url, 301, MOVED_CACHE)


def _negotiated(visitor: Visitor) -> tuple[str, ...]:
    return ("Accept", "Accept-Language") if visitor.styled else ("Accept",)
