"""The tables of subscribers."""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from digest.model import ConfirmationKind, Format
from digest.store.database.tables.columns import UtcTime, metadata, needed, one_of

# An erased person leaves a row with only an id, so that deliveries stay countable and no id is reused.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("address", Text),
    Column("address_key", Text),
    needed("name", Text),
    needed("language", Text),
    needed("format", Text),
    needed("timezone", Text),
    needed("topics", JSON),
    Column("paused_until", UtcTime),
    needed("created_at", UtcTime),
    needed("suppressed", Text),
    Column("suppressed_at", UtcTime),
    Column("erased_at", UtcTime),
    Column("feed", Text, nullable=False, server_default=""),  # whether they have a private feed
    Column("feed_number", Integer, nullable=False, server_default="0"),  # of its address; it only grows
    UniqueConstraint("address_key"),
    one_of("format", Format),
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
    needed("joined_at", UtcTime),
    needed("since", UtcTime),
    needed("behind", Boolean),
    Column("left_at", UtcTime),
    Index(None, "digest"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("subscriber_id", Integer, ForeignKey(subscribers.c.id)),
    needed("digest", Text),
    needed("act", Text),
    needed("source", Text),
    needed("wording", Text),
    Column("asked_at", UtcTime),
    needed("at", UtcTime),
    CheckConstraint("act IN ('joined', 'left')", name="act"),
    Index(None, "subscriber_id"),
)

erased = Table(
    "erased",
    metadata,
    Column("address_hash", Text, primary_key=True),
    needed("erased_at", UtcTime),
)

# Requests made on a page that wait for the address's owner; `next_at` is present while the mail is to be sent.
# `network` is a keyed hash of the requesting network. A confirmed request stays without its address, so that its link
# leads to the present state.
confirmations = Table(
    "confirmations",
    metadata,
    Column("id", Integer, primary_key=True),
    needed("kind", Text),
    needed("address", Text),
    needed("address_key", Text),
    Column("mail_host", Text, nullable=False, server_default=""),  # what takes the mail of the domain, if known
    Column("subscriber_id", ForeignKey(subscribers.c.id)),
    needed("digests", JSON),
    needed("language", Text),
    needed("latest", Boolean),
    needed("network", Text),
    needed("asked_at", UtcTime),
    needed("expires_at", UtcTime),
    Column("done_at", UtcTime),
    needed("attempts", Integer),
    Column("next_at", UtcTime),
    needed("text", Text),
    needed("proven", Boolean),
    one_of("kind", ConfirmationKind),
    CheckConstraint(
        "CASE WHEN kind = 'join' THEN done_at IS NOT NULL OR subscriber_id IS NULL ELSE subscriber_id IS NOT NULL END",
        name="subscriber",
    ),
    Index(None, "address_key"),
    Index(None, "asked_at"),
    Index(None, "next_at"),
)
