"""The first schema."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT, WHOLE, TRUTH, JSON, BYTES = sa.Text(), sa.Integer(), sa.Boolean(), sa.JSON(), sa.LargeBinary()
DAY, MOMENT = sa.Date(), sa.DateTime(timezone=True)


def upgrade() -> None:
    _the_store()
    _readings()
    _entries()
    _search()
    _placings()
    _editions()
    _subscribers()
    _deliveries()
    _confirmations()
    _bounces()
    _alerts()
    _retention()
    if op.get_bind().dialect.name == "postgresql":
        _queue()


def _required(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _optional(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _the_store() -> None:
    op.create_table(
        "meta",
        sa.Column("id", WHOLE, nullable=False, autoincrement=False),
        _required("secret", BYTES),
        _required("published", WHOLE),
        _required("published_at", MOMENT),
        _optional("pause_reason", TEXT),
        _optional("paused_until", MOMENT),
        _required("pinged", WHOLE),
        _optional("backed_up_at", MOMENT),
        _optional("fenced_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _readings() -> None:
    op.create_table(
        "sources",
        _required("id", TEXT),
        _required("registered_at", MOMENT),
        _optional("settled_at", MOMENT),
        _optional("refreshed_at", MOMENT),
        _required("problem", TEXT),
        _required("failures", WHOLE),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dumps",
        _required("source", TEXT),
        _required("path", TEXT),
        _required("stamp", TEXT),
        _required("sha256", TEXT),
        _required("state", TEXT),
        _required("reason", TEXT),
        _required("read_at", MOMENT),
        _required("sightings", WHOLE),
        _required("unreadable", TRUTH),
        _optional("approved", TEXT),
        _optional("discarded", TEXT),
        sa.PrimaryKeyConstraint("source", "path"),
        sa.ForeignKeyConstraint(["source"], ["sources.id"]),
        sa.CheckConstraint("state IN ('good', 'held', 'failed')", name="state"),
    )
    troubled = sa.text("state <> 'good'")
    op.create_index("ix_dumps_troubled", "dumps", ["state"], sqlite_where=troubled, postgresql_where=troubled)
    op.create_table(
        "reports",
        _required("id", WHOLE),
        _required("at", MOMENT),
        _required("source", TEXT),
        _required("path", TEXT),
        _required("title", TEXT),
        _required("candidates", JSON),
        _required("outcome", TEXT),
        _required("standing", TRUTH),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["source", "path"], ["dumps.source", "dumps.path"]),
    )
    op.create_index("ix_reports_source", "reports", ["source", "path"])


def _entries() -> None:
    op.create_table(
        "entries",
        _required("id", TEXT),
        _required("atom_id", TEXT),
        _required("first_source", TEXT),
        _required("first_seen_at", MOMENT),
        _required("page_order", WHOLE),
        _required("revision", WHOLE),
        _optional("date_kind", TEXT),
        _optional("date_month", WHOLE),
        _optional("date_day", WHOLE),
        _optional("date_full", DAY),
        _optional("readers", WHOLE),
        _optional("updated_at", MOMENT),
        _required("announced", TRUTH),
        _optional("removed_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["first_source"], ["sources.id"]),
        sa.UniqueConstraint("atom_id"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.CheckConstraint("updated_at IS NOT NULL OR NOT announced", name="announced"),
        sa.CheckConstraint("date_kind IN ('exact', 'inferred', 'partial')", name="date_kind"),
        sa.CheckConstraint("(date_kind IS NULL) = (date_month IS NULL)", name="date_month"),
        sa.CheckConstraint("(date_kind IS NULL) = (date_day IS NULL)", name="date_day"),
        sa.CheckConstraint("(date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL)", name="date_full"),
    )
    op.create_index("ix_entries_date_full", "entries", ["date_full"])
    op.create_index("ix_entries_first_seen_at", "entries", ["first_seen_at", "date_full"])
    op.create_index("ix_entries_first_source", "entries", ["first_source", "updated_at"])
    op.create_table(
        "revisions",
        _required("entry_id", TEXT),
        sa.Column("number", WHOLE, nullable=False, autoincrement=False),
        _required("at", MOMENT),
        _required("cause", TEXT),
        _required("significant", TRUTH),
        _optional("source", TEXT),
        _optional("path", TEXT),
        _required("title", TEXT),
        _optional("author", TEXT),
        _required("paragraphs", JSON),
        _required("figures", JSON),
        _required("complete", TRUTH),
        _optional("date_kind", TEXT),
        _optional("date_month", WHOLE),
        _optional("date_day", WHOLE),
        _optional("date_full", DAY),
        sa.PrimaryKeyConstraint("entry_id", "number"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.CheckConstraint("date_kind IN ('exact', 'inferred', 'partial')", name="date_kind"),
        sa.CheckConstraint("(date_kind IS NULL) = (date_month IS NULL)", name="date_month"),
        sa.CheckConstraint("(date_kind IS NULL) = (date_day IS NULL)", name="date_day"),
        sa.CheckConstraint("(date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL)", name="date_full"),
    )
    op.create_table(
        "entry_keys",
        _required("kind", TEXT),
        _required("key", TEXT),
        _required("entry_id", TEXT),
        sa.PrimaryKeyConstraint("kind", "key", "entry_id"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.CheckConstraint("kind IN ('title', 'lead')", name="kind"),
    )
    op.create_index("ix_entry_keys_entry_id", "entry_keys", ["entry_id"])
    op.create_table(
        "entry_sources",
        _required("entry_id", TEXT),
        _required("source", TEXT),
        _required("first_seen_at", MOMENT),
        _required("path", TEXT),
        _required("because", TEXT),
        sa.PrimaryKeyConstraint("entry_id", "source"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["source"], ["sources.id"]),
    )
    op.create_index("ix_entry_sources_source", "entry_sources", ["source"])
    op.create_table(
        "feed_entries",
        _required("feed", TEXT),
        sa.Column("number", WHOLE, nullable=False, autoincrement=False),
        _required("entry_id", TEXT),
        sa.PrimaryKeyConstraint("feed", "number"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.UniqueConstraint("entry_id", "feed"),
        sa.CheckConstraint("number >= 1", name="number"),
    )
    op.create_table(
        "reader_counts",
        _required("entry_id", TEXT),
        _required("counted_at", MOMENT),
        _required("source", TEXT),
        _required("readers", WHOLE),
        sa.PrimaryKeyConstraint("entry_id", "counted_at", "source"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.ForeignKeyConstraint(["source"], ["sources.id"]),
    )
    op.create_index("ix_reader_counts_counted_at", "reader_counts", ["counted_at"])


def _search() -> None:
    op.create_table(
        "searched",
        _required("number", WHOLE),
        _required("entry_id", TEXT),
        _required("title", TEXT),
        _required("body", TEXT),
        sa.PrimaryKeyConstraint("number"),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.UniqueConstraint("entry_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_index"
            " USING fts5(title, body, content='searched', content_rowid='number', tokenize='ascii')"
        )
        # Tokens are gathered in up to 32 MB before they are written: a large import makes few segments to be merged.
        op.execute("INSERT INTO search_index (search_index, rank) VALUES ('hashsize', 33554432)")
    else:
        op.execute(
            "CREATE TABLE search_index (number INTEGER PRIMARY KEY REFERENCES searched, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_search_index_words ON search_index USING gin (words)")


def _placings() -> None:
    op.create_table(
        "pictures",
        _required("name", TEXT),
        _optional("png", BYTES),
        _required("width", WHOLE),
        _required("height", WHOLE),
        _required("depth", WHOLE),
        sa.PrimaryKeyConstraint("name"),
    )
    undrawn = sa.text("png IS NULL")
    op.create_index("ix_pictures_undrawn", "pictures", ["name"], sqlite_where=undrawn, postgresql_where=undrawn)
    op.create_table(
        "placings",
        _required("source", TEXT),
        _required("path", TEXT),
        sa.Column("page", WHOLE, nullable=False, autoincrement=False),
        sa.Column("position", WHOLE, nullable=False, autoincrement=False),
        _required("entry_id", TEXT),
        _required("title", TEXT),
        _optional("month", WHOLE),
        _optional("day", WHOLE),
        _optional("year", WHOLE),
        _optional("readers", WHOLE),
        _required("view", TEXT),
        _required("complete", TRUTH),
        _required("because", TEXT),
        sa.PrimaryKeyConstraint("source", "path", "page", "position"),
        sa.ForeignKeyConstraint(["source", "path"], ["dumps.source", "dumps.path"]),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"]),
        sa.CheckConstraint("(month IS NULL) = (day IS NULL) AND (month IS NOT NULL OR year IS NULL)", name="evidence"),
    )
    op.create_index("ix_placings_entry_id", "placings", ["entry_id"])


def _editions() -> None:
    op.create_table(
        "digests",
        _required("id", TEXT),
        _required("configured_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "editions",
        _required("key", TEXT),
        _required("digest", TEXT),
        _optional("slot_at", MOMENT),
        _optional("opens_at", MOMENT),
        _required("closes_at", MOMENT),
        _required("empty", TRUTH),
        sa.PrimaryKeyConstraint("key"),
        sa.ForeignKeyConstraint(["digest"], ["digests.id"]),
        sa.UniqueConstraint("digest", "slot_at"),
    )
    op.create_table(
        "edition_entries",
        _required("edition", TEXT),
        sa.Column("ordinal", WHOLE, nullable=False, autoincrement=False),
        _required("section", TEXT),
        _required("entry_id", TEXT),
        _required("revision", WHOLE),
        _optional("gained", WHOLE),
        sa.PrimaryKeyConstraint("edition", "ordinal"),
        sa.ForeignKeyConstraint(["entry_id", "revision"], ["revisions.entry_id", "revisions.number"]),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.CheckConstraint("section IN ('new', 'catch_up', 'most_read', 'corrected')", name="section"),
    )
    op.create_index("ix_edition_entries_entry_id", "edition_entries", ["entry_id"])
    op.create_table(
        "edition_bodies",
        _required("edition", TEXT),
        sa.Column("ordinal", WHOLE, nullable=False, autoincrement=False),
        _required("language", TEXT),
        _required("subject", TEXT),
        _required("html", TEXT),
        _required("text", TEXT),
        _required("told", JSON),
        sa.PrimaryKeyConstraint("edition", "ordinal"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
    )


def _subscribers() -> None:
    op.create_table(
        "subscribers",
        _required("id", WHOLE),
        _optional("address", TEXT),
        _optional("address_key", TEXT),
        _required("name", TEXT),
        _required("language", TEXT),
        _required("format", TEXT),
        _required("timezone", TEXT),
        _required("topics", JSON),
        _optional("paused_until", MOMENT),
        _required("created_at", MOMENT),
        _required("suppressed", TEXT),
        _optional("suppressed_at", MOMENT),
        _optional("erased_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_key"),
        sa.CheckConstraint("format IN ('both', 'text')", name="format"),
        sa.CheckConstraint("(address IS NULL) = (erased_at IS NOT NULL)", name="address"),
        sa.CheckConstraint("(address_key IS NULL) = (erased_at IS NOT NULL)", name="address_key"),
    )
    op.create_table(
        "subscriptions",
        _required("subscriber_id", WHOLE),
        _required("digest", TEXT),
        _required("joined_at", MOMENT),
        _required("since", MOMENT),
        _required("behind", TRUTH),
        _optional("left_at", MOMENT),
        sa.PrimaryKeyConstraint("subscriber_id", "digest"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
    )
    op.create_index("ix_subscriptions_digest", "subscriptions", ["digest"])
    op.create_table(
        "consents",
        _required("id", WHOLE),
        _required("subscriber_id", WHOLE),
        _required("digest", TEXT),
        _required("act", TEXT),
        _required("source", TEXT),
        _required("wording", TEXT),
        _optional("asked_at", MOMENT),
        _required("at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("act IN ('joined', 'left')", name="act"),
    )
    op.create_index("ix_consents_subscriber_id", "consents", ["subscriber_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _required("edition", TEXT),
        _required("subscriber_id", WHOLE),
        _required("variant", WHOLE),
        _required("state", TEXT),
        _required("attempts", WHOLE),
        _optional("next_at", MOMENT),
        _optional("leased_until", MOMENT),
        _optional("leased_from", TEXT),
        _required("begun", TRUTH),
        _required("uncertain", WHOLE),
        _required("message_id", TEXT),
        _optional("code", WHOLE),
        _required("text", TEXT),
        _optional("accepted_at", MOMENT),
        _optional("begun_at", MOMENT),
        _required("written_at", MOMENT),
        sa.PrimaryKeyConstraint("edition", "subscriber_id"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.ForeignKeyConstraint(["edition", "variant"], ["edition_bodies.edition", "edition_bodies.ordinal"]),
        sa.CheckConstraint(
            "state IN ('planned', 'leased', 'accepted', 'deferred', 'failed', 'suppressed', 'unknown')",
            name="state",
        ),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
        sa.CheckConstraint("state NOT IN ('planned', 'leased', 'deferred') OR next_at IS NOT NULL", name="open"),
        sa.CheckConstraint("state NOT IN ('accepted', 'failed', 'suppressed') OR next_at IS NULL", name="ended"),
        sa.CheckConstraint("(state = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
        sa.CheckConstraint("(state = 'leased') = (leased_from IS NOT NULL)", name="leased_from"),
        sa.CheckConstraint("state = 'leased' OR NOT begun", name="begun"),
        sa.CheckConstraint("(state = 'accepted') = (accepted_at IS NOT NULL)", name="accepted_at"),
    )
    op.create_index(
        "ix_deliveries_begun_at",
        "deliveries",
        ["begun_at"],
        sqlite_where=sa.text("begun_at IS NOT NULL"),
        postgresql_where=sa.text("begun_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["leased_until"],
        sqlite_where=sa.text("leased_until IS NOT NULL"),
        postgresql_where=sa.text("leased_until IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["edition", "subscriber_id"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index("ix_deliveries_states", "deliveries", ["edition", "state"])
    op.create_index("ix_deliveries_subscriber_id", "deliveries", ["subscriber_id"])
    op.create_table(
        "erased",
        _required("address_hash", TEXT),
        _required("erased_at", MOMENT),
        sa.PrimaryKeyConstraint("address_hash"),
    )


def _confirmations() -> None:
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
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("kind IN ('join', 'access')", name="kind"),
        sa.CheckConstraint("(kind = 'access') = (subscriber_id IS NOT NULL)", name="subscriber"),
    )
    op.create_index("ix_confirmations_address_key", "confirmations", ["address_key"])
    op.create_index("ix_confirmations_asked_at", "confirmations", ["asked_at"])
    op.create_index("ix_confirmations_next_at", "confirmations", ["next_at"])


def _bounces() -> None:
    op.create_table(
        "bounces",
        _required("id", WHOLE),
        _required("subscriber_id", WHOLE),
        _required("edition", TEXT),
        _required("message", TEXT),
        _required("kind", TEXT),
        _required("status", TEXT),
        _required("text", TEXT),
        _required("at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.UniqueConstraint("message"),
        sa.CheckConstraint("kind IN ('hard', 'soft', 'refused', 'delayed', 'complaint', 'other')", name="kind"),
    )
    op.create_index("ix_bounces_kind", "bounces", ["kind", "at"])
    op.create_index("ix_bounces_subscriber_id", "bounces", ["subscriber_id", "edition"])
    op.create_table(
        "ignored_mail",
        _required("reason", TEXT),
        _required("count", WHOLE),
        _required("newest_at", MOMENT),
        sa.PrimaryKeyConstraint("reason"),
    )
    op.create_table(
        "suppressions",
        _required("id", WHOLE),
        _required("subscriber_id", WHOLE),
        _required("act", TEXT),
        _required("reason", TEXT),
        _required("at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"]),
        sa.CheckConstraint("act IN ('suppressed', 'unsuppressed')", name="act"),
    )
    op.create_index("ix_suppressions_subscriber_id", "suppressions", ["subscriber_id"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        _required("subject", TEXT),
        _required("problem", TEXT),
        _required("since", MOMENT),
        _optional("told_at", MOMENT),
        _optional("well_since", MOMENT),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "alert_notices",
        _required("id", WHOLE),
        _required("channel", TEXT),
        _required("kind", TEXT),
        _required("subject", TEXT),
        _required("problem", TEXT),
        _required("since", MOMENT),
        _required("made_at", MOMENT),
        _required("attempts", WHOLE),
        _required("next_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("kind IN ('trouble', 'well', 'test')", name="kind"),
    )


def _retention() -> None:
    op.create_table(
        "delivery_counts",
        _required("edition", TEXT),
        _required("state", TEXT),
        _required("number", WHOLE),
        sa.PrimaryKeyConstraint("edition", "state"),
        sa.ForeignKeyConstraint(["edition"], ["editions.key"]),
        sa.CheckConstraint(
            "state IN ('planned', 'leased', 'accepted', 'deferred', 'failed', 'suppressed', 'unknown')",
            name="state",
        ),
    )


def _queue() -> None:
    """The tables of the queue, by its own statements; read as a file, so that the store imports no queue."""
    found = find_spec("procrastinate")
    assert found is not None  # noqa: S101 - a dependency
    assert found.origin is not None  # noqa: S101 - a package has a file
    statements = (Path(found.origin).parent / "sql" / "schema.sql").read_text("utf-8")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements)
