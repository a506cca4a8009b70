"""Shell completion: names of the configuration and of the store. It never fails or writes."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import typer

from digest.cli import main
from digest.cli.commands import application
from digest.cli.completing import offered
from digest.store.operating.completing import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Article, Blog
    from tests.postgres import Server

TOPIC = '[[topics]]\nid = "geometry"\ntitle = "几何"\nwords = ["三角"]\n'


@pytest.fixture
def tab(blog: Blog, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What bash is offered after these words, the last of which is being typed."""

    def press(*words: str) -> list[str]:
        capfd.readouterr()
        with monkeypatch.context() as shell:
            shell.setenv("DIGEST_CONFIG", str(blog.home / "digest.toml"))
            shell.setenv("_DIGEST_COMPLETE", "complete_bash")
            shell.setenv("COMP_WORDS", " ".join(["digest", *words]))
            shell.setenv("COMP_CWORD", str(len(words)))
            with pytest.raises(SystemExit):
                main([])
        out, err = capfd.readouterr()
        assert err == ""
        return out.split()

    return press


@pytest.fixture
def told(blog: Blog, article: type[Article]) -> Blog:
    config = blog.home / "digest.toml"
    config.write_text(config.read_text("utf-8") + TOPIC, "utf-8")
    blog.search("a.txt", article("一篇"))
    blog.run("subscribers", "add", "Ada@example.org")
    blog.refresh()
    blog.run("edition", "cut")
    return blog


def test_names_of_every_kind_are_offered(told: Blog, tab: Callable[..., list[str]]) -> None:
    (entry,) = (one["id"] for one in told.listed("entries", "list"))
    (edition,) = (one["key"] for one in told.listed("edition", "list"))
    assert tab("source", "show", "") == ["blog"]
    assert tab("source", "show", "blog", "") == ["a.txt"]
    assert tab("source", "approve", "blog", "a") == ["a.txt"]
    assert tab("source", "rename", "b") == ["blog"]
    assert tab("edition", "preview", "") == ["weekly"]
    assert tab("digests", "rename", "") == ["weekly"]
    assert tab("edition", "show", "week") == [edition]
    assert tab("edition", "send", "") == [edition]
    assert tab("deliveries", "retry", "") == [edition]
    assert tab("entries", "show", entry[:3]) == [entry]
    assert tab("explain", "") == [entry]
    assert tab("feed", "--topic", "") == ["geometry"]
    assert tab("feed", "--source", "x") == []
    assert tab("subscribers", "show", "ada") == ["Ada@example.org"]
    assert tab("mail", "preview", "alert-") == ["alert-over", "alert-test"]
    assert tab("feed", "--format", "") == ["atom", "rss", "json"]
    assert tab("edition", "preview", "--language", "z") == ["zh_CN"]
    assert tab("run", "--role", "w") == ["web", "worker"]


def test_manual_acts_are_offered_their_entries_and_dumps(told: Blog, tab: Callable[..., list[str]]) -> None:
    (entry,) = (one["id"] for one in told.listed("entries", "list"))
    assert tab("entries", "merge", "") == tab("entries", "merge", entry, "") == [entry]
    assert tab("entries", "list", "--after", "") == [entry]
    assert tab("entries", "split", entry, "--dump", "b") == ["blog/a.txt"]
    assert tab("entries", "split", entry, "--dump", "blog/x") == []
    assert tab("entries", "edit", entry, "--lift", "a") == ["author", "all"]
    assert tab("source", "forget", "blog", "") == ["a.txt"]
    config = told.home / "digest.toml"
    config.write_text(config.read_text("utf-8").replace('id = "blog"', 'id = "other"'), "utf-8")
    assert tab("source", "forget", "b") == ["blog"]  # what is out of the configuration can be forgotten, too
    assert tab("source", "forget", "blog", "") == ["a.txt"]
    assert tab("init", "--dumps", "") == []


def test_another_configuration_is_heeded(told: Blog, tab: Callable[..., list[str]], tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[[sources]]\nid = "elsewhere"\ntitle = "a"\npath = "b"\n', "utf-8")
    assert tab("refresh", "--config", str(other), "--source", "") == ["elsewhere"]


def test_webhooks_are_offered(told: Blog, tab: Callable[..., list[str]]) -> None:
    config = told.home / "digest.toml"
    hook = '[[webhooks]]\nid = "chat"\nurl = "https://example.org/"\nsecret = "a secret of enough characters"\n'
    config.write_text(config.read_text("utf-8") + hook, "utf-8")
    assert tab("webhooks", "events", "c") == tab("webhooks", "retry", "") == ["chat"]


def commands(command: Any = None, group: str = "") -> Iterator[tuple[str, Any]]:
    command = command or typer.main.get_command(application())
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, name if not group or hasattr(inner, "commands") else group)
    for param in command.params:
        yield group, param


