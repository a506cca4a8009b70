"""The tables of the store and nothing else: no query, no connection.

Everything here must also work on PostgreSQL. `migrations/` creates the tables in use; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    false,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, CreateIndex

from digest.model import BounceKind, ConfirmationKind, DateKind, DeliveryState, Format, Section, SingleMailKind
from digest.records.deliveries import Evidence, RequestState
from digest.records.dumps import DumpState
from digest.records.entries import ActKind
from digest.records.operating import NoticeKind

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.sql.compiler import DDLCompiler


class KeyKind(StrEnum):
    """What a key of an entry was made from."""

    TITLE = "title"
    LEAD = "lead"


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored and returned in UTC; naive times are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment  # SQLite stores no offset

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


@compiles(CreateColumn, "postgresql")
def _by_bytes(created: CreateColumn, compiler: DDLCompiler, **options: Any) -> str:  # noqa: ANN401 - a compiler's
    """A column whose text is compared by its bytes, as in SQLite, whatever the server's locale."""
    written: str = compiler.visit_create_column(created, **options)  # type: ignore[no-untyped-call] # SQLAlchemy's own
    return written.replace(" TEXT", ' TEXT COLLATE "C"', 1)


@compiles(CreateIndex, "postgresql")
def _as_partial(created: CreateIndex, compiler: DDLCompiler, **options: Any) -> str:  # noqa: ANN401 - as above
    """An index over the same rows as in SQLite. Stating them twice would import the other dialect at every start."""
    given = created.element.dialect_options
    if given["postgresql"]["where"] is None:
        given["postgresql"]["where"] = given["sqlite"]["where"]
    written: str = compiler.visit_create_index(created, **options)  # type: ignore[no-untyped-call] # as above
    return written


def _needed(name: str, kind: Any, *constraints: Any) -> Column[Any]:  # noqa: ANN401 - the arguments of Column
    return Column(name, kind, *constraints, nullable=False)


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(value)) for value in values)})", name=column)


def _date() -> tuple[Column[Any], ...]:
    """An EntryDate: month and day always, `date_full` if the year is supported; all absent for no date."""
    return (
        Column("date_kind", Text),
        Column("date_month", Integer),
        Column("date_day", Integer),
        Column("date_full", Date),
    )


def _dated() -> tuple[CheckConstraint, ...]:
    return (
        _one_of("date_kind", DateKind),
        CheckConstraint("(date_kind IS NULL) = (date_month IS NULL)", name="date_month"),
        CheckConstraint("(date_kind IS NULL) = (date_day IS NULL)", name="date_day"),
        CheckConstraint("(date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL)", name="date_full"),
    )


# One row: the store's data about itself.
meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _needed("secret", LargeBinary),
    _needed("published", Integer),
    _needed("published_at", UtcTime),
    Column("pause_reason", Text),
    Column("paused_until", UtcTime),
    _needed("pinged", Integer),  # the `published` state that was last sent to the hub
    Column("backed_up_at", UtcTime),
    Column("fenced_at", UtcTime),  # in a backup, and in a store restored from it: the time of the backup
    Column("installation", JSON(none_as_null=True)),  # the configuration that uses it
    CheckConstraint("id = 1", name="one_row"),
)

# --- sources and dumps ----------------------------------------------------------------------------

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("registered_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("refreshed_at", UtcTime),
    _needed("problem", Text),
    _needed("failures", Integer),  # consecutive passes that failed or found a dump held
)

# Every former name of a source, and its first one, which feeds keep in their ids.
renamed_sources = Table(
    "renamed_sources",
    metadata,
    Column("old", Text, primary_key=True),
    _needed("new", Text, ForeignKey(sources.c.id)),
    _needed("first", Text),
    _needed("at", UtcTime),
)

dumps = Table(
    "dumps",
    metadata,
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    Column("path", Text, primary_key=True),
    _needed("stamp", Text),
    _needed("sha256", Text),
    _needed("state", Text),
    _needed("reason", Text),
    _needed("read_at", UtcTime),
    _needed("sightings", Integer),
    _needed("unreadable", Boolean),
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
    _one_of("state", DumpState),
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
    _needed("at", UtcTime),
    _needed("source", Text),
    _needed("path", Text),
    _needed("title", Text),
    _needed("candidates", JSON),
    _needed("outcome", Text),
    _needed("standing", Boolean),  # the last reading of the dump still has it
    ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    Index(None, "source", "path"),
)

