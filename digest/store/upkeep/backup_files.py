"""Copies of a database file: made from a live one, put in the place of another. The only home of SQLite's backup API.

A copy contains the fence, so that it is recognized however it is put into place. Decisions 198 and 199.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from digest.errors import StoreError
from digest.files import FILE_MODE
from digest.records.operating import SettingsVersion
from digest.store import database_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

_PAGES = 2048  # copied at a time
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps next to a database
_ID_GAP = 1_000_000  # ids left out after the last subscriber's

_FENCE = "UPDATE meta SET fenced_at = coalesce(fenced_at, ?), backed_up_at = ?"
# The backup may be older than the moment at which a token was revoked.
_REVOKE = "UPDATE api_tokens SET revoked_at = ? WHERE revoked_at IS NULL"
_HAS_TOKENS = "SELECT 1 FROM sqlite_master WHERE name = 'api_tokens'"
_HAS_CONSOLE = "SELECT 1 FROM sqlite_master WHERE name = 'console_sessions'"
_LOG_OUT = ("DELETE FROM console_sessions", "DELETE FROM console_once")
# People who joined after this time got ids that the restored store would reuse, and with them the links in mails.
_RESERVE = """
    INSERT INTO subscribers (id, name, language, format, timezone, topics, created_at, suppressed, erased_at)
    SELECT max(id) + ?, '', '', 'both', '', '[]', ?, '', ? FROM subscribers HAVING max(id) IS NOT NULL
"""


def write_copy(engine: Engine, file: Path, now: datetime, progress: Callable[[int, int], None] | None) -> None:
    """See `Store.back_up`. The read transaction keeps one snapshot: writers neither wait nor restart it."""
    with _new(file) as copy:
        _copy(engine, copy, progress)
        _mark(copy, now)


def write_duplicate(engine: Engine, file: Path) -> None:
    """Write a copy that is not fenced, to try something with it; nobody may send from it."""
    with _new(file) as copy:
        _copy(engine, copy, None)


def _copy(engine: Engine, copy: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> None:
    source = engine.raw_connection()
    try:
        cursor = source.cursor()
        cursor.execute("BEGIN")
        try:
            cursor.execute("SELECT count(*) FROM meta").fetchone()
            source.driver_connection.backup(  # type: ignore[union-attr] # sqlite3's own connection
                copy,
                pages=_PAGES,
                progress=(lambda _, left, total: progress(total - left, total)) if progress else None,
            )
        finally:
            cursor.execute("ROLLBACK")
            cursor.close()
    finally:
        source.close()


def keep(engine: Engine, file: Path, now: datetime) -> None:
    """Write a durable copy of a database that is about to change; it gets its name when it is complete.

    The caller must hold the write lock. A copy of an earlier attempt is replaced, because the database may have changed
    since.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        write_copy(engine, draft, now, None)
        seal(draft)
        draft.replace(file)
        sync(file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror} (the schema is as it was)") from error
    finally:
        with contextlib.suppress(OSError):
            remove(draft)


def require_store(file: Path) -> None:
    """Raise StoreError if a file is no store of ours; opening it as one would make it one."""
    try:
        with contextlib.closing(_connected(file)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT secret FROM meta").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{file}: is no backup of a store ({error})") from error


def installation_in(file: Path) -> dict[str, Any] | None:
    """See `store.installation_in`."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT installation FROM meta").fetchone()
        found = json.loads(row[0]) if row and row[0] else None
    except (sqlite3.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None


def settings_in(file: Path) -> SettingsVersion | None:
    """See `store.settings_in`."""
    query = "SELECT * FROM settings_changes ORDER BY revision DESC LIMIT 1"
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute(query).fetchone()
            values = dict(row) if row else None
        if values is None:
            return None
        made_at = datetime.fromisoformat(values.pop("made_at")).replace(tzinfo=UTC)
        return SettingsVersion(**values | {"made_at": made_at, "templates": json.loads(values["templates"])})
    except (sqlite3.Error, TypeError, ValueError):  # an older store, or a damaged one
        return None


def put_in_place(draft: Path, database: Path, aside: Path) -> None:
    """Give a sealed copy the name of the database; the former database is kept at `aside`.

    The database exists at every point in time: the new one takes the name from the old one.

    Raises:
        StoreError: the database is in use.
    """
    if database.exists():
        log, kept = (file.with_name(f"{file.name}-wal") for file in (database, aside))
        if log.exists():
            shutil.copy2(log, kept)  # SQLite removes the log of a file that it cannot read
        damaged = False
        try:
            damaged = not _fold(database)
        finally:
            if not damaged:
                kept.unlink(missing_ok=True)
        for suffix in _BESIDE:  # a stale log must never meet a new file
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        try:
            aside.hardlink_to(database)
        except OSError:  # a file system without hard links
            shutil.copy2(database, aside)
    draft.replace(database)
    sync(database)


def seal(file: Path) -> None:
    """Make a closed copy one durable file without a log."""
    from digest.store.database.engine import translated  # noqa: PLC0415 - commands that only ask load no SQLAlchemy

    with translated(str(file)):
        with contextlib.closing(_connected(file)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        sync(file)


def same_database(file: Path, url: str) -> bool:
    """Whether a URL names this file."""
    database = database_file(url)
    return database is not None and file.resolve() == database.resolve()


def take(file: Path, draft: Path) -> None:
    """Copy a file unchanged."""
    remove(draft)
    draft.touch(mode=FILE_MODE)
    try:
        shutil.copyfile(file, draft)
        log = file.with_name(file.name + "-wal")
        if log.exists():  # the database was copied, or put aside, without being closed
            shutil.copyfile(log, draft.with_name(draft.name + "-wal"))
    except OSError as error:
        raise StoreError(f"{file}: cannot be read: {error.strerror}") from error


def remove(file: Path) -> None:
    """Remove a database file that nobody needs, with the files beside it."""
    kept = file.parent.glob(f"{glob.escape(file.name)}.before-*")  # copies from before a change of schema
    for old in (file, *(file.with_name(file.name + suffix) for suffix in _BESIDE), *kept):
        old.unlink(missing_ok=True)


def sync(file: Path) -> None:
    """Make a file and its name durable."""
    for path in (file, file.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _new(file: Path) -> Iterator[sqlite3.Connection]:
    remove(file)
    file.touch(mode=FILE_MODE)
    with contextlib.closing(_connected(file)) as connection:
        yield connection


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, timeout=0)


def _mark(copy: sqlite3.Connection, now: datetime) -> None:
    """Write the fence into the copy, and revoke what could open it."""
    copy.execute("BEGIN")
    copy.execute(_FENCE, (_moment(now), _moment(now)))
    if copy.execute(_HAS_TOKENS).fetchone():  # the copy before a migration may be older than tokens
        copy.execute(_REVOKE, (_moment(now),))
    for statement in _LOG_OUT if copy.execute(_HAS_CONSOLE).fetchone() else ():
        copy.execute(statement)
    copy.execute(_RESERVE, (_ID_GAP, _moment(now), _moment(now)))
    copy.execute("COMMIT")


def _fold(database: Path) -> bool:
    """Merge the log into the file; False if the file is damaged. SQLite refuses that while others have it open."""
    try:
        with contextlib.closing(_connected(database)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            return False
        remedy = "stop `digest run` and whatever else has it open, then try again"
        raise StoreError(f"{database}: is in use by another program ({remedy})") from error
    except sqlite3.DatabaseError:
        return False
    return True


def _moment(now: datetime) -> str:
    """A time as `tables.UtcTime` stores it."""
    return now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
