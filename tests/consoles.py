"""A browser in front of the console, without a server: it keeps cookies and sends forms as a page gave them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from lxml import html as lxml_html

from digest.records.console import Role, Way
from digest.service.console import sessions, users
from digest.web.application import application

if TYPE_CHECKING:
    from digest.settings import Settings
    from digest.store.transaction import Store

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
HOST = "digest.example.org"


class Answer:
    """A response of the console."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = dict(headers)
        self.cookies = [value for name, value in headers if name == "set-cookie"]

    @property
    def page(self) -> Any:
        return lxml_html.document_fromstring(self.body.decode())

    @property
    def text(self) -> str:
        """The words of the page, in one line."""
        return " ".join(self.page.text_content().split())

    @property
    def to(self) -> str:
        """Where it redirects to."""
        assert self.status == 303, (self.status, self.body[-2000:].decode())
        return self.headers["location"]


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, time: timedelta) -> None:
        self.time += time


class Browser:
    """A browser with its cookies. Others in front of the same console: `other()`."""

    def __init__(self, store: Store, settings: Settings, app: Any = None, clock: Clock | None = None) -> None:
        self.store, self.settings, self.clock = store, settings, clock or Clock()
        self.app = app or application(store, settings, now=self.clock)
        self.cookies: dict[str, str] = {}
        self.address = "192.0.2.7"

    def other(self) -> Browser:
        return Browser(self.store, self.settings, self.app, self.clock)

    def enter(self, role: Role = Role.ADMIN, name: str = "") -> Browser:
        """Log in as a user of this role, who is added if there is none."""
        with self.store.write() as tx:
            name = name or role
            user = tx.console_users.named(name) or tx.console_users.add(name, role, self.clock())
        assert user is not None
        login = sessions.begin(
            self.store, self.settings, user.id, Way.LINK, self.clock(), network="192.0.2.0/24", agent="test"
        )
        self.cookies[self.cookie_name] = login.token
        return self

    @property
    def cookie_name(self) -> str:
        return "__Host-digest-console" if self.settings.console_url.startswith("https:") else "digest-console"

    def link(self, name: str = "ann", role: Role | None = None) -> str:
        """The path of a new link by which this user can log in."""
        user = users.ensure_user(self.store, name, role, self.clock())
        return urlsplit(users.issue_link(self.store, self.settings, user.id, self.clock())).path

    def get(self, path: str, **headers: str) -> Answer:
        return asyncio.run(self._called("GET", path, b"", headers))

    def send(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        """POST these fields and nothing else."""
        body = urlencode(fields or {}).encode()
        return asyncio.run(
            self._called("POST", path, body, {"content_type": "application/x-www-form-urlencoded", **headers})
        )

    def fill(self, page: str, fields: dict[str, str] | None = None, *, to: str = "", **headers: str) -> Answer:
        """Open a page and send a form of it: the one that leads `to` that path, or the first with these fields."""
        given = fields or {}
        opened = self.get(page)
        assert opened.status == 200, (opened.status, opened.body[-2000:].decode())
        for form in opened.page.xpath("//main//form[@method='post']"):
            action = form.get("action") or page
            if urlsplit(action).path == (urlsplit(to or action).path) and given.keys() <= set(form.fields):
                hidden = {one.name: one.value or "" for one in form.xpath(".//input[@type='hidden']")}
                return self.send(action, {**hidden, **given}, **headers)
        raise AssertionError(f"{page} has no such form")

    async def _called(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent: list[Any] = []
        parts = urlsplit(path)
        named = {"host": HOST, "content-length": str(len(body)), "accept-language": "en"}
        if self.cookies:
            named["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named |= headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(parts.path).decode("utf-8", "replace"),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(k.lower().replace("_", "-").encode(), v.encode("latin-1")) for k, v in named.items()],
            "client": (self.address, 5),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        got = [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        answer = Answer(sent[0]["status"], got, b"".join(message.get("body", b"") for message in sent[1:]))
        for written in answer.cookies:
            for name, morsel in SimpleCookie(written).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer
