"""HTML pages in the visitor's language and script, and the files that they load. Decision 81."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, Response

from digest import files
from digest.chinese import SCRIPTS, converted_page
from digest.service.publishing.documents import Document
from digest.service.publishing.feeds import feeds
from digest.templating import LANGUAGES, language_tag, rendered
from digest.typeset.dates import format_day, known_day
from digest.web.conditional import preferred, respond

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from digest.feeds.values import FeedEntry, FeedFacts
    from digest.settings import Settings

FONT = "latinmodern-math.woff2"
MANIFEST = "application/manifest+json"
_ASSETS = {
    f"web/{FONT}": "font/woff2",
    "web/style.css": "text/css",
    "web/feed.css": "text/css",
    "web/icon.svg": "image/svg+xml",
    "web/icon-180.png": "image/png",
    "web/square.png": "image/png",
    "web/logo.png": "image/png",
}
_STYLE = '<link rel="stylesheet"'
PICTURES = {"/favicon.ico": "icon", "/icon.png": "square", "/logo.png": "logo"}  # the asset at each permanent path
_OK = 200
_EPOCH = datetime.fromtimestamp(0, UTC)  # of documents without a date
_SHARED = ("page",)  # what of a query belongs to the permanent address of a page
# The last two characters of a Chinese paragraph with their marks: no browser may leave one of them alone on a line.
# Decision 348.
_END = re.compile(r"[一-鿿][，、；：]?(?:[一-鿿]|\d+)[。！？…；：）》”’]*(?=</p>)")
_ONE_LINE = 12  # characters that every screen shows in one line
# A link of ours to a page or a feed, which keeps the script; files and addresses of other sites do not.
_OURS = re.compile(r'(?P<before>\s(?:href|action)=")(?P<path>/(?!/)[^"?#]*)(?P<query>\?[^"#]*)?(?P<rest>#[^"]*)?"')
_FILE = re.compile(r"\.(?:css|png|svg|ico|woff2|webmanifest|opml|xml|txt)$")


class Pages:
    """Renders the templates of `templates/web`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._feeds = settings, feeds(settings)
        self.assets, self.paths = read_assets(settings.template_folders, _ASSETS)
        # Otherwise browsers ask for it when all else is drawn, and what stands below a formula moves.
        self._preload = (
            f'<link rel="preload" href="{self.paths["latinmodern-math"]}" as="font" type="font/woff2" crossorigin>\n'
        )

    def language(self, request: Request) -> str:
        """The language of a page: the first supported one that the browser asks for, otherwise the site's."""
        return preferred(request.headers.get("accept-language", ""), LANGUAGES) or self._settings.language

    def page(
        self, request: Request, name: str, *, code: int = _OK, private: bool = False, **values: object
    ) -> Response:
        """A page. A `private` one is for the holder of its address: no cache stores it, no search engine lists it."""
        return self.show(request, name, values, code=code, private=private)

    def show(
        self, request: Request, name: str, values: Mapping[str, object], *, code: int = _OK, private: bool = False
    ) -> Response:
        """The same, with the values in a mapping."""
        script = script_of(request)
        where: dict[str, object] = {"path": request.url.path, "script": script}
        if code == _OK and not private:
            where |= {"canonical": self._canonical(request), "scripts": self.scripts(request)}
        made = self.html(self.language(request), name, {**where, **values})
        if script:
            made = _keeping(converted_page(made, script), script)
        made = _END.sub(_glued, made)
        if code == _OK and not private:
            return self.served(
                request, made.encode(), "text/html; charset=utf-8", cache="no-cache", negotiated=["Accept-Language"]
            )
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
        if private:
            headers["X-Robots-Tag"] = "noindex"
        return HTMLResponse(made, code, headers)

    def served(
        self, request: Request, body: bytes, media_type: str, *, cache: str, negotiated: Sequence[str] = ()
    ) -> Response:
        """A document of which the client may have the present version, compressed as it likes."""
        document = Document(body, media_type, hashlib.sha256(body).hexdigest()[:32], _EPOCH)
        made = respond(document, request.headers, cache=cache, negotiated=negotiated, dated=False)
        return Response(made.body, made.status, made.headers)

    def _canonical(self, request: Request) -> str:
        """The permanent address of a page, without choices such as the script."""
        kept = [(name, value) for name, value in request.query_params.items() if name in _SHARED and value != "1"]
        return f"{self._settings.base_url}{quote(request.url.path)}{f'?{urlencode(kept)}' if kept else ''}"

    def scripts(self, request: Request) -> dict[str, str]:
        """This page in each script, and as it is written; empty if nothing here is Chinese."""
        if not any(source.language.startswith("zh") for source in self._settings.sources):
            return {}
        kept = [one for one in request.query_params.multi_items() if one[0] != "script"]
        return {
            name: f"{quote(request.url.path)}?{urlencode([*kept, ('script', name)], errors='replace')}"
            for name in ("", *SCRIPTS)
        }

    def feed(self, language: str, facts: FeedFacts, entries: Sequence[FeedEntry]) -> str:
        """What a browser shows of a feed, as well-formed XML.

        Raises:
            ConfigurationError: the template is wrong.
        """
        dated = [
            (
                entry,
                format_day(entry.published.date(), language)
                if entry.published and not entry.date
                else known_day(entry.date, language),
            )
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
            "topics": settings.topics,
            "contact": settings.contact,
            "contact_url": settings.contact_url,
            "signup": settings.signup.open and bool(settings.digests),
            "has_digests": bool(settings.digests),
            "grouped": "{:,}".format,
            "path": "",
            "canonical": "",
            "script": "",
            "scripts": {},
        }
        made = rendered(language, settings.template_folders, f"web/{name}.html", {**frame, **values})
        return made.replace(_STYLE, self._preload + _STYLE, 1) if "<math" in made else made


