"""Operators' changes, hidden and merged entries, and the pages' values of edited fields."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT, WHOLE, JSON, MOMENT = sa.Text(), sa.Integer(), sa.JSON(), sa.DateTime(timezone=True)
ADDED_TEXT = TEXT.with_variant(sa.Text(collation="C"), "postgresql")  # a new table gets its collation by itself


def upgrade() -> None:
    op.add_column("entries", sa.Column("hidden_at", MOMENT))
    op.add_column("entries", sa.Column("forgotten_at", MOMENT))
    op.add_column("entries", sa.Column("merged_into", ADDED_TEXT))
    op.add_column("entries", sa.Column("merged_at", WHOLE))
    op.add_column("revisions", sa.Column("printed", JSON))
    op.add_column("revisions", sa.Column("split_to", ADDED_TEXT))
    _partial_index("ix_entries_merged_into", "entries", "merged_into", "merged_into IS NOT NULL")
    _partial_index("ix_entries_forgotten_at", "entries", "forgotten_at", "forgotten_at IS NOT NULL")
    _partial_index("ix_revisions_printed", "revisions", "entry_id", "printed IS NOT NULL")
    op.create_table(
        "acts",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entry_id", TEXT),
        sa.Column("other_id", TEXT),
        sa.Column("source", TEXT),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("undone_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["source"], ["sources.id"]),
        sa.CheckConstraint(
            "kind IN ('edit', 'hide', 'publish', 'remove', 'restore', 'merge', 'split', 'forget')", name="kind"
        ),
    )
    op.create_index("ix_acts_entry_id", "acts", ["entry_id"])
    op.create_index("ix_acts_other_id", "acts", ["other_id"])


def _partial_index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
