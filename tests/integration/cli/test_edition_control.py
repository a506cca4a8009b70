"""What an operator decides about editions: approval, a note, what is left out, the order, holds, one more copy."""

from __future__ import annotations

import email
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from digest.app import opened
from digest.service.editions.making import make_due
from digest.settings import load

if TYPE_CHECKING:
    from tests.conftest import Article, Blog, Prepare

MONDAY = datetime(2026, 3, 16, 0, 1, tzinfo=UTC)  # a minute after the slot, eight in the morning in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def weekly(blog: Blog, article: type[Article], prepared: Prepare) -> Blog:
    """A blog with an old article, two people, and two new articles that no edition has announced."""

    def fill() -> None:
        add_setting(blog, 'approve = "6h"')
        with time_machine.travel(MONDAY - 4 * DAY, tick=False):
            blog.search("page.txt", article("旧的", (2026, 3, 1), ("旧的正文。",)))
            blog.refresh()
            for address in ("ada@example.org", "bob@example.org"):
                blog.run("subscribers", "add", address)
            blog.run("edition", "cut")  # tells of the backlog
            blog.run("edition", "send")
            for path in (blog.home / "mail" / "new").iterdir():
                path.unlink()
        with time_machine.travel(MONDAY - DAY, tick=False):
            read(blog, article, "甲", "乙")

    prepared(blog.home, fill)
    return blog


def add_setting(blog: Blog, line: str) -> None:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[mail]", f"{line}\n[mail]", 1), "utf-8")


def read(blog: Blog, article: type[Article], *titles: str) -> None:
    days = {title: (2026, 3, 10 + at) for at, title in enumerate("甲乙丙丁")}
    blog.search(
        "page.txt",
        *(article(one, days[one], (f"{one}的正文。",)) for one in titles),
        article("旧的", (2026, 3, 1), ("旧的正文。",)),
    )
    blog.refresh()


def tick(blog: Blog, moment: datetime, *, code: int = 0) -> None:
    """What the service does each minute: make what is due, and send it."""
    settings = load(blog.home / "digest.toml")
    with time_machine.travel(moment, tick=False):
        with opened(settings) as store:
            make_due(store, settings, moment)
        blog.run("edition", "send", code=code)


