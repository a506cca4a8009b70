"""The tables of mails: deliveries, bounces, suppressions, and the rates of servers."""

import sqlalchemy as sa

from digest.model import BounceKind, DeliveryState, SingleMailKind
from digest.records.mailing import Evidence, RequestState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of
from digest.store.database.tables.editions import edition_bodies, editions
from digest.store.database.tables.people import subscribers

# `next_at` is present if and only if a delivery will be tried, `leased_until` if and only if it is leased.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("subscriber_id", sa.ForeignKey(subscribers.c.id), primary_key=True),
    needed("variant", sa.Integer),
    needed("state", sa.Text),
    needed("attempts", sa.Integer),
    sa.Column("next_at", UtcTime),
    sa.Column("leased_until", UtcTime),
    sa.Column("leased_from", sa.Text),  # the state before the lease
    needed("begun", sa.Boolean),  # whether the attempt of this lease has started
    needed("uncertain", sa.Integer),  # attempts with unknown outcome
    needed("message_id", sa.Text),
    sa.Column("code", sa.Integer),
    needed("text", sa.Text),
    sa.Column("accepted_at", UtcTime),
    sa.Column("begun_at", UtcTime),  # when its last attempt started
    needed("written_at", UtcTime),  # the mail's Date, the same at each attempt
    sa.ForeignKeyConstraint(["edition", "variant"], [edition_bodies.c.edition, edition_bodies.c.ordinal]),
    one_of("state", DeliveryState),
    sa.CheckConstraint("attempts >= 0", name="attempts"),
    sa.CheckConstraint("state NOT IN ('planned', 'leased', 'deferred') OR next_at IS NOT NULL", name="open"),
    sa.CheckConstraint("state NOT IN ('accepted', 'failed', 'suppressed') OR next_at IS NULL", name="ended"),
    sa.CheckConstraint("(state = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
    sa.CheckConstraint("(state = 'leased') = (leased_from IS NOT NULL)", name="leased_from"),
    sa.CheckConstraint("state = 'leased' OR NOT begun", name="begun"),
    sa.CheckConstraint("(state = 'accepted') = (accepted_at IS NOT NULL)", name="accepted_at"),
    sa.Index("ix_deliveries_states", "edition", "state"),
    sa.Index("ix_deliveries_subscriber_id", "subscriber_id"),
)

sa.Index(
    "ix_deliveries_open",
    deliveries.c.edition,
    deliveries.c.subscriber_id,
    sqlite_where=sa.text("next_at IS NOT NULL"),
)

sa.Index(
    "ix_deliveries_leased",
    deliveries.c.leased_until,
    sqlite_where=sa.text("leased_until IS NOT NULL"),
)

sa.Index(
    "ix_deliveries_uncertain",
    deliveries.c.subscriber_id,
    sqlite_where=sa.text("uncertain > 0"),
)

sa.Index(
    "ix_deliveries_begun_at",
    deliveries.c.begun_at,
    sqlite_where=sa.text("begun_at IS NOT NULL"),
)

# Mails to one person that are not editions. `address` is empty for the person's own; `next_at` is present while the
# mail is to be sent; `begun` without an answer means that the sender died. Until `guards_until` the person's new
# address may belong to a thief.
single_mails = sa.Table(
    "single_mails",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("kind", sa.Text),
    needed("subscriber_id", sa.Integer, sa.ForeignKey(subscribers.c.id)),
    needed("address", sa.Text),
    needed("written_at", UtcTime),
    sa.Column("guards_until", UtcTime),
    needed("attempts", sa.Integer),
    needed("begun", sa.Boolean),
    needed("uncertain", sa.Integer),
    sa.Column("next_at", UtcTime),
    needed("text", sa.Text),
    one_of("kind", SingleMailKind),
    sa.CheckConstraint("NOT begun OR next_at IS NOT NULL", name="begun"),
    sa.Index(None, "subscriber_id"),
    sa.Index(None, "next_at"),
)

# Bounces of a delivery, each message once.
bounces = sa.Table(
    "bounces",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("subscriber_id", sa.Integer, sa.ForeignKey(subscribers.c.id)),
    needed("edition", sa.Text, sa.ForeignKey(editions.c.key)),
    needed("message", sa.Text),  # a hash that identifies the message
    needed("kind", sa.Text),
    needed("status", sa.Text),
    needed("text", sa.Text),
    needed("at", UtcTime),
    sa.UniqueConstraint("message"),
    one_of("kind", BounceKind),
    sa.Index(None, "subscriber_id", "edition"),
    sa.Index(None, "kind", "at"),
)

# Received messages that concern no delivery of ours, counted by reason.
ignored_mail = sa.Table(
    "ignored_mail",
    metadata,
    sa.Column("reason", sa.Text, primary_key=True),
    needed("count", sa.Integer),
    needed("newest_at", UtcTime),
)

# When an address was suppressed and unsuppressed; `subscribers.suppressed` is the present result.
suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    needed("subscriber_id", sa.Integer, sa.ForeignKey(subscribers.c.id)),
    needed("act", sa.Text),
    needed("reason", sa.Text),
    needed("at", UtcTime),
    sa.CheckConstraint("act IN ('suppressed', 'unsuppressed')", name="act"),
    sa.Index(None, "subscriber_id"),
)

# Suppressions that an edition requests: they take effect when their share is known, or by the operator's decision.
suppression_requests = sa.Table(
    "suppression_requests",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("subscriber_id", sa.Integer, sa.ForeignKey(subscribers.c.id), primary_key=True),
    needed("evidence", sa.Text),
    needed("reason", sa.Text),
    needed("state", sa.Text),
    needed("at", UtcTime),
    one_of("evidence", Evidence),
    one_of("state", RequestState),
    sa.Index(None, "state"),
    sa.Index(None, "subscriber_id"),
)

# Recipient domains that are paused, or were last; deleted when a mail got through; `times` counts pauses in a row.
resting_domains = sa.Table(
    "resting_domains",
    metadata,
    sa.Column("domain", sa.Text, primary_key=True),
    needed("reason", sa.Text),
    needed("times", sa.Integer),
    needed("since", UtcTime),
    needed("until", UtcTime),
)

# The rates in mails a minute that servers asked for: for a recipient domain, or for everybody if that is empty.
paces = sa.Table(
    "paces",
    metadata,
    sa.Column("domain", sa.Text, primary_key=True),
    needed("per_minute", sa.Float),
    needed("since", UtcTime),
    needed("at", UtcTime),
    needed("next_at", UtcTime),
    sa.CheckConstraint("per_minute > 0", name="per_minute"),
)

# The deliveries of an old edition that are no longer rows, by final state.
delivery_counts = sa.Table(
    "delivery_counts",
    metadata,
    sa.Column("edition", sa.ForeignKey(editions.c.key), primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    needed("number", sa.Integer),
    one_of("state", DeliveryState),
)