def test_every_argument_that_is_a_name_has_something_to_offer() -> None:
    """So that a command that is added offers its names, too: by what its argument is called."""
    wanted = {"ID", "KEY", "DUMP", "DIGEST", "EDITION", "ENTRY", "SOURCE", "TOPIC", "OLD", "ADDRESS", "KIND"}
    wanted |= {"KEEP", "OTHER", "SOURCE/PATH", "FIELD"}
    looked = 0
    for group, param in commands():
        kind = str(param.metavar or "").strip("[].,…")
        if kind in wanted and param.name != "operator":
            looked += 1
            assert offered(group, param), (group, param.name, param.metavar)
    assert looked > 20


@pytest.mark.parametrize("fault", ["no configuration", "no TOML", "no store", "another program's", "locked", "a list"])
def test_where_anything_is_wrong_nothing_is_offered_and_nothing_reported(
    told: Blog, tab: Callable[..., list[str]], fault: str
) -> None:
    config, store = told.home / "digest.toml", told.home / "var" / "digest.db"
    holding = None
    if fault == "no configuration":
        config.unlink()
    elif fault == "no TOML":
        config.write_text("= 1", "utf-8")
    elif fault == "a list":
        config.write_text("sources = 7", "utf-8")
    elif fault == "no store":
        shutil.rmtree(store.parent)
    elif fault == "another program's":
        store.write_bytes(b"no database" * 100)
    else:
        holding = sqlite3.connect(store, isolation_level=None)
        holding.execute("PRAGMA locking_mode = EXCLUSIVE")
        holding.execute("BEGIN EXCLUSIVE")
    try:
        assert tab("edition", "show", "") == []
        assert tab("subscribers", "show", "") == []
    finally:
        if holding:
            holding.close()
    assert not (told.home / "var").exists() or fault != "no store"


@pytest.mark.parametrize("running", [False, True])
def test_nothing_is_written(told: Blog, tab: Callable[..., list[str]], running: bool) -> None:
    folder = told.home / "var"
    holding = sqlite3.connect(folder / "digest.db")
    holding.execute("SELECT count(*) FROM entries").fetchall()
    if not running:
        holding.close()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}
    assert tab("edition", "show", "")
    assert tab("source", "show", "blog", "")
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}
    holding.close()
    shared = "digest.db-shm"  # who reads marks where, in memory that all who read share
    assert {name: held for name, held in after.items() if name != shared} == {
        name: held for name, held in before.items() if name != shared
    }


def test_what_is_committed_a_moment_ago_is_offered(told: Blog, tab: Callable[..., list[str]]) -> None:
    """While the service runs, the newest rows stand in the log beside the database."""
    holding = sqlite3.connect(told.home / "var" / "digest.db")
    holding.execute("PRAGMA wal_autocheckpoint = 0")
    holding.execute(
        "INSERT INTO digests (id, configured_at) SELECT 'monthly', configured_at FROM digests WHERE id = 'weekly'"
    )
    holding.commit()
    assert tab("digests", "end", "") == ["monthly", "weekly"]
    holding.close()


def test_of_very_many_no_more_are_offered_than_a_terminal_shows(told: Blog) -> None:
    store = told.home / "var" / "digest.db"
    connection = sqlite3.connect(store)
    many = [(f"reader{number}@example.org",) * 2 for number in range(1000)]
    connection.executemany(
        "INSERT INTO subscribers"
        " (address, address_key, name, language, format, timezone, topics, created_at, suppressed)"
        " SELECT ?, ?, '', language, format, timezone, topics, created_at, '' FROM subscribers LIMIT 1",
        many,
    )
    connection.commit()
    connection.close()
    assert len(names(f"sqlite:///{store}", "subscribers", "reader1")) == 111
    assert len(names(f"sqlite:///{store}", "subscribers", "")) == 200


def test_a_server_is_asked_too(postgres: Server, postgres_scratch: str) -> None:
    url = postgres.emptied(postgres_scratch)
    assert names(url, "editions", "weekly") == []
    assert names(url, "entries", "") == []
    assert names(url, "dumps", "", "blog") == []
    assert names(url, "subscribers", "a") == []
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO digests (id, configured_at) VALUES ('weekly', now())")
    assert names(url, "digests", "w") == [("weekly", "")]
