"""The tables of entries: what they say, where they stand on pages, in feeds and in the search index."""

from enum import StrEnum

import sqlalchemy as sa

from digest.records.publishing import ActKind
from digest.store.database.tables.columns import UtcTime, entry_date, entry_date_checks, metadata, needed, one_of
from digest.store.database.tables.intake import dumps, sources


class KeyKind(StrEnum):
    """What a key of an entry was made from."""

    TITLE = "title"
    LEAD = "lead"


# The content of an entry is that of its revision `revision`. Not published: `updated_at` absent, removed or hidden.
# `merged_into` is the entry that an operator says it is, and `merged_at` is that one's revision then: this one
# continues with its dumps, and their changes are made to the other.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    needed("atom_id", sa.Text),
    needed("first_source", sa.Text, sa.ForeignKey(sources.c.id)),
    needed("first_seen_at", UtcTime),
    needed("page_order", sa.Integer),
    needed("revision", sa.Integer),
    *entry_date(),
    sa.Column("readers", sa.Integer),
    sa.Column("counts", sa.JSON(none_as_null=True)),  # the newest other numbers that its pages count, by name
    sa.Column("updated_at", UtcTime),
    needed("announced", sa.Boolean),
    sa.Column("removed_at", UtcTime),
    sa.Column("hidden_at", UtcTime),
    sa.Column("forgotten_at", UtcTime),  # hidden until a dump shows it again
    sa.Column("merged_into", sa.Text),
    sa.Column("merged_at", sa.Integer),
    sa.UniqueConstraint("atom_id"),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.CheckConstraint("updated_at IS NOT NULL OR NOT announced", name="announced"),
    *entry_date_checks(),
    sa.Index(None, "first_source", "updated_at"),
    sa.Index(None, "first_seen_at", "date_full"),
    sa.Index(None, "date_full"),
)

sa.Index("ix_entries_merged_into", entries.c.merged_into, sqlite_where=sa.text("merged_into IS NOT NULL"))

sa.Index("ix_entries_forgotten_at", entries.c.forgotten_at, sqlite_where=sa.text("forgotten_at IS NOT NULL"))

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    needed("at", UtcTime),
    needed("cause", sa.Text),
    needed("significant", sa.Boolean),
    sa.Column("source", sa.Text),  # whose dump brought it; absent for a year that the neighbours on a page gave
    sa.Column("path", sa.Text),
    needed("title", sa.Text),
    sa.Column("author", sa.Text),
    needed("paragraphs", sa.JSON),
    needed("figures", sa.JSON),
    needed("complete", sa.Boolean),
    sa.Column(
        "extras", sa.Text
    ),  # tags, link and fields, as far as there are any; JSON, converted only where it is present
    *entry_date(),
    sa.Column("printed", sa.JSON(none_as_null=True)),  # the pages' values of the fields that an operator edited
    sa.Column("split_to", sa.Text),  # the entry to which this text belongs, according to an operator
    *entry_date_checks(),
)

sa.Index("ix_revisions_author", revisions.c.author, sqlite_where=sa.text("author IS NOT NULL"))

sa.Index("ix_revisions_printed", revisions.c.entry_id, sqlite_where=sa.text("printed IS NOT NULL"))

# Operators' changes; `service.publishing.by_hand.acts` makes `before` and `after`.
acts = sa.Table(
    "acts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("at", UtcTime),
    needed("who", sa.Text),
    needed("kind", sa.Text),
    sa.Column("entry_id", sa.ForeignKey(entries.c.id)),
    sa.Column("other_id", sa.ForeignKey(entries.c.id)),
    sa.Column("source", sa.ForeignKey(sources.c.id)),
    needed("before", sa.JSON),
    needed("after", sa.JSON),
    sa.Column("undone_at", UtcTime),
    one_of("kind", ActKind),
    sa.Index(None, "entry_id"),
    sa.Index(None, "other_id"),
)

# The tokens (`search_terms`) of each entry's newest content, published or not, joined by spaces.
searched = sa.Table(
    "searched",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),  # its row number in the index
    needed("entry_id", sa.Text, sa.ForeignKey(entries.c.id)),
    needed("title", sa.Text),
    needed("body", sa.Text),
    sa.UniqueConstraint("entry_id"),
)

