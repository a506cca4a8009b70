"""The schema by migrations is the schema of the tables, from wherever it starts."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from digest.errors import StoreError
from digest.store import engine as engines
from digest.store import open_store, schema
from digest.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engines.writing(engines.opened(tmp_path / "100% digest.db", timedelta(0)))


def revisions(connection: Connection) -> list[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(schema.configuration(connection)).walk_revisions()
    return [script.revision for script in scripts][::-1]


def described(connection: Connection) -> dict[str, list[str]]:
    """Each table and index with the sorted lines of the statement that makes it."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {
        row.name: sorted(line.strip().rstrip(",") for line in row.sql.splitlines())
        for row in rows
        if row.name != "alembic_version"
    }


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
