"""The tables of the console: its users, what they log in with, their sessions, and links that work once."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from digest.records.console import CredentialKind, Role, Way
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

console_users = Table(
    "console_users",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("name", Text),
    needed("role", Text),
    needed("created_at", UtcTime),
    Column("disabled_at", UtcTime),
    UniqueConstraint("name"),
    one_of("role", Role),
)

console_credentials = Table(
    "console_credentials",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("user_id", Integer, ForeignKey("console_users.id")),
    needed("kind", Text),
    Column("key", Text),
    needed("secret", Text),
    needed("counter", Integer),
    needed("name", Text),
    needed("created_at", UtcTime),
    Column("used_at", UtcTime),
    UniqueConstraint("kind", "key"),
    one_of("kind", CredentialKind),
    Index("ix_console_credentials_user_id", "user_id"),
)

# Only the hash of a token is stored: who reads the database, or a backup, cannot log in with it.
console_sessions = Table(
    "console_sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("token", Text),
    needed("user_id", Integer, ForeignKey("console_users.id")),
    needed("way", Text),
    needed("began_at", UtcTime),
    needed("seen_at", UtcTime),
    needed("rotated_at", UtcTime),
    needed("network", Text),
    needed("agent", Text),
    UniqueConstraint("token"),
    one_of("way", Way),
    Index("ix_console_sessions_user_id", "user_id"),
)

# What counts once: links to log in, and the challenges of passkeys, which are stored when they are used.
console_once = Table(
    "console_once",
    metadata,
    Column("token", Text, primary_key=True),
    needed("purpose", Text),
    Column("user_id", Integer, ForeignKey("console_users.id")),
    needed("expires_at", UtcTime),
    Column("used_at", UtcTime),
)