def told(blog: Blog) -> list[str]:
    """The texts of the mails that were sent."""
    paths = sorted((blog.home / "mail" / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return [text_of(path.read_bytes()) for path in paths]


def text_of(raw: bytes) -> str:
    part = next(part for part in email.message_from_bytes(raw).walk() if part.get_content_type() == "text/plain")
    return bytes(part.get_payload(decode=True) or b"").decode()


def at(blog: Blog, moment: datetime, *command: str, code: int = 0) -> str:
    with time_machine.travel(moment, tick=False):
        return blog.run(*command, code=code)


def test_an_edition_waits_for_approval_and_the_operator_learns_it(weekly: Blog) -> None:
    tick(weekly, MONDAY)
    assert told(weekly) == []
    plan = json.loads(at(weekly, MONDAY + HOUR, "edition", "plan", "--json"))
    assert plan["waits_until"] == "2026-03-16T06:01:00+00:00"
    assert [one["title"] for one in plan["entries"]] == ["乙", "甲"]
    status = at(weekly, MONDAY + HOUR, "status")
    assert "waits for your approval until 2026-03-16 06:01 UTC, then it is sent" in " ".join(status.split())
    tick(weekly, MONDAY + 2 * HOUR)
    assert told(weekly) == []

    assert "approved" in at(weekly, MONDAY + 2 * HOUR, "edition", "approve")
    at(weekly, MONDAY + 2 * HOUR, "edition", "send")
    assert len(told(weekly)) == 2
    assert "no edition waits" in at(weekly, MONDAY + 2 * HOUR, "edition", "approve", code=1)
    shown = at(weekly, MONDAY + 3 * HOUR, "edition", "show", "weekly/2026-W12")
    assert "by the schedule: it waits for approval until 2026-03-16 06:01 UTC" in shown
    assert "it was approved" in shown
    tick(weekly, MONDAY + 9 * HOUR)
    assert len(told(weekly)) == 2


def test_what_comes_while_an_edition_waits_is_in_the_next_one(weekly: Blog, article: type[Article]) -> None:
    tick(weekly, MONDAY)
    with time_machine.travel(MONDAY + HOUR, tick=False):
        read(weekly, article, "甲", "乙", "丙")
    why = at(weekly, MONDAY + HOUR, "explain", "丙")
    assert "the next edition waits for your approval, and this came later" in why
    at(weekly, MONDAY + 2 * HOUR, "edition", "approve")
    at(weekly, MONDAY + 2 * HOUR, "edition", "send")
    assert not any("丙" in words for words in told(weekly))
    at(weekly, MONDAY + DAY, "edition", "cut")
    at(weekly, MONDAY + DAY, "edition", "send")
    later = told(weekly)[2:]
    assert len(later) == 2
    assert all("丙" in words and "甲的正文" not in words for words in later)


@pytest.mark.parametrize(("unapproved", "mails"), [("send", 2), ("skip", 0)])
def test_a_deadline_decides_when_nobody_does(weekly: Blog, unapproved: str, mails: int) -> None:
    add_setting(weekly, f'unapproved = "{unapproved}"')
    tick(weekly, MONDAY)
    tick(weekly, MONDAY + 5 * HOUR)
    assert told(weekly) == []
    tick(weekly, MONDAY + 7 * HOUR)
    assert len(told(weekly)) == mails
    shown = at(weekly, MONDAY + 7 * HOUR, "edition", "show", "weekly/2026-W12")
    assert f"by the deadline: nobody decided in time, so it was {'sent' if mails else 'skipped'}" in shown
    assert "approval" not in at(weekly, MONDAY + 8 * HOUR, "status")


def test_the_entries_of_a_skipped_edition_are_in_the_next_one_which_covers_both_weeks(weekly: Blog) -> None:
    tick(weekly, MONDAY)
    assert "skipped" in at(weekly, MONDAY + HOUR, "edition", "skip")
    tick(weekly, MONDAY + 2 * DAY)
    assert told(weekly) == []
    tick(weekly, MONDAY + 7 * DAY)
    at(weekly, MONDAY + 7 * DAY, "edition", "approve")
    at(weekly, MONDAY + 7 * DAY, "edition", "send")
    assert len(told(weekly)) == 2
    assert [words.splitlines()[1] for words in told(weekly)] == ["2026年3月12日—22日"] * 2
    assert all("甲的正文" in words for words in told(weekly))


def test_nobody_is_asked_about_an_edition_without_news(blog: Blog) -> None:
    add_setting(blog, 'approve = "6h"')
    with time_machine.travel(MONDAY - DAY, tick=False):
        blog.run("subscribers", "add", "ada@example.org")
    tick(blog, MONDAY)
    assert json.loads(at(blog, MONDAY, "edition", "plan", "--json"))["waits_until"] is None


def test_a_note_stands_on_top_of_the_mail_and_of_the_page_without_any_harmful_markup(weekly: Blog) -> None:
    note = "# 好消息\n\n**本周**有两篇，**快乐！**见 [首页](https://blog.example.org/)。<script>alert(1)</script>"
    at(weekly, MONDAY, "edition", "note", note)
    tick(weekly, MONDAY)
    at(weekly, MONDAY, "edition", "approve")
    at(weekly, MONDAY, "edition", "send")
    raw = weekly.mails()[0]
    html = next(p for p in email.message_from_bytes(raw).walk() if p.get_content_type() == "text/html")
    page = bytes(html.get_payload(decode=True) or b"").decode()
    assert "<strong>本周</strong>" in page
    assert "<strong>快乐！</strong>见" in page
    assert 'href="https://blog.example.org/"' in page
    assert "<script" not in page
    assert page.index("好消息") < page.index("甲的正文")
    assert "**本周**有两篇" in text_of(raw)
    assert json.loads(at(weekly, MONDAY, "edition", "show", "weekly/2026-W12", "--json"))["note"] == note
    assert json.loads(at(weekly, MONDAY, "edition", "plan", "--json"))["note"] == ""  # it was for one edition


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        ("  ", "the note is empty"),
        ("字" * 4001, "at most 4,000"),
        ("[hier](ftp://example.org/a)", "the note links to ftp://example.org/a"),
        ("[hier](/relative)", "the note links to /relative"),
        ("![](https://example.org/a.png)", "a note cannot show pictures"),
    ],
)
def test_a_note_that_cannot_be_shown_is_refused_with_the_reason(weekly: Blog, note: str, problem: str) -> None:
    refused = at(weekly, MONDAY, "edition", "note", note, code=2)
    assert problem in " ".join(refused.split())


