"""Commands that only show leave the store as it is; commands that act refuse a clock that is certainly wrong."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine
import typer

from digest.app import opened
from digest.cli import main
from digest.cli.commands import application
from digest.model import DeliveryState
from digest.running import Alone, Service
from digest.settings import load
from tests.contract.test_older_stores import CHANGED, Older
from tests.integration.cli.test_without_configuration import COMMANDS, commands

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from tests.conftest import Article, Blog

LOOK = {
    "alerts", "audit list", "check", "console users", "deliveries list", "edition list", "edition plan",
    "edition preview",
    "edition show", "entries list", "entries show", "explain", "mail preview", "simulate", "source fetches",
    "settings export", "settings list", "source show", "status", "subscribers export", "subscribers list",
    "subscribers show", "tokens list", "webhooks events", "webhooks list",
}  # fmt: skip
NO_STORE = {
    "alerts test", "demo", "init", "layout list", "layout show", "layout suggest", "layout try", "mail key",
    "migrate-store", "parse", "source add", "source import", "subscribers form", "webhooks test",
}  # fmt: skip
SAFE = {
    "adopt",
    "backup",
    "console enable",
    "console link",
    "console revoke",
    "feed",
    "fence",
    "restore",
    "settings revert",
    "settings set",
    "settings undo",
    "source pause",
    "source remove",
    "source resume",
    "source set",
}  # they send nothing, and a wrong time in them does no harm
SERVES = {"run"}
DOCUMENTS = {"feed", "subscribers export"}  # their output is a document itself
LONG_AGO = datetime(2015, 3, 2, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory for what a preview or a simulation writes, and no browser."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "people.csv").write_text("email\nada@example.org\n", "utf-8")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("webbrowser.open", lambda _: True)


def called(command: str, blog: Blog, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command, and everything that it prints."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), *COMMANDS[command].arguments.split(), "--config", str(blog.home / "digest.toml")])
    return int(ended.value.code or 0), "".join(capfd.readouterr())


def rows(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("command", sorted(LOOK))
def test_a_command_that_looks_migrates_no_older_store(
    command: str, blog: Blog, capfd: pytest.CaptureFixture[str]
) -> None:
    older = Older(blog)
    before = rows(older.database)
    with time_machine.travel(CHANGED, tick=False):
        _, printed = called(command, blog, capfd)
    assert "Traceback" not in printed
    assert rows(older.database) == before
    assert list(older.database.parent.glob("*before*")) == []


@pytest.mark.parametrize("command", sorted(LOOK))
def test_a_command_that_looks_makes_no_store(command: str, blog: Blog, capfd: pytest.CaptureFixture[str]) -> None:
    called(command, blog, capfd)
    assert not (blog.home / "var" / "digest.db").exists()


def test_a_check_goes_on_in_an_older_store_and_says_what_the_next_start_does(blog: Blog) -> None:
    older = Older(blog)
    with closing(sqlite3.connect(older.database)) as connection, connection:
        connection.execute("UPDATE sources SET refreshed_at = '2035-01-01 00:00:00.000000'")
    with time_machine.travel(CHANGED, tick=False):
        found = {(one["part"], one["says"].partition(" (")[0]) for one in blog.listed("check")}
    assert ("store", "opens; its schema is 0001; the next start migrates it, and keeps a copy beside it") in found
    assert ("clock", "the last pass over a source is in the future: 2035-01-01 00:00 UTC") in found


def test_a_digest_that_is_newly_configured_is_shown_before_any_command_acts(blog: Blog, article: type[Article]) -> None:
    blog.search("page.txt", article("甲"))
    blog.refresh()
    config = blog.home / "digest.toml"
    more = '[[digests]]\nid = "daily"\ntitle = "每日"\nschedule = "daily 07:00"\ntimezone = "UTC"\n[mail]'
    config.write_text(config.read_text("utf-8").replace("[mail]", more), "utf-8")
    before = rows(blog.home / "var" / "digest.db")
    assert [one["digest"] for one in blog.listed("status")[0]["digests"]] == ["weekly", "daily"]
    assert "甲" in blog.run("edition", "preview", "daily", "-o", "-")
    assert rows(blog.home / "var" / "digest.db") == before


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - LOOK - NO_STORE - SAFE - SERVES))
def test_a_command_that_acts_refuses_a_clock_that_is_certainly_wrong(
    command: str, blog: Blog, article: type[Article], capfd: pytest.CaptureFixture[str]
) -> None:
    blog.search("page.txt", article("甲"))
    blog.run("refresh")
    before = rows(blog.home / "var" / "digest.db")
    with time_machine.travel(LONG_AGO, tick=False):
        code, printed = called(command, blog, capfd)
    wrong = "digest: the clock of this machine is wrong: it says 2015-03-02 00:30 UTC (set it; until then nothing is"
    assert (code, wrong in printed) == (1, True), printed
    assert rows(blog.home / "var" / "digest.db") == before


def test_a_wrong_clock_is_reported_by_every_list_of_troubles(blog: Blog, article: type[Article]) -> None:
    blog.search("page.txt", article("甲"))
    blog.run("refresh")
    with time_machine.travel(LONG_AGO, tick=False):
        told = [blog.run("status", code=0), blog.run("alerts"), blog.run("check", code=0)]
    assert [" ".join(one.split()).count("it says 2015-03-02 00:30 UTC") for one in told] == [1, 1, 1]


def test_the_service_does_nothing_under_such_a_clock_and_all_of_it_afterwards(
    blog: Blog, article: type[Article]
) -> None:
    blog.search("page.txt", article("甲"))
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace("[mail]", 'first = "now"\n[mail]'), "utf-8")
    blog.run("subscribers", "add", "ada@example.org", "--no-welcome")
    settings = load(config)
    with opened(settings) as store:
        service = Service(settings, store, process=Alone(serves=False))
        before = rows(blog.home / "var" / "digest.db")
        with time_machine.travel(LONG_AGO, tick=False):
            asyncio.run(done(service, any_clock=False))
        assert rows(blog.home / "var" / "digest.db") == before
        asyncio.run(done(service, any_clock=True))
        with store.read() as tx:
            (made,) = tx.editions.editions()
    assert made.deliveries[DeliveryState.ACCEPTED] == 1
    assert len(blog.mails()) == 1


async def done(service: Service, *, any_clock: bool) -> None:
    """Do each tick once, but without `any_clock` none of those that do their work under any clock."""
    for tick in service.work.table():
        if any_clock or not tick.any_clock:
            await service.do(tick)


def test_every_command_offers_json_unless_it_prints_a_document_or_serves() -> None:
    def walk(group: click.Group, before: str = "") -> set[str]:
        found = set()
        for name, command in group.commands.items():
            path = f"{before} {name}".strip()
            if not any("--json" in one.opts for one in command.params):
                found.add(path)
            found |= walk(command, path) if hasattr(command, "commands") else set()  # type: ignore[arg-type]
        return found

    root = typer.main.get_command(application())
    groups = {name.rpartition(" ")[0] for name in commands(root)} - {""}  # type: ignore[arg-type]
    assert walk(root) - groups == DOCUMENTS | {"demo", "run"}  # type: ignore[arg-type]


def test_what_a_command_did_is_printed_as_json(blog: Blog, article: type[Article]) -> None:
    blog.search("page.txt", article("甲"))
    blog.refresh()
    (entry,) = blog.listed("entries", "list")
    blog.run("subscribers", "add", "ada@example.org", "--no-welcome")

    def did(*command: str) -> object:
        return json.loads(blog.run(*command, "--json"))

    assert did("entries", "remove", entry["id"]) == {"id": entry["id"], "state": "removed", "editions": []}
    assert did("entries", "restore", entry["id"]) == {"id": entry["id"], "state": "published"}
    assert did("subscribers", "leave", "ada@example.org") == {"address": "ada@example.org", "left": ["weekly"]}
    assert did("subscribers", "erase", "ada@example.org", "--yes") == {"address": "ada@example.org", "erased": True}
    copy = blog.home / "copy.db"
    did("backup", str(copy))
    restored = json.loads(blog.run("restore", str(copy), "--yes", "--json"))
    assert (restored["restored"], restored["fenced"]) == (str(copy), True)
    with time_machine.travel(LONG_AGO, tick=False):
        assert "fenced" in json.loads(blog.run("fence", "--json")), "under any clock"
    blog.run("unfence", "--send", "--yes")
    moved = json.loads(
        main_json(blog, "migrate-store", f"sqlite:///{blog.home}/var/digest.db", f"sqlite:///{blog.home}/new.db")
    )
    assert (moved["to"], moved["rows"] > 0) == (f"{blog.home}/new.db", True)


def main_json(blog: Blog, *command: str) -> str:
    """The output of a command that has no configuration."""
    from io import BytesIO, TextIOWrapper  # noqa: PLC0415
    from unittest.mock import patch  # noqa: PLC0415

    out = TextIOWrapper(BytesIO(), "utf-8")
    with patch("sys.stdout", out), pytest.raises(SystemExit) as ended:
        main([*command, "--json"])
    assert (ended.value.code or 0) == 0, blog.home
    out.seek(0)
    return out.read()
