"""HTML pages in the visitor's language, and the files that they load. Decision 81."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

from digest import files
from digest.service.publishing.feeds import feeds
from digest.templating import LANGUAGES, language_tag, rendered
from digest.typeset.dates import format_day, known_day
from digest.web.conditional import preferred

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from digest.feeds.values import FeedEntry, FeedFacts
    from digest.settings import Settings

FONT = "latinmodern-math.woff2"
_ASSETS = {
    FONT: "font/woff2",
    "style.css": "text/css",
    "feed.css": "text/css",
    "icon.svg": "image/svg+xml",
    "square.png": "image/png",
    "logo.png": "image/png",
}
PICTURES = {"/favicon.ico": "icon", "/icon.png": "square", "/logo.png": "logo"}  # the asset at each permanent path
_OK = 200


class Pages:
    """Renders the templates of `templates/web`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._feeds = settings, feeds(settings)
        self.assets, self.paths = _assets(settings.templates)

    def language(self, request: Request) -> str:
        """The language of a page: the first supported one that the browser asks for, otherwise the site's."""
        return preferred(request.headers.get("accept-language", ""), LANGUAGES) or self._settings.language

    def page(
        self, request: Request, name: str, *, code: int = _OK, private: bool = False, **values: object
    ) -> Response:
        """A page. A `private` one is for the holder of its address: no cache stores it, no search engine lists it."""
        made = self.html(self.language(request), name, values)
        headers = {
            "Cache-Control": "no-cache" if code == _OK and not private else "no-store",
            "Vary": "Accept-Language",
        }
        if private:
            headers["X-Robots-Tag"] = "noindex"
        return HTMLResponse(made, code, headers)

    def feed(self, language: str, facts: FeedFacts, entries: Sequence[FeedEntry]) -> str:
        """What a browser shows of a feed, as well-formed XML.

        Raises:
            ConfigurationError: the template is wrong.
        """
        dated = [
            (entry, format_day(entry.date, language) if entry.published else known_day(entry.date, language))
            for entry in entries
        ]
        return self.html(language, "feed", {"feed": facts, "entries": dated})

    def html(self, language: str, name: str, values: Mapping[str, object]) -> str:
        """A page in a language.

        Raises:
            ConfigurationError: a template is wrong.
        """
        settings = self._settings
        frame = {
            "language": language_tag(language),
            "site": settings.site_title,
            "base_url": settings.base_url,
            "assets": self.paths,
            "feeds": self._feeds,
            "sources": settings.sources,
            "contact": settings.contact,
            "contact_url": settings.contact_url,
            "signup": settings.signup.open and bool(settings.digests),
        }
        return rendered(language, settings.templates, f"web/{name}.html", {**frame, **values})


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with a permanent address, which contains the file's hash."""

    body: bytes
    media_type: str


def _assets(own: Path | None) -> tuple[dict[str, Asset], dict[str, str]]:
    """The assets by address, and their addresses by name; a file of the user replaces the built-in one of its name."""
    made: dict[str, Asset] = {}
    paths: dict[str, str] = {}
    for name, media_type in _ASSETS.items():
        file = own / "web" / name if own else None
        chosen = file if file and file.is_file() else files.shipped_folder("templates") / "web" / name
        body = chosen.read_bytes()
        if name.endswith(".css"):  # the style sheet names the font
            body = body.replace(f'url("{FONT}")'.encode(), f'url("{paths["latinmodern-math"]}")'.encode())
        stem, _, suffix = name.partition(".")
        path = f"/{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        made[path], paths[stem] = Asset(body, media_type), path
    return made, paths
