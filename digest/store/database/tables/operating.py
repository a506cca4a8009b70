"""The tables of the store's own state, of alerts and of clock faults."""

from sqlalchemy import JSON, CheckConstraint, Column, Integer, LargeBinary, Table, Text

from digest.records.operating import NoticeKind
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
