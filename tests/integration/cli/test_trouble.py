"""`digest deliveries`, `bounces`, `alerts`, and how `subscribers` and `status` show mail that did not arrive."""

from __future__ import annotations

import io
import re
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.app import clock
from digest.model import DeliveryState, EditionKey, SourceId
from digest.records.operating import Alert, NoticeKind
from digest.store import open_store
from tests.unit.mail.test_reports import block, dsn

if TYPE_CHECKING:
    from tests.conftest import Article, Blog

NOW = datetime(2026, 11, 16, tzinfo=UTC)
FAILED, UNKNOWN = DeliveryState.FAILED, DeliveryState.UNKNOWN


@pytest.fixture
def key(blog: Blog, article: type[Article]) -> EditionKey:
    """An edition with a planned mail for each of three subscribers, and all ways to be notified."""
    config = blog.home / "digest.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write('[bounces]\naddress = "bounces@digest.example.org"\nmaildir = "bounced"\n')
        file.write('[alerts]\nmail = ["op@example.org"]\n')
    blog.search("page.txt", article("甲"))
    blog.refresh()
    for name in ("ada", "bob", "eve"):
        blog.run("subscribers", "add", f"{name}@example.org")
    (made,) = blog.listed("edition", "cut")
    return EditionKey(made["key"])


def ended(blog: Blog, key: EditionKey, **states: DeliveryState) -> None:
    """What became of the mails to these people."""
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        for leased in tx.deliveries.lease(NOW, NOW, 100, key):
            name = leased.subscriber.address.partition("@")[0]
            if name in states:
                tx.deliveries.record(key, leased.subscriber.id, states[name], now=NOW, code=554, text="content: no")
            else:
                tx.deliveries.release(key, leased.subscriber.id)


def states(blog: Blog, key: EditionKey) -> dict[str, str]:
    (shown,) = blog.listed("edition", "show", key)
    return {row["address"].partition("@")[0]: row["state"] for row in shown["recipients"]}


# --- dead letters ---------------------------------------------------------------------------------


def test_dead_letters_are_listed_counted_and_retried(blog: Blog, key: EditionKey) -> None:
    ended(blog, key, ada=FAILED)
    assert [(row["address"], row["state"], row["text"]) for row in blog.listed("deliveries", "list")] == [
        ("ada@example.org", "failed", "content: no")
    ]
    assert "ada@example.org" in blog.run("deliveries", "list", "--state", "failed", "--edition", key)
    assert blog.listed("status")[0]["dead_letters"] == 1
    assert "dead letters: 1" in blog.run("status")

    assert blog.listed("deliveries", "retry", key, "Ada@example.org") == [{"planned": 1, "left": 0}]
    assert states(blog, key)["ada"] == "planned"
    assert blog.listed("deliveries", "list") == []
    blog.run("edition", "send")
    assert states(blog, key) == dict.fromkeys(("ada", "bob", "eve"), "accepted")
    assert blog.listed("deliveries", "retry") == [{"planned": 0, "left": 0}]


