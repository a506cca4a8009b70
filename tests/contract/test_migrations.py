"""The migrations make the schema of the tables, whichever version they start from."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from digest.changes.values import Cause, Printed
from digest.errors import StoreError
from digest.model import EditionKey, EntryId, SourceId
from digest.records.mailing import Evidence, RequestState, Slowed
from digest.records.publishing import OPERATOR, Act, ActKind, EntryState
from digest.service.upkeep.backups import restore
from digest.settings import load
from digest.store import database_file, open_store
from digest.store.database import engine as engines
from digest.store.database import meta, schema
from digest.store.database.tables import metadata
from tests import schemas
from tests.contract.conftest import NOW, Hand
from tests.waiting import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from tests.conftest import Blog

pytestmark = pytest.mark.usefixtures("by_migrations")
KEY = EditionKey("weekly/2026-W11")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engines.writing(engines.opened(tmp_path / "100% digest.db", timedelta(0)))


def revisions(connection: Connection) -> list[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(schema.configuration(connection)).walk_revisions()
    return [script.revision for script in scripts][::-1]


def described(connection: Connection) -> dict[str, list[str]]:
    """Each table and index with the sorted parts of the statement that makes it.

    SQLite writes a column that was added behind the last line, so line ends say nothing.
    """
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {row.name: parts(row.sql) for row in rows if row.name != "alembic_version"}


def parts(statement: str) -> list[str]:
    """What commas part outside of inner parentheses, sorted."""
    head, _, rest = statement.partition("(")
    found, depth = [""], 0
    for character in rest.rpartition(")")[0]:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [" ".join(head.split()), *sorted(" ".join(part.split()) for part in found)]


def not_of_the_index(name: str | None, kind: str, _parents: object) -> bool:
    """SQLite's full-text index is no Table; that it is made the same way is compared in `described`."""
    return kind != "table" or name is None or not name.startswith("search_index")


def test_the_schema_by_migrations_is_that_of_the_tables(engine: Engine) -> None:
    straight = create_engine("sqlite://")
    with engine.begin() as connection, straight.begin() as other:
        schema.migrate(connection, "here")
        metadata.create_all(other)
        assert described(connection) == described(other)
        context = MigrationContext.configure(connection, opts={"include_name": not_of_the_index})
        assert compare_metadata(context, metadata) == []
    straight.dispose()
    engine.dispose()


def test_two_threads_migrate_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic keeps what it migrates in a global: two at once would use each other's connections, and crash SQLite."""
    running, order = threading.Lock(), []

    def upgrade(_configuration: object, _revision: str) -> None:
        order.append("alone" if running.acquire(blocking=False) else "beside another")
        if len(order) == 1:
            other.start()
            other.join(0.05)  # with a turn of its own it would end here
        running.release()

    monkeypatch.setattr("alembic.command.upgrade", upgrade)
    straight = create_engine("sqlite://")
    with straight.begin() as connection:
        other = threading.Thread(target=schema.upgrade, args=(connection, "here"))
        schema.upgrade(connection, "here")
        other.join(10)
    straight.dispose()
    assert order == ["alone", "alone"]


def test_the_statements_that_other_tests_run_instead_make_the_same_schema() -> None:
    stepwise = create_engine("sqlite://")
    with stepwise.begin() as connection:
        for revision in (*revisions(connection), "head"):
            schemas.by_migrations(connection, "here", revision)
            straight = create_engine("sqlite://")
            with straight.begin() as other:
                schemas.made(other, "here", revision)
                assert contents(other) == contents(connection)
                assert schema.version(other) == (schema.NEWEST if revision == "head" else revision)
            straight.dispose()
    stepwise.dispose()


def contents(connection: Connection) -> list[str]:
    """What there is, and that all tables are empty but those that have rows from the beginning."""
    made = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master")).all()
    for row in made:
        if row.type == "table" and not row.name.startswith(("alembic_version", "search_index_", "sqlite_")):
            assert connection.execute(text(f"SELECT * FROM {row.name}")).all() == []  # noqa: S608 - our own names
    return sorted(map(repr, made))


