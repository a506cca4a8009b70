"""`digest edition send` lists what waits and until when, and `--now` tries it at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.mail.relay import Relay, Size, To

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article, Blog

PEOPLE = [f"reader{number}@example.org" for number in range(15)]
BUSY = To(lambda one: one != PEOPLE[0], "450 4.2.1 busy")


@pytest.fixture
def relay() -> Relay:
    return Relay(BUSY)


@pytest.fixture
def cut(blog: Blog, article: type[Article], tmp_path: Path, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Blog:
    """An edition to fifteen people, and a relay that serves one of them; it is to be entered by the test."""
    blog.index("a.txt", article("一"))
    for one in PEOPLE:
        blog.run("subscribers", "add", one)
    blog.refresh()
    blog.run("edition", "cut")
    for name, value in (("TRANSPORT", "smtp"), ("HOST", "127.0.0.1"), ("SECURITY", "none")):
        monkeypatch.setenv(f"DIGEST_MAIL_{name}", value)
    return blog


def test_what_waits_is_named_with_its_moment_and_tried_at_once_with_now(
    cut: Blog, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with relay:
        monkeypatch.setenv("DIGEST_MAIL_PORT", str(relay.port))
        told = cut.run("edition", "send")
        assert "1 accepted, 14 deferred" in told
        assert told.count("@example.org") == 10
        assert "450 recipient: 4.2.1 busy" in told
        assert "4 more, the last until 20" in told
        assert "--now" in told

        relay.behaviours.clear()
        waiting = json.loads(cut.run("edition", "send", "--json"))
        assert waiting["accepted"] == 0
        assert waiting["waiting"]["mails"] == 14
        assert waiting["waiting"]["first_at"] <= waiting["waiting"]["last_at"]
        assert "nothing is due" in cut.run("edition", "send")

        assert "14 accepted" in cut.run("edition", "send", "--now")
        assert "nothing is planned" in cut.run("edition", "send")
    assert relay.copies() == dict.fromkeys(PEOPLE, 1)


def test_mails_that_are_too_large_are_reported_with_what_to_do(
    cut: Blog, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.behaviours[:] = [Size(500)]
    relay.extensions = ("PIPELINING", "SIZE 500")
    with relay:
        monkeypatch.setenv("DIGEST_MAIL_PORT", str(relay.port))
        told = cut.run("edition", "send", code=1)
    assert "15 failed" in told
    assert "accepts at most 500" in told
    assert "digest deliveries retry" in told


def test_a_pace_stands_in_the_status(cut: Blog, relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    relay.behaviours[:] = [To(lambda one: one == PEOPLE[3] and not relay.refusals, "450 4.7.1 too many requests")]
    with relay:
        monkeypatch.setenv("DIGEST_MAIL_PORT", str(relay.port))
        cut.run("edition", "send")
    assert relay.copies() == dict.fromkeys(PEOPLE, 1)
    assert "mail to example.org is limited to" in cut.run("status")
    (slowed,) = json.loads(cut.run("status", "--json"))["slowed"]
    assert slowed["domain"] == "example.org"
    assert slowed["per_minute"] >= 1
