"""Finishes a source's first import: publishes all of it at once, and marks its newest entries for editions.

Decisions 49 and 297.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.changes.backlog import began_on, first_updated_at, news, updated_as_below
from digest.model import EntryId, SourceId
from digest.service.publishing.feeds import enlist_all
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.records.intake import Unsettled
    from digest.store.transaction import Transaction


def publish(tx: Transaction, settings: Settings, source: SourceId, now: datetime) -> None:
    """Settle the source. If it is no longer configured, none of its entries is announced."""
    configured = settings.source(source)
    entries = tx.readings.unsettled(source)
    new = set(news(entries, configured.backlog if configured else 0))
    zone = ZoneInfo(configured.timezone if configured else "UTC")
    updated_at = {entry.id: first_updated_at(entry, is_news=entry.id in new, zone=zone) for entry in entries}
    updated_at |= _undated(tx, entries, updated_at)
    tx.readings.settle(source, new, updated_at, now)
    enlist_all(tx, settings, entries)


def _undated(
    tx: Transaction, entries: Sequence[Unsettled], updated_at: dict[EntryId, datetime]
) -> dict[EntryId, datetime]:
    """The `updated` times of the entries without a year: as below them on their page, or as the oldest entry's."""
    undated = {entry.id for entry in entries if began_on(entry.date) is None}
    if not undated:
        return {}
    pages = [[placing.entry for placing in page] for _, page in sorted(tx.readings.pages_with(undated).items())]
    dated = {name: at for name, at in updated_at.items() if name not in undated}
    others = {name for page in pages for name in page} - updated_at.keys()  # that another source showed before
    known = {one.id: one.updated_at for one in tx.feeds.published(others) if began_on(one.date) is not None}
    oldest = min(dated.values(), default=None)
    found = updated_as_below(undated, pages, known | dated)
    return {name: at for name in undated if (at := found.get(name, oldest))}