# `ascii` keeps every token unchanged (measured over all of Unicode); `unicode61` has tables of its own and drops some.
_INDEX = "fts5(title, body, content='searched', content_rowid='number', tokenize='ascii')"

_make_index = sa.DDL(f"CREATE VIRTUAL TABLE search_index USING {_INDEX}")  # type: ignore[no-untyped-call] # SQLAlchemy's own

sa.event.listen(searched, "after_create", _make_index.execute_if(dialect="sqlite"))

for _statement in (
    "CREATE TABLE search_index (number INTEGER PRIMARY KEY REFERENCES searched, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_index_words ON search_index USING gin (words)",
):
    _make_words = sa.DDL(_statement)  # type: ignore[no-untyped-call] # as above
    sa.event.listen(searched, "after_create", _make_words.execute_if(dialect="postgresql"))

# Every key to which an entry ever answered.
entry_keys = sa.Table(
    "entry_keys",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    one_of("kind", KeyKind),
    sa.Index(None, "entry_id"),
)

# What identifies an entry in a source: the ids that feeds gave it, and its links. Decision 293.
entry_uids = sa.Table(
    "entry_uids",
    metadata,
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    sa.Index(None, "entry_id"),
)

entry_sources = sa.Table(
    "entry_sources",
    metadata,
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    needed("first_seen_at", UtcTime),
    needed("path", sa.Text),  # the dump that showed it first
    needed("because", sa.Text),  # why that sighting was matched to this entry
    sa.Index(None, "source"),
)

# The entries of each feed in the order in which they joined it; a number is never reused.
feed_entries = sa.Table(
    "feed_entries",
    metadata,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    needed("entry_id", sa.Text, sa.ForeignKey(entries.c.id)),
    sa.UniqueConstraint("entry_id", "feed"),
    sa.CheckConstraint("number >= 1", name="number"),
)

reader_counts = sa.Table(
    "reader_counts",
    metadata,
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    sa.Column("counted_at", UtcTime, primary_key=True),
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    needed("readers", sa.Integer),
    sa.Index(None, "counted_at"),
)

# Formulas as pictures, by their appearance; without bytes if one could not be drawn.
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("png", sa.LargeBinary),
    needed("width", sa.Integer),
    needed("height", sa.Integer),
    needed("depth", sa.Integer),
)

sa.Index("ix_pictures_undrawn", pictures.c.name, sqlite_where=sa.text("png IS NULL"))

# The last good reading of each dump.
placings = sa.Table(
    "placings",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("page", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    needed("entry_id", sa.Text, sa.ForeignKey(entries.c.id)),
    needed("title", sa.Text),
    sa.Column("month", sa.Integer),
    sa.Column("day", sa.Integer),
    sa.Column("year", sa.Integer),
    sa.Column("readers", sa.Integer),
    needed("view", sa.Text),
    needed("complete", sa.Boolean),
    needed("because", sa.Text),  # why it was matched to this entry when the dump first showed it
    # The text that it showed: that of a revision of the entry, or its own; readings older than 0002 have neither.
    sa.Column("revision", sa.Integer),
    sa.Column("body", sa.JSON(none_as_null=True)),
    # What only a declared layout shows: a date without a day, counts, tags, link, fields; the key of an untitled line.
    sa.Column("extras", sa.Text),
    sa.ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    sa.CheckConstraint("(month IS NULL) = (day IS NULL) AND (month IS NOT NULL OR year IS NULL)", name="evidence"),
    sa.Index(None, "entry_id"),
)

# How a dump last showed an entry that it no longer shows: the entry may come back with another text.
departures = sa.Table(
    "departures",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("entry_id", sa.ForeignKey(entries.c.id), primary_key=True),
    needed("title", sa.Text),
    needed("view", sa.Text),
    needed("complete", sa.Boolean),
    sa.Column("revision", sa.Integer),
    sa.Column("body", sa.JSON(none_as_null=True)),
    sa.Column("extras", sa.Text),
    needed("left_at", UtcTime),
    sa.ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    sa.Index(None, "entry_id"),
)
