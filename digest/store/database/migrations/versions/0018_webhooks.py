"""Webhooks: since when each is configured, and the ledger of what was sent to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

TEXT, WHOLE, MOMENT = sa.Text(), sa.Integer(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("state", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("webhook", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("ordinal", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("next_at", MOMENT),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("webhook", "event"),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"]),
        sa.CheckConstraint("state IN ('planned', 'delivered', 'failed', 'skipped')", name="state"),
        sa.CheckConstraint("(state = 'planned') = (next_at IS NOT NULL)", name="next_at"),
    )
    op.create_index("ix_webhook_events_next_at", "webhook_events", ["next_at"])
