"""One request to the console: who asks, what was sent, and the answers that a page can give."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from digest import templating
from digest.errors import BusyError, ConfigurationError, DigestError, StoreError, UnknownError
from digest.operations import core
from digest.operations.core import Context, ForbiddenError
from digest.records.console import Way
from digest.records.operating import Via
from digest.service.console import sessions, users
from digest.service.operating.auditing import Actor, recorded
from digest.web.conditional import preferred
from digest.web.requests import Form, network_of
from digest.web.template_trials import require_templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from digest.operations.core import Asked, Given, Operation
    from digest.records.console import Session, User, UserId
    from digest.service.console.sessions import Login
    from digest.web.console.frame import Console

HOME, LOGIN = "/console", "/console/login"
OK, SEE_OTHER = 200, 303
NO_LOGIN, FORBIDDEN, MISSING, NOT_ALLOWED, WRONG, BUSY, BROKEN, FAILED = 401, 403, 404, 405, 422, 429, 500, 503
_ROWS = 50  # of one page of a list
_FLASH_SECONDS = 60
_BROWSER_SECONDS = 180 * 86400  # how long a browser counts as one that its user has logged in with
_FRESH = timedelta(minutes=30)
_NEXT = re.compile(r"/console(/[A-Za-z0-9._~%!$&'()*+,;=:@-]*)*(\?[^\s#\\\x00-\x1f\x7f]*)?")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a long list a page shows. `offset` and `size` say what to query; the others are for the links."""

    page: int
    pages: int
    total: int
    offset: int
    size: int
    before: str
    after: str