# --- entries --------------------------------------------------------------------------------------

# The content of an entry is that of its revision `revision`. Not published: `updated_at` absent, removed or hidden.
# `merged_into` is the entry that an operator says it is, and `merged_at` is that one's revision then: this one
# continues with its dumps, and their changes are made to the other.
entries = Table(
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("atom_id", Text),
    _needed("first_source", Text, ForeignKey(sources.c.id)),
    _needed("first_seen_at", UtcTime),
    _needed("page_order", Integer),
    _needed("revision", Integer),
    *_date(),
    Column("readers", Integer),
    Column("updated_at", UtcTime),
    _needed("announced", Boolean),
    Column("removed_at", UtcTime),
    Column("hidden_at", UtcTime),
    Column("forgotten_at", UtcTime),  # hidden until a dump shows it again
    Column("merged_into", Text),
    Column("merged_at", Integer),
    UniqueConstraint("atom_id"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("updated_at IS NOT NULL OR NOT announced", name="announced"),
    *_dated(),
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
    _needed("at", UtcTime),
    _needed("cause", Text),
    _needed("significant", Boolean),
    Column("source", Text),  # whose dump brought it; absent for a year that the neighbours on a page gave
    Column("path", Text),
    _needed("title", Text),
    Column("author", Text),
    _needed("paragraphs", JSON),
    _needed("figures", JSON),
    _needed("complete", Boolean),
    *_date(),
    Column("printed", JSON(none_as_null=True)),  # the pages' values of the fields that an operator edited
    Column("split_to", Text),  # the entry to which this text belongs, according to an operator
    *_dated(),
)
Index("ix_revisions_printed", revisions.c.entry_id, sqlite_where=text("printed IS NOT NULL"))

# Operators' changes; `service.publishing.by_hand.acts` makes `before` and `after`.
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("at", UtcTime),
    _needed("who", Text),
    _needed("kind", Text),
    Column("entry_id", ForeignKey(entries.c.id)),
    Column("other_id", ForeignKey(entries.c.id)),
    Column("source", ForeignKey(sources.c.id)),
    _needed("before", JSON),
    _needed("after", JSON),
    Column("undone_at", UtcTime),
    _one_of("kind", ActKind),
    Index(None, "entry_id"),
    Index(None, "other_id"),
)

# The tokens (`changes.words`) of each entry's newest content, published or not, joined by spaces.
searched = Table(
    "searched",
    metadata,
    Column("number", Integer, primary_key=True),  # its row number in the index
    _needed("entry_id", Text, ForeignKey(entries.c.id)),
    _needed("title", Text),
    _needed("body", Text),
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
    _one_of("kind", KeyKind),
    Index(None, "entry_id"),
)

entry_sources = Table(
    "entry_sources",
    metadata,
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    _needed("first_seen_at", UtcTime),
    _needed("path", Text),  # the dump that showed it first
    _needed("because", Text),  # why that sighting was matched to this entry
    Index(None, "source"),
)

# The entries of each feed in the order in which they joined it; a number is never reused.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _needed("entry_id", Text, ForeignKey(entries.c.id)),
    UniqueConstraint("entry_id", "feed"),
    CheckConstraint("number >= 1", name="number"),
)

reader_counts = Table(
    "reader_counts",
    metadata,
    Column("entry_id", ForeignKey(entries.c.id), primary_key=True),
    Column("counted_at", UtcTime, primary_key=True),
    Column("source", ForeignKey(sources.c.id), primary_key=True),
    _needed("readers", Integer),
    Index(None, "counted_at"),
)

