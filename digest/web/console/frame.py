"""What every page of the console has: the login, the CSRF check, the frame of its template, errors. Decision 344."""

from __future__ import annotations

import base64
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from digest import logs
from digest.errors import DigestError, describe_fault
from digest.operations.core import asked_wrongly
from digest.records.console import Way
from digest.service.console import sessions
from digest.service.console.oidc import Provider
from digest.service.console.throttle import Throttle
from digest.web.console.visit import (
    BROKEN,
    FORBIDDEN,
    HOME,
    LOGIN,
    MISSING,
    NO_LOGIN,
    NOT_ALLOWED,
    SEE_OTHER,
    WRONG,
    Visit,
)
from digest.web.pages import FONT, read_assets
from digest.web.requests import Form, Networks, form_of, read_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request

    from digest.operations.core import Service
    from digest.records.console import UserId
    from digest.settings import Settings
    from digest.store.transaction import Store

    Handler = Callable[["Visit"], Response]

_log = logs.get_logger()
ANYBODY = "anybody"  # in place of a scope: a page that needs no login
_FORM_BYTES = 256 * 1024
_MOST_FIELDS = 2000
_PREVIEWS = 16
_PLAIN_COOKIE, _SAFE_COOKIE = "digest-console", "__Host-digest-console"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, browsers send `Origin: null` with forms
    "Vary": "Accept-Language, Cookie",
}
_ASSETS = {
    f"web/{FONT}": "font/woff2",
    "web/style.css": "text/css",
    "web/icon.svg": "image/svg+xml",
    "console/console.css": "text/css",
    "console/passkey.js": "text/javascript",
    "console/progress.js": "text/javascript",
}
# The navigation: path, name, and the scope that it takes to see it (empty: every user).
NAVIGATION = (
    ("/console", "Today", "read"),
    ("/console/sources", "Sources", "read"),
    ("/console/entries", "Articles", "read"),
    ("/console/editions", "Editions", "read"),
    ("/console/people", "Subscribers", "people"),
    ("/console/templates", "Templates", "read"),
    ("/console/settings", "Settings", "admin"),
    ("/console/backups", "Backups", "admin"),
    ("/console/users", "Users", "admin"),
    ("/console/tokens", "Tokens", "admin"),
    ("/console/audit", "Audit log", "admin"),
    ("/console/account", "Account", ""),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A route of the console.

    `scope` is what a user's role must allow to GET it, and to POST to it unless `post_scope` says otherwise: `read`,
    `operate`, `people` or `admin`; empty for every user; ANYBODY for pages without login. `largest`: bytes of a form.
    """

    path: str
    scope: str
    get: Handler | None = None
    post: Handler | None = None
    post_scope: str | None = None
    largest: int = _FORM_BYTES

    def needs(self, method: str) -> str:
        """The scope that a request with this method needs."""
        return self.scope if method != "POST" or self.post_scope is None else self.post_scope


class Console:
    """The frame that all pages share. It answers requests to pages of the table `routes.PAGES`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        now: Callable[[], datetime],
        pages: tuple[Page, ...],
        service: Service,
    ) -> None:
        self.store, self.settings, self.now, self.service = store, settings, now, service
        self.assets, self.files = read_assets(settings.template_folders, _ASSETS, f"{HOME}/files/")
        self._paths = frozenset(page.path for page in pages)
        self._safe = urlsplit(settings.console_url).scheme == "https"
        self._proxies = Networks(settings.console.trusted_proxies)
        self.previews: deque[tuple[str, UserId, str]] = deque(maxlen=_PREVIEWS)  # token, whose, HTML
        self.throttle, self.provider = Throttle(), Provider(settings)
        self._key = hmac.digest(store.secret(), b"console", "sha256")

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a page; it runs in a thread, because the store blocks."""

        async def answered(request: Request) -> Response:
            form = await form_of(request, page.largest, _MOST_FIELDS) if request.method == "POST" else None
            return await run_in_threadpool(self._answer, page, request, form)

        return answered

    def missing(self, request: Request) -> Response:
        """The answer for a path without a page; one that only ends with a slash too many leads to its page."""
        path = request.url.path
        if request.method != "POST" and path.endswith("/"):
            return RedirectResponse(path.rstrip("/"), SEE_OTHER)
        visit = self._visit(request, None)
        return self._finished(visit, visit.error(MISSING, visit.words("There is no such page.")))

    def asset(self, request: Request) -> Response:
        """A file that the pages load; its address contains its hash."""
        asset = self.assets[request.url.path]
        made = Response(asset.body, media_type=asset.media_type)
        made.headers.update({**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
        return made

    def mark(self, purpose: str, text: str) -> str:
        """A code that only this installation can compute from a text, for one purpose."""
        made = hmac.digest(self._key, f"{purpose}\0{text}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def signed(self, purpose: str, value: object) -> str:
        """A value as a text that others can read and not change; `unsigned` reads it."""
        text = base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
        return f"{text}.{self.mark(purpose, text)}"

    def unsigned(self, purpose: str, text: str) -> object:
        """The value of a text that `signed` made for this purpose; None for any other text."""
        body, _, mark = text.encode("ascii", "replace").decode().rpartition(".")
        if not hmac.compare_digest(self.mark(purpose, body).encode(), mark.encode()):
            return None
        value: object = json.loads(base64.urlsafe_b64decode(body))
        return value

    def cookie(self, name: str = "") -> str:
        """The name of a cookie of ours: on HTTPS one that browsers take from no other host."""
        return f"{_SAFE_COOKIE if self._safe else _PLAIN_COOKIE}{name and '-'}{name}"

    def _answer(self, page: Page, request: Request, form: Form | None) -> Response:
        visit = self._visit(request, form)
        try:
            response = visit.refused_by_proxy() or self._allowed(page, visit) or self._handled(page, visit)
        except DigestError as error:
            response = visit.failed(error)
        except ValidationError as error:  # an address or a form that no page of ours made
            response = visit.failed(asked_wrongly(error))
        except Exception as error:  # noqa: BLE001 - one page fails, and says so in the form of all others
            _log.error("a page of the console failed", page=page.path, error=describe_fault(error, "failed"))
            remedy = visit.words("The log of the service says how.")
            response = visit.error(BROKEN, visit.words("The service failed."), remedy=remedy)
        return self._finished(visit, response)

    def _allowed(self, page: Page, visit: Visit) -> Response | None:
        """The refusal of a request; None for one that may go on."""
        scope, method = page.needs(visit.request.method), visit.request.method
        if scope != ANYBODY and visit.user is None:
            if method != "POST":
                path = visit.request.url.path
                query = f"?{visit.request.url.query}" if visit.request.url.query else ""
                return RedirectResponse(f"{LOGIN}?{urlencode({'next': f'{path}{query}'})}", SEE_OTHER)
            return visit.error(NO_LOGIN, visit.words("You are not logged in."), back=LOGIN)
        if method == "POST" and not (self._same_origin(visit.request) and self._has_token(visit)):
            said = visit.words("This form is no longer valid. Open the page again and send it once more.")
            return visit.error(FORBIDDEN, said)
        if scope not in {ANYBODY, ""} and not visit.may(scope):
            return visit.error(FORBIDDEN, visit.words("Your role does not allow this."))
        if visit.has_nul:
            return visit.error(WRONG, visit.words("A text contains the character U+0000, which nothing can store."))
        return None

    @staticmethod
    def _handled(page: Page, visit: Visit) -> Response:
        handler = page.post if visit.request.method == "POST" else page.get
        if handler is None:
            allowed = ", ".join([*(["GET", "HEAD"] if page.get else []), *(["POST"] if page.post else [])])
            made = visit.error(NOT_ALLOWED, visit.words("This page does not do that."))
            made.headers["Allow"] = allowed
            return made
        return handler(visit)

    def _visit(self, request: Request, form: Form | None) -> Visit:
        token = request.cookies.get(self.cookie(), "")
        login = sessions.find(self.store, self.settings, token, self.now())
        visit = Visit(self, request, form, login, token)
        named = self._named_by_proxy(request)
        if login and login.session.way is Way.HEADER and named != login.user.name:
            visit.login = login = None  # the proxy has logged them out, or somebody else in
        if login is None and named:
            visit.enter_by_proxy(named)
        return visit

    def _named_by_proxy(self, request: Request) -> str:
        """The user whom a trusted proxy names; empty if there is none."""
        header = self.settings.console.trusted_header
        if not header or read_address(request.client.host if request.client else "") not in self._proxies:
            return ""
        given = request.headers.getlist(header)
        return given[0].encode("latin-1", "replace").decode("utf-8", "replace").strip() if len(given) == 1 else ""

    def _same_origin(self, request: Request) -> bool:
        """Whether a POST comes from one of our own pages, as far as the browser says."""
        site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        if site not in {"", "same-origin"}:
            return False
        if not origin:
            return True  # an old browser: its form still needs the token
        ours = urlsplit(self.settings.console_url)
        hosts = {ours.netloc, request.headers.get("host", ours.netloc)}
        return origin in {f"{ours.scheme}://{host}" for host in hosts}

    def _has_token(self, visit: Visit) -> bool:
        given = visit.form.one("csrf") if visit.form else ""
        return bool(visit.sent) and hmac.compare_digest(self.mark("csrf", visit.sent).encode(), given.encode())

    def _finished(self, visit: Visit, response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        visit.finish(response)
        return response

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Set a cookie of ours, which no script reads; without `seconds` it lasts as long as the browser runs.

        Lax, not Strict: links in alert mails and the way back from a provider shall find the session. No GET changes
        anything, and every POST needs a token.
        """
        key = self.cookie(name)
        response.set_cookie(key, value, seconds, path="/", secure=self._safe, httponly=True, samesite="lax")

    def navigation(self, visit: Visit) -> list[tuple[str, str]]:
        """Path and name of the pages that a user may see."""
        return [
            (path, visit.words(name))
            for path, name, scope in NAVIGATION
            if path in self._paths and visit.user and (not scope or visit.may(scope))
        ]
