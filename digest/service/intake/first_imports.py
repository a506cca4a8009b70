"""Finishes a source's first import: publishes all of it at once, and marks its newest entries for editions.

Decision 49.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.changes.backlog import first_updated_at, news
from digest.service.publishing.feeds import enlist_all

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import SourceId
    from digest.settings import Settings
    from digest.store.transaction import Transaction


def publish(tx: Transaction, settings: Settings, source: SourceId, now: datetime) -> None:
    """Settle the source. If it is no longer configured, none of its entries is announced."""
    configured = settings.source(source)
    entries = tx.readings.unsettled(source)
    new = set(news(entries, configured.backlog if configured else 0))
    zone = ZoneInfo(configured.timezone if configured else "UTC")
    updated_at = {entry.id: first_updated_at(entry, is_news=entry.id in new, zone=zone) for entry in entries}
    tx.readings.settle(source, new, updated_at, now)
    enlist_all(tx, settings, entries)
