"""Attacks, one test for each row of the risks in SECURITY.md: none succeeds."""

from __future__ import annotations

import email
import hashlib
import html
import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from digest.app import opened
from digest.errors import StoreError
from digest.mail.tokens import confirmation_token, leave_token, preferences_token
from digest.model import ConfirmationId, DigestId, SubscriberId
from digest.service.people import consent
from digest.settings import load
from tests.conftest import Article, Prepare
from tests.integration.web.site import NOW, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Blog

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "ada@example.org"
MAIL_HEADERS = {
    *("Return-Path", "Delivered-To", "Date", "From", "To", "Subject", "Message-ID", "List-Id", "List-Archive"),
    "List-Help",
    *("List-Post", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "MIME-Version", "Content-Type"),
}


@pytest.fixture
def filled(blog: Blog, prepared: Prepare) -> Blog:
    """An entry, a subscriber, an edition that was sent."""

    def fill() -> None:
        hostile = Article("{{7*1000003}} ${7*1000003} {% raw %}", (2026, 3, 15), ("{{7*1000003}}",))
        blog.search("page.txt", Article("平常的一篇"), hostile)
        blog.refresh()
        blog.run("subscribers", "add", ADDRESS, "--name", "{{7*1000003}}")
        blog.run("edition", "cut")
        blog.run("edition", "send")

    prepared(blog.home, fill)
    return blog


@pytest.fixture
def site(filled: Blog) -> Iterator[Site]:
    settings = load(filled.home / "digest.toml")
    with opened(settings) as store:
        yield Site(store, settings)


def content_of(blog: Blog) -> str:
    """A hash of all rows: equal before and after what must change nothing."""
    with sqlite3.connect(blog.home / "var" / "digest.db") as connection:
        said = hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()
    connection.close()
    return said


def links(mail: bytes) -> set[str]:
    """Every address in a mail, of header, text and page."""
    message = email.message_from_bytes(mail)
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_maintype() == "text"]
    whole = "\n".join([*message.values(), *(html.unescape(b.decode()) for b in bodies if isinstance(b, bytes))])
    return set(re.findall(r"https?://[^\s<>\"')]+", whole))


# --- tokens -------------------------------------------------------------------------------------


def test_a_token_is_bound_to_person_and_digest_and_stored_nowhere(site: Site, filled: Blog) -> None:
    path = site.leave_path(filled)
    token = path.removeprefix("/leave/")
    secret = site.store.secret()
    assert len(secret) >= 16
    assert token == leave_token(secret, SubscriberId(1), DigestId("weekly"))
    others = [
        leave_token(bytes(len(secret)), SubscriberId(1), DigestId("weekly")),
        leave_token(secret, SubscriberId(2), DigestId("weekly")),
        leave_token(secret, SubscriberId(1), DigestId("monthly")),
        token[:-1],
        token + "A",
        token.swapcase(),
    ]
    before = site.state()
    for other in others:
        site(f"/leave/{other}", "POST")
        assert site.state() == before, other
    for file in (filled.home / "var").iterdir():
        assert token.encode() not in file.read_bytes()


def test_a_page_with_a_token_tells_no_other_site_and_no_cache_where_it_stands(site: Site, filled: Blog) -> None:
    answer = site(site.leave_path(filled))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not {"set-cookie", "location"} & set(answer.headers)
    assert "public" not in answer.headers["cache-control"]


# --- safe methods, forgery -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_following_every_link_of_a_mail_changes_nothing(site: Site, filled: Blog, method: str) -> None:
    (mail,) = filled.mails()
    ours = [urlsplit(link) for link in links(mail) if link.startswith(site.settings.base_url)]
    assert any(link.path.startswith("/leave/") for link in ours)
    before = content_of(filled)
    for link in ours:
        assert site(link.path, method).status in {200, 405}
    assert content_of(filled) == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_answer_sets_a_cookie_or_may_be_read_by_another_site(site: Site, filled: Blog, method: str) -> None:
    """Without cookies a request of another site can do no more than any request: the token in the path is the right."""
    secret = site.store.secret()
    with site.store.read() as tx:
        (person,) = tx.subscribers.all()
    consent.request_access(site.store, site.settings.signup, person, language="en", network="x", now=NOW)
    with site.store.read() as tx:
        asked = tx.confirmations.get(ConfirmationId(1))
    assert asked is not None
    tokens = [preferences_token(secret, person.subscriber.id), confirmation_token(secret, asked)]
    doors = [f"/{door}/{token}" for door in ("preferences", "confirm") for token in tokens]
    for path in ("/", "/feed.atom", "/subscribe", "/nothing", "/metrics", site.leave_path(filled), *doors):
        answer = site(path, method, b"act=save", origin="https://evil.example", cookie="session=1")
        assert not {"set-cookie", "access-control-allow-origin", "location"} & set(answer.headers), path


def test_one_click_needs_no_cookie_and_no_question_and_sets_none(site: Site, filled: Blog) -> None:
    answer = site(site.leave_path(filled), "POST", b"List-Unsubscribe=One-Click", origin="https://evil.example")
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert site.state() != []


# --- injection -----------------------------------------------------------------------------------

