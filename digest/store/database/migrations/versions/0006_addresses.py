"""Changes of address, links that stay valid after use, mails to one person; keys that distinguish letters."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT, WHOLE, TRUTH, JSON, MOMENT = sa.Text(), sa.Integer(), sa.Boolean(), sa.JSON(), sa.DateTime(timezone=True)


def upgrade() -> None:
    _confirmations()
    _single_mails()
    _keys("subscribers")
    _keys("confirmations")


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _optional(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _confirmations() -> None:
    """Create the table again, because SQLite cannot change a constraint."""
    op.execute("CREATE TABLE confirmations_before AS SELECT * FROM confirmations")
    op.drop_table("confirmations")
    op.create_table(
        "confirmations",
        _required("id", WHOLE),
        _required("kind", TEXT),
        _required("address", TEXT),
        _required("address_key", TEXT),
        _optional("subscriber_id", WHOLE),
        _required("digests", JSON),
        _required("language", TEXT),
        _required("latest", TRUTH),
        _required("network", TEXT),
        _required("asked_at", MOMENT),
        _required("expires_at", MOMENT),
        _optional("done_at", MOMENT),
        _required("attempts", WHOLE),
        _optional("next_at", MOMENT),
        _required("text", TEXT),
        _required("proven", TRUTH),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("kind IN ('join', 'access', 'move')", name="kind"),
        sa.CheckConstraint(
            "CASE WHEN kind = 'join' THEN done_at IS NOT NULL OR subscriber_id IS NULL "
            "ELSE subscriber_id IS NOT NULL END",
            name="subscriber",
        ),
    )
    for column in ("address_key", "asked_at", "next_at"):
        op.create_index(f"ix_confirmations_{column}", "confirmations", [column])
    op.execute(
        "INSERT INTO confirmations (id, kind, address, address_key, subscriber_id, digests, language, latest, network, "
        "asked_at, expires_at, done_at, attempts, next_at, text, proven) "
        "SELECT id, kind, address, address_key, subscriber_id, digests, language, latest, network, "
        "asked_at, expires_at, done_at, attempts, next_at, text, false "
        "FROM confirmations_before"
    )
    op.drop_table("confirmations_before")
    op.execute(
        "UPDATE confirmations SET subscriber_id = (SELECT s.id FROM subscribers s "
        "WHERE s.address_key = confirmations.address_key) WHERE kind = 'join' AND done_at IS NOT NULL"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('confirmations', 'id'), (SELECT max(id) FROM confirmations)) "
            "WHERE EXISTS (SELECT 1 FROM confirmations)"
        )


def _single_mails() -> None:
    op.create_table(
        "single_mails",
        _required("id", WHOLE),
        _required("kind", TEXT),
        _required("subscriber_id", WHOLE),
        _required("address", TEXT),
        _required("written_at", MOMENT),
        _optional("guards_until", MOMENT),
        _required("attempts", WHOLE),
        _required("begun", TRUTH),
        _required("uncertain", WHOLE),
        _optional("next_at", MOMENT),
        _required("text", TEXT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("kind IN ('welcome', 'moved')", name="kind"),
        sa.CheckConstraint("NOT begun OR next_at IS NOT NULL", name="begun"),
    )
    op.create_index("ix_single_mails_subscriber_id", "single_mails", ["subscriber_id"])
    op.create_index("ix_single_mails_next_at", "single_mails", ["next_at"])


def _keys(table: str) -> None:
    """Rewrite the keys of addresses outside ASCII: composed letters, without folding two mailboxes into one (ß, ss).

    A person whose new key belongs to somebody else keeps the old one.
    """
    database = op.get_bind()
    people = sa.table(table, sa.column("id", WHOLE), sa.column("address", TEXT), sa.column("address_key", TEXT))
    changed: list[tuple[int, str]] = []
    taken: set[str] = set()
    for row in database.execute(sa.select(people).where(people.c.address.is_not(None))):
        key = unicodedata.normalize("NFC", row.address).lower()
        taken.add(row.address_key)
        if key != row.address_key:
            changed.append((row.id, key))
    for number, key in changed:
        if table == "subscribers" and key in taken:
            continue
        taken.add(key)
        database.execute(sa.update(people).where(people.c.id == number).values(address_key=key))