def script_of(request: Request) -> str:
    """The script of `chinese.SCRIPTS` that a visitor chose; empty for the one in which everything is written."""
    script = request.query_params.get("script", "")
    return script if script in SCRIPTS else ""


def _glued(end: re.Match[str]) -> str:
    page = end.string
    begins = page.find(">", page.rfind("<p", 0, end.start()))
    return f'<span class="glued">{end[0]}</span>' if end.start() - begins > _ONE_LINE else end[0]


def _keeping(page: str, script: str) -> str:
    """The page with the choice of the script in its links to other pages."""

    def kept(found: re.Match[str]) -> str:
        path, query = found["path"], found["query"] or ""
        if _FILE.search(path) or "script=" in query:
            return found[0]
        return f'{found["before"]}{path}{query}{"&amp;" if query else "?"}script={script}{found["rest"] or ""}"'

    return _OURS.sub(kept, page)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with a permanent address, which contains the file's hash."""

    body: bytes
    media_type: str


def read_assets(
    own: Sequence[Path], names: Mapping[str, str], prefix: str = "/"
) -> tuple[dict[str, Asset], dict[str, str]]:
    """The assets by address, and their addresses by name; the first file of the user replaces the built-in one.

    `names` are files of `templates/` with their media types; a font stands before the style sheet that names it.
    """
    made: dict[str, Asset] = {}
    paths: dict[str, str] = {}
    for name, media_type in names.items():
        mine = (folder / name for folder in own)
        chosen = next((file for file in mine if file.is_file()), files.shipped_folder("templates") / name)
        body = chosen.read_bytes()
        if name.endswith(".css"):
            body = body.replace(f'url("{FONT}")'.encode(), f'url("{paths["latinmodern-math"]}")'.encode())
        stem, _, suffix = chosen.name.partition(".")
        path = f"{prefix}{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"
        made[path], paths[stem] = Asset(body, media_type), path
    return made, paths