# Formulas as pictures, by their appearance; without bytes if one could not be drawn.
pictures = Table(
    "pictures",
    metadata,
    Column("name", Text, primary_key=True),
    Column("png", LargeBinary),
    _needed("width", Integer),
    _needed("height", Integer),
    _needed("depth", Integer),
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
    _needed("entry_id", Text, ForeignKey(entries.c.id)),
    _needed("title", Text),
    Column("month", Integer),
    Column("day", Integer),
    Column("year", Integer),
    Column("readers", Integer),
    _needed("view", Text),
    _needed("complete", Boolean),
    _needed("because", Text),  # why it was matched to this entry when the dump first showed it
    # The text that it showed: that of a revision of the entry, or its own; readings older than 0002 have neither.
    Column("revision", Integer),
    Column("body", JSON(none_as_null=True)),
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
    _needed("title", Text),
    _needed("view", Text),
    _needed("complete", Boolean),
    Column("revision", Integer),
    Column("body", JSON(none_as_null=True)),
    _needed("left_at", UtcTime),
    ForeignKeyConstraint(["source", "path"], [dumps.c.source, dumps.c.path]),
    Index(None, "entry_id"),
)

# --- digests and editions -------------------------------------------------------------------------

digests = Table(
    "digests",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("configured_at", UtcTime),
    Column("failed_at", UtcTime),  # since when no edition can be made
    Column("problem", Text),  # and the reason
)

# Every former name of a digest: old mails lead to its present name.
renamed_digests = Table(
    "renamed_digests",
    metadata,
    Column("old", Text, primary_key=True),
    _needed("new", Text, ForeignKey(digests.c.id)),
    _needed("at", UtcTime),
)

editions = Table(
    "editions",
    metadata,
    Column("key", Text, primary_key=True),
    _needed("digest", Text, ForeignKey(digests.c.id)),
    Column("slot_at", UtcTime),
    Column("opens_at", UtcTime),
    _needed("closes_at", UtcTime),
    _needed("empty", Boolean),
    UniqueConstraint("digest", "slot_at"),
)

edition_entries = Table(
    "edition_entries",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _needed("section", Text),
    _needed("entry_id", Text),
    _needed("revision", Integer),
    Column("gained", Integer),
    ForeignKeyConstraint(["entry_id", "revision"], [revisions.c.entry_id, revisions.c.number]),
    _one_of("section", Section),
    Index(None, "entry_id"),
)

# The texts, one row for all subscribers who get the same; `told` are the ordinals of the entries announced as new,
# `again` of those listed once more, because nobody knows whether an earlier mail arrived.
edition_bodies = Table(
    "edition_bodies",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _needed("language", Text),
    _needed("subject", Text),
    _needed("html", Text),
    _needed("text", Text),
    _needed("told", JSON),
    Column("again", JSON, nullable=False, server_default="[]"),
)

# Mails of a large edition that are not planned yet, some hundred in each part; deleted when they are planned.
unplanned = Table(
    "unplanned",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    _needed("mails", JSON),
    _needed("caught_up", JSON),
    _needed("resting", JSON),
)

# --- subscribers and deliveries -------------------------------------------------------------------

# An erased person leaves a row with only an id, so that deliveries stay countable and no id is reused.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", Text),
    Column("address_key", Text),
    _needed("name", Text),
    _needed("language", Text),
    _needed("format", Text),
    _needed("timezone", Text),
    _needed("topics", JSON),
    Column("paused_until", UtcTime),
    _needed("created_at", UtcTime),
    _needed("suppressed", Text),
    Column("suppressed_at", UtcTime),
    Column("erased_at", UtcTime),
    UniqueConstraint("address_key"),
    _one_of("format", Format),
    CheckConstraint("(address IS NULL) = (erased_at IS NOT NULL)", name="address"),
    CheckConstraint("(address_key IS NULL) = (erased_at IS NOT NULL)", name="address_key"),
)

# The digest is a name from the configuration here: consent is recorded whether it is still configured or not. `since`:
# when they began to follow this selection of entries, at any frequency; `behind`: they missed an edition.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber_id", ForeignKey(subscribers.c.id), primary_key=True),
    Column("digest", Text, primary_key=True),
    _needed("joined_at", UtcTime),
    _needed("since", UtcTime),
    _needed("behind", Boolean),
    Column("left_at", UtcTime),
    Index(None, "digest"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    _needed("digest", Text),
    _needed("act", Text),
    _needed("source", Text),
    _needed("wording", Text),
    Column("asked_at", UtcTime),
    _needed("at", UtcTime),
    CheckConstraint("act IN ('joined', 'left')", name="act"),
    Index(None, "subscriber_id"),
)

