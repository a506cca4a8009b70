"""Cached responses: served again while nothing changed, and never after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from digest.records.operating import Version
from digest.web.application import lifetime_of
from digest.web.response_cache import ResponseCache

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class Site:
    """An application that counts its requests, behind the cache."""

    def __init__(self, *, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.version: Version | None = Version(1, 1)
        self.meanwhile: Version | None = None  # what is written while an answer is made
        self.asked = self.again = 0
        self._status, self._headers = status, [*headers]
        self._kept = ResponseCache(self._answer, lambda: self.version, lifetime_of, lambda _scope, _status: self._count)

    def _count(self) -> None:
        self.again += 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        self.version = self.meanwhile or self.version
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": b"%d" % self.asked})

    def __call__(self, path: str, method: str = "GET", query: bytes = b"", **headers: str) -> bytes:
        said: list[Message] = []

        async def send(message: Message) -> None:
            said.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "query_string": query}
        asyncio.run(self._kept(scope | {"headers": sent}, receive, send))
        start, body = said
        assert (start["status"], start["headers"]) == (self._status, self._headers)
        return bytes(body["body"])


@pytest.mark.parametrize("path", ["/", "/feed.atom", "/sources/blog/feed.rss", "/archive/1.json", "/entries/x"])
def test_an_answer_is_given_again_while_nothing_was_written(path: str) -> None:
    site = Site()
    assert [site(path), site(path), site(path)] == [b"1"] * 3
    assert site.again == 2


@pytest.mark.parametrize(
    ("path", "version", "again"),
    [
        ("/feed.atom", Version(1, 2), True),
        ("/topics/a/archive/3.atom", Version(1, 2), True),
        ("/feed.atom", Version(2, 2), False),
        ("/", Version(1, 2), False),
        ("/entries/x", Version(1, 2), False),
        ("/editions/archive/2026-W1", Version(1, 2), False),
    ],
)
def test_a_feed_holds_while_what_is_published_does_and_a_page_while_nothing_was_written(
    path: str, version: Version, *, again: bool
) -> None:
    site = Site()
    site(path)
    site.version = version
    assert (site(path) == b"1") is again


def test_what_is_written_while_an_answer_is_made_is_not_missed() -> None:
    site = Site()
    site.meanwhile = Version(2, 2)
    assert [site("/feed.atom"), site("/feed.atom"), site("/feed.atom")] == [b"1", b"2", b"2"]


def test_each_way_of_asking_has_its_own_answer() -> None:
    site = Site()
    ways = [
        {},
        {"accept_encoding": "gzip"},
        {"accept_language": "en"},
        {"if_none_match": '"x"'},
        {"if_modified_since": "x"},
        {"accept": "text/html"},
        {"query": b"a"},
        {"method": "HEAD"},
    ]
    answers = [site("/feed.atom", **way) for way in ways]  # type: ignore[arg-type]
    assert len(set(answers)) == len(ways)
    assert [site("/feed.atom", user_agent="x", **way) for way in ways] == answers  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/leave/token", "/subscribe", "/confirm/x", "/preferences/x", "/healthz", "/search"])
def test_what_is_for_one_person_or_moment_is_not_kept(path: str) -> None:
    site = Site()
    assert [site(path), site(path)] == [b"1", b"2"]


@pytest.mark.parametrize("site", [Site(status=404), Site(status=503), Site(headers=((b"cache-control", b"no-store"),))])
def test_what_is_no_answer_to_keep_is_not_kept(site: Site) -> None:
    assert [site("/entries/x"), site("/entries/x")] == [b"1", b"2"]


def test_a_form_that_is_sent_is_never_answered_from_memory() -> None:
    site = Site()
    assert [site("/", "POST"), site("/", "POST")] == [b"1", b"2"]


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.web.response_cache._MOST", 10_000)
    site = Site()
    for number in range(100):
        site(f"/entries/{number}")
    assert site._kept._size <= 10_000
    assert site("/entries/99") == b"100"
    assert site("/entries/0") == b"101"


def test_nothing_is_kept_of_a_store_that_cannot_say_cheaply_whether_it_changed() -> None:
    site = Site()
    site.version = None
    assert [site("/feed.atom"), site("/feed.atom"), site("/")] == [b"1", b"2", b"3"]


def test_what_was_asked_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.web.response_cache._MOST", 100_000)
    site = Site()
    for number in range(10, 30):
        site("/about", query=b"%d" % number * 20_000)
    assert sum(len(part) for key in site._kept._answers for part in key) <= 100_000
