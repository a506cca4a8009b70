"""The texts of last readings, the version of the parsing rules, and what a held dump waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT, WHOLE, JSON, MOMENT = sa.Text(), sa.Integer(), sa.JSON(), sa.DateTime(timezone=True)


def upgrade() -> None:
    # The first rules read the existing dumps, and no time was recorded when they were last seen.
    op.add_column("dumps", sa.Column("rules", WHOLE, nullable=False, server_default="1"))
    op.add_column("dumps", sa.Column("changed_at", MOMENT, nullable=True))
    op.add_column("dumps", sa.Column("confirmed_at", MOMENT, nullable=True))
    op.add_column("dumps", sa.Column("weigh_at", MOMENT, nullable=True))
    op.add_column("dumps", sa.Column("waiting", JSON, nullable=True))
    op.add_column("dumps", sa.Column("overwritten", JSON, nullable=True))
    op.add_column("dumps", sa.Column("agreed", WHOLE, nullable=False, server_default="0"))
    op.add_column("dumps", sa.Column("notes", JSON, nullable=True))
    op.add_column("dumps", sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("placings", sa.Column("revision", WHOLE, nullable=True))
    op.add_column("placings", sa.Column("body", JSON, nullable=True))
