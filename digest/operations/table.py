"""All operations by name; importing this loads every subject, which commands do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digest.operations import (
    audit,
    backups,
    console_users,
    deliveries,
    dumps,
    edition_acts,
    editions,
    entries,
    entry_acts,
    explaining,
    importing,
    layouts,
    notices,
    operating,
    people,
    people_acts,
    previews,
    settings,
    source_acts,
    source_settings,
    sources,
    templates,
    tokens,
    trying,
)

if TYPE_CHECKING:
    from digest.operations.core import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *operating.OPERATIONS,
    *notices.OPERATIONS,
    *backups.OPERATIONS,
    *editions.OPERATIONS,
    *edition_acts.OPERATIONS,
    *previews.OPERATIONS,
    *deliveries.OPERATIONS,
    *people_acts.OPERATIONS,
    *importing.OPERATIONS,
    *people.OPERATIONS,
    *tokens.OPERATIONS,
    *audit.OPERATIONS,
    *settings.OPERATIONS,
    *source_settings.OPERATIONS,
    *templates.OPERATIONS,
    *console_users.OPERATIONS,
    *entries.OPERATIONS,
    *entry_acts.OPERATIONS,
    *explaining.OPERATIONS,
    *sources.OPERATIONS,
    *source_acts.OPERATIONS,
    *dumps.OPERATIONS,
    *layouts.OPERATIONS,
    *trying.OPERATIONS,
)
BY_NAME = {one.name: one for one in OPERATIONS}