def test_every_older_schema_is_brought_to_the_newest(tmp_path: Path) -> None:
    ends = []
    with create_engine("sqlite://").connect() as connection:
        starts = revisions(connection)
    for start in starts:
        engine = engines.writing(engines.opened(tmp_path / start, timedelta(0)))
        with engine.begin() as connection:
            schema.upgrade(connection, "here", start)
        with engine.begin() as connection:
            schema.migrate(connection, "here")
            ends.append((schema.version(connection), described(connection)))
        engine.dispose()
    assert ends
    assert all(end == ends[0] for end in ends)
    assert ends[0][0] == schema.NEWEST == starts[-1]


@contextlib.contextmanager
def opened_from(file: Path, version: str, *rows: str) -> Iterator[Hand]:
    """A store that an older program left with the schema of that version and these rows, as this one opens it."""
    engine = engines.writing(engines.opened(file, timedelta(0)))
    with engine.begin() as connection:
        schema.upgrade(connection, "here", version)
        meta.make_row(connection, NOW, b"of before")
        for row in rows:
            connection.execute(text(row))
    engine.dispose()
    with contextlib.closing(open_store(f"sqlite:///{file}")) as store:
        yield Hand(store)


def test_a_store_that_knows_no_former_names_is_opened_and_used(tmp_path: Path) -> None:
    row = "INSERT INTO sources (id, registered_at, problem, failures) VALUES ('blog', '2026-03-14 09:26:53', '', 0)"
    with opened_from(tmp_path / "digest.db", "0002", row) as hand:
        assert hand.store.secret() == b"of before"
        hand.read(hand.added("甲"))
        with hand.store.write() as tx:
            assert tx.renames.all() == {}
            tx.renames.rename(SourceId("blog"), SourceId("new"), {}, NOW)
        assert hand.entry("甲").sources == ("new",)


def test_a_store_that_remembers_no_departures_is_opened_and_used(tmp_path: Path) -> None:
    with opened_from(tmp_path / "digest.db", "0003") as hand:
        first = [hand.placing("甲", 0)]
        hand.read(hand.added("甲"), placings=first)
        hand.read(placings=[], last=first)
        with hand.store.read() as tx:
            assert set(tx.readings.departed(SourceId("blog"), "a.txt", [EntryId("甲")])) == {"甲"}


@pytest.mark.parametrize("start", ["0001", schema.NEWEST])
def test_a_store_that_lacks_a_column_is_refused_and_left_as_it_was(tmp_path: Path, start: str) -> None:
    file = tmp_path / "digest.db"
    engine = engines.writing(engines.opened(file, timedelta(0)))
    with engine.begin() as connection:
        schema.upgrade(connection, "here", start)
        connection.execute(text("ALTER TABLE editions DROP COLUMN closes_at"))
    engine.dispose()

    with pytest.raises(StoreError, match=r"digest\.db: is not whole: it lacks editions\.closes_at; .*put a backup"):
        open_store(f"sqlite:///{file}")
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(start,)]


def test_a_store_that_loses_a_table_while_it_is_open_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "digest.db"
    store = open_store(f"sqlite:///{file}")
    store.check()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE pictures")
        connection.commit()
    with pytest.raises(StoreError, match=r"it lacks pictures\.name and 4 more columns"):
        store.check()
    store.close()


def test_a_store_without_requests_and_pauses_is_opened_and_used(tmp_path: Path) -> None:
    with opened_from(tmp_path / "digest.db", "0006") as hand:
        person = hand.subscriber("a@one.example")
        hand.edition(KEY, to=[person])
        with hand.store.write() as tx:
            assert (tx.breaker.waiting(), tx.resting.all()) == ([], [])
            tx.breaker.ask(KEY, person, Evidence.SERVER, "550 5.1.1", NOW)
            tx.breaker.put(KEY, [person], RequestState.APPLIED)
            tx.resting.rest("one.example", "450", NOW + timedelta(hours=1), NOW)
        with hand.store.read() as tx:
            assert [(one.subscriber, one.state) for one in tx.breaker.requests(KEY)] == [(person, RequestState.APPLIED)]
            assert [one.domain for one in tx.resting.all()] == ["one.example"]
            (row,) = tx.deliveries.rows(KEY)
            assert row.next_at == NOW + timedelta(hours=1)
        with hand.store.write() as tx:
            tx.subscribers.erase(person, "hash", NOW)
            assert tx.breaker.requests(KEY) == []


