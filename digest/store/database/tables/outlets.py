"""The tables of webhooks: since when each is configured, and the ledger of what was sent to it."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from digest.records.publishing import EventState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

# `state`: the published state up to which its events were planned.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    needed("since", UtcTime),
    needed("state", Integer),
)

# One row for each event that a webhook was or will be sent; the body is deleted when nobody needs it any more.
webhook_events = Table(
    "webhook_events",
    metadata,
    Column("webhook", ForeignKey(webhooks.c.id), primary_key=True),
    Column("event", Text, primary_key=True),
    needed("ordinal", Integer),
    needed("kind", Text),
    needed("body", Text),
    needed("made_at", UtcTime),
    needed("state", Text),
    needed("attempts", Integer),
    Column("next_at", UtcTime),
    needed("answer", Text),
    Column("ended_at", UtcTime),
    one_of("state", EventState),
    CheckConstraint("(state = 'planned') = (next_at IS NOT NULL)", name="next_at"),
    Index(None, "next_at"),
)
