"""New stores without the time that migrations take: the statements that they leave are run instead of them.

tests/contract/test_migrations.py holds both equal, for every revision, and switches this off for what it proves.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from sqlalchemy import create_engine

from digest.store.database import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS, by_migrations = schema._MIGRATIONS, schema.upgrade


def made(connection: Connection, place: str, revision: str = "head") -> None:
    """As `digest.store.database.schema.upgrade`."""
    empty = connection.dialect.name == "sqlite" and schema.version(connection) is None
    if not empty or schema._MIGRATIONS != _MIGRATIONS:
        by_migrations(connection, place, revision)
        return
    cursor = connection.connection.cursor()
    for statement in _statements(revision):
        cursor.execute(statement)
    cursor.close()


@functools.cache
def _statements(revision: str) -> tuple[str, ...]:
    """What makes the schema of a revision in an empty SQLite database.

    Raises:
        StoreError: there is no such revision.
    """
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        by_migrations(connection, "here", revision)
        shadows = "SELECT name FROM pragma_table_list WHERE type = 'shadow'"
        order = "ORDER BY type = 'table' DESC, rowid"
        made_by = f"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT IN ({shadows}) {order}"  # noqa: S608 - constants
        statements = [row.sql for row in connection.exec_driver_sql(made_by)]
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    engine.dispose()
    return (*statements, f"INSERT INTO alembic_version VALUES ('{version}')")  # noqa: S608 - a constant
