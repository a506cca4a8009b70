"""Why the last attempt to make an edition of a digest failed, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ADDED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # a new table gets its collation by itself


def upgrade() -> None:
    op.add_column("digests", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("digests", sa.Column("problem", ADDED_TEXT, nullable=True))
