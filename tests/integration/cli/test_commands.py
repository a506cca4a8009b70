"""Commands that show, that manage people and editions, and that help a newcomer."""

from __future__ import annotations

import csv
import email
import email.policy
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import typer.main

from digest.cli.commands import application
from tests.conftest import ROOT
from tests.integration.cli.conftest import printed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Article, Blog


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    """A blog with three entries and one subscriber."""
    blog.search(
        "page.txt",
        article("第一篇", (2026, 1, 5), ("第一篇的正文,说的是一件小事。", "第二段,含有公式$a^2+b^2=c^2$。"), 10),
        article("第二篇", (2026, 1, 9), (), 20),
        article("第三篇(一)", (2026, 2, 1), ("第三篇的正文,和前两篇都不同。",), 30),
    )
    blog.refresh()
    blog.run("subscribers", "add", "Ada@Example.org", "--name", "Ada", "--language", "en")
    return blog


def test_parse_prints_one_object_a_sighting_and_needs_no_configuration(
    tmp_path: Path, article: type[Article], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(article("甲", (2026, 3, 4), ("一段。", "图", "图")).dateblock(), "utf-8")
    (tmp_path / "empty.txt").write_text("", "utf-8")

    out, err = printed(capfd, "parse", "--json", "a.txt", "empty.txt", "nowhere.txt", code=1)

    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "dump": "a.txt",
            "position": 0,
            "layout": "dateblock",
            "title": "甲",
            "author": None,
            "date": {"year": None, "month": 3, "day": 4},
            "readers": None,
            "paragraphs": ["一段。", "图"],
            "figures": ["图"],
            "complete": True,
        }
    ]
    assert "empty.txt: is empty" in err
    assert "nowhere.txt: there is no such file" in err
    assert not (tmp_path / "var").exists()
    assert "甲" in printed(capfd, "parse", "a.txt")[0]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_plain_parse_prints_what_typer_makes_it_print(
    options: list[str],
    tmp_path: Path,
    article: type[Article],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(article("甲", (2026, 3, 4), ("一段。", "图", "图")).dateblock(), "utf-8")
    (tmp_path / "empty.txt").write_text("", "utf-8")
    paths = ["a.txt", "empty.txt", "nowhere.txt"]

    by_typer = printed(capfd, "parse", *options, "--", *paths, code=1)

    assert printed(capfd, "parse", *paths, *options, code=1) == by_typer
    assert "甲" in by_typer[0]
    assert "{PATH}..." in printed(capfd, "parse", "--help")[0]
    assert "{PATH}..." in printed(capfd, "parse", *options, code=2)[1]


def test_a_plain_parse_imports_neither_typer_nor_pydantic(tmp_path: Path, article: type[Article]) -> None:
    dump = tmp_path / "a.txt"
    dump.write_text(article("甲", (2026, 3, 4), ("一段。",)).dateblock(), "utf-8")

    imported = packages_imported("parse", "--json", str(dump))

    assert "digest" in imported
    assert not imported & {"typer", "click", "pydantic", "sqlalchemy", "rich", "asyncio", "structlog"}


def test_a_command_that_only_lists_does_not_wait_for_pydantic() -> None:
    imported = packages_imported("--version")

    assert {"digest", "typer"} <= imported
    assert not imported & {"pydantic", "sqlalchemy", "structlog"}


def packages_imported(*arguments: str) -> set[str]:
    """The top-level packages that a command imports."""
    command = [sys.executable, "-X", "importtime", "-m", "digest", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}


def test_a_service_imports_what_its_first_answers_need(told: Blog) -> None:
    config = str(told.home / "digest.toml")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        setting = {"DIGEST_WEB_LISTEN": f"127.0.0.1:{taken.getsockname()[1]}"}
        plain, typed = (
            subprocess.run(
                [sys.executable, "-X", "importtime", "-m", "digest", "run", *options, "--config", config],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | setting,
            )
            for options in ((), ("--role", "all"))
        )

    assert (plain.returncode, plain.stderr.splitlines()[-1]) == (typed.returncode, typed.stderr.splitlines()[-1])
    assert "DIGEST_WEB_LISTEN" in plain.stderr
    modules = {line.rpartition("|")[2].strip() for line in plain.stderr.splitlines()}
    assert {"sqlalchemy", "feedgen", "digest.web.application"} <= modules
    later = {"typer", "rich.console", "jinja2", "apscheduler", "rapidfuzz", "aiosmtplib", "flufl.bounce"}
    never = {"sqlalchemy.dialects.postgresql"}
    later |= {
        "digest.service.intake.refresh",
        "digest.service.editions.making",
        "digest.service.bounces.suppressing",
        "digest.service.mailing.drain.pacing",
    }
    assert modules & (later | never) == set()


def test_entries_are_listed_newest_first_and_shown_whole(told: Blog) -> None:
    listed = told.listed("entries", "list")

    assert [entry["title"] for entry in listed] == ["第三篇(一)", "第二篇", "第一篇"]
    assert listed[2] | {"id": "", "first_seen_at": "", "updated": ""} == {
        "id": "",
        "title": "第一篇",
        "author": "山客",
        "date": {"year": 2026, "month": 1, "day": 5, "kind": "exact"},
        "readers": 10,
        "counts": {"readers": 10},
        "tags": [],
        "link": None,
        "fields": {},
        "kinds": [],
        "links": [],
        "sources": ["blog"],
        "first_seen_at": "",
        "updated": "",
        "revisions": 1,
    }
    (shown,) = told.listed("entries", "show", listed[2]["id"])
    assert shown["paragraphs"][1] == "第二段,含有公式$a^2+b^2=c^2$。"
    assert shown["atom_id"].startswith("tag:digest.example.org,2026:entry/")
    assert "第二段" in told.run("entries", "show", listed[2]["id"])
    assert "第一篇" in told.run("entries", "list")
    assert "entries list" in told.run("entries", "show", "nothing", code=1)
    assert "nowhere" in told.run("entries", "list", "--source", "nowhere", code=1)


def test_the_feed_is_printed_as_it_is_written(told: Blog) -> None:
    assert told.run("feed").encode() == told.feed()
    assert b"sources/blog/feed.atom" in told.run("feed", "--source", "blog").encode()
    assert "atom" in told.run("feed", "--format", "gopher", code=2)
    assert "nowhere" in told.run("feed", "--source", "nowhere", code=1)


def test_an_edition_is_previewed_cut_sent_and_shown(told: Blog) -> None:
    html, text = told.home / "preview.html", told.home / "preview.txt"
    told.run("edition", "preview", "-o", str(html))
    told.run("edition", "preview", "--format", "text", "--language", "en", "-o", str(text))
    assert "第三篇（一）" in html.read_text("utf-8")
    assert "20" not in text.read_text("utf-8").split("第二篇")[0].split("== New ==")[0].split("\n")[0]
    assert told.listed("edition", "list") == []

    (made,) = told.listed("edition", "cut")
    assert made["deliveries"]["planned"] == 1
    assert json.loads(told.run("edition", "send", made["key"], "--json"))["accepted"] == 1
    assert told.run("edition", "send").strip() == "nothing is planned"
    (shown,) = told.listed("edition", "show", made["key"])
    assert [e["title"] for e in shown["entries"]] == ["第三篇(一)", "第二篇", "第一篇"]
    assert shown["recipients"][0] | {"text": ""} == {
        "address": "Ada@example.org",
        "state": "accepted",
        "attempts": 1,
        "next_at": None,
        "code": None,
        "text": "",
        "uncertain": 0,
    }
    assert made["key"] in told.run("edition", "list")
    assert "第二篇" in told.run("edition", "show", made["key"])
    assert "nothing new" in told.run("edition", "preview")
    assert "weekly/1999-W01" in told.run("edition", "show", "weekly/1999-W01", code=1)
    assert "weekly/1999-W01" in told.run("edition", "send", "weekly/1999-W01", code=1)
    assert "monthly" in told.run("edition", "cut", "monthly", code=1)


def test_a_mail_is_one_that_programs_understand(told: Blog) -> None:
    told.run("edition", "cut")
    told.run("edition", "send")

    (raw,) = told.mails()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["To"] == "Ada <Ada@example.org>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.search(rb"^List-Unsubscribe: <https://digest\.example\.org/leave/[\w-]+>$", raw, re.MULTILINE)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"].endswith("<weekly.example.org>")
    parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
    assert list(parts) == ["text/plain", "text/html"]
    for words in parts.values():
        assert "第三篇（一）" in words
        assert "Ada@example.org" in words
        assert "https://digest.example.org/leave/" in words
        assert "\ue0f0" not in words


def test_people_are_added_imported_exported_and_erased(told: Blog) -> None:
    assert "subscribed already" in told.run("subscribers", "add", "ada@example.org", code=1)
    assert "not a mail address" in told.run("subscribers", "add", "nobody", code=1)
    file = told.home / "people.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            [
                ["address", "name", "format"],
                ["ADA@example.org", "", ""],
                ["bob@example.net", "鲍勃", "text"],
                ["bad", "", ""],
            ]
        )
    assert "line 4" in told.run("subscribers", "import", str(file), code=1)
    assert [p["address"] for p in told.listed("subscribers", "list")] == ["Ada@example.org", "bob@example.net"]
    (bob,) = told.listed("subscribers", "show", "BOB@example.net")
    assert (bob["name"], bob["format"], bob["consents"][0]["act"]) == ("鲍勃", "text", "joined")
    assert "operator" in bob["consents"][0]["source"]
    assert "鲍勃" in told.run("subscribers", "list")
    assert "鲍勃" in told.run("subscribers", "show", "bob@example.net")
    told.run("subscribers", "export", "-o", str(told.home / "all.jsonl"))
    assert len((told.home / "all.jsonl").read_text("utf-8").splitlines()) == 2
    assert json.loads(told.run("subscribers", "export", "bob@example.net"))["address"] == "bob@example.net"

    told.run("subscribers", "erase", "bob@example.net", "--yes")
    assert "b***@e***.net" in told.run("subscribers", "show", "bob@example.net", code=1)
    told.run("subscribers", "import", str(file), code=1)
    assert [p["address"] for p in told.listed("subscribers", "list")] == ["Ada@example.org"]
    file.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in told.run("subscribers", "import", str(file), code=1)


