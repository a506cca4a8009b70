"""How many workers a drain has, each with a connection: fewer where a relay refuses one more, later one more again.

A relay may allow fewer connections than are configured, or others may use some of them. Who is refused while another
works goes, and nobody's mail is blamed for it; the last one stays, and its refusals count, with those of all who went
without that anybody had reached the relay. Knows no SMTP and no ledger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest import logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_FIRST_TRY_AFTER = 100  # mails that the others got through, before one more connection is tried; doubled each time
_log = logs.get_logger()


@dataclass(eq=False, slots=True)
class Worker:
    """One of a crew. `works`: it has reached the relay. `stays` until the relay has no connection for it."""

    works: bool = False
    stays: bool = True


class Crew:
    """The workers of one drain; used within one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._here: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin: Callable[[Worker], Awaitable[None]] | None = None
        self._dismissed = False  # whether any was
        self._try_after, self._got_through = _FIRST_TRY_AFTER, 0
        self.unreached = 0  # who went since anybody reached the relay

    @property
    def works(self) -> bool:
        """Whether one of them has a connection that works."""
        return any(worker.works for worker in self._here)

    async def work(self, begin: Callable[[Worker], Awaitable[None]], wanted: int) -> None:
        """Let so many work, not more than there may be, until all have ended."""
        self._begin = begin
        for _ in range(min(self._most, wanted)):
            self._hire()
        try:
            while self._tasks:
                ended, _ = await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)
                self._tasks -= ended
                await asyncio.gather(*ended, return_exceptions=True)  # each says its own
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def others(self, worker: Worker) -> bool:
        """Whether another is here."""
        return len(self._here - {worker}) > 0

    def dismiss(self, worker: Worker) -> bool:
        """Whether a worker whom the relay refused a connection may go, since another stays; it goes then."""
        worker.works = False
        if not self.others(worker):
            return False
        self._dismissed = True
        self._here.discard(worker)
        worker.stays = False
        self.unreached += 1
        self._got_through = 0
        _log.warning("the relay refuses one more connection", connections=len(self._here))
        return True

    def reached(self, worker: Worker) -> None:
        """It has a connection that works."""
        worker.works = True
        self.unreached = 0

    def got_through(self, worker: Worker) -> None:
        """It handed over a mail; after many of them, one more connection is tried where there were more."""
        self.reached(worker)
        self._got_through += 1
        if self._got_through >= self._try_after and len(self._here) < self._most and self._dismissed:
            self._got_through, self._try_after = 0, self._try_after * 2
            self._hire()

    def _hire(self) -> None:
        worker = Worker()
        self._here.add(worker)
        self._tasks.add(asyncio.ensure_future(self._run(worker)))

    async def _run(self, worker: Worker) -> None:
        if self._begin:
            try:
                await self._begin(worker)
            finally:
                self._here.discard(worker)
