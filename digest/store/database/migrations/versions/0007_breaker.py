"""Suppressions that wait until their share is known, and recipient domains that are paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT, MOMENT = sa.Text(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "suppression_requests",
        sa.Column("edition", TEXT, nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("evidence", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("edition", "subscriber_id"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("evidence IN ('editions', 'server')", name="evidence"),
        sa.CheckConstraint("state IN ('asked', 'applied', 'confirmed', 'dismissed')", name="state"),
    )
    op.create_index("ix_suppression_requests_state", "suppression_requests", ["state"])
    op.create_index("ix_suppression_requests_subscriber_id", "suppression_requests", ["subscriber_id"])
    op.create_table(
        "resting_domains",
        sa.Column("domain", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("domain"),
    )