def test_a_store_that_knows_no_paces_is_opened_and_used(tmp_path: Path) -> None:
    with opened_from(tmp_path / "digest.db", "0007") as hand:
        slowed = Slowed("one.example", 2.5, NOW, NOW, NOW + timedelta(minutes=1))
        with hand.store.write() as tx:
            assert tx.pacing.all(NOW) == []
            tx.pacing.put([slowed], [], NOW - timedelta(days=1))
        with hand.store.read() as tx:
            assert tx.pacing.all(NOW - timedelta(days=1)) == [slowed]
        with hand.store.write() as tx:
            tx.pacing.put([], ["one.example"], NOW - timedelta(days=1))
            assert tx.pacing.all(NOW - timedelta(days=1)) == []


def test_a_store_without_manual_acts_is_opened_and_used(tmp_path: Path) -> None:
    rows = [
        "INSERT INTO sources (id, registered_at, problem, failures) VALUES ('blog', '2026-03-14 09:26:53', '', 0)",
        """INSERT INTO entries
        (id, atom_id, first_source, first_seen_at, page_order, revision, updated_at, announced) VALUES
        ('kept', 'tag:x,2026:kept', 'blog', '2026-03-14 09:26:53', 0, 1, '2026-03-14 09:26:53', 1)""",
        """INSERT INTO revisions (entry_id, number, at, cause, significant, title, paragraphs, figures, complete)
        VALUES ('kept', 1, '2026-03-14 09:26:53', 'first', 1, '写错的', '[]', '[]', 1)""",
        "INSERT INTO entry_sources VALUES ('kept', 'blog', '2026-03-14 09:26:53', 'a.txt', '')",
    ]
    with opened_from(tmp_path / "digest.db", "0008", *rows) as hand:
        entry = EntryId("kept")
        old = hand.entry(entry)
        with hand.store.write() as tx:
            assert (tx.by_hand.acts(), [one.state for one in tx.by_hand.listed(set(EntryState))[0]]) == (
                [],
                [EntryState.PUBLISHED],
            )
            state = replace(old.content, title="写对的"), old.date
            tx.by_hand.revise(entry, state, Printed(title=old.content.title), Cause.EDITED, NOW)
            tx.by_hand.hide([entry], NOW)
            tx.by_hand.record(Act(0, NOW, OPERATOR, ActKind.HIDE, entry, None, None, {}, {}))
        with hand.store.read() as tx:
            found = tx.by_hand.entry(entry)
            assert found is not None
            assert (found.state, found.printed.fields) == (EntryState.HIDDEN, ("title",))
            assert [act.kind for act in tx.by_hand.acts(entry)] == [ActKind.HIDE]


