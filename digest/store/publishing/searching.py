"""The search index: updated with each revision, and queried.

`searched` has the tokens, which every database can index in its own way: PostgreSQL in `vectors`, SQLite in
`search_index`, whose language (FTS5) only this module knows. Source: https://sqlite.org/fts5.html Decision 79.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from digest.model import Content, EntryId
from digest.search_terms import Query, spaced
from digest.store.database.statements import batches, insert, insert_rows
from digest.store.database.tables.publishing import entries, searched

_INDEX: sa.TableClause = sa.table("search_index", *map(sa.column, ("search_index", "rowid", "rank", "title", "body")))
_MATCHED: sa.ColumnElement[str] = sa.literal_column("search_index")
_ROW = ("entry_id", "title", "body")
_TAKE = ["rowid", "title", "body"]
_FORGET = ["search_index", *_TAKE]
_TOKENS = (searched.c.number, searched.c.title, searched.c.body)
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(searched.c.number), 0))
_TAKE_NEW = _INDEX.insert().from_select(_TAKE, sa.select(*_TOKENS).where(searched.c.number > sa.bindparam("before")))
_WEIGHTS = (10.0, 1.0)  # of title and body


def index_new(connection: sa.Connection, contents: Mapping[EntryId, Content]) -> None:
    """Add new entries to the index."""
    rows = (_row(entry, content) for entry, content in contents.items())
    if connection.dialect.name == "postgresql":
        from digest.store.publishing import vectors  # noqa: PLC0415 - with a file PostgreSQL's dialect is not loaded

        insert_rows(connection, searched, _ROW, rows)
        for batch in batches(contents):
            vectors.index_new(connection, searched.c.entry_id.in_(batch))
        return
    before = connection.execute(_NEWEST).scalar_one()
    insert_rows(connection, searched, _ROW, rows)
    connection.execute(_TAKE_NEW, {"before": before})


def index(connection: sa.Connection, contents: Mapping[EntryId, Content]) -> None:
    """Index entries by these contents, and no longer by older ones."""
    for batch in batches(contents):
        here = searched.c.entry_id.in_(batch)
        put = insert(connection, searched)
        newest = {"title": put.excluded.title, "body": put.excluded.body}
        put = put.on_conflict_do_update(index_elements=[searched.c.entry_id], set_=newest)
        rows = [dict(zip(_ROW, _row(entry, contents[entry]), strict=True)) for entry in batch]
        if connection.dialect.name == "postgresql":
            from digest.store.publishing import vectors  # noqa: PLC0415 - as above

            connection.execute(put, rows)
            vectors.index(connection, connection.execute(sa.select(searched.c.number).where(here)).scalars())
            continue
        # The index deletes a row by its old tokens. This uses statements, because triggers take twice the time per row.
        connection.execute(_INDEX.insert().from_select(_FORGET, sa.select(sa.literal("delete"), *_TOKENS).where(here)))
        connection.execute(put, rows)
        connection.execute(_INDEX.insert().from_select(_TAKE, sa.select(*_TOKENS).where(here)))


def agrees(connection: sa.Connection) -> bool:
    """Whether the index has the words of `searched`, no more and no less."""
    if connection.dialect.name == "postgresql":
        from digest.store.publishing import vectors  # noqa: PLC0415 - as above

        return vectors.agrees(connection)
    asked = _INDEX.insert().values(search_index="integrity-check", rank=1)
    try:
        connection.execute(asked)
    except DatabaseError:
        return False
    return True


def rebuild(connection: sa.Connection) -> None:
    """Rebuild the index from `searched`."""
    if connection.dialect.name == "postgresql":
        from digest.store.publishing import vectors  # noqa: PLC0415 - as above

        vectors.index(connection, connection.execute(sa.select(searched.c.number)).scalars().all())
    else:
        connection.execute(_INDEX.insert().values(search_index="rebuild"))


def ranked(
    connection: sa.Connection, wanted: Query, among: sa.ColumnElement[bool], then: Sequence[sa.ColumnElement[Any]]
) -> sa.Select[tuple[str]]:
    """A query for the ids of the entries that contain every term, at least one: see `Entries.search`."""
    if connection.dialect.name == "postgresql":
        from digest.store.publishing import vectors  # noqa: PLC0415 - as above

        best: list[sa.ColumnElement[Any]] = [vectors.titled(wanted).desc(), vectors.rank(wanted).desc(), *then]
        found = sa.select(entries.c.id).select_from(vectors.INDEX)
        found = found.join(searched, searched.c.number == vectors.INDEX.c.number)
        return (
            found.join(entries, entries.c.id == searched.c.entry_id).where(vectors.holds(wanted), among).order_by(*best)
        )
    everywhere = _expression(wanted)
    titled = sa.select(_INDEX.c.rowid).where(_MATCHED.op("MATCH")(f"{{title}} : ({everywhere})"))
    return (
        sa.select(entries.c.id)
        .select_from(_INDEX)
        .join(searched, searched.c.number == _INDEX.c.rowid)
        .join(entries, entries.c.id == searched.c.entry_id)
        .where(_MATCHED.op("MATCH")(everywhere), among)
        .order_by(searched.c.number.in_(titled).desc(), sa.func.bm25(_MATCHED, *_WEIGHTS), *then)
    )


def _row(entry: EntryId, content: Content) -> tuple[str, str, str]:
    return entry, spaced(content.title), spaced("\n".join((*content.paragraphs, *content.extras.tags)))


def _expression(wanted: Query) -> str:
    """The query in FTS5's language. Tokens are letters and digits, so none can be an operator."""
    return " AND ".join(f'"{" ".join(term.tokens)}"{" *" if term.open else ""}' for term in wanted)