# `next_at` is present if and only if a delivery will be tried, `leased_until` if and only if it is leased.
deliveries = Table(
    "deliveries",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("subscriber_id", ForeignKey(subscribers.c.id), primary_key=True),
    _needed("variant", Integer),
    _needed("state", Text),
    _needed("attempts", Integer),
    Column("next_at", UtcTime),
    Column("leased_until", UtcTime),
    Column("leased_from", Text),  # the state before the lease
    _needed("begun", Boolean),  # whether the attempt of this lease has started
    _needed("uncertain", Integer),  # attempts with unknown outcome
    _needed("message_id", Text),
    Column("code", Integer),
    _needed("text", Text),
    Column("accepted_at", UtcTime),
    Column("begun_at", UtcTime),  # when its last attempt started
    _needed("written_at", UtcTime),  # the mail's Date, the same at each attempt
    ForeignKeyConstraint(["edition", "variant"], [edition_bodies.c.edition, edition_bodies.c.ordinal]),
    _one_of("state", DeliveryState),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("state NOT IN ('planned', 'leased', 'deferred') OR next_at IS NOT NULL", name="open"),
    CheckConstraint("state NOT IN ('accepted', 'failed', 'suppressed') OR next_at IS NULL", name="ended"),
    CheckConstraint("(state = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
    CheckConstraint("(state = 'leased') = (leased_from IS NOT NULL)", name="leased_from"),
    CheckConstraint("state = 'leased' OR NOT begun", name="begun"),
    CheckConstraint("(state = 'accepted') = (accepted_at IS NOT NULL)", name="accepted_at"),
    Index("ix_deliveries_states", "edition", "state"),
    Index("ix_deliveries_subscriber_id", "subscriber_id"),
)
Index(
    "ix_deliveries_open",
    deliveries.c.edition,
    deliveries.c.subscriber_id,
    sqlite_where=text("next_at IS NOT NULL"),
)
Index(
    "ix_deliveries_leased",
    deliveries.c.leased_until,
    sqlite_where=text("leased_until IS NOT NULL"),
)

Index(
    "ix_deliveries_uncertain",
    deliveries.c.subscriber_id,
    sqlite_where=text("uncertain > 0"),
)

Index(
    "ix_deliveries_begun_at",
    deliveries.c.begun_at,
    sqlite_where=text("begun_at IS NOT NULL"),
)

erased = Table(
    "erased",
    metadata,
    Column("address_hash", Text, primary_key=True),
    _needed("erased_at", UtcTime),
)

# Requests made on a page that wait for the address's owner; `next_at` is present while the mail is to be sent.
# `network` is a keyed hash of the requesting network. A confirmed request stays without its address, so that its link
# leads to the present state.
confirmations = Table(
    "confirmations",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("kind", Text),
    _needed("address", Text),
    _needed("address_key", Text),
    Column("subscriber_id", ForeignKey(subscribers.c.id)),
    _needed("digests", JSON),
    _needed("language", Text),
    _needed("latest", Boolean),
    _needed("network", Text),
    _needed("asked_at", UtcTime),
    _needed("expires_at", UtcTime),
    Column("done_at", UtcTime),
    _needed("attempts", Integer),
    Column("next_at", UtcTime),
    _needed("text", Text),
    _needed("proven", Boolean),
    _one_of("kind", ConfirmationKind),
    CheckConstraint(
        "CASE WHEN kind = 'join' THEN done_at IS NOT NULL OR subscriber_id IS NULL ELSE subscriber_id IS NOT NULL END",
        name="subscriber",
    ),
    Index(None, "address_key"),
    Index(None, "asked_at"),
    Index(None, "next_at"),
)

# Mails to one person that are not editions. `address` is empty for the person's own; `next_at` is present while the
# mail is to be sent; `begun` without an answer means that the sender died. Until `guards_until` the person's new
# address may belong to a thief.
single_mails = Table(
    "single_mails",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("kind", Text),
    _needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    _needed("address", Text),
    _needed("written_at", UtcTime),
    Column("guards_until", UtcTime),
    _needed("attempts", Integer),
    _needed("begun", Boolean),
    _needed("uncertain", Integer),
    Column("next_at", UtcTime),
    _needed("text", Text),
    _one_of("kind", SingleMailKind),
    CheckConstraint("NOT begun OR next_at IS NOT NULL", name="begun"),
    Index(None, "subscriber_id"),
    Index(None, "next_at"),
)

# --- bounces and alerts ---------------------------------------------------------------------------

# Bounces of a delivery, each message once.
bounces = Table(
    "bounces",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    _needed("edition", Text, ForeignKey(editions.c.key)),
    _needed("message", Text),  # a hash that identifies the message
    _needed("kind", Text),
    _needed("status", Text),
    _needed("text", Text),
    _needed("at", UtcTime),
    UniqueConstraint("message"),
    _one_of("kind", BounceKind),
    Index(None, "subscriber_id", "edition"),
    Index(None, "kind", "at"),
)

# Received messages that concern no delivery of ours, counted by reason.
ignored_mail = Table(
    "ignored_mail",
    metadata,
    Column("reason", Text, primary_key=True),
    _needed("count", Integer),
    _needed("newest_at", UtcTime),
)

# When an address was suppressed and unsuppressed; `subscribers.suppressed` is the present result.
suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    _needed("act", Text),
    _needed("reason", Text),
    _needed("at", UtcTime),
    CheckConstraint("act IN ('suppressed', 'unsuppressed')", name="act"),
    Index(None, "subscriber_id"),
)