def test_a_migration_that_fails_leaves_the_old_schema(engine: Engine) -> None:
    with pytest.raises(LookupError), engine.begin() as connection:  # noqa: PT012 - what came before the exception is the point
        schema.migrate(connection, "here")
        raise LookupError
    with engine.begin() as connection:
        assert schema.version(connection) is None
        assert described(connection) == {}
    engine.dispose()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "digest.db"
    store = open_store(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"its schema is 9999"):
        store.check()
    store.close()
    with pytest.raises(StoreError, match=r"digest\.db: its schema 9999 is newer .*update digest"):
        open_store(f"sqlite:///{file}")


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="another program's database"):
        open_store(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    connection.close()


AFTER = f"{int(schema.NEWEST) + 1:04}"  # the revision that a newer program would have
PLANTED = """
import os
from alembic import op
revision, down_revision = "{after}", "{newest}"

def upgrade():
    with open({ran!r}, "a") as file:
        print(os.getpid(), file=file)
    assert os.path.exists({backup!r}), "it migrates without a backup"
    op.execute("DELETE FROM sources")
    if os.environ.get("FAILS"):
        raise LookupError
"""
OPENING = """
import sys
from pathlib import Path
from digest.store import open_store
from digest.store.database import schema
schema.NEWEST, schema._MIGRATIONS = sys.argv[3], Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
open_store("sqlite:///" + sys.argv[1]).close()
"""


class Upgrade:
    """A store of the newest schema, and a program with one revision more, which deletes what the store holds."""

    def __init__(self, home: Path) -> None:
        self.file, self.backup = home / "digest.db", home / f"digest.db.before-{schema.NEWEST}"
        self.ran, self.migrations = home / "ran", home / "migrations"
        shutil.copytree(Path(schema.__file__).parent / "migrations", self.migrations)
        planted = PLANTED.format(ran=str(self.ran), backup=str(self.backup), after=AFTER, newest=schema.NEWEST)
        (self.migrations / "versions" / f"{AFTER}_planted.py").write_text(planted, "utf-8")
        self.register("blog")

    def register(self, source: str) -> None:
        """What the old program does."""
        store = open_store(f"sqlite:///{self.file}")
        with store.write() as tx:
            tx.readings.register_source(SourceId(source), NOW)
        store.close()

    def by(self, processes: int, **environment: str) -> list[int]:
        """Open it with the new program, so many times at once; how they ended."""
        opening = [
            subprocess.Popen(
                [sys.executable, "-c", OPENING, str(self.file), str(self.migrations), AFTER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=os.environ | environment,
            )
            for _ in range(processes)
        ]
        for process in opening:
            assert next(lines(process), "") == "ready\n"
        for process in opening:
            process.communicate("\n", timeout=60)
        return [process.returncode for process in opening]

    def saved(self) -> tuple[list[SourceId], bool]:
        """The sources in the backup, as the old program reads them, and whether it is fenced."""
        store = open_store(f"sqlite:///{self.backup}")
        with store.read() as tx:
            found = sorted(tx.readings.sources()), tx.backups.fenced() is not None
        store.close()
        return found


@pytest.fixture
def planted(tmp_path: Path) -> Upgrade:
    return Upgrade(tmp_path)


def test_of_four_that_upgrade_at_once_one_does_and_saves_the_old_file_before(planted: Upgrade) -> None:
    assert planted.by(4) == [0] * 4

    assert len(planted.ran.read_text().splitlines()) == 1
    with contextlib.closing(sqlite3.connect(planted.file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(AFTER,)]
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (0,)
    beside = {file.name for file in planted.file.parent.iterdir()}
    assert {name for name in beside if "before" in name} == {planted.backup.name}
    assert stat.S_IMODE(planted.backup.stat().st_mode) == 0o600
    assert planted.saved() == (["blog"], True)


def test_an_upgrade_that_failed_is_saved_anew_with_what_came_since(planted: Upgrade) -> None:
    assert planted.by(1, FAILS="yes") == [1]
    planted.register("weeks later")

    assert planted.by(1) == [0]
    assert planted.saved() == (["blog", "weeks later"], True)


def test_what_restoring_an_old_backup_upgrades_leaves_no_copy_of_addresses(
    blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(blog.home / "digest.toml")
    file = database_file(settings.database)
    assert file
    file.parent.mkdir(exist_ok=True)
    upgrade = Upgrade(file.parent)
    assert upgrade.by(1) == [0]
    monkeypatch.setattr(schema, "NEWEST", AFTER)
    monkeypatch.setattr(schema, "_MIGRATIONS", upgrade.migrations)
    restore(settings.database, upgrade.backup, NOW)
    assert [name.name for name in file.parent.glob("*before*")] == [upgrade.backup.name]
    assert list(file.parent.glob(".*before*")) == []


def test_a_new_store_and_one_that_is_up_to_date_are_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        open_store(f"sqlite:///{tmp_path}/digest.db").close()
    assert [file.name for file in tmp_path.iterdir()] == ["digest.db"]
