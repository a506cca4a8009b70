"""The number of workers in a drain, each with a connection: fewer if a relay refuses one, later one more again.

A relay may allow fewer connections than are configured, or other programs may use some of them. A worker that is
refused while another works leaves, and no mail is blamed for it. The last worker stays, and its refusals count,
together with those of all workers that left before any had reached the relay. Decision 153.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from digest import logs

_FIRST_TRY_AFTER = 100  # mails that the others sent before one more connection is tried; doubled each time
_log = logs.get_logger()


@dataclass(eq=False, slots=True)
class Worker:
    """A worker. `connected`: it has reached the relay. `stays` until the relay has no connection for it."""

    connected: bool = False
    stays: bool = True


class WorkerPool:
    """The workers of one drain; used within one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin: Callable[[Worker], Awaitable[None]] | None = None
        self._dismissed = False  # whether any worker was dismissed
        self._try_after, self._sent = _FIRST_TRY_AFTER, 0
        self.unreached = 0  # workers that left since one reached the relay

    @property
    def any_connected(self) -> bool:
        """Whether a worker has a working connection."""
        return any(worker.connected for worker in self._workers)

    async def run(self, begin: Callable[[Worker], Awaitable[None]], wanted: int) -> None:
        """Run so many workers, up to the maximum, until all have ended."""
        self._begin = begin
        for _ in range(min(self._most, wanted)):
            self._start_worker()
        try:
            while self._tasks:
                ended, _ = await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)
                self._tasks -= ended
                await asyncio.gather(*ended, return_exceptions=True)  # each reports its own
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def others(self, worker: Worker) -> bool:
        """Whether there is another worker."""
        return len(self._workers - {worker}) > 0

    def dismiss(self, worker: Worker) -> bool:
        """Whether a worker whose connection the relay refused may leave, because another stays; it leaves then."""
        worker.connected = False
        if not self.others(worker):
            return False
        self._dismissed = True
        self._workers.discard(worker)
        worker.stays = False
        self.unreached += 1
        self._sent = 0
        _log.warning("the relay refuses one more connection", connections=len(self._workers))
        return True

    def reached(self, worker: Worker) -> None:
        """Record that the worker has a working connection."""
        worker.connected = True
        self.unreached = 0

    def sent(self, worker: Worker) -> None:
        """Record a sent mail; after many of them, one more connection is tried if there were more."""
        self.reached(worker)
        self._sent += 1
        if self._sent >= self._try_after and len(self._workers) < self._most and self._dismissed:
            self._sent, self._try_after = 0, self._try_after * 2
            self._start_worker()

    def _start_worker(self) -> None:
        worker = Worker()
        self._workers.add(worker)
        self._tasks.add(asyncio.ensure_future(self._run(worker)))

    async def _run(self, worker: Worker) -> None:
        if self._begin:
            try:
                await self._begin(worker)
            finally:
                self._workers.discard(worker)
