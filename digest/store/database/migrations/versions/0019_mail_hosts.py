"""Which host takes the mail of an address that was asked for, so that domains of one provider are counted together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

ADDED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("confirmations", sa.Column("mail_host", ADDED_TEXT, nullable=False, server_default=""))
