"""What declared layouts show of an entry: dates without a day, counts, tags, links and fields."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ADDED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # a new table gets its collation by itself


def upgrade() -> None:
    for table in ("entries", "revisions"):
        op.add_column(table, sa.Column("date_part", ADDED_TEXT))
    op.add_column("entries", sa.Column("counts", sa.JSON()))
    for table in ("revisions", "placings", "departures"):
        op.add_column(table, sa.Column("extras", ADDED_TEXT))