def test_status_says_what_is_there(told: Blog) -> None:
    (state,) = told.listed("status")

    assert state["sources"][0] | {"refreshed_at": "", "next_at": "", "changed_at": ""} == {
        "source": "blog",
        "refreshed_at": "",
        "next_at": "",
        "changed_at": "",
        "settled": True,
        "problem": None,
        "entries": 3,
        "dumps": 1,
        "troubled": [],
        "notes": [],
    }
    assert state["paused"] is None
    (digest,) = state["digests"]
    assert (digest["subscribers"], digest["editions"], digest["newest"]) == (1, 0, None)
    due, now = datetime.fromisoformat(digest["next_at"]), datetime.now(UTC)
    assert now - timedelta(minutes=5) < due <= now + timedelta(days=7)
    local = due.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.weekday(), local.hour, local.minute, local.second) == (0, 8, 0, 0)
    (made,) = told.listed("edition", "cut")
    (digest,) = told.listed("status")[0]["digests"]
    assert (digest["editions"], digest["newest"]) == (1, made["key"])
    told.write("page.txt", "")
    told.refresh(code=1)
    assert "digest source approve" in told.run("status")
    assert "nothing" not in told.run("source", "discard", "blog", "page.txt")
    assert "held dump" in told.run("source", "discard", "blog", code=1)


