"""The former names of digests, and the unplanned mails of large editions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT, MOMENT, NUMBER = sa.Text(), sa.DateTime(timezone=True), sa.Integer()


def upgrade() -> None:
    op.create_table(
        "renamed_digests",
        sa.Column("old", TEXT, nullable=False),
        sa.Column("new", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("old"),
        sa.ForeignKeyConstraint(["new"], ["digests.id"]),
    )
    op.create_table(
        "unplanned",
        sa.Column("edition", TEXT, nullable=False),
        sa.Column("part", NUMBER, nullable=False, autoincrement=False),
        sa.Column("mails", sa.JSON(), nullable=False),
        sa.Column("caught_up", sa.JSON(), nullable=False),
        sa.Column("resting", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "part"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
    )
