"""`digest simulate`: history under a fake clock gives the same announcements; nothing is sent or changed."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from digest.app import opened
from digest.mail.tokens import read_leave_token, read_preferences_token
from digest.model import Section
from digest.service.editions.making import make_due
from digest.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store.transaction import Store
    from tests.conftest import Article, Blog, Prepare

READER = "ada.lovelace@readers.example.net"
SLOT = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
END = SLOT + 3 * WEEK
WINDOW = ("--from", (SLOT - 5 * DAY).isoformat(), "--to", END.isoformat())
TEXT = "第{}篇的正文,长到可以认出它来,和别的文章没有一句相同的话。它说的是$\\sum_{{i=1}}^n x_i$,编号{}。"


def opened_store(blog: Blog) -> Any:
    return opened(load(blog.home / "digest.toml"))


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


@pytest.fixture
def grown(blog: Blog, article: type[Article], prepared: Prepare) -> Blog:
    """A blog that grew over three weeks, was read each time, and whose editions were made when they were due."""

    def fill() -> None:
        config = blog.home / "digest.toml"
        more = '[[sources]]\nid = "mirror"\ntitle = "镜"\npath = "mirror"\nlink = ""\nbacklog = 0\n[[digests]]'
        text = config.read_text("utf-8").replace("[[digests]]", f"backlog = 2\n{more}")
        config.write_text(f'{text}\n[[topics]]\nid = "even"\ntitle = "偶数"\nwords = ["编号2", "编号4"]\n', "utf-8")
        (blog.home / "mirror").mkdir()

        def of(number: int, title: str = "", readers: int = 100) -> Article:
            said = TEXT.format(number, number)
            return article(title or f"文章{number}", (2026, 10, number), (said,), readers + number)

        def read(moment: datetime, *articles: Article) -> None:
            with at(moment):
                blog.search("a.txt", *articles)
                blog.refresh(
                    code=0 if any((blog.home / "mirror").iterdir()) else 1
                )  # a source without a dump has failed

        def make(moment: datetime) -> None:
            with at(moment), opened_store(blog) as store:
                make_due(store, load(config), moment)

        with at(SLOT - 5 * DAY):
            blog.run("subscribers", "add", READER)
        read(SLOT - 5 * DAY, of(3), of(2), of(1))
        read(SLOT - DAY, of(4), of(3), of(2), of(1))
        make(SLOT + HOUR / 100)
        read(SLOT + HOUR, of(5), of(4), of(3), of(2), of(1))
        (blog.home / "mirror" / "b.txt").write_text(of(2).byline() + of(9).byline() + "最近评论\n", "utf-8")
        read(SLOT + 2 * DAY, of(5), of(4, "文章4修订", 900), of(3), of(2), of(1))
        make(SLOT + WEEK + HOUR / 100)
        make(SLOT + 2 * WEEK + HOUR / 100)
        read(SLOT + 2 * WEEK + DAY, of(6), of(5), of(4, "文章4修订", 950), of(3), of(2), of(1))
        with at(SLOT + 2 * WEEK + 2 * DAY):
            blog.run("entry", "remove", blog.entries()["文章1"]["id"])
        make(SLOT + 3 * WEEK + HOUR / 100)

    prepared(blog.home, fill)
    return blog


def simulated(blog: Blog, folder: str, *arguments: str) -> dict[str, Any]:
    blog.run("simulate", *(arguments or WINDOW), "-o", str(blog.home / folder))
    report: dict[str, Any] = json.loads((blog.home / folder / "report.json").read_text("utf-8"))
    return report


def told(report: dict[str, Any]) -> dict[str, list[tuple[str, str, int, int | None]]]:
    return {
        edition["edition"]: [(one["section"], one["id"], one["revision"], one["gained"]) for one in edition["entries"]]
        for edition in report["editions"]
    }


def ledger(store: Store) -> dict[str, list[tuple[str, str, int, int | None]]]:
    with store.read() as tx:
        return {
            made.edition.key: [
                (str(one.section), one.entry.id, one.entry.revision, one.gained)
                for one in tx.editions.selected(made.edition.key)
            ]
            for made in reversed(tx.editions.editions())
        }


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fingerprint(folder: Path) -> str:
    return hashlib.sha256(repr(sorted(files(folder).items())).encode()).hexdigest()


def test_the_same_configuration_announces_the_same_in_the_same_editions(grown: Blog) -> None:
    with opened_store(grown) as store:
        real = ledger(store)
    assert [len(entries) for entries in real.values()] == [3, 3, 0, 2]
    assert {section for entries in real.values() for section, *_ in entries} == {"new", "most_read", "corrected"}

    report = simulated(grown, "whole", "--from", (SLOT - 5 * DAY).isoformat(), "--to", (END + HOUR).isoformat())
    assert told(report) == real
    assert [edition["empty"] for edition in report["editions"]] == [not entries for entries in real.values()]


def test_what_was_announced_before_the_start_is_not_announced_again(grown: Blog) -> None:
    with opened_store(grown) as store:
        real = ledger(store)
    report = simulated(grown, "later", "--from", (SLOT + 3 * DAY).isoformat(), "--to", (END + HOUR).isoformat())
    assert told(report) == {key: real[key] for key in list(real)[1:]}  # what was seen since the slot before is new


def test_another_schedule_announces_all_of_it_day_by_day(grown: Blog) -> None:
    with opened_store(grown) as store:
        real = ledger(store)
        with store.read() as tx:
            seen = {entry.id: entry.first_seen_at for entry in tx.entries.newest()}
    config = grown.home / "digest.toml"
    daily = 'id = "daily"\nschedule = "daily 08:00"'
    config.write_text(config.read_text("utf-8").replace('id = "weekly"', daily), "utf-8")

    report = simulated(grown, "daily", *WINDOW)
    made = report["editions"]
    assert [edition["slot_at"] for edition in made] == [
        (SLOT + (day - 5) * DAY).isoformat() for day in range(5 + 3 * 7)
    ]
    assert made[0]["edition"] == "daily/2026-10-28"
    news = [(edition, one) for edition in made for one in edition["entries"] if one["section"] == Section.NEW]
    weekly = {entry for entries in real.values() for section, entry, *_ in entries if section == "new"}
    assert sorted(one["id"] for _, one in news) == sorted(weekly)
    for edition, one in news:
        if one["id"] in seen:
            assert timedelta() <= datetime.fromisoformat(edition["slot_at"]) - seen[one["id"]] < DAY
    with opened_store(grown) as store, store.read() as tx:
        assert {made.edition.digest for made in tx.editions.editions()} == {"weekly"}


def test_each_mail_is_one_that_would_be_sent(grown: Blog) -> None:
    report = simulated(grown, "out")
    first = report["editions"][0]
    folder = grown.home / "out"
    assert [name.rpartition("/")[2] for name in first["mails"]] == [
        "zh_CN-both.eml",
        "zh_CN-text.eml",
        "en-both.eml",
        "en-text.eml",
    ]
    mail = email.message_from_bytes((folder / first["mails"][0]).read_bytes(), policy=email.policy.default)
    assert mail["To"] == "zh_CN-both@simulated.invalid"
    assert mail["Date"].datetime == SLOT
    body = mail.get_body(("html",))
    assert body is not None
    assert "文章4" in body.get_content()
    assert [len(edition["mails"]) for edition in report["editions"]] == [4, 4, 0]  # an empty one is mailed to nobody


def test_a_feed_is_as_it_was_when_the_edition_was_made(grown: Blog) -> None:
    report = simulated(grown, "out")
    folder = grown.home / "out"
    first = (folder / report["editions"][0]["feed"]).read_text("utf-8")
    assert report["editions"][0]["feed"] == "feeds/20261102T000000Z.atom"
    assert "文章4" in first
    assert "文章5" not in first
    assert grown.feed() == (folder / "feeds/final.atom").read_bytes()  # at the end it is the present one
    assert {
        f"feeds/{path}final.{kind}" for path in ("", "sources/blog/", "topics/even/") for kind in ("rss", "json")
    } < (set(report["feeds"]))
    assert "文章2" in (folder / "feeds/sources/mirror/final.json").read_text("utf-8")


def test_two_runs_give_equal_bytes(grown: Blog) -> None:
    config = str(grown.home / "digest.toml")
    for name, seed in (("one", "1"), ("two", "2")):
        command = [
            sys.executable,
            "-m",
            "digest",
            "simulate",
            *WINDOW,
            "-o",
            str(grown.home / name),
            "--config",
            config,
        ]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True)
    assert fingerprint(grown.home / "one") == fingerprint(grown.home / "two")
    with at(END + 400 * DAY):
        simulated(grown, "two")  # in another year, over what an earlier run wrote
    assert fingerprint(grown.home / "one") == fingerprint(grown.home / "two")


def test_the_state_is_untouched_and_nothing_is_sent(grown: Blog) -> None:
    config = grown.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('id = "weekly"', 'id = "other"'), "utf-8")
    database = grown.home / "var" / "digest.db"

    def state() -> tuple[bytes, list[str]]:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        dump = list(connection.iterdump())
        connection.close()
        return database.read_bytes(), dump

    before, mails = state(), grown.mails()
    simulated(grown, "out")
    assert state() == before
    assert grown.mails() == mails


def test_no_reader_and_no_link_that_works_stands_in_the_files(grown: Blog) -> None:
    with opened_store(grown) as store:
        secret = store.secret()
        with store.read() as tx:
            record = tx.subscribers.find(READER)
    assert record is not None
    assert record.deliveries
    simulated(grown, "out")
    tokens = set()
    for name, raw in files(grown.home / "out").items():
        texts = [raw.decode()]
        if name.endswith(".eml"):
            parts = email.message_from_bytes(raw, policy=email.policy.default).walk()
            texts += [part.get_content() for part in parts if part.get_content_maintype() == "text"]
        for text in texts:
            assert "lovelace" not in text.lower()
            assert READER.partition("@")[2] not in text
            tokens |= set(re.findall(r"/(?:leave|preferences)/([^\s\"<>)]+)", text))
    assert len(tokens) > 4
    for token in tokens:
        assert read_leave_token(secret, token) is None
        assert read_preferences_token(secret, token) is None


def test_a_folder_of_somebody_else_is_refused(grown: Blog) -> None:
    folder = grown.home / "letters"
    folder.mkdir()
    (folder / "report.txt").write_text("mine", "utf-8")
    said = grown.run("simulate", *WINDOW, "-o", str(folder), code=1)
    assert "is not empty: report.txt" in said
    assert files(folder) == {"report.txt": b"mine"}
    simulated(grown, "out")
    (grown.home / "out" / "notes.txt").write_text("mine", "utf-8")
    assert "is not empty: notes.txt" in grown.run("simulate", *WINDOW, "-o", str(grown.home / "out"), code=1)


def test_wrong_arguments_are_reported_plainly(grown: Blog, tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        return " ".join(
            grown.run("simulate", *arguments, "-o", str(tmp_path / "out"), code=2).replace("│", " ").split()
        )

    assert "neither a day" in said("--from", "yesterday", "--to", "2026-11-20")
    assert "is not after" in said("--from", "2026-11-20", "--to", "2026-11-19")
    assert not (tmp_path / "out").exists()


def test_without_a_state_there_is_none_afterwards(blog: Blog) -> None:
    assert "there is no state yet" in blog.run("simulate", *WINDOW, "-o", str(blog.home / "out"), code=1)
    assert not (blog.home / "var").exists()
    assert not (blog.home / "out").exists()


def test_a_day_begins_and_ends_in_the_zone_of_the_digest(grown: Blog) -> None:
    report = simulated(grown, "out", "--from", "2026-11-02", "--to", "2026-11-02")
    assert (report["from"], report["to"]) == ("2026-11-01T16:00:00+00:00", "2026-11-02T16:00:00+00:00")
    assert list(told(report)) == ["weekly/2026-W45"]
    printed = grown.listed("simulate", "--from", "2026-11-02", "--to", "2026-11-02", "-o", str(grown.home / "out"))
    assert printed == report["editions"]


def test_many_entries_of_before_are_known_and_only_their_corrections_are_announced(
    blog: Blog, article: type[Article]
) -> None:
    config = blog.home / "digest.toml"
    text = config.read_text("utf-8").replace("[[digests]]", "backlog = 1000\n[[digests]]")
    config.write_text(text.replace('id = "weekly"', 'id = "weekly"\nfirst = "now"'), "utf-8")
    old = [article(f"旧文{n}号", (2025, 1, 1 + n % 28), (TEXT.format(n, n),)) for n in range(520)]
    corrected = article(old[7].title, old[7].date, (TEXT.format(7, "更正过的"),))
    for moment, shown in (
        (SLOT - 30 * DAY, old),
        (SLOT - 29 * DAY, [article("近文", (2026, 10, 1), ("说的是别的事。",)), *old]),
        (SLOT - HOUR, [article("新文", (2026, 11, 1), ("说的是今天的事。",)), *old[:7], corrected, *old[8:]]),
    ):
        with at(moment):
            blog.search("a.txt", *shown)
            blog.refresh()
    report = simulated(blog, "out", "--from", "2026-11-02", "--to", "2026-11-03")
    (edition,) = report["editions"]
    assert [(one["section"], one["title"]) for one in edition["entries"]] == [
        ("new", "新文"),
        ("corrected", old[7].title),
    ]
    whole = simulated(blog, "out", "--from", "2026-10-01", "--to", "2026-10-04")["editions"]
    assert [(made["slot_at"], len(made["entries"])) for made in whole] == [(None, 520)]  # `first` announces it at once
