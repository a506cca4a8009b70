"""The tables of sources, of what was fetched for them, and of dumps."""

import sqlalchemy as sa

from digest.records.intake import DumpState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    needed("registered_at", UtcTime),
    sa.Column("settled_at", UtcTime),
    sa.Column("refreshed_at", UtcTime),
    needed("problem", sa.Text),
    needed("failures", sa.Integer),  # consecutive passes that failed or found a dump held
)

# Every former name of a source, and its first one, which feeds keep in their ids.
renamed_sources = sa.Table(
    "renamed_sources",
    metadata,
    sa.Column("old", sa.Text, primary_key=True),
    needed("new", sa.Text, sa.ForeignKey(sources.c.id)),
    needed("first", sa.Text),
    needed("at", UtcTime),
)

# How fetching from each address of a source goes; see `FetchState`.
fetch_states = sa.Table(
    "fetch_states",
    metadata,
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    needed("host", sa.Text),
    needed("tried_at", UtcTime),
    needed("next_try_at", UtcTime),
    needed("found_at", sa.Text),
    needed("etag", sa.Text),
    needed("last_modified", sa.Text),
    needed("media_type", sa.Text),
    needed("sha256", sa.Text),
    needed("size", sa.Integer),
    sa.Column("fetched_at", UtcTime),
    sa.Column("confirmed_at", UtcTime),
    needed("failures", sa.Integer),
    needed("shrunken", sa.Integer),
    needed("problem", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("host_until", UtcTime),
    needed("moved_to", sa.Text),
)

# The bodies that came, each once; the newest of an address is the page that is read.
fetches = sa.Table(
    "fetches",
    metadata,
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    needed("size", sa.Integer),
    needed("media_type", sa.Text),
    needed("first_at", UtcTime),
    needed("last_at", UtcTime),
    needed("body", sa.LargeBinary),  # compressed by Zstandard
)

dumps = sa.Table(
    "dumps",
    metadata,
    sa.Column("source", sa.ForeignKey(sources.c.id), primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    needed("stamp", sa.Text),
    needed("sha256", sa.Text),
    needed("state", sa.Text),
    needed("reason", sa.Text),
    needed("read_at", UtcTime),
    needed("sightings", sa.Integer),
    needed("unreadable", sa.Boolean),
    sa.Column("approved", sa.Text),
    sa.Column("discarded", sa.Text),
    sa.Column("rules", sa.Integer, nullable=False, server_default="1"),  # the version of the parsing rules that read it
    sa.Column("changed_at", UtcTime),  # when its content last changed
    sa.Column("confirmed_at", UtcTime),  # when its last good reading was last written
    sa.Column("weigh_at", UtcTime),  # when a date in the future becomes credible
    sa.Column("waiting", sa.JSON(none_as_null=True)),  # the lines of the held reading
    sa.Column("overwritten", sa.JSON(none_as_null=True)),  # sightings of the held readings, each in field order
    sa.Column(
        "agreed", sa.Integer, nullable=False, server_default="0"
    ),  # consecutive good readings that show those lines
    sa.Column("notes", sa.JSON(none_as_null=True)),  # what could not be read, and what was guessed
    sa.Column("left_out", sa.Boolean, nullable=False, server_default=sa.false()),  # an entry is missing because of it
    one_of("state", DumpState),
)

sa.Index(
    "ix_dumps_troubled",
    dumps.c.state,
    sqlite_where=sa.text("state <> 'good'"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("at", UtcTime),
    needed("source", sa.Text),
    needed("path", sa.Text),
    needed("title", sa.Text),
    needed("candidates", sa.JSON),
    needed("outcome", sa.Text),
    needed("standing", sa.Boolean),  # the last reading of the dump still has it
    sa.ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    sa.Index(None, "source", "path"),
)
