"""Stores that older programs made open under this one, and continue as if nothing had happened.

`stores/0001` holds what the last program of that schema left after two crawls of a made-up blog: the rows of its
ordinary tables as SQL, and the dumps as they lay there then. Of them `tag.txt` is held, for it shows one entry of six.
`popular.txt` had failed, since all its counts are like `3.4万`; so is one of `search.txt`, whose article became a
paragraph of the one before it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, DateTime, MetaData, inspect, text

from digest.app import opened
from digest.model import NO_EXTRAS, DateKind, DigestId, EntryDate, Extras, SourceId
from digest.service.upkeep.invariants import violations
from digest.settings import load
from digest.store import open_store
from digest.store.database import engine as engines
from digest.store.database import postgres as servers
from digest.store.database import schema
from digest.store.database.tables import metadata
from digest.store.publishing import searching
from tests.contract.conftest import Hand

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine
    from sqlalchemy.types import TypeEngine

    from digest.store.transaction import Store
    from tests.conftest import Blog
    from tests.postgres import Server

KEPT = Path(__file__).with_name("stores") / "0001"
CHANGED = datetime(2026, 3, 11, 4, tzinfo=UTC)  # the day after the last crawl of the old program
SWALLOWED, NEIGHBOUR, UNREADABLE = "矩阵的迹", "最小二乘", ["熵的几种说法", "随机游走"]
OTHERS = 17  # entries that the old program knew


def make(engine: Engine) -> None:
    """Put the rows of the old store into an empty SQLite database of its schema."""
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0001")
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        statement = ""
        for line in (KEPT / "store.sql").read_text("utf-8").splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                driver.execute(statement)
                statement = ""
        assert not statement
        driver.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")


class Older:
    """A blog whose store an older program left, and the editions that this program makes from it."""

    def __init__(self, blog: Blog) -> None:
        self.blog, self.now = blog, CHANGED
        self.database = blog.home / "var" / "digest.db"
        self.database.parent.mkdir()
        engine = engines.writing(engines.opened(self.database, timedelta(0)))
        make(engine)
        engine.dispose()
        shutil.copytree(KEPT / "dumps", blog.home / "dumps", dirs_exist_ok=True)

    def refresh(self, code: int = 0) -> tuple[Counter[str], list[str], list[str]]:
        """A pass an hour later, and an edition: the counts, and the titles announced as new and as corrected."""
        self.now += timedelta(hours=1)
        with time_machine.travel(self.now, tick=False):
            counts = self.blog.refresh(code=code)
            made = self.blog.run("edition", "cut", "--json")
            told: dict[str, list[str]] = {}
            for one in self.blog.listed("edition", "show", json.loads(made)["key"])[0]["entries"] if made else ():
                told.setdefault(one["section"], []).append(one["title"])
        wanted = {name: counts[name] for name in ("added", "revised", "vanished", "held", "skipped")}
        return Counter(wanted), sorted(told.get("new", [])), told.get("corrected", [])

    def rewrite(self, name: str, old: str, new: str) -> None:
        file = self.blog.home / "dumps" / name
        before = file.read_text("utf-8")
        assert old in before
        file.write_text(before.replace(old, new), "utf-8")

    def entries(self) -> dict[str, dict[str, Any]]:
        with time_machine.travel(self.now, tick=False):
            return self.blog.entries()

    def sizes(self) -> list[tuple[Any, ...]]:
        """The numbers of entries, of their revisions and of reports."""
        tables = ("entries", "revisions", "reports")
        return [self.query(f"SELECT count(*) FROM {table}")[0] for table in tables]  # noqa: S608 - constants

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def older(blog: Blog) -> Older:
    return Older(blog)


def test_it_is_migrated_beside_a_copy_and_keeps_every_law(older: Older, blog: Blog) -> None:
    before = older.sizes()
    with time_machine.travel(CHANGED, tick=False):
        blog.run("check", "--deep", code=0)
        assert blog.listed("edition", "list")[0]["key"] == "weekly/2026-W11"
        assert "关于搬家" in blog.run("status")
        assert older.query("SELECT version_num FROM alembic_version") == [("0001",)], "they only look"
        blog.run("feed")
    assert older.query("SELECT version_num FROM alembic_version") == [(schema.NEWEST,)]
    assert older.sizes() == before
    copies = [file for file in older.database.parent.glob("*before*") if file.suffix == ".before-0001"]
    with closing(sqlite3.connect(copies[0])) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert copy.execute("SELECT count(*) FROM entries").fetchone() == (OTHERS,)


def test_the_new_rules_show_once_what_the_old_ones_missed_and_nothing_else(older: Older) -> None:
    before = {title: entry["id"] for title, entry in older.entries().items()}
    assert len(before) == OTHERS

    counts, new, corrected = older.refresh()
    assert (new, corrected) == (sorted([SWALLOWED, *UNREADABLE]), [])
    assert (counts["added"], counts["held"], counts["skipped"]) == (3, 1, 0)

    after = older.entries()
    assert {title: entry["id"] for title, entry in after.items() if title in before} == before
    assert len(after) == OTHERS + 3
    assert [after[title]["readers"] for title in (SWALLOWED, *UNREADABLE)] == [12_000, 34_000, 21_000]
    revisions = "SELECT number, cause, significant, paragraphs FROM revisions JOIN entries ON id = entry_id WHERE "
    mended = older.query(revisions + f"id = '{before[NEIGHBOUR]}' ORDER BY number")[-1]
    assert (mended[1], bool(mended[2])) == ("crawler", False)
    assert SWALLOWED not in mended[3]
    assert older.query("SELECT path, state FROM dumps WHERE state != 'good'") == [("tag.txt", "held")]
    with opened_store(older) as store:
        assert list(violations(store)) == []

    counts, new, corrected = older.refresh()
    assert (new, corrected) == ([], [])
    assert counts == Counter(skipped=6, held=1)


def test_what_was_read_under_old_rules_only_is_read_once_more(older: Older) -> None:
    older.refresh()
    read = older.query("SELECT path, rules, weigh_at FROM dumps")
    assert len({rules for _, rules, _ in read}) == 1
    assert older.refresh()[0]["skipped"] == len(read)


@pytest.mark.parametrize("at_once", [False, True], ids=["after a pass", "at once"])
def test_edits_and_what_is_taken_back_are_announced_once(older: Older, *, at_once: bool) -> None:
    if not at_once:
        older.refresh()
    older.rewrite("search.txt", "圆周率的计算有很长的历史", "圆周率的计算有三千年的历史")
    older.rewrite("again.txt", "兰花开了一半", "兰花已经全开了")
    _, new, corrected = older.refresh()
    assert sorted(corrected) == sorted(["圆周率小史", "植物园一日"])
    assert new == (sorted([SWALLOWED, *UNREADABLE]) if at_once else [])

    older.rewrite("search.txt", "\n步子太大会越过谷底，太小则走得太慢。", "")
    assert older.refresh()[1:] == ([], ["梯度再探"])
    with time_machine.travel(older.now, tick=False):
        (gradient,) = older.blog.listed("entries", "show", older.entries()["梯度再探"]["id"])
    assert gradient["paragraphs"] == ["梯度指向函数增长最快的方向，所以下降法总是沿着它的反方向走，直到走不动为止。"]
    assert older.refresh()[1:] == ([], [])


def test_a_digest_of_an_old_store_is_renamed(older: Older) -> None:
    blog = older.blog
    with time_machine.travel(older.now, tick=False):
        editions = [one["key"] for one in blog.listed("edition", "list")]
        blog.run("digests", "rename", "weekly", "letters")
        config = blog.home / "digest.toml"
        config.write_text(config.read_text("utf-8").replace('id = "weekly"', 'id = "letters"'), "utf-8")
        blog.run("check", "--deep")
        assert [one["key"] for one in blog.listed("edition", "list")] == editions
    assert older.query("SELECT old, new FROM renamed_digests") == [("weekly", "letters")]
    assert older.query("SELECT DISTINCT digest FROM editions") == [("letters",)]


def test_what_an_old_program_held_is_released_when_the_page_is_whole_again(older: Older) -> None:
    older.refresh()
    tags = ["群", "环", "域", "模", "格", "序"]
    older.blog.write(
        "tag.txt",
        "".join(
            f"数学笔记之{name}\nBy 林间 | 2018-0{n}-1{n} | {n}5位读者 | "
            f"引用这是数学笔记里谈到{name}的一篇，先举例子，再讲证明，最后留几道习题。\n"
            for n, name in enumerate(tags, 1)
        )
        + "最近评论\n",
    )
    counts, new, corrected = older.refresh()
    assert (counts["added"], counts["revised"], counts["held"], new, corrected) == (0, 0, 0, [], [])


def opened_store(older: Older) -> AbstractContextManager[Store]:
    return opened(load(older.blog.home / "digest.toml"))


@pytest.mark.parametrize("place", ["file", "postgresql"])
def test_a_store_of_0011_takes_what_declared_layouts_show(
    request: pytest.FixtureRequest, tmp_path: Path, place: str
) -> None:
    url, engine = (
        f"sqlite:///{tmp_path / 'digest.db'}",
        engines.writing(engines.opened(tmp_path / "digest.db", timedelta(0))),
    )
    make(engine)
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0011")
    if place == "postgresql":
        url = request.getfixturevalue("postgres").database()
        server = servers.writing(servers.opened(url, timedelta(seconds=5)), exclusive=True)
        with engine.connect() as old, server.begin() as new:
            schema.upgrade(new, "here", "0011")
            copy(old, new)
        server.dispose()
    engine.dispose()

    with closing(open_store(url)) as store:
        with store.read() as tx:
            before = tx.entries.newest(limit=50)
            blog = SourceId("blog")
            lines = [line for path in tx.readings.dumps(blog) for line in tx.readings.last_reading(blog, path)]
        assert len(before) == OTHERS
        assert {(one.counts, one.content.extras) for one in before} == {((), NO_EXTRAS)}
        assert lines
        assert {(line.extras, line.key) for line in lines} == {(NO_EXTRAS, "")}

        extras = Extras(tags=("Topology",), link="https://a.example/1")
        june = EntryDate(6, None, 2021, DateKind.PARTIAL)
        hand = Hand(store)
        hand.read(
            replace(hand.added("新来的", date=june), content=replace(hand.content("新来的"), extras=extras)),
            now=CHANGED,
        )
        entry = hand.entry("新来的")
        assert (entry.date, entry.content.extras) == (june, extras)
        with store.read() as tx:
            assert [one.id for one in tx.entries.search("topology", limit=5)] == ["新来的"]
            assert {one.id: one.date for one in tx.entries.newest(limit=50)}.items() >= {
                (one.id, one.date) for one in before
            }


def test_it_is_migrated_on_postgresql(postgres: Server, tmp_path: Path) -> None:
    on_file = engines.writing(engines.opened(tmp_path / "digest.db", timedelta(0)))
    make(on_file)
    url = postgres.database()
    server = servers.writing(servers.opened(url, timedelta(seconds=5)), exclusive=True)
    with on_file.connect() as old, server.begin() as new:
        schema.upgrade(new, "here", "0001")
        copy(old, new)

    store = open_store(url)
    with server.begin() as connection:
        assert schema.version(connection) == schema.NEWEST
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"include_name": ours_alone}), metadata) == []
        )
    hand = Hand(store)
    hand.read(hand.added("新来的"), path="new.txt", now=CHANGED)
    with store.write() as tx:
        assert len(tx.entries.newest(limit=50)) == OTHERS + 1
        assert [dump.rules for dump in tx.readings.dumps(SourceId("blog")).values() if dump.path != "new.txt"] == [
            1
        ] * 6
        assert [entry.content.title for entry in tx.selecting.untold(DigestId("weekly"), None, ())] == ["新来的"]
        assert [entry.content.title for entry in tx.entries.search("割圆术", limit=5)] == ["圆周率小史"]
    store.close()
    for engine in (on_file, server):
        engine.dispose()


def ours_alone(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name is None or not name.startswith(("search_index", "procrastinate"))


def copy(old: Connection, new: Connection) -> None:
    """Bring the rows of a SQLite database to a server, whose tables are of the same schema."""
    there = MetaData()
    there.reflect(new)
    for table in there.sorted_tables:
        if table.name == "alembic_version" or not inspect(old).has_table(table.name):
            continue
        rows = old.execute(text(f"SELECT * FROM {table.name}")).mappings().all()  # noqa: S608 - the schema's
        if rows and table.name != "search_index":
            new.execute(table.insert(), [{name: typed(table.c[name].type, row[name]) for name in row} for row in rows])
    for sequence in new.execute(text("SELECT relname FROM pg_class WHERE relkind = 'S'")).scalars().all():
        new.execute(text(f"SELECT setval('{sequence}', 1000)"))
    searching.rebuild(new)


def typed(kind: TypeEngine[Any], value: Any) -> Any:
    """What SQLite holds in its own few types, as the column means it."""
    if value is None:
        return None
    if isinstance(kind, JSON):
        return json.loads(value)
    if isinstance(kind, Boolean):
        return bool(value)
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(kind, DateTime) else value


def test_digests_of_before_have_no_failed_edition_and_one_can_be_recorded(tmp_path: Path) -> None:
    engine = engines.writing(engines.opened(tmp_path / "digest.db", timedelta(0)))
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0008")
        connection.execute(text("INSERT INTO digests (id, configured_at) VALUES ('weekly', '2026-03-01 04:00:00')"))
    engine.dispose()
    with closing(open_store(f"sqlite:///{tmp_path / 'digest.db'}")) as store:
        store.check()
        with store.write() as tx:
            assert tx.editions.failure(DigestId("weekly")) is None
            tx.editions.failed(DigestId("weekly"), "no template", CHANGED)
        with store.read() as tx:
            failure = tx.editions.failure(DigestId("weekly"))
    assert failure
    assert (failure.since, failure.problem) == (CHANGED, "no template")


def test_requests_of_before_count_for_their_domain_alone(tmp_path: Path) -> None:
    engine = engines.writing(engines.opened(tmp_path / "digest.db", timedelta(0)))
    with engine.begin() as connection:
        schema.upgrade(connection, "here", "0018")
        connection.execute(
            text(
                "INSERT INTO confirmations (kind, address, address_key, digests, language, latest, network, asked_at, "
                "expires_at, attempts, text, proven) VALUES ('join', 'a@one.example', 'a@one.example', '[]', 'en', 0, "
                "'n', '2026-03-11 04:00:00', '2026-03-13 04:00:00', 0, '', 0)"
            )
        )
    engine.dispose()
    with closing(open_store(f"sqlite:///{tmp_path / 'digest.db'}")) as store, store.read() as tx:
        store.check()
        within = tx.confirmations.mailed_within
        since = CHANGED - timedelta(hours=1)
        assert within("one.example", "mx.example.net", since) == 1
        assert within("two.example", "mx.example.net", since) == 0
