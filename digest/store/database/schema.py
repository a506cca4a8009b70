"""Migrates the tables of a database to the newest schema; the only place that calls Alembic."""

import functools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, text

from digest.errors import StoreError
from digest.store.database.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config  # only a migration loads it

NEWEST = "0022"  # a test compares it with the newest file of migrations/versions; four digits, so that they sort
_MIGRATIONS = Path(__file__).parent / "migrations"
# What runs a migration is global in Alembic: without this, threads would run each other's on their own connections.
_ONE_AT_A_TIME = threading.Lock()
_VERSION_TABLE = "alembic_version"
_OF_A_DATABASE = ("search_index", "sqlite_")  # tables that differ between kinds of databases
_COLUMNS = {  # table and column of each column, in one query
    "sqlite": (
        "SELECT made.name, part.name FROM sqlite_master AS made, pragma_table_info(made.name) AS part "
        "WHERE made.type = 'table'"
    ),
    "postgresql": (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ),
}


def migrate(connection: Connection, place: str) -> None:
    """Migrate a database to the newest schema, in the transaction of the connection.

    Raises:
        StoreError: a newer program, or another program, made the database.
    """
    require_ours(connection, place)
    if version(connection) != NEWEST:
        upgrade(connection, place)


def require_ours(connection: Connection, place: str) -> None:
    """Refuse a database with tables of another program.

    Raises:
        StoreError: it has some.
    """
    if version(connection) is None and inspect(connection).get_table_names():
        raise StoreError(f"{place}: is another program's database (set another data_dir)")


def version(connection: Connection) -> str | None:
    """The revision of the schema; None for an empty database."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608 - a constant
    return None if found is None else str(found)


def outdated(connection: Connection) -> str | None:
    """The revision of a database with an older schema; None for an empty, a current or a newer one."""
    found = version(connection)
    return found if found and found < NEWEST else None


def require_whole(connection: Connection, place: str) -> None:
    """Refuse a database that claims the newest schema but lacks a table or column of it.

    Programs between two releases created such databases: their schema changed and kept its number.

    Raises:
        StoreError: naming what is missing, and the remedy.
    """
    _require(connection, place, _expected())


@functools.cache
def _expected() -> tuple[tuple[str, str], ...]:
    """Table and column of all columns of the newest schema; sorting the tables takes longer than the query."""
    return tuple((table.name, column.name) for table in metadata.sorted_tables for column in table.c)


def require_migratable(connection: Connection, place: str) -> None:
    """Refuse a database of an older schema that lacks a part of that schema, before anything is done to it.

    Raises:
        StoreError: as `require_whole`, or no program of ours ever had that schema.
    """
    found = outdated(connection)
    if found is None:
        return
    from alembic.util import CommandError  # noqa: PLC0415 - only an old database needs Alembic

    engine = create_engine("sqlite://")
    try:
        with engine.begin() as frozen:
            upgrade(frozen, place, found)
            made = [tuple(row) for row in frozen.execute(text(_COLUMNS["sqlite"]))]
    except (CommandError, StoreError) as error:
        problem = f"{place}: no program of ours has the schema {found}"
        raise StoreError(f"{problem} (put a backup in its place, or set another data_dir)") from error
    finally:
        engine.dispose()
    _require(connection, place, [(table, column) for table, column in made if not table.startswith(_OF_A_DATABASE)])


def _require(connection: Connection, place: str, wanted: Sequence[tuple[str, str]]) -> None:
    found = {(table, column) for table, column in connection.execute(text(_COLUMNS[connection.dialect.name]))}
    missing = [f"{table}.{column}" for table, column in wanted if (table, column) not in found]
    if missing:
        more = f" and {len(missing) - 1} more columns" if len(missing) > 1 else ""
        raise StoreError(
            f"{place}: is not whole: it lacks {missing[0]}{more}; a program that was never released made it "
            "(put a backup in its place, or move it away: the next start makes a new one and reads all dumps)"
        )


def upgrade(connection: Connection, place: str, revision: str = "head") -> None:
    """Run the migrations up to a revision in the transaction of the connection."""
    from alembic import command  # noqa: PLC0415 - only a new or old database needs Alembic
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    try:
        with _ONE_AT_A_TIME:
            command.upgrade(configuration(connection), revision)
    except CommandError as error:
        problem = f"{place}: its schema {version(connection)} is newer than this program's {NEWEST}"
        raise StoreError(f"{problem} (update digest, or put an older backup in its place)") from error


def configuration(connection: Connection) -> "Config":
    """Alembic's configuration, without a file."""
    from alembic.config import Config  # noqa: PLC0415 - as in `upgrade`

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