def test_status_counts_mails_and_dead_letters_and_names_the_last_backup(told: Blog, article: type[Article]) -> None:
    (before,) = told.listed("status")
    assert not any(before["deliveries"].values())
    assert (before["dead_letters"], before["backed_up_at"]) == (0, None)
    told.search("more.txt", article("又一篇", (2026, 2, 3), ("又一篇的正文,说的是别的事。",)))
    told.refresh()
    told.run("subscribers", "add", "bob@example.org")
    told.run("edition", "cut")
    assert told.listed("status")[0]["deliveries"]["planned"] == 2
    with sqlite3.connect(told.home / "var" / "digest.db") as connection:
        connection.execute("UPDATE deliveries SET state = 'failed', next_at = NULL WHERE subscriber_id = 2")
    connection.close()
    told.run("edition", "send")
    told.run("backup", str(told.home / "copy"))

    (state,) = told.listed("status")
    assert {name: count for name, count in state["deliveries"].items() if count} == {"accepted": 1, "failed": 1}
    assert state["dead_letters"] == 1
    said = told.run("status")
    backed_up = f"last backup: {datetime.fromisoformat(state['backed_up_at']).astimezone():%H:%M}"
    for words in ("1 accepted", "1 failed", "dead letters: 1;", backed_up):
        assert words in said, said


