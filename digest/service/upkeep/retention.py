"""Limits the growth of the store: old rows are thinned out or summed up, a few in each transaction.

Rows that decide what is sent to whom stay. Decision 196.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.service.fetching.origins import names
from digest.settings import Retention, Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store

_STEP = timedelta(days=31)
_FORGOTTEN = timedelta(days=30)  # what was fetched for a source that is no longer configured
_FOLDED = 5_000  # deliveries in one transaction


def tidy(store: Store, limits: Retention, now: datetime, *, stopped: Callable[[], bool] = bool) -> Counter[str]:
    """Do what is due by now; returns how many rows went, by kind. `stopped` is checked between transactions."""
    keep, done = limits, Counter[str]()
    daily, monthly = now - keep.readers, now - keep.readers_daily
    with store.read() as tx:
        start = tx.retention.oldest_count()
        editions = tx.retention.foldable(now - keep.deliveries)
    while start is not None and start < daily and not stopped():
        end = min(start + _STEP, monthly if start < monthly else daily)
        with store.write(exclusive=False) as tx:
            done["reader counts"] += tx.retention.thin_counts(start, end, monthly=start < monthly)
        start = end
    for edition in editions:
        folded = _FOLDED
        while folded == _FOLDED and not stopped():
            with store.write() as tx:  # exclusively: the subscribers who are behind must not change meanwhile
                folded = tx.retention.fold(edition, _FOLDED)
            done["deliveries"] += folded
    forgotten = _FOLDED
    while forgotten == _FOLDED and not stopped():
        with store.write(exclusive=False) as tx:
            forgotten = tx.retention.forget_details(now - keep.details, _FOLDED)
        done["details"] += forgotten
    with store.write(exclusive=False) as tx:
        done["reports"] += tx.retention.forget_reports(now - keep.reports)
    return +done


def tidy_fetches(store: Store, settings: Settings, now: datetime) -> int:
    """Delete old bodies, and what came from addresses that are no longer configured; returns how many bodies went."""
    gone = 0
    with store.read() as tx:
        known = tx.fetches.sources()
    for name in known:
        source = settings.source(name)
        before = now - (source.keep_fetches if source else _FORGOTTEN)
        used = set(names(source).values()) if source and source.is_fetched else set()
        with store.write(exclusive=False) as tx:
            gone += tx.fetches.forget_addresses(name, used, before)
            gone += tx.fetches.forget_bodies(name, before)
    return gone
