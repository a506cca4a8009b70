"""One of several processes around one PostgreSQL database: web, worker, scheduler, or all of them in one.

The ticks are the same as in a single process. The scheduler puts them into the queue, and a worker runs them.
Decision 219.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest import logs
from digest.app import clock
from digest.queue import Queue
from digest.running import Service, logged
from digest.scheduler import Ticks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from digest.settings import Settings
    from digest.store.transaction import Store

_REVIVE_TICK = timedelta(seconds=10)
_AT_ONCE = 4  # ticks that queue work: thousands of sources may be due at once
_SEND = "send"
_REFRESH = "refresh"
# A worker reads one source and sends one batch at a time; the short tasks wait for neither.
_LANES = {_REFRESH: 1, _SEND: 1, "rest": 2}
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


class Member(Service):
    """`digest run --role …` on a shared database; `server` is its address in libpq's form."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        role: Role,
        server: str,
        *,
        reread: Callable[[], Settings] | None = None,
    ) -> None:
        super().__init__(settings, store, serves=role.serves, reread=reread)
        self._role, self._queue = role, Queue(server)
        self._working: asyncio.Task[None] | None = None

    def _timer(self) -> Ticks:
        # A limit per second or per domain holds for all processes together, so only one process sends at a time.
        alone = bool(self._settings.mail.per_second or self._settings.mail.per_domain)
        self._others = None if alone else self._call_others
        return _Queued(self._queue, self._role, together=set() if alone else {_SEND})

    async def _begin(self, ready: Callable[[], None]) -> None:
        await self._holding.enter_async_context(self._queue.opened())
        await self._hold_templates()
        if self._role.serves:
            self._store.follow_published()
        self._schedule()
        if self._role.works:
            self._working = asyncio.create_task(self._queue.serve(_LANES, self._stop))
        ready()

    async def _end(self) -> None:
        if self._working:
            await self._working
        await super()._end()

    async def _call_others(self) -> None:
        with logged("queue", work=_SEND):
            await self._queue.put(_SEND, _lane(_SEND), often=True)


class _Queued(Ticks):
    """Ticks that queue work. The role decides whether they run here, or whether this process only does their work.

    Several processes may do the work named in `together` at once.
    """

    def __init__(self, queue: Queue, role: Role, together: Collection[str]) -> None:
        super().__init__()
        self._queue, self._role, self._together = queue, role, together
        self._gate = asyncio.Semaphore(_AT_ONCE)
        if role.schedules:
            super().add("revive", _REVIVE_TICK, self._revive, first_at=clock() + _REVIVE_TICK)

    def add(self, name: str, every: timedelta, tick: Callable[[], Awaitable[None]], *, first_at: datetime) -> None:
        if self._role.works:
            self._queue.know(name, tick)
        if self._role.schedules:
            now = clock()  # this process catches up on nothing before its ticks start
            super().add(name, every, self._putting(name), first_at=min(first_at, now))

    def start(self) -> None:
        if self._role.schedules:
            super().start()

    def _putting(self, name: str) -> Callable[[], Awaitable[None]]:
        async def put() -> None:
            async with self._gate:
                with logged("queue", work=name):
                    await self._queue.put(name, _lane(name), often=name in self._together)

        return put

    async def _revive(self) -> None:
        with logged("queue"):
            lost = await self._queue.revive()
            if lost:
                _log.warning("work of a lost process is done again", count=lost)


def _lane(name: str) -> str:
    first = name.partition(" ")[0]
    return first if first in _LANES else "rest"