def test_init_writes_what_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)

    assert "digest init" in printed(capfd, "refresh", code=2)[1]
    printed(capfd, "init", "--operator", "me@example.org")
    shutil.copyfile(ROOT / "config" / "demo" / "samples" / "index.txt", tmp_path / "config" / "dumps" / "a.txt")
    out, _ = printed(capfd, "check", "--json")
    assert all(json.loads(line)["ok"] for line in out.splitlines())
    assert json.loads(printed(capfd, "refresh", "--json")[0])["added"] == 4
    assert (tmp_path / "config" / "var" / "digest.db").is_file()


def test_check_names_each_fault_with_its_remedy(blog: Blog) -> None:
    faults = blog.run("check")
    assert "warn  source blog" in faults
    assert "contains no dump" in faults

    (blog.home / "dumps" / "a.txt").write_bytes(b"\x00\x01\x02\x03" * 100)
    assert "binary" in blog.run("check", "--strict", code=1)
    config = blog.home / "digest.toml"
    config.write_text(
        config.read_text("utf-8").replace('path = "mail"', 'transport = "smtp"\nhost = "127.0.0.1"\nport = 1')
    )
    assert "warn  mail: connect" in blog.run("check")
    config.write_text('colour = "red"', "utf-8")
    assert "digest.toml:1: colour: there is no such setting" in blog.run("check", code=2)


def test_a_template_of_the_user_replaces_its_namesake(told: Blog) -> None:
    (told.home / "own" / "mail" / "weekly").mkdir(parents=True)
    (told.home / "own" / "mail" / "weekly" / "subject.txt").write_text("Mine: {{ new[0].title }}", "utf-8")
    config = told.home / "digest.toml"
    config.write_text('templates = "own"\n' + config.read_text("utf-8"), "utf-8")

    assert "1 replaced by" in told.run("check")
    told.run("edition", "cut")
    told.run("edition", "send")
    mail = email.message_from_bytes(told.mails()[0], policy=email.policy.default)
    assert mail["Subject"] == "Mine: 第三篇（一）"

    (told.home / "own" / "mail" / "weekly" / "subject.txt").write_text("{% if %}", "utf-8")
    assert "subject.txt:1" in told.run("check", code=1)


def test_the_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"digest \d+\.\d+\.\d+\n", printed(capfd, "--version")[0])


def test_an_entry_is_taken_back_and_published_again(told: Blog) -> None:
    entry = told.entries()["第二篇"]["id"]

    assert f"digest entries restore {entry}" in told.run("entry", "remove", entry)
    assert "第二篇" not in told.entries()
    assert b"deleted-entry" in told.feed()
    assert told.refresh()["added"] == 0
    assert "第二篇" not in told.entries()
    assert "digest entries list" in told.run("entries", "remove", entry, code=1)

    told.run("entry", "restore", entry)
    assert "第二篇" in told.entries()
    assert b"deleted-entry" not in told.feed()
    assert "no removed entry" in told.run("entry", "restore", entry, code=1)


@pytest.mark.parametrize(("kind", "begins"), [("atom", "<?xml"), ("rss", "<?xml"), ("json", '{"version"')])
def test_a_feed_is_printed_in_each_format_of_each_kind(told: Blog, kind: str, begins: str) -> None:
    for which in ([], ["--source", "blog"]):
        printed_feed = told.run("feed", "--format", kind, *which)
        assert printed_feed.startswith(begins)
        assert "第一篇" in printed_feed