def test_an_entry_is_left_out_permanently_and_only_from_mails(weekly: Blog) -> None:
    at(weekly, MONDAY, "edition", "leave-out", "甲")
    tick(weekly, MONDAY)
    at(weekly, MONDAY, "edition", "approve")
    at(weekly, MONDAY, "edition", "send")
    assert all("乙的正文" in words and "甲的正文" not in words for words in told(weekly))
    assert "甲".encode() in weekly.feed()
    assert "you left it out of this digest" in at(weekly, MONDAY, "explain", "甲")
    assert "nothing new" in at(weekly, MONDAY + DAY, "edition", "cut")
    at(weekly, MONDAY + DAY, "edition", "leave-out", "甲", "--undo")
    at(weekly, MONDAY + DAY, "edition", "cut")
    at(weekly, MONDAY + DAY, "edition", "send")
    assert all("甲的正文" in words for words in told(weekly)[2:])
    assert len(told(weekly)) == 4


def test_an_entry_that_is_left_out_once_is_in_the_edition_after_and_reaches_nobody_twice(weekly: Blog) -> None:
    at(weekly, MONDAY, "edition", "leave-out", "--once", "甲")
    tick(weekly, MONDAY)
    at(weekly, MONDAY, "edition", "approve")
    at(weekly, MONDAY, "edition", "send")
    at(weekly, MONDAY + DAY, "edition", "cut")
    at(weekly, MONDAY + DAY, "edition", "send")
    texts = told(weekly)
    assert [sum("甲的正文" in words for words in texts), sum("乙的正文" in words for words in texts)] == [2, 2]


def test_entries_are_listed_in_the_order_that_the_operator_wants(weekly: Blog) -> None:
    at(weekly, MONDAY, "edition", "order", "甲")
    assert [one["title"] for one in json.loads(at(weekly, MONDAY, "edition", "plan", "--json"))["entries"]] == [
        "甲",
        "乙",
    ]
    at(weekly, MONDAY, "edition", "order", "--reset")
    assert [one["title"] for one in json.loads(at(weekly, MONDAY, "edition", "plan", "--json"))["entries"]] == [
        "乙",
        "甲",
    ]
    assert "no entry 'nowhere'" in at(weekly, MONDAY, "edition", "order", "nowhere", code=1)


def made(weekly: Blog) -> str:
    at(weekly, MONDAY, "edition", "cut")
    return "weekly/2026-W12"


def test_a_held_edition_sends_nothing_until_it_is_resumed(weekly: Blog) -> None:
    key = made(weekly)
    at(weekly, MONDAY, "edition", "hold", key)
    tick(weekly, MONDAY + HOUR)
    assert told(weekly) == []
    assert "held since 2026-03-16 00:01 UTC" in at(weekly, MONDAY + HOUR, "edition", "list")
    assert "you held the edition" in at(weekly, MONDAY + HOUR, "explain", "甲", "ada@example.org")
    assert "is held already" in at(weekly, MONDAY + HOUR, "edition", "hold", key, code=1)
    at(weekly, MONDAY + 2 * HOUR, "edition", "resume", key)
    tick(weekly, MONDAY + 2 * HOUR)
    assert len(told(weekly)) == 2
    assert "is not held" in at(weekly, MONDAY + 3 * HOUR, "edition", "resume", key, code=1)


