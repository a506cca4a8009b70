"""The timer: wakes the service and decides nothing. The only importer of APScheduler."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Timer:
    """Calls each of its ticks repeatedly, never the same one twice at once.

    A tick that was missed, because the machine slept or the last one took long, runs once afterwards. Its time limit is
    removed and late runs are merged; APScheduler would drop it after a second.
    """

    def __init__(self) -> None:
        self._under_way: set[asyncio.Future[None]] = set()

    @cached_property
    def _scheduler(self) -> AsyncIOScheduler:
        from apscheduler.executors.asyncio import AsyncIOExecutor  # noqa: PLC0415 - after the first answers
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415

        return AsyncIOScheduler(
            timezone="UTC",
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def add(
        self,
        name: str,
        every: timedelta,
        tick: Callable[[], Awaitable[None]],
        *,
        first_at: datetime,
        lock: str = "",  # noqa: ARG002 - for a timer that queues work
    ) -> None:
        """Call `tick` at `first_at` and then once per `every`.

        `lock` is for work in several processes: of all work with the same one, one piece at a time is done.
        """
        self._scheduler.add_job(
            self._whole(tick), "interval", seconds=every.total_seconds(), id=name, name=name, next_run_time=first_at
        )

    def _whole(self, tick: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A tick that runs to its end: APScheduler cancels it at shutdown, which would cut a mail in the middle."""

        async def whole() -> None:
            under_way = asyncio.ensure_future(tick())
            self._under_way.add(under_way)
            under_way.add_done_callback(self._under_way.discard)
            await asyncio.shield(under_way)

        return whole

    def once(
        self,
        name: str,
        tick: Callable[[], Awaitable[None]],
        *,
        at: datetime,
        lock: str = "",  # noqa: ARG002 - as above
    ) -> None:
        """Call `tick` once at that time, besides its other turns."""
        self._scheduler.add_job(self._whole(tick), "date", run_date=at, name=name)

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more calls; those in progress run to their end, but this does not wait for them."""
        made = vars(self).get("_scheduler")
        if made and made.running:
            made.shutdown(wait=False)