def test_a_feed_that_is_not_there_is_named(told: Blog) -> None:
    assert "json" in told.run("feed", "--format", "rdf", code=2)
    assert "no topic 'none'" in told.run("feed", "--topic", "none", code=1)
    assert "no page of a feed 'archive/1'" in told.run("feed", "--archive", "1", code=1)
    assert "--topic" in told.run("feed", "--topic", "a", "--source", "blog", code=2)


def test_check_distinguishes_what_stops_the_service_from_what_a_person_should_know(
    blog: Blog, article: type[Article]
) -> None:
    blog.search("a.txt", article("甲"))
    config = blog.home / "digest.toml"
    config.write_text('operator = "me@example.org"\n' + config.read_text("utf-8"), "utf-8")
    assert {one["level"] for one in blog.listed("check")} == {"ok"}
    blog.run("check", "--strict")

    blog.write("b.txt", "")
    blog.write("c.txt", "no entry in here")
    told = [one for one in blog.listed("check") if not one["ok"]]
    assert [(one["part"], one["level"]) for one in told] == [("source blog", "warning")] * 2
    assert ["b.txt" in told[0]["says"], "c.txt" in told[1]["says"]] == [True, True]
    assert "digest: 2 warnings" in blog.run("check", "--strict", code=1)

    config.write_text(config.read_text("utf-8") + '[dkim]\nkey_file = "gone.pem"\n', "utf-8")
    said = blog.run("check", code=1)
    assert "FAIL  dkim: " in said
    assert "digest: 1 error stops the service, 2 warnings" in said


def test_check_reads_all_dumps_of_a_source_or_says_how_many(
    blog: Blog, article: type[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        blog.search(f"{number}.txt", article(f"第{number}篇", body=(f"第{number}篇的正文。",)))
    assert "ok    source blog: 5 dumps, 5 entries\n" in blog.run("check")
    monkeypatch.setattr("digest.checks._MOST_DUMPS", 3)
    assert "5 dumps, 3 entries in the first 3 (`digest check --deep` reads all)" in blog.run("check")
    assert "ok    source blog: 5 dumps, 5 entries\n" in blog.run("check", "--deep")


def test_check_speaks_of_no_other_installations_samples(blog: Blog, article: type[Article]) -> None:
    blog.search("a.txt", article("甲"))
    said = blog.run("check")
    assert not re.search(r"^\S+ +samples|sightings|纸上山河", said, re.MULTILINE)


def test_a_deep_check_makes_no_store_and_reports_a_wrong_one_once(blog: Blog) -> None:
    assert "ok    store: will be created" in blog.run("check", "--deep")
    assert not (blog.home / "var").exists()
    (blog.home / "var").mkdir()
    (blog.home / "var" / "digest.db").write_text("no database", "utf-8")
    told = blog.run("check", "--deep", "--json", code=1)
    assert told.count("is not a database") == 1


def names(command: str | None) -> set[str]:
    return set(typer.main.get_command(application(command)).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", sorted(names(None)))
def test_a_command_is_found_without_the_modules_of_the_others(command: str) -> None:
    assert command in names(command)
    assert len(names(command)) < len(names(None)) / 2


def test_the_help_and_an_unknown_command_know_all_commands() -> None:
    assert names(None) == names("--help") == names("stauts")


def test_a_command_imports_no_module_of_another_command() -> None:
    imported = "import sys; from digest.cli.commands import application; application('alerts'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True)
    assert "digest.cli.alerts" in done.stdout.split()
    assert not {"digest.cli.init", "digest.cli.editions", "digest.cli.explaining"} & set(done.stdout.split())


def test_a_store_in_a_file_loads_no_driver_of_a_server() -> None:
    imported = "import sys; from digest.store import open_store; open_store('sqlite://').close(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True)
    assert "digest.store.transaction" in done.stdout.split()
    assert not {"psycopg", "digest.store.database.postgres"} & set(done.stdout.split())
