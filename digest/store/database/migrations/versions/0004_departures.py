"""How a dump last showed the entries that it no longer shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT, WHOLE, JSON, MOMENT = sa.Text(), sa.Integer(), sa.JSON(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "departures",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("entry_id", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("view", TEXT, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("revision", WHOLE, nullable=True),
        sa.Column("body", JSON, nullable=True),
        sa.Column("left_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "path", "entry_id"),
        sa.ForeignKeyConstraint(["source", "path"], ["dumps.source", "dumps.path"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
    )
    op.create_index("ix_departures_entry_id", "departures", ["entry_id"])
