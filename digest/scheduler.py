"""The timer: wakes the service, decides nothing. The only importer of APScheduler."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from apscheduler.schedulers.asyncio import AsyncIOScheduler


class Ticks:
    """Calls each of its ticks again and again, never one twice at the same time.

    A tick that was missed, because the machine slept or the last one took long, is made up once: its time limit is
    lifted and late ones fall together (APScheduler would drop it after a second).
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

    def add(self, name: str, every: timedelta, tick: Callable[[], Awaitable[None]], *, first_at: datetime) -> None:
        """Call `tick` at `first_at` and then each `every`."""

        async def whole() -> None:
            """APScheduler cancels what is under way when it is shut down; a mail would be cut in the middle."""
            under_way = asyncio.ensure_future(tick())
            self._under_way.add(under_way)
            under_way.add_done_callback(self._under_way.discard)
            await asyncio.shield(under_way)

        self._scheduler.add_job(
            whole, "interval", seconds=every.total_seconds(), id=name, name=name, next_run_time=first_at
        )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Make no further call; those under way go on to their end, which is not waited for."""
        made = vars(self).get("_scheduler")
        if made and made.running:
            made.shutdown(wait=False)
