"""The operator's address gets alerts and is never public; the contact is public."""

from __future__ import annotations

import asyncio
import email
import re
import threading
from datetime import timedelta
from email import policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from digest.app import opened
from digest.mail.tokens import leave_token, preferences_token
from digest.model import DigestId, SourceId
from digest.service.mailing import single_mails
from digest.service.operating import alerts, posting
from digest.settings import load
from tests.integration.web.site import ADA, HOUR, MORE, NOW, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Article, Blog

OPERATOR, CONTACT = "watch-keeper@home.example", "hello@digest.example.org"
SPELLINGS = (OPERATOR.encode(), quote(OPERATOR, safe="").encode(), b"watch-keeper", b"home.example")


@pytest.fixture
def desk(blog: Blog, article: type[Article]) -> Iterator[Desk]:
    config = blog.home / "digest.toml"
    settings = config.read_text("utf-8").replace("[mail]", MORE + "[mail]")
    config.write_text(f'operator = "{OPERATOR}"\ncontact = "{CONTACT}"\n{settings}', "utf-8")
    blog.search("search.txt", article("数的故事"), article("诗的故事", (2026, 3, 13), ("另一段文字。",)))
    blog.refresh()
    with opened(load(config)) as store:
        yield Desk(blog, store, load(config))


def names_the_operator(shown: bytes) -> bool:
    return any(spelling in shown for spelling in SPELLINGS)


def everything_of(raw: bytes) -> bytes:
    """A mail as it is sent, its headers and all its parts decoded."""
    message = email.message_from_bytes(raw, policy=policy.default)
    texts = [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
    return raw + "\n".join([*map(str, message.values()), *texts]).encode()


def live(desk: Desk) -> None:
    """People subscribe, confirm, subscribe again, and get an edition; the operator tries it."""
    desk.post("/subscribe", address=ADA, digest="weekly")
    desk.post(desk.link())
    desk.now += HOUR
    desk.post("/subscribe", address=ADA, digest="weekly")
    desk.post("/subscribe", address="eve@example.org", digest="weekly")
    desk.mailed()
    desk.now += HOUR
    asyncio.run(single_mails.send_single_mails(desk.store, desk.settings, lambda: desk.now))
    desk.blog.run("edition", "cut", "weekly")
    desk.blog.run("edition", "send")
    desk.blog.run("edition", "test", "try@example.org", "--digest", "weekly")


def fail_the_source(desk: Desk) -> None:
    """The source fails so often that the operator is notified."""
    for minutes in range(desk.settings.alerts.after):
        at = NOW + timedelta(minutes=minutes)
        with desk.store.write() as tx:
            tx.readings.refreshed(SourceId("blog"), at, "no such folder", held=False)
        alerts.decide(desk.store, desk.settings, at)
    assert asyncio.run(alerts.send_due_notices(desk.store, desk.settings, lambda: NOW + HOUR)) == []


def filled(path: str, desk: Desk) -> Iterator[str]:
    """The path of a route with what is there, with what is not, and with a link to leave."""
    record, secret = desk.record(), desk.store.secret()
    assert record
    person = record.subscriber
    with desk.store.read() as tx:
        entry = tx.entries.newest(limit=1)[0].id
        edition = tx.editions.editions()[0].edition.key
    there = {
        "kind": "atom",
        "page:int": "1",
        "source": "blog",
        "topic": "maths",
        "author:path": "山客",
        "year:int": "2026",
        "month:int": "3",
        "group:str": "sources",
        "name": "blog",
        "entry": str(entry),
        "key:path": edition,
        "digest": "weekly",
        "token": preferences_token(secret, person.id),
    }
    yield re.sub(r"\{([^}]*)\}", lambda found: there[found[1]], path)
    yield re.sub(r"\{[^}]*\}", "1", path)
    yield path.replace("{token}", leave_token(secret, person.id, DigestId("weekly")))


def test_alerts_reach_the_named_operator_without_any_other_setting(desk: Desk) -> None:
    fail_the_source(desk)

    (mail,) = desk.blog.mails()
    assert f"To: {OPERATOR}".encode() in mail
    assert b"trouble: source blog" in everything_of(mail)


def test_no_page_or_feed_names_the_operator_and_every_page_shows_the_contact(desk: Desk) -> None:
    live(desk)
    pages = set()
    for route in [*(route.path for route in desk.routes()), "/robots.txt", "/nothing/there"]:
        for path in filled(route, desk):
            for method in ("GET", "POST", "PUT"):
                answer = desk(path, method, accept_language="en", accept="text/html")
                heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
                assert not names_the_operator(heads.encode() + answer.body), path
                if answer.body and answer.headers["content-type"].startswith("text/html"):
                    pages.add((answer.status, path))
                    assert f'Contact: <a href="mailto:{CONTACT}">{CONTACT}</a>'.encode() in answer.body, path
    assert {200, 404} <= {status for status, _ in pages}
    assert "联系方式：".encode() in desk("/", accept_language="zh-CN").body


def test_no_mail_to_others_names_the_operator_and_each_shows_the_contact(desk: Desk) -> None:
    live(desk)
    fail_the_source(desk)
    mails = [raw for raw in desk.blog.mails() if f"To: {OPERATOR}".encode() not in raw]
    subjects = {str(email.message_from_bytes(raw, policy=policy.default)["Subject"]) for raw in mails}

    assert len(mails) < len(desk.blog.mails()), "the operator gets mails, too"
    assert len(subjects) >= 4, subjects
    for raw in mails:
        shown = everything_of(raw)
        assert not names_the_operator(shown)
        message = email.message_from_bytes(raw, policy=policy.default)
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            assert part
            assert CONTACT in part.get_content()


@pytest.mark.parametrize(
    "command",
    [
        "feed -o OUT/feed.atom",
        "feed --format json -o OUT/feed.json",
        "edition preview weekly -o OUT/preview",
        "simulate --from 2026-03-01 --to 2026-03-20 -o OUT/simulated",
        "subscribers export",
    ],
)
def test_nothing_that_a_command_writes_names_the_operator(command: str, desk: Desk, tmp_path: Path) -> None:
    desk.joined()
    out = tmp_path / "out"
    out.mkdir()

    printed = desk.blog.run(*command.replace("OUT", str(out)).split())

    assert not names_the_operator(printed.encode())
    written = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert written or printed
    for raw in written:
        assert not names_the_operator(everything_of(raw) if raw.startswith(b"From: ") else raw)


def test_requests_of_ours_do_not_name_the_operator(desk: Desk) -> None:
    heard: list[bytes] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.headers.as_bytes() + self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/"
            desk.settings = desk.settings.model_copy(
                update={"alerts": desk.settings.alerts.model_copy(update={"webhook": url})}
            )
            posting.post(url, b"hub.mode=publish", {})
            fail_the_source(desk)
        finally:
            server.shutdown()
            serving.join()
    assert len(heard) == 2, "the hub and the webhook"
    assert not any(map(names_the_operator, heard))
