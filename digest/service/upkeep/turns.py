"""Writes much data in short transactions with pauses between them, so that no other writer waits for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_T = TypeVar("_T")
_TURN = 0.15  # seconds that a transaction should take
# A writer that waits for SQLite's lock polls every 100 ms, so a pause of this length lets everybody write once.
_PAUSE = 0.11
_FIRST, _LEAST, _MOST = 100, 20, 5_000


def in_turns(
    store: Store,
    parts: Sequence[_T],
    write: Callable[[Transaction, Sequence[_T]], None],
    *,
    progress: Callable[[int], object] | None = None,
    first: int = _FIRST,
) -> None:
    """Write all parts in order, as many per transaction as take about a seventh of a second.

    An interruption leaves whole transactions behind, so `write` must be repeatable for a part. `progress` is called
    with the number of stored parts, `first` is how many to try at first.
    """
    done, size = 0, first
    while done < len(parts):
        batch = parts[done : done + size]
        with store.write() as tx:
            started = time.monotonic()
            write(tx, batch)
        taken = time.monotonic() - started
        done += len(batch)
        if progress:
            progress(done)
        size = max(min(_LEAST, first), min(_MOST, 2 * size, int(size * _TURN / max(taken, 0.001))))
        if done < len(parts):
            time.sleep(_PAUSE)