# Suppressions that an edition requests: they take effect when their share is known, or by the operator's decision.
suppression_requests = Table(
    "suppression_requests",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("subscriber_id", Integer, ForeignKey(subscribers.c.id), primary_key=True),
    _needed("evidence", Text),
    _needed("reason", Text),
    _needed("state", Text),
    _needed("at", UtcTime),
    _one_of("evidence", Evidence),
    _one_of("state", RequestState),
    Index(None, "state"),
    Index(None, "subscriber_id"),
)

# Recipient domains that are paused, or were last; deleted when a mail got through; `times` counts pauses in a row.
resting_domains = Table(
    "resting_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    _needed("reason", Text),
    _needed("times", Integer),
    _needed("since", UtcTime),
    _needed("until", UtcTime),
)

# The rates in mails a minute that servers asked for: for a recipient domain, or for everybody if that is empty.
paces = Table(
    "paces",
    metadata,
    Column("domain", Text, primary_key=True),
    _needed("per_minute", Float),
    _needed("since", UtcTime),
    _needed("at", UtcTime),
    _needed("next_at", UtcTime),
    CheckConstraint("per_minute > 0", name="per_minute"),
)

# Present troubles, one row per subject; deleted after the all-clear.
alerts = Table(
    "alerts",
    metadata,
    Column("subject", Text, primary_key=True),
    _needed("problem", Text),
    _needed("since", UtcTime),
    Column("told_at", UtcTime),
    Column("well_since", UtcTime),
)

# Notices to operators that are not sent yet, one row per channel; deleted after sending.
alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("channel", Text),
    _needed("kind", Text),
    _needed("subject", Text),
    _needed("problem", Text),
    _needed("since", UtcTime),
    _needed("made_at", UtcTime),
    _needed("attempts", Integer),
    _needed("next_at", UtcTime),
    _one_of("kind", NoticeKind),
)

# Times in the future, by kind: how many, the last of them, what was done.
clock_faults = Table(
    "clock_faults",
    metadata,
    Column("id", Integer, primary_key=True),
    _needed("what", Text),
    _needed("number", Integer),
    _needed("moment", Text),  # as text: no repair of clocks may change it
    _needed("done", Text),
    _needed("at", UtcTime),
    Column("ended_at", UtcTime),
)

# The deliveries of an old edition that are no longer rows, by final state.
delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("state", Text, primary_key=True),
    _needed("number", Integer),
    _one_of("state", DeliveryState),
)
