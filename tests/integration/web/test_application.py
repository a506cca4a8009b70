"""Responses of the web server over a store with content: pages, feeds, unsubscribing, health, faults."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import sqlite3
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from digest.app import opened
from digest.settings import load
from digest.store.transaction import Store
from digest.web.serve import Server
from tests.exposition import numbers
from tests.integration.web.conftest import ADDRESS, SCRIPT
from tests.integration.web.site import FORM, NOW, Reply, Site, check_safe, failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.records.operating import Version
    from digest.settings import Settings
    from tests.conftest import Article, Blog

MULTIPART = (
    b'--x1\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x1--\r\n',
    "multipart/form-data; boundary=x1",
)


def edition_path(blog: Blog) -> str:
    (edition,) = blog.listed("edition", "list")
    return f"/editions/{edition['key']}"


def entry_path(blog: Blog, title: str) -> str:
    return f"/entries/{blog.entries()[title]['id']}"


def style_path(site: Site) -> str:
    (link,) = site("/").page.xpath("//link[@rel='stylesheet']/@href")
    return str(link)


def paths(blog: Blog, site: Site) -> list[str]:
    """One of each kind of address."""
    return [
        "/",
        "/feed.atom",
        "/sources/blog/feed.atom",
        entry_path(blog, "甲"),
        edition_path(blog),
        site.leave_path(blog),
        style_path(site),
        "/healthz",
        "/readyz",
    ]


UNKNOWN = (
    "/nothing",
    "/entries/none",
    "/entries/%00",
    "/entries/%ff",
    "/entries/..%2f..%2fetc%2fpasswd",
    "/entries/" + "x" * 5000,
    "/editions/none",
    "/editions/weekly/1999-W01",
    "/editions/%00",
    "/sources/none/feed.atom",
    "/sources/BLOG/feed.atom",
    "/leave/none",
    "/leave/%E9%A2%98",
    "/leave/" + "A" * 5000,
    "/style-000000000000.css",
    "/style.css",
    "/feed.rdf",
    "/templates/web/home.html",
)


def test_every_address_answers(site: Site, filled: Blog) -> None:
    kinds = {}
    for path in paths(filled, site):
        reply = site(path)
        assert reply.status == 200, path
        kinds[path] = reply.headers["content-type"].partition(";")[0]
        assert reply.headers["content-length"] == str(len(reply.body))

    assert list(kinds.values()) == [
        *["text/html", "application/atom+xml", "application/atom+xml", "text/html", "text/html", "text/html"],
        *["text/css", "text/plain", "application/json"],
    ]


def test_head_gives_the_headers_of_get_and_no_body(filled: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_WEB_LISTEN", "127.0.0.1:0")
    settings = load(filled.home / "digest.toml")
    with opened(settings) as store, served(settings, store) as address:
        for path in (*paths(filled, Site(store, settings)), "/nothing"):
            got, asked = (fetched(address, method, path) for method in ("GET", "HEAD"))
            assert asked.status == got.status, path
            assert asked.body == b""
            assert got.body
            assert asked.headers | {"date": ""} == got.headers | {"date": ""}, path


@contextlib.contextmanager
def served(settings: Settings, store: Store) -> Iterator[str]:
    server = Server(settings, store, lambda: NOW)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        yield urlsplit(server.address).netloc
    finally:
        server.stop()
        thread.join(30)


def fetched(address: str, method: str, path: str) -> Reply:
    connection = http.client.HTTPConnection(address, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def test_the_feed_is_byte_for_byte_what_the_command_writes(site: Site, filled: Blog) -> None:
    one = filled.home / "blog.atom"
    filled.run("feed", "--source", "blog", "-o", str(one))

    assert site("/feed.atom").body == filled.feed()
    assert site("/sources/blog/feed.atom").body == one.read_bytes()
    assert site("/feed.atom").body != one.read_bytes()
    assert Site(site.store, site.settings)("/feed.atom") == site("/feed.atom")


@pytest.mark.parametrize("path", ["/feed.atom", "/sources/blog/feed.atom"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_client_that_has_the_feed_gets_only_that_it_has_it(site: Site, path: str, coding: str) -> None:
    whole = site(path, accept_encoding=coding)
    headers = whole.headers

    assert headers["vary"] == "Accept, Accept-Encoding"
    assert headers["cache-control"] == "public, max-age=900, stale-if-error=86400"
    assert parsedate_to_datetime(headers["last-modified"]) <= datetime.now(UTC)
    conditions: dict[str, str]
    for conditions in (
        {"if_none_match": headers["etag"]},
        {"if_none_match": f"W/{headers['etag']}"},
        {"if_modified_since": headers["last-modified"]},
        {"if_none_match": "*", "if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        short = site(path, "GET", b"", accept_encoding=coding, **conditions)
        assert (short.status, short.body) == (304, b"")
        assert {"content-type", "content-encoding", "content-length"}.isdisjoint(short.headers)
        assert short.headers["etag"] == headers["etag"]
        assert short.headers["vary"] == "Accept, Accept-Encoding"
    assert site(path, accept_encoding=coding, if_none_match='"x"') == whole


def test_the_feed_is_the_same_after_gunzip(site: Site) -> None:
    plain, zipped = site("/feed.atom"), site("/feed.atom", accept_encoding="deflate, gzip")

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert zipped.headers["content-length"] == str(len(zipped.body))
    assert site("/feed.atom", accept_encoding="gzip;q=0").body == plain.body


def test_an_old_tag_gets_the_new_feed(site: Site, filled: Blog, article: type[Article]) -> None:
    old = site("/feed.atom")
    filled.refresh()
    assert site("/feed.atom") == old

    filled.search("more.txt", article("新", (2026, 3, 17), ("新的一段文字。",)))
    filled.refresh()
    new = site("/feed.atom", if_none_match=old.headers["etag"])

    assert new.status == 200
    assert "新".encode() in new.body
    assert parsedate_to_datetime(new.headers["last-modified"]) >= parsedate_to_datetime(old.headers["last-modified"])


def test_what_the_pages_link_to_is_there(site: Site, filled: Blog) -> None:
    seen, waiting = set[str](), ["/", edition_path(filled)]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.startswith("/"):
            continue
        seen.add(path)
        reply = site(path)
        assert reply.status == 200, path
        if reply.headers["content-type"].startswith("text/html"):
            waiting += [href for href in map(str, reply.page.xpath("//@href")) if "script=" not in href]

    assert {"/", "/feed.atom", style_path(site), edition_path(filled)} <= seen
    assert {entry_path(filled, title) for title in filled.entries()} <= seen


def test_the_home_page_shows_the_newest_and_an_entry_page_the_whole(site: Site, filled: Blog) -> None:
    home = site("/").page
    whole = site(entry_path(filled, "丙 & 丁")).page

    assert {title.text_content() for title in home.xpath("//h3/a")} == {"甲", SCRIPT, "丙 & 丁"}
    assert whole.xpath("string(//h1)") == "丙 & 丁"
    assert "另一段文字，说的是别的。" in whole.text_content()
    assert "2026年3月16日" in whole.text_content()
    assert whole.xpath("//p[@class='via']/a/@href") == ["https://blog.example.org/search/%E4%B8%99%20%26%20%E4%B8%81/"]
    assert whole.xpath("/html/@lang") == ["zh-CN"]


def test_an_empty_store_has_a_home_and_a_valid_feed(blog: Blog) -> None:
    settings = load(blog.home / "digest.toml")
    with opened(settings) as store:
        site = Site(store, settings)
        assert site("/").status == 200
        assert not etree.fromstring(site("/feed.atom").body).findall("{*}entry")


def test_markup_in_titles_and_texts_stays_text(site: Site, filled: Blog) -> None:
    for path in ("/", entry_path(filled, SCRIPT), edition_path(filled)):
        reply = site(path)
        page = reply.page
        assert SCRIPT in page.text_content()
        assert not page.xpath("//script | //img | //*[@onerror] | //b"), path
        assert not page.xpath("//style | //*[@style] | //*[starts-with(name(@*), 'on')]"), path
        assert b"<script" not in reply.body
    assert b"<script" not in site("/feed.atom").body


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_address_is_reported_on_a_page(site: Site, path: str) -> None:
    reply = site(path)

    assert reply.status == 404
    assert reply.page.xpath("//main//a/@href") == ["/"]
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, "/") for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")],
        *[("POST", path) for path in ("/feed.atom", "/sources/blog/feed.atom", "/entries/x", "/editions/x", "/readyz")],
        *[(method, "/leave/none") for method in ("PUT", "DELETE", "PATCH")],
    ],
)
def test_another_method_is_not_allowed(site: Site, method: str, path: str) -> None:
    reply = site(path, method)

    assert reply.status == 405
    assert {"GET", "HEAD"} <= set(reply.headers["allow"].split(", "))


def test_a_leave_address_says_that_it_takes_a_post(site: Site) -> None:
    assert set(site("/leave/none", "PUT").headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_every_response_carries_the_security_headers(site: Site, filled: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = site("/feed.atom").headers["etag"]
    replies = [site(path) for path in (*paths(filled, site), *UNKNOWN, "/feed.atom/")]
    replies += [site("/", "POST"), site("/feed.atom", if_none_match=tag), site(site.leave_path(filled), "POST")]
    replies.append(Site(Broken(site.store), site.settings)("/"))

    assert {reply.status for reply in replies} >= {200, 304, 404, 405, 503}
    for reply in replies:
        check_safe(reply)


@pytest.mark.parametrize(
    ("path", "counted"), [("/feed.atom", ("atom", "kept")), ("/", ("page", "")), ("/editions", ("page", ""))]
)
def test_an_answer_from_memory_is_the_same_and_is_counted(
    site: Site, filled: Blog, monkeypatch: pytest.MonkeyPatch, path: str, counted: tuple[str, str]
) -> None:
    assert filled.entries()
    kind, cache = counted
    line = f'digest_requests_total{{cache="{cache}",kind="{kind}",status="200"}} '

    def count() -> float:
        return float(site.metrics.exposition("")[0].decode().partition(line)[2].partition("\n")[0] or 0)

    def asked() -> list[Reply]:
        return [site(path), site(path, accept_language="en"), site(path, accept_language="zh-CN")]

    first = asked()
    before = count()
    monkeypatch.setattr(site.store, "read", failing)

    again = asked()

    monkeypatch.undo()
    assert again == first
    assert count() == before + 3
    for reply in again:
        assert reply.status == 200
        check_safe(reply)
    if kind == "page":
        assert len({reply.page.get("lang") for reply in again}) == 2


def test_looking_at_the_leave_page_changes_nothing(site: Site, filled: Blog) -> None:
    path = site.leave_path(filled)
    before = site.state()
    reply = site(path)
    site(path, "HEAD")
    site(f"{path}?List-Unsubscribe=One-Click")

    assert site.state() == before
    assert before[0]["digests"] == ["weekly"]
    (form,) = reply.page.xpath("//form")
    assert (form.get("method"), form.get("action")) == ("post", None)
    assert ADDRESS.encode() not in reply.body
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(("body", "kind"), [(b"List-Unsubscribe=One-Click", FORM), MULTIPART, (b"", FORM), (b"", "")])
def test_one_click_leaves_at_once_and_again_is_fine(site: Site, filled: Blog, body: bytes, kind: str) -> None:
    path = site.leave_path(filled)
    reply = site(path, "POST", body, content_type=kind)
    (person,) = site.state()

    assert reply.status == 200
    assert {"location", "set-cookie", "refresh"}.isdisjoint(reply.headers)
    assert [form.xpath("string(.//button)") for form in reply.page.xpath("//main//form")] == ["恢复订阅"]
    assert person["digests"] == []
    assert isinstance(person["consents"], list)
    assert [consent["act"] for consent in person["consents"]][-1] == "left"
    assert person["consents"][-1]["at"] == NOW.isoformat()

    again = site(path, "POST", body, content_type=kind)
    assert (again.status, again.body) == (200, reply.body)
    assert site.state() == [person]
    assert site(path).body == reply.body


def test_a_person_who_left_gets_no_further_mail(site: Site, filled: Blog, article: type[Article]) -> None:
    assert site(site.leave_path(filled), "POST").status == 200
    filled.search("more.txt", article("新", (2026, 3, 17), ("新的一段文字。",)))
    filled.refresh()
    filled.run("edition", "cut")
    filled.run("edition", "send")

    assert len(filled.mails()) == 1


@pytest.mark.parametrize("spoil", [str.swapcase, lambda token: token[:-1], lambda token: token + "A", lambda token: ""])
def test_a_wrong_token_finds_nobody_and_changes_nothing(site: Site, filled: Blog, spoil: Any) -> None:
    folder, _, token = site.leave_path(filled).rpartition("/")
    before = site.state()

    for method in ("GET", "POST"):
        assert site(f"{folder}/{spoil(token)}", method, b"List-Unsubscribe=One-Click").status == 404
    assert site.state() == before


def test_a_person_who_was_erased_may_still_press_the_button(site: Site, filled: Blog) -> None:
    path = site.leave_path(filled)
    filled.run("subscribers", "erase", ADDRESS, "--yes")

    assert site(path, "POST", b"List-Unsubscribe=One-Click", content_type=FORM).status == 200


def test_the_style_is_served_permanently(site: Site) -> None:
    path = style_path(site)
    reply = site(path)

    assert re.fullmatch(r"/style-[0-9a-f]{12}\.css", path)
    assert reply.headers["content-type"] == "text/css; charset=utf-8"
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert not re.search(rb"https?:|@import|url\((?!\"/latinmodern-math-[0-9a-f]{12}\.woff2\")", reply.body)


def test_only_a_page_with_formulas_asks_for_their_font_before_its_style(site: Site, filled: Blog, article: Any) -> None:
    filled.search("formula.txt", article("有公式的一篇", (2026, 3, 1), ("设 $x^2$。",)))
    filled.refresh()
    entry = filled.entries()["有公式的一篇"]["id"]
    (font,) = [route.path for route in site.routes() if route.path.endswith(".woff2")]
    head = site(f"/entries/{entry}").page.head
    (asked,) = head.xpath("link[@rel='preload']")
    assert dict(asked.attrib) == {"rel": "preload", "href": font, "as": "font", "type": "font/woff2", "crossorigin": ""}
    assert asked.getnext().get("rel") == "stylesheet"
    assert not site("/about").page.head.xpath("link[@rel='preload']")


def test_another_style_has_another_address(site: Site, filled: Blog) -> None:
    folder = filled.home / "templates"
    (folder / "web").mkdir(parents=True)
    (folder / "web" / "style.css").write_text("body { color: red }")
    own = Site(site.store, site.settings.model_copy(update={"templates": folder}))

    assert style_path(own) != style_path(site)
    assert own(style_path(own)).body == b"body { color: red }"
    assert own(style_path(site)).status == 404


class Broken(Store):
    """A store that opened and then stopped to answer."""

    read = write = check = back_up = published_state = follow_published = failing

    def __init__(self, store: Store) -> None:
        self._store = store

    def secret(self) -> bytes:
        return self._store.secret()

    def version(self) -> Version | None:
        return self._store.version()


def test_health_distinguishes_the_process_from_the_store(site: Site) -> None:
    broken = Site(Broken(site.store), site.settings)

    assert (site("/healthz").status, site("/readyz").status) == (200, 200)
    assert (broken("/healthz").status, broken("/readyz").status) == (200, 503)
    assert {broken(path).headers["cache-control"] for path in ("/healthz", "/readyz")} == {"no-store"}
    assert json.loads(broken("/readyz").body) == {"ready": False, "store": "failing", "mail": "unknown", "troubles": {}}


@pytest.mark.parametrize("path", ["/", "/feed.atom", "/sources/blog/feed.atom", "/entries/x", "/editions/x"])
def test_a_failing_store_is_reported_with_when_to_come_back(site: Site, path: str) -> None:
    reply = Site(Broken(site.store), site.settings)(path)

    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert b"database" not in reply.body
    check_safe(reply)


def test_a_feed_that_fails_or_is_missing_is_counted_as_a_feed(site: Site) -> None:
    broken = Site(Broken(site.store), site.settings)
    asked = {
        "/feed.atom": 503,
        "/sources/blog/feed.rss": 503,
        "/archive/1.json": 503,
        "/search.atom?q=x": 503,
        "/search.atom": 404,
        "/feed.exe": 404,
        "/": 503,
    }
    assert {path: broken(path).status for path in asked} == asked

    told = numbers(broken.metrics.exposition("")[0].decode())
    counted = {name: number for name, number in told.items() if name.startswith("digest_requests_total")}
    assert {name.split(maxsplit=1)[1]: number for name, number in counted.items()} == {
        "atom 503": 2,
        "rss 503": 1,
        "json 503": 1,
        "atom 404": 1,
        "page 404": 1,
        "page 503": 1,
    }


def test_a_failing_store_loses_nobody_who_leaves(site: Site, filled: Blog) -> None:
    path = site.leave_path(filled)
    reply = Site(Broken(site.store), site.settings)(path, "POST", b"List-Unsubscribe=One-Click", content_type=FORM)

    assert (reply.status, "retry-after" in reply.headers) == (503, True)
    assert site.state()[0]["digests"] == ["weekly"]


def test_a_store_whose_tables_are_gone_is_a_failing_store(site: Site, filled: Blog) -> None:
    with contextlib.closing(sqlite3.connect(filled.home / "var" / "digest.db")) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' AND name NOT GLOB 's*_*'"
        )
        for (name,) in tables.fetchall():
            database.execute(f'DROP TABLE IF EXISTS "{name}"')
        database.commit()

    codes = {path: site(path).status for path in ("/", "/feed.atom", "/entries/x", "/editions/x", "/readyz")}
    assert set(codes.values()) == {503}, codes
    assert site("/healthz").status == 200
