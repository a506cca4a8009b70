"""Search simplified and traditional Chinese alike, and find the entries of an author."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

from digest.chinese import folded_characters

revision = "0017"
down_revision = "0016"

_BATCH = 500
searched = sa.table("searched", sa.column("number"), sa.column("title"), sa.column("body"))


def upgrade() -> None:
    op.create_index("ix_revisions_author", "revisions", ["author"], sqlite_where=_WRITTEN, postgresql_where=_WRITTEN)
    connection = op.get_bind()
    if not (changed := fold_tokens(connection)):
        return
    if connection.dialect.name == "postgresql":
        from digest.store.publishing import vectors  # noqa: PLC0415 - a store in a file does not load it

        vectors.index(connection, changed)
    else:
        op.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")


_WRITTEN = sa.text("author IS NOT NULL")


def fold_tokens(connection: sa.Connection) -> list[int]:
    """Fold the stored tokens, which is the same as computing them again; the numbers of the rows that change."""
    table = folded_characters()
    other = re.compile(f"[{''.join(map(chr, table))}]")
    changed: list[int] = []
    last = 0
    while rows := connection.execute(
        sa.select(searched).where(searched.c.number > last).order_by(searched.c.number).limit(_BATCH)
    ).all():
        for row in rows:
            if other.search(row.title) or other.search(row.body):
                new = {"title": row.title.translate(table), "body": row.body.translate(table)}
                connection.execute(sa.update(searched).where(searched.c.number == row.number).values(new))
                changed.append(row.number)
        last = rows[-1].number
    return changed
