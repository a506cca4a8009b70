"""The tables of sources, of what was fetched for them, and of dumps."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
)

from digest.records.intake import DumpState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    needed("registered_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("refreshed_at", UtcTime),
    needed("problem", Text),
    needed("failures", Integer),  # consecutive passes that failed or found a dump held
)

# Every former name of a source, and its first one, which feeds keep in their ids.
renamed_sources = Table(
    "renamed_sources",
    metadata,
    Column("old", Text, primary_key=True),
    needed("new", Text, ForeignKey(sources.c.id)),
    needed("first", Text),
    needed("at", UtcTime),
)

# How fetching from each address of a source goes; see `FetchState`.
fetch_states = Table(
    "fetch_states",
    metadata,
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    Column("url", Text, primary_key=True),
    needed("host", Text),
    needed("tried_at", UtcTime),
    needed("next_try_at", UtcTime),
    needed("found_at", Text),
    needed("etag", Text),
    needed("last_modified", Text),
    needed("media_type", Text),
    needed("sha256", Text),
    needed("size", Integer),
    Column("fetched_at", UtcTime),
    Column("confirmed_at", UtcTime),
    needed("failures", Integer),
    needed("shrunken", Integer),
    needed("problem", Text),
    Column("status", Integer),
    Column("host_until", UtcTime),
    needed("moved_to", Text),
)

# The bodies that came, each once; the newest of an address is the page that is read.
fetches = Table(
    "fetches",
    metadata,
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    needed("size", Integer),
    needed("media_type", Text),
    needed("first_at", UtcTime),
    needed("last_at", UtcTime),
    needed("body", LargeBinary),  # compressed by Zstandard
)

dumps = Table(
    "dumps",
    metadata,
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    Column("path", Text, primary_key=True),
    needed("stamp", Text),
    needed("sha256", Text),
    needed("state", Text),
    needed("reason", Text),
    needed("read_at", UtcTime),
    needed("sightings", Integer),
    needed("unreadable", Boolean),
    Column("approved", Text),
    Column("discarded", Text),
    Column("rules", Integer, nullable=False, server_default="1"),  # the version of the parsing rules that read it
    Column("changed_at", UtcTime),  # when its content last changed
    Column("confirmed_at", UtcTime),  # when its last good reading was last written
    Column("weigh_at", UtcTime),  # when a date in the future becomes credible
    Column("waiting", JSON(none_as_null=True)),  # the lines of the held reading
    Column("overwritten", JSON(none_as_null=True)),  # sightings of the held readings, each in field order
    Column("agreed", Integer, nullable=False, server_default="0"),  # consecutive good readings that show those lines
    Column("notes", JSON(none_as_null=True)),  # what could not be read, and what was guessed
    Column("left_out", Boolean, nullable=False, server_default=false()),  # an entry is missing because of it
    one_of("state", DumpState),
)

Index(
    "ix_dumps_troubled",
    dumps.c.state,
    sqlite_where=text("state <> 'good'"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("at", UtcTime),
    needed("source", Text),
    needed("path", Text),
    needed("title", Text),
    needed("candidates", JSON),
    needed("outcome", Text),
    needed("standing", Boolean),  # the last reading of the dump still has it
    ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    Index(None, "source", "path"),
)
