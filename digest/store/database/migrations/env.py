"""Runs migrations over the connection that `schema` gives, within its transaction; configures no logging."""

from __future__ import annotations

from alembic import context

from digest.store.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
