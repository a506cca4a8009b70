"""One of several processes around one PostgreSQL database: web, worker, scheduler, or all of them in one.

The ticks are the same as in a single process. The scheduler puts them into the queue, and a worker runs them.
Decision 219.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest import logs
from digest.app import clock
from digest.logs import logged
from digest.queue import Queue
from digest.scheduler import Timer
from digest.service.fetching.fetching import AT_ONCE
from digest.ticks import FETCH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from digest.running import Service
    from digest.settings import Mail, Settings

_REVIVE_TICK = timedelta(seconds=10)
_AT_ONCE = 4  # ticks that queue work: thousands of sources may be due at once
_SEND = "send"
_REFRESH = "refresh"
# A worker reads one source and sends one batch at a time; the short tasks wait for neither, and nothing for a site.
_LANES = {_REFRESH: 1, FETCH: AT_ONCE, _SEND: 1, "rest": 2}
_log = logs.get_logger()


class Role(StrEnum):
    """The role of a process."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"

    @property
    def serves(self) -> bool:
        return self in {Role.ALL, Role.WEB}

    @property
    def works(self) -> bool:
        return self in {Role.ALL, Role.WORKER}

    @property
    def schedules(self) -> bool:
        return self in {Role.ALL, Role.SCHEDULER}


class Member:
    """A process of `digest run --role …` on a shared database; `server` is its address in libpq's form."""

    def __init__(self, role: Role, server: str) -> None:
        self.serves = role.serves
        self._role, self._queue = role, Queue(server)
        self._open = contextlib.AsyncExitStack()
        self._working: asyncio.Task[None] | None = None
        self._service: Service | None = None  # until it begins

    def timer(self, settings: Settings) -> Timer:
        return _Queued(
            self._queue, self._role, together=set() if _is_alone(settings.mail) else {_SEND}, begun=self._serve
        )

    def others(self, settings: Settings) -> Callable[[], Awaitable[None]] | None:
        return None if _is_alone(settings.mail) else self._call_others

    async def begin(self, service: Service) -> None:
        self._service = service
        await self._open.enter_async_context(self._queue.opened())
        if self._role.serves:
            service.store.follow_published()

    async def end(self) -> None:
        if self._working:
            await self._working
        await self._open.aclose()

    def _serve(self) -> None:
        """Begin to take work from the queue, as soon as the ticks are known."""
        if self._role.works and self._working is None and self._service:
            self._working = asyncio.create_task(self._queue.serve(_LANES, self._service.stop))

    async def _call_others(self) -> None:
        with logged("queue", work=_SEND):
            await self._queue.put(_SEND, _lane(_SEND), often=True)


def _is_alone(mail: Mail) -> bool:
    """Whether one process sends at a time: a limit per second or per domain holds for all processes together."""
    return bool(mail.per_second or mail.per_domain)


class _Queued(Timer):
    """Ticks that queue work. The role decides whether they run here, or whether this process only does their work.

    Several processes may do the work named in `together` at once.
    """

    def __init__(self, queue: Queue, role: Role, *, together: Collection[str], begun: Callable[[], None]) -> None:
        super().__init__()
        self._queue, self._role, self._together, self._begun = queue, role, together, begun
        self._gate = asyncio.Semaphore(_AT_ONCE)
        if role.schedules:
            super().add("revive", _REVIVE_TICK, self._revive, first_at=clock() + _REVIVE_TICK)

    def add(
        self,
        name: str,
        every: timedelta,
        tick: Callable[[], Awaitable[None]],
        *,
        first_at: datetime,
        lock: str = "",
    ) -> None:
        if self._role.works:
            self._queue.know(name, tick)
        if self._role.schedules:
            # This process catches up on nothing before its ticks start; what has a lock of its own has a turn besides.
            first_at = first_at if lock else min(first_at, clock())
            super().add(name, every, self._putting(name, lock), first_at=first_at)

    def once(self, name: str, tick: Callable[[], Awaitable[None]], *, at: datetime, lock: str = "") -> None:
        if self._role.works:
            self._queue.know(name, tick)
        if self._role.schedules:
            super().once(name, self._putting(name, lock), at=at)

    def start(self) -> None:
        if self._role.schedules:
            super().start()
        self._begun()

    def _putting(self, name: str, lock: str) -> Callable[[], Awaitable[None]]:
        async def put() -> None:
            async with self._gate:
                with logged("queue", work=name):
                    await self._queue.put(name, _lane(name), lock=lock, often=name in self._together)

        return put

    async def _revive(self) -> None:
        with logged("queue"):
            lost = await self._queue.revive()
            if lost:
                _log.warning("work of a lost process is done again", count=lost)


def _lane(name: str) -> str:
    first = name.partition(" ")[0]
    return first if first in _LANES else "rest"
