"""A quick look at the ids and keys of a store, without opening it as one: it writes nothing and waits for nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SQLITE = "sqlite:///"
_MOST = 200  # a terminal shows no more
_SECONDS = 2  # libpq knows no shorter wait
_QUERIES = {
    "entries": "SELECT e.id, r.title FROM entries e JOIN revisions r ON r.entry_id = e.id AND r.number = e.revision"
    " WHERE substr(e.id, 1, {length}) = {begins} ORDER BY e.first_seen_at DESC",
    "editions": "SELECT key, '' FROM editions WHERE substr(key, 1, {length}) = {begins} ORDER BY closes_at DESC",
    "sources": "SELECT id, '' FROM sources WHERE substr(id, 1, {length}) = {begins} ORDER BY id",
    "digests": "SELECT id, '' FROM digests WHERE substr(id, 1, {length}) = {begins} ORDER BY id",
    "subscribers": "SELECT address, '' FROM subscribers WHERE address IS NOT NULL"
    " AND substr(lower(address), 1, {length}) = lower({begins}) ORDER BY address",
    "tokens": "SELECT id, name FROM api_tokens WHERE revoked_at IS NULL AND substr(id, 1, {length}) = {begins}"
    " ORDER BY made_at DESC",
    "users": "SELECT name, role FROM console_users WHERE substr(name, 1, {length}) = {begins} ORDER BY name",
    "dumps": "SELECT path, state FROM dumps WHERE source = {source} AND substr(path, 1, {length}) = {begins}"
    " ORDER BY state = 'held' DESC, path",
}


def names(url: str, kind: str, begins: str, source: str = "") -> list[tuple[str, str]]:
    """Ids or keys of a kind with this prefix, each with a short description; `source` is for dumps.

    Raises:
        Exception: there is no such store, it belongs to another program, or it does not answer at once.
    """
    values = {"length": len(begins), "begins": begins, "source": source}
    with _reading(url) as (connection, mark):
        query = _QUERIES[kind].format(**{name: mark.format(name) for name in values})
        rows: Sequence[Any] = connection.execute(f"{query} LIMIT {_MOST}", values).fetchall()
    return [(str(name), str(about)) for name, about in rows]


@contextlib.contextmanager
def _reading(url: str) -> Iterator[tuple[Any, str]]:
    """A read-only connection, and the style of its parameters."""
    if not url.startswith(_SQLITE):
        import psycopg  # noqa: PLC0415 - most stores are files

        with psycopg.connect(url, connect_timeout=_SECONDS) as server:
            server.read_only = True
            server.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'")
            yield server, "%({})s"
        return
    file = Path(url.removeprefix(_SQLITE))
    # Without its log nobody has it open, and SQLite would have to create a log to read it in any other way.
    how = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(file))}?{how}", uri=True, timeout=0.2)
    try:
        yield connection, ":{}"
    finally:
        connection.close()
