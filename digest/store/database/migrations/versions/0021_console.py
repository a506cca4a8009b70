"""The console: its users, what they log in with, their sessions, and links that work once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

TEXT, WHOLE, MOMENT = sa.Text(), sa.Integer(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "console_users",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
    )
    op.create_table(
        "console_credentials",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("counter", WHOLE, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["console_users.id"]),
        sa.UniqueConstraint("kind", "key"),
        sa.CheckConstraint("kind IN ('passkey', 'password', 'totp', 'recovery', 'oidc')", name="kind"),
    )
    op.create_index("ix_console_credentials_user_id", "console_credentials", ["user_id"])
    op.create_table(
        "console_sessions",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("user_id", WHOLE, nullable=False),
        sa.Column("way", TEXT, nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("network", TEXT, nullable=False),
        sa.Column("agent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["console_users.id"]),
        sa.UniqueConstraint("token"),
        sa.CheckConstraint("way IN ('link', 'passkey', 'password', 'header', 'oidc')", name="way"),
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id"])
    op.create_table(
        "console_once",
        sa.Column("token", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("user_id", WHOLE),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("token"),
        sa.ForeignKeyConstraint(["user_id"], ["console_users.id"]),
    )