def test_a_cancelled_edition_is_never_sent_and_the_next_one_catches_up(weekly: Blog, article: type[Article]) -> None:
    key = made(weekly)
    assert "mails that are not sent: 2" in at(weekly, MONDAY, "edition", "cancel", key, "--yes")
    tick(weekly, MONDAY + HOUR)
    assert told(weekly) == []
    assert "you cancelled the edition" in at(weekly, MONDAY + HOUR, "explain", "甲", "ada@example.org")
    with time_machine.travel(MONDAY + DAY, tick=False):
        read(weekly, article, "甲", "乙", "丙")
    at(weekly, MONDAY + DAY, "edition", "cut")
    at(weekly, MONDAY + DAY, "edition", "send")
    assert len(told(weekly)) == 2
    assert all(all(one in words for one in ("甲的正文", "乙的正文", "丙的正文")) for words in told(weekly))
    assert "every row satisfies them" in at(weekly, MONDAY + DAY, "check", "--deep")


def test_one_more_copy_goes_to_one_person_with_the_same_text(weekly: Blog) -> None:
    key = made(weekly)
    assert "is still to be sent" in at(weekly, MONDAY, "edition", "resend", key, "ada@example.org", code=1)
    at(weekly, MONDAY, "edition", "send")
    first = {email.message_from_bytes(raw)["To"]: raw for raw in weekly.mails()}
    at(weekly, MONDAY + HOUR, "edition", "resend", key, "ada@example.org")
    (copy,) = [raw for raw in weekly.mails() if raw not in first.values()]
    sent, again = email.message_from_bytes(first["ada@example.org"]), email.message_from_bytes(copy)
    assert (again["To"], again["Subject"]) == (sent["To"], sent["Subject"])
    assert again["Message-ID"] != sent["Message-ID"]
    assert text_of(copy) == text_of(first["ada@example.org"])
    shown = at(weekly, MONDAY + HOUR, "edition", "show", key)
    assert "one more copy to subscriber 1: it was sent" in shown
    at(weekly, MONDAY + HOUR, "subscribers", "leave", "ada@example.org")
    assert "gets no mail of weekly" in at(weekly, MONDAY + HOUR, "edition", "resend", key, "ada@example.org", code=1)
    at(weekly, MONDAY + HOUR, "subscribers", "add", "cleo@example.org")
    at(weekly, MONDAY + HOUR, "subscribers", "add", "ada@example.org")
    assert "had no mail of" in at(
        weekly, MONDAY + HOUR, "edition", "resend", "weekly/2026-W11", "cleo@example.org", code=1
    )


def test_a_mail_to_one_more_person_says_nothing_of_an_entry_that_was_removed_since(weekly: Blog) -> None:
    key = made(weekly)
    at(weekly, MONDAY, "edition", "send")
    before = set(weekly.mails())
    entry = next(one for one in weekly.listed("entries", "list") if one["title"] == "甲")
    at(weekly, MONDAY + HOUR, "entries", "remove", entry["id"])
    at(weekly, MONDAY + HOUR, "edition", "resend", key, "ada@example.org")
    at(weekly, MONDAY + HOUR, "subscribers", "add", "cleo@example.org")
    at(weekly, MONDAY + HOUR, "edition", "send")
    copies = [text_of(raw) for raw in set(weekly.mails()) - before]
    assert len(copies) == 2
    assert all("甲" not in words and "乙的正文" in words for words in copies)


def test_nothing_is_sent_if_everything_was_removed_while_an_edition_waited(weekly: Blog) -> None:
    tick(weekly, MONDAY)
    for entry in json.loads(at(weekly, MONDAY, "edition", "plan", "--json"))["entries"]:
        at(weekly, MONDAY + HOUR, "entries", "remove", entry["id"])
    assert "nothing to announce any more" in at(weekly, MONDAY + HOUR, "edition", "approve")
    tick(weekly, MONDAY + 9 * HOUR)
    assert told(weekly) == []
    assert "every row satisfies them" in at(weekly, MONDAY + 9 * HOUR, "check", "--deep")


def test_a_simulation_asks_nobody_for_approval(weekly: Blog) -> None:
    out = at(weekly, MONDAY + DAY, "simulate", "--from", "2026-03-12", "--to", "2026-03-17", "-o", f"{weekly.home}/sim")
    assert "weekly/2026-W12" in out
