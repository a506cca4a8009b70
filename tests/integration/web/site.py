"""The application, called without a server, and the signup desk in front of it, for all tests of pages."""

from __future__ import annotations

import asyncio
import email
import json
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from lxml import html as lxml_html

from digest.errors import StoreError
from digest.json_output import to_json
from digest.mail.tokens import form_token
from digest.service.mailing import single_mails
from digest.service.people import subscribers
from digest.web.application import application
from digest.web.metrics import Metrics

if TYPE_CHECKING:
    from email.message import EmailMessage

    from starlette.routing import Route

    from digest.records.people import SubscriberRecord
    from digest.settings import Settings
    from digest.store.transaction import Store
    from tests.conftest import Blog

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def page(self) -> Any:
        assert self.headers["content-type"] == "text/html; charset=utf-8"
        return lxml_html.document_fromstring(self.body.decode())


class Site:
    """The application, called as a server calls it: Starlette's own test client needs a package we do not have."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.metrics = Metrics(store, settings, lambda: NOW)
        self._app = application(store, settings, now=lambda: NOW, metrics=self.metrics)

    def __call__(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Reply:
        return asyncio.run(self._called(path, method, body, headers))

    async def _called(self, path: str, method: str, body: bytes, headers: dict[str, str]) -> Reply:
        sent: list[Any] = []
        parts = urlsplit(path)
        named = {"host": "digest.example.org", "content-length": str(len(body))} | headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(parts.path).decode("utf-8", "replace"),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(k.lower().replace("_", "-").encode(), v.encode("latin-1")) for k, v in named.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start = sent[0]
        names = [name.decode() for name, _ in start["headers"]]
        assert len(set(names)) == len(names)
        return Reply(
            start["status"],
            {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    def routes(self) -> list[Route]:
        """All routes, in the order in which the application looks for one."""
        layer: Any = self._app
        while not hasattr(layer, "routes"):
            layer = layer._inner
        return list(layer.routes)

    def leave_path(self, blog: Blog) -> str:
        """The link of the newest mail, as a mail program finds it."""
        blog.run("edition", "send")
        header = email.message_from_bytes(blog.mails()[-1])["List-Unsubscribe"]
        url = re.sub(r"\s", "", header).strip("<>")
        assert url.startswith(f"{self.settings.base_url}/leave/")
        return urlsplit(url).path

    def state(self) -> list[dict[str, object]]:
        """All that is stored of people."""
        found: list[dict[str, object]] = json.loads(to_json(subscribers.export(self.store)))  # as a program gets it
        return found


def check_safe(reply: Reply) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:"} & set(" ".join(policy.values()).split())
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in reply.headers


def failing(*_: object, **__: object) -> Any:
    raise StoreError("the database does not answer")


ADA = "ada@example.org"
MORE = """
[signup]
mx = false  # tests ask no name server
[[digests]]
id = "daily"
title = "山上 每日摘要"
schedule = "daily 07:00"
timezone = "Asia/Shanghai"
[[topics]]
id = "maths"
title = "数学"
words = ["数"]
"""


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk(Site):
    """The pages, with a clock that the test moves, an address from which it asks, and a box for the mails."""

    def __init__(self, blog: Blog, store: Any, settings: Any) -> None:
        super().__init__(store, settings)
        self.blog, self.now = blog, NOW
        self._app = application(store, settings, now=lambda: self.now)

    def post(self, path: str, _from: str = "", **fields: str) -> Reply:
        """Post a form; that to subscribe is signed as if its page had been open for a minute."""
        if path == "/subscribe":
            fields = {"form": self.signed(), **fields}
        headers = {"x_forwarded_for": _from} if _from else {}
        return self(path, "POST", urlencode(fields).encode(), content_type=FORM, **headers)

    def signed(self, age: timedelta = timedelta(minutes=1)) -> str:
        """The token of a form that was made this long ago."""
        return form_token(self.store.secret(), self.now - age)

    def mailed(self) -> list[EmailMessage]:
        """Send what is due; all mails so far."""
        asyncio.run(single_mails.send_confirmations(self.store, self.settings, lambda: self.now))
        return [email.message_from_bytes(raw, policy=policy.default) for raw in self.blog.mails()]

    def link(self) -> str:
        """The path of the only link into these pages that the only mail holds."""
        (mail,) = self.mailed()
        return link_in(mail)

    def record(self, address: str = ADA) -> SubscriberRecord | None:
        with self.store.read() as tx:
            return tx.subscribers.find(address)

    def joined(self, address: str = ADA) -> SubscriberRecord:
        subscribers.add(self.store, self.settings, address, digests=["weekly"], now=self.now)
        record = self.record(address)
        assert record is not None
        return record

    def everything(self) -> list[str]:
        """The whole database as SQL."""
        with sqlite3.connect(self.settings.data_dir / "digest.db") as database:
            return list(database.iterdump())


def words_of(mail: EmailMessage) -> str:
    """The text of a mail that has HTML beside it."""
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content())


def link_in(mail: EmailMessage) -> str:
    """The path of the only link to confirm, or to somebody's choices, in the text of a mail."""
    (url,) = re.findall(r"https://digest\.example\.org(/(?:confirm|preferences)/\S+)", words_of(mail))
    return str(url)
