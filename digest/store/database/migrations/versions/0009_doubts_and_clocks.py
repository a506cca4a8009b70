"""Entries that mails list once more because an earlier mail may be lost, clock faults, the installation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT, WHOLE, JSON, MOMENT = sa.Text(), sa.Integer(), sa.JSON(), sa.DateTime(timezone=True)
_COLUMNS = "edition, ordinal, section, entry_id, revision, gained"


def upgrade() -> None:
    _edition_entries()
    op.add_column("edition_bodies", sa.Column("again", JSON, nullable=False, server_default="[]"))
    doubtful = sa.text("uncertain > 0")
    op.create_index(
        "ix_deliveries_uncertain",
        "deliveries",
        ["subscriber_id"],
        sqlite_where=doubtful,
        postgresql_where=doubtful,
    )
    op.create_table(
        "clock_faults",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("moment", TEXT, nullable=False),
        sa.Column("done", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("meta", sa.Column("installation", JSON, nullable=True))


def _edition_entries() -> None:
    """Create the table again with one more section, because SQLite cannot change a constraint."""
    op.execute("CREATE TABLE edition_entries_before AS SELECT * FROM edition_entries")
    op.drop_table("edition_entries")
    op.create_table(
        "edition_entries",
        sa.Column("edition", TEXT, nullable=False),
        sa.Column("ordinal", WHOLE, nullable=False, autoincrement=False),
        sa.Column("section", TEXT, nullable=False),
        sa.Column("entry_id", TEXT, nullable=False),
        sa.Column("revision", WHOLE, nullable=False),
        sa.Column("gained", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("edition", "ordinal"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.ForeignKeyConstraint(["entry_id", "revision"], ["revisions.entry_id", "revisions.number"]),
        sa.CheckConstraint("section IN ('new', 'catch_up', 'most_read', 'corrected', 'again')", name="section"),
    )
    op.create_index("ix_edition_entries_entry_id", "edition_entries", ["entry_id"])
    op.execute(
        f"INSERT INTO edition_entries ({_COLUMNS}) SELECT {_COLUMNS} FROM edition_entries_before"  # noqa: S608 - constants
    )
    op.drop_table("edition_entries_before")