def test_a_second_copy_is_asked_for(blog: Blog, key: EditionKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ended(blog, key, ada=UNKNOWN, bob=FAILED)
    assert "would then arrive twice" in blog.run("deliveries", "retry", "--state", "unknown", code=1)
    assert states(blog, key)["ada"] == "unknown"
    assert "1 planned" in blog.run("deliveries", "retry")  # only what failed
    assert states(blog, key) == {"ada": "unknown", "bob": "planned", "eve": "planned"}
    assert "1 planned" in blog.run("deliveries", "retry", "--state", "unknown", "--yes")
    assert states(blog, key)["ada"] == "planned"


def test_people_who_left_are_left_alone_and_strangers_are_named(blog: Blog, key: EditionKey) -> None:
    ended(blog, key, ada=FAILED)
    blog.run("deliveries", "list", "--edition", "weekly/none", code=1)
    assert "no such dead letter" in blog.run("deliveries", "retry", key, "bob@example.org", code=1)
    assert "is not one of" in blog.run("deliveries", "retry", "--state", "accepted", code=2)
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        record = tx.subscribers.find("ada@example.org")
        assert record
        tx.subscribers.leave(record.subscriber.id, record.digests[0], "mail link", NOW)
    assert blog.listed("deliveries", "retry") == [{"planned": 0, "left": 1}]


# --- bounces --------------------------------------------------------------------------------------


def test_a_bounce_is_read_shown_and_taken_back(blog: Blog, key: EditionKey) -> None:
    blog.run("edition", "send", key)
    senders = {
        re.search(rb"Delivered-To: (\S+)", raw)[1].decode(): re.search(rb"Return-Path: <(\S+)>", raw)[1].decode()  # type: ignore[index]
        for raw in blog.mails()
    }
    assert len(set(senders.values())) == 3
    assert re.fullmatch(r"bounces\+[a-z2-7]{32}@digest\.example\.org", senders["ada@example.org"])
    new = blog.home / "bounced" / "new"
    new.mkdir(parents=True)
    (new / "1").write_bytes(dsn(block("failed", "5.1.1"), to=senders["ada@example.org"]))
    (new / "2").write_bytes(dsn(block("failed", "5.1.1"), to="bounces+forged@digest.example.org"))

    assert blog.listed("bounces", "read") == [{"hard": 1, "suppressed": 1, "token not ours": 1}]
    assert "no bounces or complaints" in blog.run("bounces", "read")

    (shown,) = blog.listed("subscribers", "show", "ada@example.org")
    assert shown["suppressed"].startswith("bounced: 5.1.1")
    (bounce,) = shown["bounces"]
    assert (bounce["edition"], bounce["kind"], bounce["status"]) == (key, "hard", "5.1.1")
    assert [act["act"] for act in shown["suppressions"]] == ["suppressed"]
    (state,) = blog.listed("status")
    assert (state["bounces"], state["ignored_mail"], state["suppressed"]) == ({"hard": 1}, {"token not ours": 1}, 1)
    told = blog.run("status")
    assert "bounces and complaints: 1 hard" in told
    assert "suppressed: 1" in told
    assert "ignored: 1 token not ours" in told

    assert "gets mail again" in blog.run("subscribers", "unsuppress", "ada@example.org")
    assert "is not suppressed" in blog.run("subscribers", "unsuppress", "ada@example.org", code=1)
    assert "no subscriber" in blog.run("subscribers", "unsuppress", "nobody@example.org", code=1)
    (shown,) = blog.listed("subscribers", "show", "ada@example.org")
    assert shown["suppressed"] is None
    assert [act["act"] for act in shown["suppressions"]] == ["suppressed", "unsuppressed"]


def test_the_operator_hears_what_was_refused_for_what_is_ours(blog: Blog, key: EditionKey) -> None:
    blog.run("edition", "send", key)
    (sender,) = [
        re.search(rb"Return-Path: <(\S+)>", raw)[1].decode()  # type: ignore[index]
        for raw in blog.mails()
        if b"ada@example.org" in raw
    ]
    (blog.home / "bounced" / "new").mkdir(parents=True)
    words = f"smtp; 550 5.1.0 <{sender}> sender rejected for ada@example.org"
    (blog.home / "bounced" / "new" / "1").write_bytes(dsn(block("failed", "5.1.0", words), to=sender))

    assert blog.listed("bounces", "read") == [{"refused": 1}]
    (state,) = blog.listed("status")
    assert (state["bounces"], state["suppressed"]) == ({"refused": 1}, 0)
    (refusal,) = state["refusals"]
    assert re.fullmatch(r"550 5\.1\.0 <b\S+> sender rejected for a\*\*\*@e\*\*\*\.org", refusal)
    assert "refused, perhaps because of a fault on our side: 550 5.1.0" in blog.run("status")


def test_check_looks_where_bounces_come_in(blog: Blog, key: EditionKey) -> None:
    told = blog.run("check")
    assert f"ok    bounces: reads {blog.home / 'bounced'}" in told
    (blog.home / "bounced").write_text("no folder", "utf-8")
    assert "warn  bounces: " in blog.run("check")


def test_without_a_folder_there_is_nothing_to_read(blog: Blog) -> None:
    assert "neither maildir nor imap_host is set" in blog.run("bounces", "read", code=2)


# --- alerts ---------------------------------------------------------------------------------------


def test_a_test_alert_goes_to_each_channel(blog: Blog, key: EditionKey, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mail op@example.org: sent" in blog.run("alerts", "test")
    (mail,) = blog.mails()
    assert b"To: op@example.org" in mail
    monkeypatch.setenv("DIGEST_ALERTS_WEBHOOK", "http://127.0.0.1:1/hook")
    assert "webhook: " in blog.run("alerts", "test", code=1)


def test_without_a_channel_nobody_can_be_notified(blog: Blog) -> None:
    assert "set operator to your address" in blog.run("alerts", "test", code=2)


def test_what_is_wrong_is_listed(blog: Blog, key: EditionKey) -> None:

    assert "all is well" in blog.run("alerts")
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        alert = Alert("source blog", "no such folder", NOW, NOW)
        tx.readings.register_source(SourceId("blog"), NOW)
        tx.readings.refreshed(SourceId("blog"), clock(), alert.problem)
        tx.alerts.put(alert)
        tx.alerts.notify("webhook", NoticeKind.TROUBLE, alert, NOW)
    assert blog.listed("alerts") == [
        {
            "subject": "source blog",
            "problem": "no such folder",
            "since": NOW.isoformat(),
            "told_at": NOW.isoformat(),
            "well_since": None,
        }
    ]
    told = blog.run("alerts")
    assert "no such folder" in told
    assert "1 notices wait" in told
    assert "trouble: source blog: no such folder" in blog.run("status")


def test_what_is_over_is_no_longer_wrong_though_nobody_was_notified_of_that_yet(blog: Blog, key: EditionKey) -> None:
    with closing(open_store(f"sqlite:///{blog.home / 'var' / 'digest.db'}")) as store, store.write() as tx:
        tx.alerts.put(Alert("sending", "the store is fenced", NOW, NOW))
    told = blog.run("alerts")
    assert told.startswith("all is well\nover, to be reported after 1:00:00 without it: sending: the store is fenced")
    (over,) = blog.listed("alerts")
    assert over["well_since"]
    assert blog.run("status").startswith("All is well.")
    assert blog.listed("status")[0]["alerts"] == []
