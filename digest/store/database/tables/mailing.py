"""The tables of mails: deliveries, bounces, suppressions, and the rates of servers."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from digest.model import BounceKind, DeliveryState, SingleMailKind
from digest.records.mailing import Evidence, RequestState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of
from digest.store.database.tables.editions import edition_bodies, editions
from digest.store.database.tables.people import subscribers

# `next_at` is present if and only if a delivery will be tried, `leased_until` if and only if it is leased.
deliveries = Table(
    "deliveries",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("subscriber_id", ForeignKey(subscribers.c.id), primary_key=True),
    needed("variant", Integer),
    needed("state", Text),
    needed("attempts", Integer),
    Column("next_at", UtcTime),
    Column("leased_until", UtcTime),
    Column("leased_from", Text),  # the state before the lease
    needed("begun", Boolean),  # whether the attempt of this lease has started
    needed("uncertain", Integer),  # attempts with unknown outcome
    needed("message_id", Text),
    Column("code", Integer),
    needed("text", Text),
    Column("accepted_at", UtcTime),
    Column("begun_at", UtcTime),  # when its last attempt started
    needed("written_at", UtcTime),  # the mail's Date, the same at each attempt
    ForeignKeyConstraint(["edition", "variant"], [edition_bodies.c.edition, edition_bodies.c.ordinal]),
    one_of("state", DeliveryState),
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

# Mails to one person that are not editions. `address` is empty for the person's own; `next_at` is present while the
# mail is to be sent; `begun` without an answer means that the sender died. Until `guards_until` the person's new
# address may belong to a thief.
single_mails = Table(
    "single_mails",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("kind", Text),
    needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    needed("address", Text),
    needed("written_at", UtcTime),
    Column("guards_until", UtcTime),
    needed("attempts", Integer),
    needed("begun", Boolean),
    needed("uncertain", Integer),
    Column("next_at", UtcTime),
    needed("text", Text),
    one_of("kind", SingleMailKind),
    CheckConstraint("NOT begun OR next_at IS NOT NULL", name="begun"),
    Index(None, "subscriber_id"),
    Index(None, "next_at"),
)

# Bounces of a delivery, each message once.
bounces = Table(
    "bounces",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    needed("edition", Text, ForeignKey(editions.c.key)),
    needed("message", Text),  # a hash that identifies the message
    needed("kind", Text),
    needed("status", Text),
    needed("text", Text),
    needed("at", UtcTime),
    UniqueConstraint("message"),
    one_of("kind", BounceKind),
    Index(None, "subscriber_id", "edition"),
    Index(None, "kind", "at"),
)

# Received messages that concern no delivery of ours, counted by reason.
ignored_mail = Table(
    "ignored_mail",
    metadata,
    Column("reason", Text, primary_key=True),
    needed("count", Integer),
    needed("newest_at", UtcTime),
)

# When an address was suppressed and unsuppressed; `subscribers.suppressed` is the present result.
suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    needed("act", Text),
    needed("reason", Text),
    needed("at", UtcTime),
    CheckConstraint("act IN ('suppressed', 'unsuppressed')", name="act"),
    Index(None, "subscriber_id"),
)

# Suppressions that an edition requests: they take effect when their share is known, or by the operator's decision.
suppression_requests = Table(
    "suppression_requests",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("subscriber_id", Integer, ForeignKey(subscribers.c.id), primary_key=True),
    needed("evidence", Text),
    needed("reason", Text),
    needed("state", Text),
    needed("at", UtcTime),
    one_of("evidence", Evidence),
    one_of("state", RequestState),
    Index(None, "state"),
    Index(None, "subscriber_id"),
)

# Recipient domains that are paused, or were last; deleted when a mail got through; `times` counts pauses in a row.
resting_domains = Table(
    "resting_domains",
    metadata,
    Column("domain", Text, primary_key=True),
    needed("reason", Text),
    needed("times", Integer),
    needed("since", UtcTime),
    needed("until", UtcTime),
)

# The rates in mails a minute that servers asked for: for a recipient domain, or for everybody if that is empty.
paces = Table(
    "paces",
    metadata,
    Column("domain", Text, primary_key=True),
    needed("per_minute", Float),
    needed("since", UtcTime),
    needed("at", UtcTime),
    needed("next_at", UtcTime),
    CheckConstraint("per_minute > 0", name="per_minute"),
)

# The deliveries of an old edition that are no longer rows, by final state.
delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("edition", ForeignKey(editions.c.key), primary_key=True),
    Column("state", Text, primary_key=True),
    needed("number", Integer),
    one_of("state", DeliveryState),
)
