"""A subscriber's private feed of editions, beside mails or instead of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

ADDED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # a new table gets its collation by itself


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("feed", ADDED_TEXT, nullable=False, server_default=""))
    op.add_column("subscribers", sa.Column("feed_number", sa.Integer(), nullable=False, server_default="0"))
