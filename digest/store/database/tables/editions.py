"""The tables of digests and editions."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from digest.model import Section
from digest.records.editions import EditionActKind
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of
from digest.store.database.tables.publishing import entries, revisions

digests = Table(
    "digests",
    metadata,
    Column("id", Text, primary_key=True),
    needed("configured_at", UtcTime),
    Column("failed_at", UtcTime),  # since when no edition can be made
    Column("problem", Text),  # and the reason
)

# Every former name of a digest: old mails lead to its present name.
renamed_digests = Table(
    "renamed_digests",
    metadata,
    Column("old", Text, primary_key=True),
    needed("new", Text, ForeignKey(digests.c.id)),
    needed("at", UtcTime),
)

editions = Table(
    "editions",
    metadata,
    Column("key", Text, primary_key=True),
    needed("digest", Text, ForeignKey(digests.c.id)),
    Column("slot_at", UtcTime),
    Column("opens_at", UtcTime),
    needed("closes_at", UtcTime),
    needed("empty", Boolean),
    Column("note", Text),  # an operator's words on top, in Markdown
    Column("held_at", UtcTime),  # since when none of its mails is sent
    Column("cancelled_at", UtcTime),
    UniqueConstraint("digest", "slot_at"),
)

edition_entries = Table(
    "edition_entries",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    needed("section", Text),
    needed("entry_id", Text),
    needed("revision", Integer),
    Column("gained", Integer),
    ForeignKeyConstraint(["entry_id", "revision"], [revisions.c.entry_id, revisions.c.number]),
    one_of("section", Section),
    Index(None, "entry_id"),
)

# The texts, one row for all subscribers who get the same; `told` are the ordinals of the entries announced as new,
# `again` of those listed once more, because nobody knows whether an earlier mail arrived.
edition_bodies = Table(
    "edition_bodies",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    needed("language", Text),
    needed("subject", Text),
    needed("html", Text),
    needed("text", Text),
    needed("told", JSON),
    Column("again", JSON, nullable=False, server_default="[]"),
)

# Mails of a large edition that are not planned yet, some hundred in each part; deleted when they are planned.
unplanned = Table(
    "unplanned",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    needed("mails", JSON),
    needed("caught_up", JSON),
    needed("resting", JSON),
)

# An operator's plans for the next edition of a digest; `slot_at` and `asked_at` while it waits for approval.
edition_plans = Table(
    "edition_plans",
    metadata,
    Column("digest", ForeignKey(digests.c.id), primary_key=True),
    needed("note", Text),
    needed("first", JSON),
    Column("slot_at", UtcTime),
    Column("asked_at", UtcTime),
)

# Entries that an operator leaves out of the mails of a digest: of the next edition only (`once`), or permanently.
left_out = Table(
    "left_out",
    metadata,
    Column("digest", ForeignKey(digests.c.id), primary_key=True),
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    needed("once", Boolean),
    needed("at", UtcTime),
    Index(None, "entry_id"),
)

edition_acts = Table(
    "edition_acts",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("at", UtcTime),
    needed("who", Text),
    needed("digest", Text, ForeignKey(digests.c.id)),
    Column("edition", ForeignKey(editions.c.key)),
    needed("kind", Text),
    needed("detail", Text),
    one_of("kind", EditionActKind),
    Index(None, "digest"),
    Index(None, "edition"),
)
