"""Much to write, in short transactions with room between them, so that nobody else who writes waits for long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.ports import Store, Transaction

_T = TypeVar("_T")
_TURN = 0.15  # seconds that a transaction should take
# Who waits for SQLite's turn to write asks for it every 100 ms, so in a pause as long as this everybody gets it once.
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
    """Write all parts in their order, as many in a transaction as take about a seventh of a second.

    What breaks off leaves whole transactions behind, so `write` has to be one that can be repeated for a part.
    `progress` is called with the number of parts that are stored, `first` is how many to try at first.
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