HOSTILE_WORDS = [
    "题目\r\nBcc: evil@example.com",
    "=?utf-8?q?hi=0ABcc=3A_evil=40example=2Ecom?=",
    "题目\u2028Bcc: evil@example.com",
    "a" * 2000 + "\r\n.\r\nMAIL FROM:<evil@example.com>",
    "\x00\x0b题目\x1b[31m",
]


@pytest.mark.parametrize("words", HOSTILE_WORDS)
def test_no_words_of_a_dump_or_a_name_put_a_header_into_a_mail(blog: Blog, words: str) -> None:
    line = words.replace("\r", " ").replace("\n", " ")
    blog.search("page.txt", Article(line), Article("平常的一篇", (2026, 3, 15)))
    blog.refresh()
    blog.run("subscribers", "add", ADDRESS)
    with closing(sqlite3.connect(blog.home / "var" / "digest.db")) as store:  # as an older program took it
        store.execute("UPDATE subscribers SET name = ?", [words.replace("\x00", "")])
        store.commit()
    blog.run("edition", "cut")
    blog.run("edition", "send")
    (mail,) = blog.mails()
    message = email.message_from_bytes(mail)
    assert set(message.keys()) <= MAIL_HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert message.get_all("Delivered-To") == [ADDRESS]
    assert not re.search(rb"^\.\r?$", mail, re.MULTILINE)
    assert max(map(len, mail.split(b"\n"))) <= 998


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\nBcc: b@example.org",
        "a@example.org\x00",
        "<a@example.org>",
        "a b@example.org",
        "a@b",
        "a" * 250 + "@example.org",
    ],
)
def test_an_address_that_could_break_out_is_never_stored(blog: Blog, address: str) -> None:
    blog.run("subscribers", "add", address, code=1)
    assert blog.listed("subscribers", "list") == []


def test_text_of_a_dump_is_never_a_template(site: Site, filled: Blog) -> None:
    entry = next(one for one in filled.listed("entries", "list") if "7*1000003" in one["title"])
    shown = [
        filled.feed().decode(),
        site(f"/entries/{entry['id']}").body.decode(),
        site("/search?q=%7B%7B7*1000003%7D%7D").body.decode(),
    ]
    (mail,) = filled.mails()
    shown += [
        part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in email.message_from_bytes(mail).walk()
        if part.get_content_maintype() == "text"
    ]
    for one in shown:
        assert "{{7*1000003}}" in one
        assert str(7 * 1000003) not in one


def test_an_xml_bomb_is_text_like_any_other(blog: Blog) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "haha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)
    )
    blog.write("bomb.xml", f"{bomb}]><l>&k;</l>")
    blog.search("page.txt", Article("平常", body=('<!ENTITY x SYSTEM "file:///etc/passwd">&x;',)))
    began = time.monotonic()
    assert blog.refresh(code=1)["added"] == 1
    assert time.monotonic() - began < 60
    assert b"root:" not in blog.feed()


def test_a_list_of_people_is_exported_as_json_where_no_cell_is_a_formula(blog: Blog) -> None:
    blog.run("subscribers", "add", ADDRESS, "--name", "=cmd|' /C calc'!A0")
    exported = blog.home / "people.json"
    blog.run("subscribers", "export", "-o", str(exported))
    assert json.loads(exported.read_text("utf-8"))


# --- addresses of the web server ---------------------------------------------------------------------

TRAVERSALS = [
    "/../../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/entries/..%2f..%2fdigest.toml",
    "/editions/../../var/digest.db", "/editions/%00", "/formulas/..%2fdigest.png", "/sources/%2fetc%2fpasswd",
    "/style.css/../../digest.toml", "//etc/passwd", "/var/digest.db", "/entries/%ff%fe", "/leave/..%2f..%2f",
]  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_to_a_file(site: Site, path: str) -> None:
    answer = site(path)
    assert answer.status == 404
    assert b"root:" not in answer.body
    assert b"data_dir" not in answer.body


REDIRECTS = ["//evil.example", "/\\evil.example", "/%5cevil.example", "/https://evil.example", "/?next=//evil.example"]


@pytest.mark.parametrize("path", [*REDIRECTS, "/entries/", "/search?q=x&next=https://evil.example", "/feed.atom/"])
@pytest.mark.parametrize("host", ["digest.example.org", "evil.example"])
def test_no_answer_leads_to_another_host(site: Site, path: str, host: str) -> None:
    answer = site(path, host=host, x_forwarded_host="evil.example")
    assert answer.status in {200, 301, 404}
    assert answer.headers.get("location", "/feed.atom") == "/feed.atom"
    assert b"//evil.example" not in answer.body.replace(quote("//evil.example", safe="").encode(), b"")


def test_failures_are_reported_without_what_lies_behind_them(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise StoreError("/secret/place/digest.db: is damaged")

    monkeypatch.setattr(site.store, "read", broken)
    for path in ("/", "/feed.atom", "/entries/x", "/search?q=x"):
        answer = site(path)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert b"secret" not in answer.body
        assert answer.headers["content-security-policy"]


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    page = (ROOT / "SECURITY.md").read_text("utf-8")
    sources = {path: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    names = re.findall(r"`(test_\w+?)_?(?:…)?`", page)
    assert len(names) > 20
    for name in names:
        assert any(f"def {name}" in source for source in sources.values()), name
    for file in re.findall(r"`(tests/[\w./]+)`", page):
        assert (ROOT / file).exists(), file
