"""Work that any process on the same database may take. The only importer of procrastinate.

A piece of work has a name. It waits in the queue at most once, and one process at a time does it (several, if `often`),
so queueing it again is harmless. If a process dies with its work, the next call of `revive` queues that work again: a
task must tolerate being done twice. Decisions 216, 217 and 218.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException
from procrastinate.jobs import Status

from digest import logs
from digest.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

_TASK = "work"
_CONNECTIONS = 6
_OPEN_SECONDS, _POLL_SECONDS, _AGAIN_SECONDS = 30, 5, 1
_HEARTBEAT_SECONDS, _STALLED_SECONDS = 5, 20
_log = logs.get_logger()


class Queue:
    """The queue in a PostgreSQL database; `conninfo` is its address in libpq's form."""

    def __init__(self, conninfo: str) -> None:
        # It logs each lost connection with its trace; we log what matters of that in one line.
        for chatty in ("procrastinate", "psycopg.pool"):
            logging.getLogger(chatty).setLevel(logging.CRITICAL)
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo, min_size=1, max_size=_CONNECTIONS, timeout=_OPEN_SECONDS
        )
        self._app = procrastinate.App(connector=connector)
        self._works: dict[str, Callable[[], Awaitable[None]]] = {}
        self._task = self._app.task(name=_TASK)(self._do)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep its connections open."""
        with _translated():
            await self._app.open_async()
        try:
            yield
        finally:
            await self._app.close_async()

    def know(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Register the function that does work of this name; it handles its own failures."""
        self._works[name] = work

    async def put(self, name: str, lane: str, *, lock: str = "", often: bool = False) -> None:
        """Queue work for any process that serves that lane; does nothing if it waits already.

        Of work with the same `lock`, by default its name, one piece at a time is done; of work that is done `often`,
        several.

        Raises:
            StoreError: the database does not answer.
        """
        put = self._task.configure(queue=lane, queueing_lock=name, lock=None if often else lock or name)
        with _translated(), contextlib.suppress(AlreadyEnqueued):
            await put.defer_async(name=name)

    async def revive(self) -> int:
        """Queue again the work of processes that have died; returns how many pieces.

        Raises:
            StoreError: the database does not answer.
        """
        jobs, lost = self._app.job_manager, 0
        with _translated():
            for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
                lost += 1
                try:
                    await jobs.retry_job(job)
                except ProcrastinateException:  # it waits already; a tick queued it since
                    await jobs.finish_job(job, Status.FAILED, delete_job=True)
        return lost

    async def serve(self, lanes: Mapping[str, int], stop: asyncio.Event) -> None:
        """Work on these lanes until stopped, so many pieces at once per lane; work in progress is finished."""
        await asyncio.gather(*(self._serve(lane, at_once, stop) for lane, at_once in lanes.items()))

    async def _serve(self, lane: str, at_once: int, stop: asyncio.Event) -> None:
        """Run a worker. It ends when the database goes away; another one takes its place until one stays."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            worker = asyncio.create_task(
                self._app.run_worker_async(
                    queues=[lane],
                    name=lane,
                    concurrency=at_once,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=_POLL_SECONDS,
                    update_heartbeat_interval=_HEARTBEAT_SECONDS,
                    stalled_worker_timeout=_STALLED_SECONDS,
                )
            )
            await asyncio.wait([worker, stopping], return_when=asyncio.FIRST_COMPLETED)
            worker.cancel()
            try:
                await worker
            except asyncio.CancelledError:
                continue
            except (ProcrastinateException, psycopg.Error) as error:
                _log.warning("queue does not answer", lane=lane, reason=_line(error))
            await asyncio.wait([stopping], timeout=_AGAIN_SECONDS)
        stopping.cancel()

    async def _do(self, name: str) -> None:
        work = self._works.get(name)
        if work is None:  # the process that queued it has another configuration
            _log.warning("unknown work", name=name)
            return
        await work()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ProcrastinateException, psycopg.Error) as error:
        raise StoreError(f"the queue does not answer: {_line(error)} (check that the database runs)") from error


def _line(error: Exception) -> str:
    cause = error.__cause__ or error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
