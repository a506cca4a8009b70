"""The tables of the store's state, of alerts, clock faults, changed settings, webhooks, and of what operators do."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from digest.records.operating import ActOutcome, NoticeKind, Via
from digest.records.publishing import EventState
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

# One row: the store's data about itself.
meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    needed("secret", LargeBinary),
    needed("published", Integer),
    needed("published_at", UtcTime),
    Column("pause_reason", Text),
    Column("paused_until", UtcTime),
    needed("pinged", Integer),  # the `published` state that was last sent to the hub
    Column("backed_up_at", UtcTime),
    Column("fenced_at", UtcTime),  # in a backup, and in a store restored from it: the time of the backup
    Column("installation", JSON(none_as_null=True)),  # the configuration that uses it
    CheckConstraint("id = 1", name="one_row"),
)

# Present troubles, one row per subject; deleted after the all-clear.
alerts = Table(
    "alerts",
    metadata,
    Column("subject", Text, primary_key=True),
    needed("problem", Text),
    needed("since", UtcTime),
    Column("told_at", UtcTime),
    Column("well_since", UtcTime),
)

# Notices to operators that are not sent yet, one row per channel; deleted after sending.
alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("channel", Text),
    needed("kind", Text),
    needed("subject", Text),
    needed("problem", Text),
    needed("since", UtcTime),
    needed("made_at", UtcTime),
    needed("attempts", Integer),
    needed("next_at", UtcTime),
    one_of("kind", NoticeKind),
)

# Times in the future, by kind: how many, the last of them, what was done.
clock_faults = Table(
    "clock_faults",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("what", Text),
    needed("number", Integer),
    needed("moment", Text),  # as text: no repair of clocks may change it
    needed("done", Text),
    needed("at", UtcTime),
    Column("ended_at", UtcTime),
)

# What operators did, one row per act, never deleted. A row is written before its act, and completed after it: an act
# that was interrupted stays `begun`. No row contains a whole mail address.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("at", UtcTime),
    Column("ended_at", UtcTime),
    needed("who", Text),
    needed("via", Text),
    needed("place", Text),  # the network or the machine that it came from
    needed("act", Text),
    needed("target", Text),
    Column("before", JSON(none_as_null=True)),  # what differs, and only that
    Column("after", JSON(none_as_null=True)),
    needed("outcome", Text),
    needed("problem", Text),
    one_of("via", Via),
    one_of("outcome", ActOutcome),
    CheckConstraint("(outcome = 'begun') = (ended_at IS NULL)", name="ended_at"),
    Index(None, "target"),
)

# The tokens of programs that use the API.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    needed("name", Text),
    needed("hash", LargeBinary),  # of its secret part
    needed("scopes", Text),  # with spaces between
    needed("made_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("used_at", UtcTime),
    Column("revoked_at", UtcTime),
)

# The answers to requests with an idempotency key, for a day; without a status while the request is in progress.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("token", Text, ForeignKey(api_tokens.c.id), primary_key=True),
    Column("key", Text, primary_key=True),
    needed("request", LargeBinary),  # a hash of it
    needed("at", UtcTime),
    Column("status", Integer),
    Column("body", Text),
    CheckConstraint("(status IS NULL) = (body IS NULL)", name="body"),
    Index(None, "at"),
)

# What the console, the API and commands changed of the configuration: the newest version holds.
settings_changes = Table(
    "settings_changes",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    needed("made_at", UtcTime),
    needed("actor", Text),
    needed("summary", Text),
    needed("before", Integer),  # the version to which an undo returns
    needed("text", Text),
    needed("templates", JSON),
)


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
