"""Stores of every version that was ever run are opened, migrated and used; what is older than the first is refused.

`stores/000N/store.sql` is what the last program of that schema left, tables and rows, after two crawls of a made-up
blog, an edition that it sent and one that it planned. Of the first, bob's mail was cut twice behind its end; cleo left.
(0001 is in `test_older_stores`. 0012 is the schema of version 0.2.0. 0002 and 0009 to 0011 were never in a release.)
"""

from __future__ import annotations

import contextlib
import email
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from digest.errors import StoreError
from digest.model import DigestId
from digest.service.upkeep.invariants import violations
from digest.store import open_store
from digest.store.database import engine as engines
from digest.store.database import postgres as servers
from digest.store.database import schema
from tests.contract.test_migrations import described
from tests.contract.test_older_stores import copy

if TYPE_CHECKING:
    from tests.conftest import Blog
    from tests.postgres import Server

STORES = Path(__file__).with_name("stores")
NEWEST_RELEASED, BETWEEN = "0012", {"0002", "0009", "0010", "0011"}
VERSIONS = ["0003", "0004", "0005", "0006", "0007", "0008", "0012"]
THEN = datetime(2026, 3, 11, 4, tzinfo=UTC)  # the day after the last crawl of the old program
HOUR = timedelta(hours=1)


def test_there_is_one_of_each_version() -> None:
    with create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(schema.configuration(connection)).walk_revisions()
        known = {script.revision for script in scripts if script.revision <= NEWEST_RELEASED}
    assert known - BETWEEN == {"0001", *VERSIONS} == {folder.name for folder in STORES.glob("0*")}


def frozen(version: str, file: Path) -> Path:
    """A database as the program of that version left it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript((STORES / version / "store.sql").read_text("utf-8"))
        connection.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
        connection.commit()
    return file


@pytest.fixture
def crawled(blog: Blog) -> Blog:
    shutil.copy(STORES / "crawled" / "page.txt", blog.home / "dumps")
    return blog


def use(blog: Blog) -> None:
    """Send what was planned, read another crawl, make and send an edition of it."""
    with time_machine.travel(THEN + HOUR, tick=False):
        blog.run("check", "--deep")
        blog.run("edition", "send")
        before = blog.mails()
        assert len(before) == 2
        page = blog.home / "dumps" / "page.txt"
        words = page.read_text("utf-8").replace("石阶上只留下", "石阶上又只留下")
        new = "新来的\nBy 林间 | 2026-03-11 | 5位读者 | 引用新来的文章写的是新的事情。\n"
        page.write_text(new + words, "utf-8")
        counts = blog.refresh()
        assert (counts["added"], counts["revised"]) == (1, 1)
        blog.run("edition", "cut")
        blog.run("edition", "send")
        blog.run("check", "--deep")
    told = {email.message_from_bytes(raw)["To"]: words_of(raw) for raw in blog.mails() if raw not in before}
    assert set(told) == {"ada@example.org", "bob@example.org"}
    for words in told.values():
        assert "新来的" in words
        assert "山中的雨" in words
    assert "您可能已经收到过" in told["bob@example.org"]
    assert "您可能已经收到过" not in told["ada@example.org"]


def words_of(raw: bytes) -> str:
    part = next(part for part in email.message_from_bytes(raw).walk() if part.get_content_type() == "text/plain")
    return bytes(part.get_payload(decode=True) or b"").decode()


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_opened_migrated_and_used(crawled: Blog, version: str) -> None:
    file = frozen(version, crawled.home / "var" / "digest.db")
    use(crawled)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.NEWEST,)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_of_that_version_is_restored(crawled: Blog, version: str, tmp_path: Path) -> None:
    backup = frozen(version, tmp_path / "kept" / "copy.db")
    with time_machine.travel(THEN, tick=False):
        crawled.run("restore", str(backup), "--yes")
        assert "FENCED" in crawled.run("status")
        crawled.run("unfence", "--send", "--yes")
        crawled.run("edition", "send")
    assert len(crawled.mails()) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_its_tables_are_those_that_the_migrations_make(version: str, tmp_path: Path) -> None:
    old = engines.opened(frozen(version, tmp_path / "old.db"), timedelta(0))
    new = engines.writing(engines.opened(tmp_path / "new.db", timedelta(0)))
    with new.begin() as made:
        schema.upgrade(made, "here", version)
    with old.begin() as kept, new.begin() as made:
        assert described(kept) == described(made)
    for engine in (old, new):
        engine.dispose()


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_it_is_migrated_on_a_server(postgres: Server, tmp_path: Path, version: str) -> None:
    on_file = engines.opened(frozen(version, tmp_path / "digest.db"), timedelta(0))
    url = postgres.database()
    server = servers.writing(servers.opened(url, timedelta(seconds=5)), exclusive=True)
    with on_file.connect() as old, server.begin() as new:
        schema.upgrade(new, "here", version)
        copy(old, new)
    for engine in (on_file, server):
        engine.dispose()
    store = open_store(url)
    with store.read() as tx:
        assert len(tx.entries.newest(limit=9)) == 4
        assert [len(tx.editions.selected(made.edition.key)) for made in tx.editions.editions()] == [4, 3]
        assert len(tx.doubts.owed(DigestId("weekly"), [DigestId("weekly")])) == 1
    assert list(violations(store)) == []
    store.close()


def test_a_store_older_than_the_first_schema_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "digest.db"
    engine = engines.writing(engines.opened(file, timedelta(0)))
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0001")
        connection.execute(text("ALTER TABLE confirmations DROP COLUMN attempts"))  # which a migration would read
        connection.execute(text("DROP TABLE ignored_mail"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"digest\.db: is not whole: it lacks .* and \d more columns.*move it away"):
        open_store(f"sqlite:///{file}")
    assert [one.name for one in tmp_path.glob("*before*")] == []
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


def test_a_store_of_a_schema_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "digest.db"
    open_store(f"sqlite:///{file}").close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    with pytest.raises(StoreError, match=r"no program of ours has the schema 0000 \(put a backup in its place"):
        open_store(f"sqlite:///{file}")
