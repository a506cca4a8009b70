"""What identifies an entry in a source: the ids that feeds give it, and its links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "entry_uids",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "uid", "entry_id"),
        sa.ForeignKeyConstraint(["source"], ["sources.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
    )
    op.create_index("ix_entry_uids_entry_id", "entry_uids", ["entry_id"])
