"""The tables of digests and editions."""

import sqlalchemy as sa

from digest.model import Section
from digest.records.editions import EditionActKind
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of
from digest.store.database.tables.publishing import entries, revisions

digests = sa.Table(
    "digests",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    needed("configured_at", UtcTime),
    sa.Column("failed_at", UtcTime),  # since when no edition can be made
    sa.Column("problem", sa.Text),  # and the reason
)

# Every former name of a digest: old mails lead to its present name.
renamed_digests = sa.Table(
    "renamed_digests",
    metadata,
    sa.Column("old", sa.Text, primary_key=True),
    needed("new", sa.Text, sa.ForeignKey(digests.c.id)),
    needed("at", UtcTime),
)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    needed("digest", sa.Text, sa.ForeignKey(digests.c.id)),
    sa.Column("slot_at", UtcTime),
    sa.Column("opens_at", UtcTime),
    needed("closes_at", UtcTime),
    needed("empty", sa.Boolean),
    sa.Column("note", sa.Text),  # an operator's words on top, in Markdown
    sa.Column("held_at", UtcTime),  # since when none of its mails is sent
    sa.Column("cancelled_at", UtcTime),
    sa.UniqueConstraint("digest", "slot_at"),
)

edition_entries = sa.Table(
    "edition_entries",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    needed("section", sa.Text),
    needed("entry_id", sa.Text),
    needed("revision", sa.Integer),
    sa.Column("gained", sa.Integer),
    sa.ForeignKeyConstraint(["entry_id", "revision"], [revisions.c.entry_id, revisions.c.number]),
    one_of("section", Section),
    sa.Index(None, "entry_id"),
)

# The texts, one row for all subscribers who get the same; `told` are the ordinals of the entries announced as new,
# `again` of those listed once more, because nobody knows whether an earlier mail arrived.
edition_bodies = sa.Table(
    "edition_bodies",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    needed("language", sa.Text),
    needed("subject", sa.Text),
    needed("html", sa.Text),
    needed("text", sa.Text),
    needed("told", sa.JSON),
    sa.Column("again", sa.JSON, nullable=False, server_default="[]"),
)

# Mails of a large edition that are not planned yet, some hundred in each part; deleted when they are planned.
unplanned = sa.Table(
    "unplanned",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    needed("mails", sa.JSON),
    needed("caught_up", sa.JSON),
    needed("resting", sa.JSON),
)

# An operator's plans for the next edition of a digest; `slot_at` and `asked_at` while it waits for approval.
edition_plans = sa.Table(
    "edition_plans",
    metadata,
    sa.Column("digest", sa.ForeignKey(digests.c.id), primary_key=True),
    needed("note", sa.Text),
    needed("first", sa.JSON),
    sa.Column("slot_at", UtcTime),
    sa.Column("asked_at", UtcTime),
)

# Entries that an operator leaves out of the mails of a digest: of the next edition only (`once`), or permanently.
left_out = sa.Table(
    "left_out",
    metadata,
    sa.Column("digest", sa.ForeignKey(digests.c.id), primary_key=True),
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    needed("once", sa.Boolean),
    needed("at", UtcTime),
    sa.Index(None, "entry_id"),
)

edition_acts = sa.Table(
    "edition_acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("at", UtcTime),
    needed("who", sa.Text),
    needed("digest", sa.Text, sa.ForeignKey(digests.c.id)),
    sa.Column("edition", sa.ForeignKey(editions.c.key)),
    needed("kind", sa.Text),
    needed("detail", sa.Text),
    one_of("kind", EditionActKind),
    sa.Index(None, "digest"),
    sa.Index(None, "edition"),
)
