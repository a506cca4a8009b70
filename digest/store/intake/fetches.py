"""What was fetched for sources: the state of each address, and the bodies that are kept."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, delete, func, select

from digest.model import SourceId
from digest.records.intake import FetchState, KeptFetch
from digest.store.database.statements import batches, insert, insert_in
from digest.store.database.tables.intake import fetch_states, fetches

_KEPT = [column for column in fetches.c if column.name != "body"]
_LEVEL = 6  # of Zstandard; a higher one takes a multiple of the time for a few percent


class Fetches:
    """States of addresses, and kept bodies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def states(self, source: SourceId) -> dict[str, FetchState]:
        """The state of each address that was ever tried for a source."""
        rows = self._connection.execute(select(fetch_states).where(fetch_states.c.source == source))
        return {row.url: _state(row) for row in rows}

    def all_states(self) -> dict[SourceId, dict[str, FetchState]]:
        """The same for all sources; one query."""
        found: dict[SourceId, dict[str, FetchState]] = {}
        for row in self._connection.execute(select(fetch_states)):
            found.setdefault(SourceId(row.source), {})[row.url] = _state(row)
        return found

    def waits(self, host: str, now: datetime) -> datetime | None:
        """Until when this host asks to be spared, whichever source met that; None if it does not."""
        until = select(func.max(fetch_states.c.host_until))
        until = until.where(fetch_states.c.host == host, fetch_states.c.host_until > now)
        found: datetime | None = self._connection.execute(until).scalar_one()
        return found

    def store_state(self, state: FetchState) -> None:
        """Store the state of an address in place of the former one."""
        self._connection.execute(_storing(self._connection.dialect.name), asdict(state))

    def keep(self, kept: KeptFetch, body: bytes) -> None:
        """Keep a body that is `packed`; if the same bytes are kept already, only the time is new."""
        there = fetches.c.source == kept.source, fetches.c.url == kept.url, fetches.c.sha256 == kept.sha256
        again = fetches.update().where(*there).values(last_at=kept.last_at, media_type=kept.media_type)
        if self._connection.execute(again).rowcount:
            return
        row = insert(self._connection, fetches).values(**asdict(kept), body=body)
        self._connection.execute(row.on_conflict_do_nothing())

    def seen(self, state: FetchState, at: datetime) -> None:
        """Record when the body of a state was last confirmed; its site may have done so without sending it."""
        there = fetches.c.source == state.source, fetches.c.url == state.url, fetches.c.sha256 == state.sha256
        self._connection.execute(fetches.update().where(*there, fetches.c.last_at < at).values(last_at=at))

    def body(self, source: SourceId, url: str, sha256: str) -> bytes | None:
        """The bytes of a kept body; None if it is not kept."""
        import zstandard  # noqa: PLC0415 - as below

        there = fetches.c.source == source, fetches.c.url == url, fetches.c.sha256 == sha256
        stored = self._connection.execute(select(fetches.c.body).where(*there)).scalar_one_or_none()
        if stored is None:
            return None
        unpacked: bytes = zstandard.ZstdDecompressor().decompress(stored)
        return unpacked

    def kept(self, source: SourceId) -> list[KeptFetch]:
        """What is kept for a source, newest first."""
        order = fetches.c.last_at.desc(), fetches.c.url, fetches.c.sha256
        rows = self._connection.execute(select(*_KEPT).where(fetches.c.source == source).order_by(*order))
        return [
            KeptFetch(source, row.url, row.sha256, row.size, row.media_type, row.first_at, row.last_at) for row in rows
        ]

    def forget_bodies(self, source: SourceId, before: datetime) -> int:
        """Delete bodies that last came before then, except the newest of each address; returns how many."""
        newest = select(fetch_states.c.sha256).where(
            fetch_states.c.source == fetches.c.source, fetch_states.c.url == fetches.c.url
        )
        old = delete(fetches).where(
            fetches.c.source == source,
            fetches.c.last_at < before,
            fetches.c.sha256 != func.coalesce(newest.scalar_subquery(), ""),
        )
        return self._connection.execute(old).rowcount

    def keep_newest(self, source: SourceId, url: str, most: int) -> int:
        """Delete the bodies of an address behind the newest so many; returns how many."""
        here = fetches.c.source == source, fetches.c.url == url
        newest = select(fetches.c.sha256).where(*here).order_by(fetches.c.last_at.desc(), fetches.c.sha256)
        old = self._connection.execute(newest.offset(most)).scalars().all()
        for batch in batches(old):
            self._connection.execute(delete(fetches).where(*here, fetches.c.sha256.in_(batch)))
        return len(old)

    def forget_addresses(self, source: SourceId, but: Collection[str], before: datetime) -> int:
        """Delete all about addresses other than `but` that were last tried before then; returns how many bodies."""
        old = select(fetch_states.c.url).where(fetch_states.c.source == source, fetch_states.c.tried_at < before)
        urls = [url for url in self._connection.execute(old).scalars() if url not in but]
        gone = 0
        for url in urls:
            here = delete(fetches).where(fetches.c.source == source, fetches.c.url == url)
            gone += self._connection.execute(here).rowcount
            self._connection.execute(
                delete(fetch_states).where(fetch_states.c.source == source, fetch_states.c.url == url)
            )
        return gone

    def sources(self) -> list[SourceId]:
        """The sources for which anything was ever tried."""
        return [SourceId(name) for name in self._connection.execute(select(fetch_states.c.source).distinct()).scalars()]


def packed(body: bytes) -> bytes:
    """A body as it is kept; call it before a transaction begins, because it takes a while."""
    import zstandard  # noqa: PLC0415 - only sources that are fetched need it

    small: bytes = zstandard.ZstdCompressor(level=_LEVEL).compress(body)
    return small


@cache
def _storing(database: str) -> Insert:
    put = insert_in(database, fetch_states)
    told = {column.name: put.excluded[column.name] for column in fetch_states.c if not column.primary_key}
    return put.on_conflict_do_update(index_elements=list(fetch_states.primary_key), set_=told)


def _state(row: Row[Any]) -> FetchState:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's name for the public mapping of a row
    return FetchState(**{**values, "source": SourceId(values["source"])})
