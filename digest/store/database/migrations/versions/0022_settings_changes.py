"""What the console, the API and commands changed of the configuration, in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

TEXT, WHOLE, MOMENT = sa.Text(), sa.Integer(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "settings_changes",
        sa.Column("revision", WHOLE, nullable=False, autoincrement=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("before", WHOLE, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("templates", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
