"""The API of a small site, and a token for it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import time_machine

from digest.app import opened
from digest.records.operating import Scope
from digest.service.intake.refresh import refresh
from digest.service.operating import tokens
from digest.settings import load
from digest.web.application import application
from tests.integration.web.site import NOW, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from digest.settings import Settings
    from digest.store.transaction import Store
    from tests.conftest import Article, Blog


@dataclass(frozen=True)
class Answered:
    """An answer of the API."""

    status: int
    headers: dict[str, str]
    text: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class Api(Site):
    """The API, called with a token that may do everything unless another is given."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(store, settings)
        self.now = NOW
        self._app = application(store, settings, now=self.clock)
        self.token = self.token_of(Scope.ADMIN)

    def clock(self) -> datetime:
        return self.now

    def rest(self) -> None:
        """Forget how often anybody asked."""
        self._app = application(self.store, self.settings, now=self.clock)

    def token_of(self, *scopes: Scope) -> str:
        return tokens.create(self.store, "tests", scopes, self.now).text

    def ask(
        self, method: str, path: str, asked: object = None, *, token: str | None = None, **headers: str
    ) -> Answered:
        """A request; `asked` is its body."""
        named = {"authorization": f"Bearer {self.token if token is None else token}"} | headers
        if asked is not None:
            named = {"content-type": "application/json"} | named
        body = b"" if asked is None else json.dumps(asked).encode()
        reply = self(f"/api/v1{path}", method, body, **named)
        return Answered(reply.status, reply.headers, reply.body)

    def get(self, path: str, **headers: str) -> Answered:
        return self.ask("GET", path, **headers)

    def good(self, method: str, path: str, asked: object = None) -> Any:
        """The body of an answer that is good, and has the form that the OpenAPI document promises."""
        answered = self.ask(method, path, asked)
        assert answered.status == 200, answered.text
        made = self.get("/openapi.json").body
        where = next(one for one in made["paths"] if self._is_at(one, path) and method.lower() in made["paths"][one])
        schema = made["paths"][where][method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answered.body, {**schema, "components": made["components"]})
        return answered.body

    @staticmethod
    def _is_at(template: str, path: str) -> bool:
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]) is not None

    def acts(self) -> list[dict[str, Any]]:
        """The audit log, the newest act first."""
        found: list[dict[str, Any]] = self.get("/audit").body["items"]
        return found

    def post(self, path: str, asked: object = None, **headers: str) -> Answered:
        return self.ask("POST", path, asked, **headers)


@pytest.fixture
def settings(blog: Blog, article: type[Article]) -> Settings:
    """A blog with one article, and the API on."""
    blog.index("index.txt", article("First"))
    config = blog.home / "digest.toml"
    config.write_text(f"{config.read_text('utf-8')}[api]\non = true\nper_minute = 60\n", "utf-8")
    loaded = load(config)
    with time_machine.travel(NOW, tick=False), opened(loaded) as store:
        refresh(store, loaded, loaded.sources[0], now=NOW)
    return loaded


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    with opened(settings) as store:
        yield Api(store, settings)
