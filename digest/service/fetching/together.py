"""Fetches for many sources at once: one host at a time in each row, several rows side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from digest.fetching.addresses import origin_of
from digest.service.fetching.fetching import Collector, Fetches
from digest.settings import Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Store

AT_ONCE = 32  # hosts: a slow one takes one of them, and most of its time is waiting


def host_of(source: Source) -> str:
    """Whom fetching for a source may bother: the host of its first address, or only the source itself."""
    return origin_of(source.url[0]) if source.url else f"command {source.id}"


def fetch_all(
    store: Store,
    settings: Settings,
    sources: Sequence[Source],
    clock: Callable[[], datetime],
    *,
    progress: Callable[[str], None],
) -> Fetches:
    """Fetch for all of these sources now, whatever their pace; an interruption ends what is under way."""
    rows: dict[str, list[Source]] = {}
    for source in sources:
        rows.setdefault(host_of(source), []).append(source)
    stop = threading.Event()
    collector = Collector(settings, clock, stopped=stop.is_set)

    def fetch_row(row: Sequence[Source]) -> Fetches:
        done = Fetches()
        for source in row:
            if not stop.is_set():
                done += collector.fetch(store, source, at_once=True, progress=progress)
        return done

    with ThreadPoolExecutor(min(AT_ONCE, len(rows) or 1), "fetch") as pool:
        try:
            return sum(pool.map(fetch_row, rows.values()), Fetches())
        except BaseException:
            stop.set()
            raise