class Visit:
    """One request to a page: who asks, what was sent, and the answers that a page can give.

    `form` is None for a GET. `sent` is the token of the browser's cookie, `token` the one that it gets.
    """

    def __init__(self, console: Console, request: Request, form: Form | None, login: Login | None, sent: str) -> None:
        self.console, self.request, self.form, self.login, self.sent = console, request, form, login, sent
        self.store, self.settings, self.now = console.store, console.settings, console.now()
        asked = request.headers.get("accept-language", "")
        self.language = preferred(asked, templating.LANGUAGES) or self.settings.language
        self.token = sent
        self.flashed = False
        self._known_browser: UserId | None = None
        self._stranger = ""  # whom the proxy names although they have no account

    @property
    def user(self) -> User | None:
        """Who is logged in."""
        return self.login.user if self.login else None

    @property
    def session(self) -> Session | None:
        return self.login.session if self.login else None

    @property
    def me(self) -> Login:
        """The login, on pages that need one."""
        if self.login is None:
            raise AssertionError("the page needs no login")
        return self.login

    @property
    def fields(self) -> Form:
        """The form of a POST."""
        return self.form or Form({})

    @property
    def has_nul(self) -> bool:
        """Whether a text of the form or of the address contains U+0000, which PostgreSQL and feeds cannot have."""
        query = (part for pair in self.request.query_params.multi_items() for part in pair)
        return any("\0" in text for text in (*self.fields.texts(), *query, self.request.url.path))

    @property
    def host(self) -> str:
        """The host that the browser asked, with its port."""
        return self.request.headers.get("host", "")

    @property
    def network(self) -> str:
        """The network of the browser, such as `192.0.2.0/24`."""
        return network_of(self.request, self.settings.web.proxies)

    def may(self, scope: str) -> bool:
        """Whether the user's role allows this scope."""
        return self.user is not None and scope in users.allowed(self.user.role)

    def words(self, text: str, **values: object) -> str:
        """A text of ours in the visitor's language; `%(name)s` is replaced by the value of that name."""
        said = templating.translated(text, self.language)
        return said % values if values else said

    def perform(self, operation: Operation[Asked, Given], asked: Asked) -> Given:
        """Perform an operation as the user who is logged in; whatever acts gets a line in the audit log.

        Raises:
            ForbiddenError: their role does not allow it.
            DigestError: what the operation raises.
        """
        return core.perform(operation, self.context, asked)

    @property
    def context(self) -> Context:
        """What an operation works with here."""
        actor = Actor(self.me.user.name, Via.CONSOLE, users.allowed(self.me.user.role), self.network)
        return Context(self.store, self.settings, self.console.now, actor, self.console.service, require_templates)

    def csrf(self) -> str:
        """The token that every form must send as `csrf`."""
        if not self.token:
            self.token = users.new_token()  # names no session: only what is sent back with it counts
        return self.console.mark("csrf", self.token)

    def page(self, template: str, code: int = OK, **values: object) -> Response:
        """A page from `templates/console/TEMPLATE.html`, inside the frame."""
        return self.show(template, values, code)

    def show(self, template: str, values: Mapping[str, object], code: int = OK) -> Response:
        """The same, with the values in a mapping."""
        frame = {
            "language": templating.language_tag(self.language),
            "site": self.settings.site_title,
            "files": self.console.files,
            "public": self.settings.base_url if self.settings.console.listen else "/",
            "path": self.request.url.path,
            "navigation": self.console.navigation(self),
            "user": self.user,
            "may": self.may,
            "csrf": self.csrf(),
            "said": self._flash(),
        }
        values = {**frame, **values}
        made = templating.rendered(self.language, None, f"console/{template}.html", values)
        return HTMLResponse(made, code)

    def back(self, path: str, said: str = "", *, bad: bool = False) -> Response:
        """The answer to a POST: go to a page, which shows a message once."""
        made = RedirectResponse(quote(path, safe="/?&=%:;,+@!$'()*~#"), SEE_OTHER)
        if said:
            value = self.console.signed("said", [said, bad])
            self.console.set_cookie(made, "said", value, seconds=_FLASH_SECONDS)
            self.flashed = False
        return made

    def error(self, code: int, said: str, *, remedy: str = "", back: str = "") -> Response:
        """A page that says what is wrong, and what to do."""
        return self.page("error", code, problem=said, remedy=remedy, back=back or HOME)

    def failed(self, error: DigestError) -> Response:
        """The page for an error of ours."""
        codes: dict[type[DigestError], int] = {
            ForbiddenError: FORBIDDEN,
            UnknownError: MISSING,
            BusyError: BUSY,
            StoreError: FAILED,
        }
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), WRONG)
        problem, remedy = str(error), getattr(error, "remedy", "")
        if remedy and problem.endswith(f" ({remedy})"):
            problem = problem.removesuffix(f" ({remedy})")
        elif isinstance(error, ConfigurationError) and error.remedy:
            problem, remedy = error.problem, error.remedy
        if isinstance(error, BusyError):
            problem = self.words("Too many attempts in a short time.")
            remedy = self.words("Try again after %(seconds)s s.", seconds=error.seconds)
        made = self.error(code, problem, remedy=remedy, back=self.request.url.path if self.form is not None else "")
        if isinstance(error, BusyError):
            made.headers["Retry-After"] = str(error.seconds)
        return made

    def paging(self, total: int, size: int = _ROWS) -> Paging:
        """The part of a list with `total` rows that `?page=` asks for; pages count from 1."""
        pages = max(1, -(-total // size))
        asked = self.request.query_params.get("page", "1")
        page = min(max(int(asked), 1), pages) if re.fullmatch("[0-9]{1,9}", asked) else 1
        return Paging(
            page,
            pages,
            total,
            (page - 1) * size,
            size,
            self._page_url(page - 1, pages),
            self._page_url(page + 1, pages),
        )

    def _page_url(self, page: int, pages: int) -> str:
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name != "page"]
        return f"{self.request.url.path}?{urlencode([*kept, ('page', page)])}" if 1 <= page <= pages else ""

    def next_page(self) -> str:
        """Where to go after a login: the page of ours that was asked for."""
        asked = self.fields.one("next") or self.request.query_params.get("next", "")
        ours = _NEXT.fullmatch(asked) and ".." not in unquote(asked) and not asked.startswith((LOGIN, f"{HOME}/link"))
        return asked if ours else HOME

    def log_in(self, user: User, way: Way) -> None:
        """Begin a session; the browser gets a new token with this answer."""
        agent = self.request.headers.get("user-agent", "")
        actor = Actor(user.name, Via.CONSOLE, users.allowed(user.role), self.network)
        if self.login:
            sessions.end(self.store, self.login.session.id)
        with recorded(self.store, actor, "account.log-in", user.name, self.console.now) as act:
            act.after = {"way": str(way)}
            self.login = sessions.begin(
                self.store, self.settings, user.id, way, self.now, network=self.network, agent=agent
            )
        self.token = self.login.token
        self._known_browser = user.id

    def known_browser(self, user: UserId | None) -> str:
        """The mark of this browser, if this user has logged in with it before; empty otherwise."""
        given = self.console.unsigned("browser", self.request.cookies.get(self.console.cookie("browser"), ""))
        match given:
            case [int(owner), str(mark)] if user is not None and owner == user:
                return mark
        return ""

    def finish(self, response: Response) -> None:
        """Set the cookies that have changed."""
        console = self.console
        if self.token != self.sent:
            console.set_cookie(response, "", self.token)
        if self.flashed:
            console.set_cookie(response, "said", "", seconds=0)
        if self._known_browser and not self.known_browser(self._known_browser):
            value = console.signed("browser", [self._known_browser, users.new_token()])
            console.set_cookie(response, "browser", value, seconds=_BROWSER_SECONDS)

    @property
    def is_fresh(self) -> bool:
        """Whether the session has begun lately, which it takes to change how one logs in."""
        return self.now - self.me.session.began_at < _FRESH

    def log_out(self) -> None:
        """End the session."""
        if self.login:
            with recorded(self.store, self.context.actor, "account.log-out", self.login.user.name, self.console.now):
                sessions.end(self.store, self.login.session.id)
        self.login, self.token = None, users.new_token()

    def renew(self) -> None:
        """Give the session a new token: after a change of rights, or of the ways to log in."""
        login = self.me
        self.token = sessions.rotate(self.store, login.session.id, self.now)
        self.login = replace(login, token=self.token)

    def enter_by_proxy(self, name: str) -> None:
        """Begin a session for the user whom a trusted proxy names."""
        user = users.newcomer(self.store, self.settings, name, self.now)
        if user is None:
            self._stranger = name
            return
        self.log_in(user, Way.HEADER)

    def refused_by_proxy(self) -> Response | None:
        """The page for somebody whom a proxy has logged in and who has no account here."""
        if not self._stranger:
            return None
        said = self.words("%(name)s has no account here. An admin can add it.", name=self._stranger)
        return self.error(FORBIDDEN, said, back="/")

    def _flash(self) -> dict[str, object] | None:
        """The message of the page before, once."""
        given = self.request.cookies.get(self.console.cookie("said"), "")
        if not given:
            return None
        self.flashed = True
        value = self.console.unsigned("said", given)
        return {"text": value[0], "bad": value[1]} if isinstance(value, list) else None
