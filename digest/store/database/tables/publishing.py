"""The tables of entries: what they say, where they stand on pages, in feeds and in the search index."""

from enum import StrEnum

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

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
entries = Table(
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    needed("atom_id", Text),
    needed("first_source", Text, ForeignKey(sources.c.id)),
    needed("first_seen_at", UtcTime),
    needed("page_order", Integer),
    needed("revision", Integer),
    *entry_date(),
    Column("readers", Integer),
    Column("counts", JSON(none_as_null=True)),  # the newest other numbers that its pages count, by name
    Column("updated_at", UtcTime),
    needed("announced", Boolean),
    Column("removed_at", UtcTime),
    Column("hidden_at", UtcTime),
    Column("forgotten_at", UtcTime),  # hidden until a dump shows it again
    Column("merged_into", Text),
    Column("merged_at", Integer),
    UniqueConstraint("atom_id"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("updated_at IS NOT NULL OR NOT announced", name="announced"),
    *entry_date_checks(),
    Index(None, "first_source", "updated_at"),
    Index(None, "first_seen_at", "date_full"),
    Index(None, "date_full"),
)

Index("ix_entries_merged_into", entries.c.merged_into, sqlite_where=text("merged_into IS NOT NULL"))

Index("ix_entries_forgotten_at", entries.c.forgotten_at, sqlite_where=text("forgotten_at IS NOT NULL"))

revisions = Table(
    "revisions",
    metadata,
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    needed("at", UtcTime),
    needed("cause", Text),
    needed("significant", Boolean),
    Column("source", Text),  # whose dump brought it; absent for a year that the neighbours on a page gave
    Column("path", Text),
    needed("title", Text),
    Column("author", Text),
    needed("paragraphs", JSON),
    needed("figures", JSON),
    needed("complete", Boolean),
    Column("extras", Text),  # tags, link and fields, as far as there are any; JSON, converted only where it is present
    *entry_date(),
    Column("printed", JSON(none_as_null=True)),  # the pages' values of the fields that an operator edited
    Column("split_to", Text),  # the entry to which this text belongs, according to an operator
    *entry_date_checks(),
)

Index("ix_revisions_author", revisions.c.author, sqlite_where=text("author IS NOT NULL"))

Index("ix_revisions_printed", revisions.c.entry_id, sqlite_where=text("printed IS NOT NULL"))

# Operators' changes; `service.publishing.by_hand.acts` makes `before` and `after`.
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("at", UtcTime),
    needed("who", Text),
    needed("kind", Text),
    Column("entry_id", ForeignKey(entries.c.id)),
    Column("other_id", ForeignKey(entries.c.id)),
    Column("source", ForeignKey(sources.c.id)),
    needed("before", JSON),
    needed("after", JSON),
    Column("undone_at", UtcTime),
    one_of("kind", ActKind),
    Index(None, "entry_id"),
    Index(None, "other_id"),
)

# The tokens (`search_terms`) of each entry's newest content, published or not, joined by spaces.
searched = Table(
    "searched",
    metadata,
    Column("number", Integer, primary_key=True),  # its row number in the index
    needed("entry_id", Text, ForeignKey(entries.c.id)),
    needed("title", Text),
    needed("body", Text),
    UniqueConstraint("entry_id"),
)

# `ascii` keeps every token unchanged (measured over all of Unicode); `unicode61` has tables of its own and drops some.
_INDEX = "fts5(title, body, content='searched', content_rowid='number', tokenize='ascii')"

_make_index = DDL(f"CREATE VIRTUAL TABLE search_index USING {_INDEX}")  # type: ignore[no-untyped-call] # SQLAlchemy's own

event.listen(searched, "after_create", _make_index.execute_if(dialect="sqlite"))

for _statement in (
    "CREATE TABLE search_index (number INTEGER PRIMARY KEY REFERENCES searched, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_index_words ON search_index USING gin (words)",
):
    _make_words = DDL(_statement)  # type: ignore[no-untyped-call] # as above
    event.listen(searched, "after_create", _make_words.execute_if(dialect="postgresql"))

# Every key to which an entry ever answered.
entry_keys = Table(
    "entry_keys",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    one_of("kind", KeyKind),
    Index(None, "entry_id"),
)

# What identifies an entry in a source: the ids that feeds gave it, and its links. Decision 293.
entry_uids = Table(
    "entry_uids",
    metadata,
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Index(None, "entry_id"),
)

entry_sources = Table(
    "entry_sources",
    metadata,
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    needed("first_seen_at", UtcTime),
    needed("path", Text),  # the dump that showed it first
    needed("because", Text),  # why that sighting was matched to this entry
    Index(None, "source"),
)

# The entries of each feed in the order in which they joined it; a number is never reused.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    needed("entry_id", Text, ForeignKey(entries.c.id)),
    UniqueConstraint("entry_id", "feed"),
    CheckConstraint("number >= 1", name="number"),
)

reader_counts = Table(
    "reader_counts",
    metadata,
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Column("counted_at", UtcTime, primary_key=True),
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    needed("readers", Integer),
    Index(None, "counted_at"),
)

# Formulas as pictures, by their appearance; without bytes if one could not be drawn.
pictures = Table(
    "pictures",
    metadata,
    Column("name", Text, primary_key=True),
    Column("png", LargeBinary),
    needed("width", Integer),
    needed("height", Integer),
    needed("depth", Integer),
)

Index("ix_pictures_undrawn", pictures.c.name, sqlite_where=text("png IS NULL"))

# The last good reading of each dump.
placings = Table(
    "placings",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    needed("entry_id", Text, ForeignKey(entries.c.id)),
    needed("title", Text),
    Column("month", Integer),
    Column("day", Integer),
    Column("year", Integer),
    Column("readers", Integer),
    needed("view", Text),
    needed("complete", Boolean),
    needed("because", Text),  # why it was matched to this entry when the dump first showed it
    # The text that it showed: that of a revision of the entry, or its own; readings older than 0002 have neither.
    Column("revision", Integer),
    Column("body", JSON(none_as_null=True)),
    # What only a declared layout shows: a date without a day, counts, tags, link, fields; the key of an untitled line.
    Column("extras", Text),
    ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    CheckConstraint("(month IS NULL) = (day IS NULL) AND (month IS NOT NULL OR year IS NULL)", name="evidence"),
    Index(None, "entry_id"),
)

# How a dump last showed an entry that it no longer shows: the entry may come back with another text.
departures = Table(
    "departures",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    needed("title", Text),
    needed("view", Text),
    needed("complete", Boolean),
    Column("revision", Integer),
    Column("body", JSON(none_as_null=True)),
    Column("extras", Text),
    needed("left_at", UtcTime),
    ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    Index(None, "entry_id"),
)
