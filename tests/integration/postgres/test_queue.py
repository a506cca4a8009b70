"""The queue on a real server: unique jobs, exclusive jobs, jobs of a dead process, notifications."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from digest.member import Member, Role
from digest.queue import Queue
from digest.running import Service
from digest.settings import Settings, load
from digest.store import open_store, server
from tests.contract.conftest import Hand
from tests.waiting import SECONDS, lines, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from digest.store.transaction import Store
    from tests.conftest import Blog

LANE = "rest"
DIES = """
import asyncio, sys
from digest.queue import Queue
from digest.running import Service

async def main():
    queue = Queue(sys.argv[1])

    async def work():
        print("begun", flush=True)
        await asyncio.Event().wait()

    queue.know("a", work)
    async with queue.opened():
        await queue.put("a", "rest")
        await queue.serve({"rest": 1}, asyncio.Event())

asyncio.run(main())
"""


@pytest.fixture
def conninfo(store: Store) -> str:
    found = server(store._url)
    assert found
    return found


def asked(conninfo: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


def waiting(conninfo: str) -> list[tuple[object, ...]]:
    """Name and state of all work."""
    return asked(conninfo, "SELECT args->>'name', status::text FROM procrastinate_jobs ORDER BY id")


class Works:
    """Work that begins, reports that, and continues until it is released."""

    def __init__(self, *queues: Queue) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.let_go = asyncio.Event()
        self.now: list[str] = []
        self.at_once = 0
        for queue in queues:
            queue.know("a", self._work)
            queue.know("b", self._end)

    async def _work(self) -> None:
        self.now.append("a")
        self.at_once = max(self.at_once, len(self.now))
        self.begun.put_nowait("a")
        await self.let_go.wait()
        self.now.remove("a")

    async def _end(self) -> None:
        self.begun.put_nowait("b")


@contextlib.asynccontextmanager
async def served(works: Works, *queues: Queue) -> AsyncIterator[None]:
    """Each of them as a process with two hands, until the work is done that it has."""
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        for queue in queues:
            await stack.enter_async_context(queue.opened())
        serving = [asyncio.create_task(queue.serve({LANE: 2}, stop)) for queue in queues]
        try:
            async with asyncio.timeout(30):
                yield
        finally:
            works.let_go.set()
            stop.set()
            await asyncio.gather(*serving)


def test_what_is_put_twice_waits_once(conninfo: str) -> None:
    async def put() -> None:
        one, other = Queue(conninfo), Queue(conninfo)
        async with one.opened(), other.opened():
            for queue in (one, other, one):
                await queue.put("a", LANE)
                await queue.put("b", LANE, often=True)

    asyncio.run(put())
    assert waiting(conninfo) == [("a", "todo"), ("b", "todo")]


@pytest.mark.parametrize("often", [False, True])
def test_work_is_done_by_one_at_a_time_unless_it_may_be_done_often(conninfo: str, *, often: bool) -> None:
    async def twice() -> int:
        one, other = Queue(conninfo), Queue(conninfo)
        works = Works(one, other)
        async with served(works, one, other):
            await one.put("a", LANE, often=often)
            assert await works.begun.get() == "a"
            await other.put("a", LANE, often=often)
            if often:
                assert await works.begun.get() == "a"
            else:
                await other.put("b", LANE)  # behind it, and done before it
                assert await works.begun.get() == "b"
                assert waiting(conninfo)[:2] == [("a", "doing"), ("a", "todo")]
            works.let_go.set()
            if not often:
                assert await works.begun.get() == "a"
        return works.at_once

    assert asyncio.run(twice()) == (2 if often else 1)
    assert waiting(conninfo) == []


def test_of_work_with_one_lock_one_piece_at_a_time_is_done_in_all_processes(conninfo: str) -> None:
    async def both() -> int:
        one, other = Queue(conninfo), Queue(conninfo)
        works = Works(one, other)
        for queue in (one, other):
            queue.know("c", works._work)
        async with served(works, one, other):
            await one.put("a", LANE, lock="fetch https://blog.example.org")
            await works.begun.get()
            await one.put("c", LANE, lock="fetch https://blog.example.org")
            await one.put("b", LANE, lock="fetch https://elsewhere.example.org")
            assert await works.begun.get() == "b"  # behind it, and done before it
            assert waiting(conninfo)[:2] == [("a", "doing"), ("c", "todo")]
            works.let_go.set()
            await works.begun.get()
        return works.at_once

    assert asyncio.run(both()) == 1
    assert waiting(conninfo) == []


def test_turns_of_fetched_sources_are_queued_with_the_lock_of_their_host_in_a_lane_of_their_own(
    conninfo: str,
) -> None:
    async def queued() -> None:
        member = Member(Role.SCHEDULER, conninfo)
        async with member._queue.opened():
            timer = member.timer(Settings())
            at = datetime.now(UTC)
            for name in ("fetch a", "fetch b"):
                timer.once(name, asyncio.sleep, at=at, lock="fetch https://blog.example.org")  # type: ignore[arg-type] # never called here
            timer.add("refresh c", timedelta(hours=1), asyncio.sleep, first_at=at)  # type: ignore[arg-type] # as above
            timer.start()
            await asyncio.to_thread(until, lambda: len(waiting(conninfo)) == 3)
            timer.stop()

    asyncio.run(queued())
    found = asked(conninfo, "SELECT args->>'name', queue_name, lock FROM procrastinate_jobs ORDER BY 1")
    assert found == [
        ("fetch a", "fetch", "fetch https://blog.example.org"),
        ("fetch b", "fetch", "fetch https://blog.example.org"),
        ("refresh c", "refresh", "refresh c"),
    ]


def killed_at_work(conninfo: str) -> None:
    """A process that took work and is gone since a minute."""
    process = subprocess.Popen([sys.executable, "-c", DIES, conninfo], stdout=subprocess.PIPE, text=True)
    assert next(lines(process), "") == "begun\n"
    process.kill()
    process.communicate(timeout=SECONDS)
    with psycopg.connect(conninfo) as connection:
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")


@pytest.mark.parametrize("put_since", [False, True])
def test_what_a_dead_process_took_is_done_by_another(conninfo: str, *, put_since: bool) -> None:
    killed_at_work(conninfo)
    assert waiting(conninfo) == [("a", "doing")]

    async def revived() -> list[int]:
        queue = Queue(conninfo)
        async with queue.opened():
            if put_since:
                await queue.put("a", LANE)
            found = [await queue.revive(), await queue.revive()]
            assert waiting(conninfo) == [("a", "todo")]
        works = Works(other := Queue(conninfo))
        works.let_go.set()
        async with served(works, other):
            assert await works.begun.get() == "a"
        return found

    assert asyncio.run(revived()) == [1, 0]
    assert waiting(conninfo) == []


def test_a_web_process_hears_of_a_change_and_asks_nobody(
    store: Store, conninfo: str, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_WEB_LISTEN", "127.0.0.1:0")
    settings, own = load(blog.home / "digest.toml"), open_store(store._url)
    service = Service(settings, own, process=Member(Role.WEB, conninfo))

    async def lived() -> None:
        ready = asyncio.Event()
        async with asyncio.timeout(60):
            running = asyncio.create_task(service.run(ready.set))
            await ready.wait()
            try:
                listening = own._listening
                assert listening, "it does not listen"
                hand = Hand(store)
                hand.read(hand.added("甲"))
                with store.read() as tx:
                    newest = tx.entries.published_state()
                while listening.known != newest:
                    await asyncio.to_thread(listening._closed.wait, 0.01)
                assert own.published_state() == newest
            finally:
                service.stop.set()
                await running

    asyncio.run(lived())
    own.close()
