"""What an operator decides about editions: plans for the next one, entries left out, holds, and the acts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TEXT, WHOLE, JSON, MOMENT = sa.Text(), sa.Integer(), sa.JSON(), sa.DateTime(timezone=True)
ADDED_TEXT = TEXT.with_variant(sa.Text(collation="C"), "postgresql")  # a new table gets its collation by itself


def upgrade() -> None:
    op.add_column("editions", sa.Column("note", ADDED_TEXT))
    op.add_column("editions", sa.Column("held_at", MOMENT))
    op.add_column("editions", sa.Column("cancelled_at", MOMENT))
    op.create_table(
        "edition_plans",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("first", JSON, nullable=False),
        sa.Column("slot_at", MOMENT),
        sa.Column("asked_at", MOMENT),
        sa.PrimaryKeyConstraint("digest"),
        sa.ForeignKeyConstraint(["digest"], ["digests.id"]),
    )
    op.create_table(
        "left_out",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("entry_id", TEXT, nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", "entry_id"),
        sa.ForeignKeyConstraint(["digest"], ["digests.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
    )
    op.create_index("ix_left_out_entry_id", "left_out", ["entry_id"])
    op.create_table(
        "edition_acts",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("edition", TEXT),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["digest"], ["digests.id"]),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.CheckConstraint(
            "kind IN ('note', 'leave_out', 'take_in', 'order', 'ask', 'approve', 'skip', 'hold', 'resume', 'cancel', "
            "'resend')",
            name="kind",
        ),
    )
    op.create_index("ix_edition_acts_digest", "edition_acts", ["digest"])
    op.create_index("ix_edition_acts_edition", "edition_acts", ["edition"])
