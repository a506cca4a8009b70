"""Programs are sent entries and editions as signed JSON: each once, in order, with the same bytes at each attempt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from jsonschema import Draft202012Validator

from digest.app import opened
from digest.json_output import to_json
from digest.service.publishing import webhooks
from digest.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Article, Blog

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRET = "a secret of this test alone"
DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = Draft202012Validator(
    json.loads((DOCS / "webhook.schema.json").read_text("utf-8")), format_checker=Draft202012Validator.FORMAT_CHECKER
)


@dataclass
class Receiver:
    """A program that takes events, or answers with the next of `codes`."""

    codes: list[int] = field(default_factory=list)
    wait: str = ""
    got: list[tuple[dict[str, str], bytes, int]] = field(default_factory=list)
    url: str = ""

    def taken(self) -> list[dict[str, Any]]:
        """The bodies of the events that it took, each as documented."""
        bodies = [json.loads(body) for _, body, code in self.got if code < 300]
        for body in bodies:
            SCHEMA.validate(body)
        return bodies

    def kinds(self) -> list[tuple[str, str]]:
        return [
            (one["kind"], one.get("entry", {}).get("title") or one.get("edition", {}).get("key", ""))
            for one in self.taken()
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = made.codes.pop(0) if made.codes else 200
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body, code))
            self.send_response(code)
            if made.wait:
                self.send_header("Retry-After", made.wait)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        yield made
        server.shutdown()
        thread.join()


class Newsroom:
    """A blog with a webhook; `now` is its clock."""

    def __init__(self, blog: Blog, article: type[Article], receiver: Receiver) -> None:
        self.blog, self._article, self.now = blog, article, START
        self.shown: list[str] = ["旧的"]
        self.words: dict[str, str] = {}
        config = blog.home / "digest.toml"
        hook = f'[[webhooks]]\nid = "chat"\nurl = "{receiver.url}"\nsecret = "{SECRET}"\n'
        config.write_text(config.read_text("utf-8") + hook, "utf-8")
        self.read()
        self.turn()

    def read(self, *new: str) -> None:
        self.shown[:0] = new
        days = {"旧的": 1, "甲": 2, "乙": 3, "丙": 4}
        shown = (
            self._article(one, (2026, 3, days[one]), (self.words.get(one, f"{one}的正文。"),)) for one in self.shown
        )
        self.blog.search("page.txt", *shown)
        self.run("refresh")

    def run(self, *command: str, code: int = 0) -> str:
        with time_machine.travel(self.now, tick=False):
            return self.blog.run(*command, code=code)

    def turn(self) -> webhooks.Turn:
        """What the service does each minute."""
        settings = load(self.blog.home / "digest.toml")
        with opened(settings) as store:
            return webhooks.send_events(store, settings, lambda: self.now)


@pytest.fixture
def newsroom(blog: Blog, article: type[Article], receiver: Receiver) -> Newsroom:
    return Newsroom(blog, article, receiver)


def test_what_happens_after_it_was_configured_is_sent_once(newsroom: Newsroom, receiver: Receiver) -> None:
    assert receiver.got == []
    newsroom.now += HOUR
    newsroom.read("甲", "乙")
    assert newsroom.turn().delivered == 2
    assert newsroom.turn().delivered == 0
    newsroom.now += HOUR
    newsroom.words["甲"] = "甲的另一种正文。"
    newsroom.read()
    newsroom.turn()
    entry = next(one for one in newsroom.blog.listed("entries", "list") if one["title"] == "乙")
    newsroom.now += HOUR
    newsroom.run("entries", "remove", entry["id"])
    newsroom.turn()
    newsroom.run("entries", "restore", entry["id"])
    newsroom.now += HOUR
    newsroom.turn()
    newsroom.turn()
    kinds = receiver.kinds()
    assert sorted(kinds[:2]) == [("entry.added", "乙"), ("entry.added", "甲")]
    assert kinds[2:] == [("entry.revised", "甲"), ("entry.removed", ""), ("entry.added", "乙")]
    assert receiver.taken()[3]["entry"] == {
        "id": entry["id"],
        "url": f"https://digest.example.org/entries/{entry['id']}",
    }
    assert "甲的另一种正文" in receiver.taken()[2]["entry"]["html"]
    ids = [one["id"] for one in receiver.taken()]
    assert len(ids) == len(set(ids)) == 5


def test_an_edition_is_one_event_with_its_content(newsroom: Newsroom, receiver: Receiver) -> None:
    newsroom.now += DAY
    newsroom.read("甲")
    newsroom.run("edition", "note", "**你好**")
    newsroom.run("edition", "cut")
    newsroom.turn()
    (edition,) = [one["edition"] for one in receiver.taken() if one["kind"] == "edition.made"]
    assert edition["key"] == "weekly/2026-W10"
    assert edition["note"] == "**你好**"
    assert [one["title"] for one in edition["new"]] == ["甲", "旧的"]
    assert "<strong>你好</strong>" in edition["html"]
    assert "甲的正文" in edition["html"]


def test_an_edition_that_is_held_waits(newsroom: Newsroom, receiver: Receiver) -> None:
    newsroom.now += DAY
    newsroom.read("甲")
    newsroom.run("edition", "cut")
    newsroom.run("edition", "hold", "weekly/2026-W10")
    newsroom.turn()
    assert [kind for kind, _ in receiver.kinds()] == ["entry.added"]
    newsroom.run("edition", "resume", "weekly/2026-W10")
    newsroom.turn()
    assert [kind for kind, _ in receiver.kinds()] == ["entry.added", "edition.made"]


@pytest.mark.parametrize("decided", ["hold", "cancel"])
def test_an_event_that_waits_is_withdrawn_when_its_edition_is_stopped(
    newsroom: Newsroom, receiver: Receiver, decided: str
) -> None:
    newsroom.now += DAY
    newsroom.read("甲")
    newsroom.turn()
    newsroom.run("edition", "cut")
    receiver.codes = [500]
    newsroom.turn()
    newsroom.run("edition", decided, "weekly/2026-W10", *(["--yes"] if decided == "cancel" else []))
    newsroom.now += HOUR
    newsroom.turn()
    assert [kind for kind, _ in receiver.kinds()] == ["entry.added"]
    if decided == "hold":
        newsroom.run("edition", "resume", "weekly/2026-W10")
        newsroom.turn()
        assert [kind for kind, _ in receiver.kinds()] == ["entry.added", "edition.made"]


def test_what_waits_says_nothing_of_an_entry_that_was_removed_meanwhile(newsroom: Newsroom, receiver: Receiver) -> None:
    newsroom.now += DAY
    receiver.codes = [500]
    newsroom.read("甲", "乙")
    newsroom.run("edition", "cut")
    newsroom.turn()
    entry = next(one for one in newsroom.blog.listed("entries", "list") if one["title"] == "甲")
    newsroom.now += HOUR
    newsroom.run("entries", "remove", entry["id"])
    newsroom.turn()
    assert sorted(kind for kind, _ in receiver.kinds()) == ["edition.made", "entry.added", "entry.removed"]
    assert not any("甲" in json.dumps(one, ensure_ascii=False) for one in receiver.taken())


def test_the_signature_is_that_of_standard_webhooks(newsroom: Newsroom, receiver: Receiver) -> None:
    newsroom.now += HOUR
    newsroom.read("甲")
    newsroom.turn()
    ((headers, body, _),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(newsroom.now.timestamp())
    assert headers["webhook-id"] == json.loads(body)["id"]
    assert headers["content-type"] == "application/json"
    assert SECRET not in newsroom.run("webhooks", "list") + str(load(newsroom.blog.home / "digest.toml"))


def test_a_refused_event_is_sent_again_with_the_same_bytes_in_its_order(newsroom: Newsroom, receiver: Receiver) -> None:
    receiver.codes = [500, 503]
    newsroom.now += HOUR
    newsroom.read("甲")
    assert newsroom.turn().problems
    newsroom.read("乙")
    assert newsroom.turn().delivered == 0  # the first one waits, and so does the second
    newsroom.now += timedelta(seconds=31)
    newsroom.turn()
    assert receiver.kinds() == []
    newsroom.now += timedelta(seconds=121)
    assert newsroom.turn().delivered == 2
    assert [title for _, title in receiver.kinds()] == ["甲", "乙"]
    assert len({body for headers, body, _ in receiver.got if headers["webhook-id"] == receiver.taken()[0]["id"]}) == 1


def test_a_receiver_says_how_long_to_wait(newsroom: Newsroom, receiver: Receiver) -> None:
    receiver.codes, receiver.wait = [429], "1200"
    newsroom.now += HOUR
    newsroom.read("甲")
    newsroom.turn()
    newsroom.now += timedelta(seconds=1100)
    assert newsroom.turn().delivered == 0
    newsroom.now += timedelta(seconds=101)
    assert newsroom.turn().delivered == 1


def test_a_crash_before_the_answer_is_recorded_sends_the_event_once_more_with_its_id(
    newsroom: Newsroom, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    newsroom.now += HOUR
    newsroom.read("甲")
    with monkeypatch.context() as cut:
        cut.setattr(webhooks, "_record", crash)
        with pytest.raises(RuntimeError):
            newsroom.turn()
    assert newsroom.turn().delivered == 0  # somebody else may still be sending it
    newsroom.now += timedelta(minutes=3)
    assert newsroom.turn().delivered == 1
    assert len({headers["webhook-id"] for headers, _, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_an_event_is_given_up_after_three_days_or_when_the_receiver_is_gone_and_tried_again_by_hand(
    newsroom: Newsroom, receiver: Receiver
) -> None:
    receiver.codes = [500]
    newsroom.now += HOUR
    newsroom.read("甲")
    newsroom.turn()
    receiver.codes = [500, 410]
    newsroom.now += 4 * DAY
    newsroom.turn()
    newsroom.read("乙")
    newsroom.turn()
    (listed,) = [json.loads(line) for line in newsroom.run("webhooks", "list", "--json").splitlines()]
    assert (listed["waiting"], listed["delivered"], listed["failed"]) == (0, 0, 2)
    assert "does not take its events" in newsroom.run("status")
    assert "failed" in newsroom.run("webhooks", "events", "chat")
    assert "events delivered: 2" in newsroom.run("webhooks", "retry", "chat")
    assert [title for _, title in receiver.kinds()] == ["甲", "乙"]
    assert "does not take" not in newsroom.run("status")


def test_one_that_fails_delays_no_other(newsroom: Newsroom, receiver: Receiver) -> None:
    config = newsroom.blog.home / "digest.toml"
    dead = f'[[webhooks]]\nid = "dead"\nurl = "http://127.0.0.1:1/"\nsecret = "{SECRET}"\n'
    config.write_text(config.read_text("utf-8").replace("[[webhooks]]", f"{dead}[[webhooks]]", 1), "utf-8")
    newsroom.turn()
    newsroom.now += HOUR
    newsroom.read("甲")
    turn = newsroom.turn()
    assert turn.delivered == 1
    assert len(turn.problems) == 1
    assert turn.problems[0].startswith("dead: entry/")


def test_nothing_is_sent_behind_a_fence_and_nothing_again_after_it(newsroom: Newsroom, receiver: Receiver) -> None:
    newsroom.now += HOUR
    newsroom.run("backup", str(newsroom.blog.home / "copy.db"))
    newsroom.read("甲")
    newsroom.turn()
    newsroom.run("restore", str(newsroom.blog.home / "copy.db"), "--yes")
    newsroom.run("refresh")
    assert newsroom.turn().delivered == 0
    newsroom.now += HOUR
    newsroom.run("unfence", "--as-sent", "--yes")
    newsroom.now += HOUR
    newsroom.turn()
    assert receiver.kinds() == [("entry.added", "甲")]


def test_a_test_event_is_sent_at_once(newsroom: Newsroom, receiver: Receiver) -> None:
    assert "took the test event" in newsroom.run("webhooks", "test", "chat")
    assert receiver.taken()[0]["kind"] == "test"
    receiver.codes = [404]
    assert "did not take a test event" in newsroom.run("webhooks", "test", "chat", code=1)
    assert "no webhook 'other'" in newsroom.run("webhooks", "test", "other", code=1)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('url = "https://example.org/"', "a webhook needs a secret, in one place"),
        ('url = "https://example.org/"\nsecret = "short"', "the secret has less than 16 characters"),
        ('url = "ftp://example.org/"\nsecret = "a secret that is long"', "a URL starts with http"),
    ],
)
def test_a_wrong_webhook_is_refused_with_the_reason(blog: Blog, lines: str, problem: str) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + f'[[webhooks]]\nid = "chat"\n{lines}\n', "utf-8")
    assert problem in " ".join(blog.run("check", code=2).split())


def test_the_documented_receiver_takes_what_is_signed_and_refuses_the_rest() -> None:
    """The script of docs/webhooks.md, run on real headers."""
    (script,) = re.findall(r"```python\n(.*?)```", (DOCS / "webhooks.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(script.partition("class ")[0], names)  # noqa: S102 - our own documentation
    body = to_json({"id": "entry/a/added"}).encode()
    now = datetime.now(UTC)
    headers = webhooks.signed_headers(names["SECRET"], "entry/a/added", "entry.added", body, now)
    assert names["is_genuine"](headers, body)
    assert not names["is_genuine"](headers, body + b" ")
    old = webhooks.signed_headers(names["SECRET"], "entry/a/added", "entry.added", body, now - HOUR)
    assert not names["is_genuine"](old, body)
