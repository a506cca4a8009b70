"""The timer: work that is under way when it stops is finished."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from digest.scheduler import Timer


def test_a_tick_under_way_ends_by_itself_when_the_timer_stops() -> None:
    ended: list[str] = []

    async def course() -> None:
        begun, go_on, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            begun.set()
            try:
                await go_on.wait()
                ended.append("to its end")
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            finally:
                over.set()

        ticks = Timer()
        ticks.add("one", timedelta(hours=1), tick, first_at=datetime.now(UTC))
        ticks.start()
        await begun.wait()
        ticks.stop()
        await asyncio.sleep(0)
        go_on.set()
        await over.wait()

    asyncio.run(course())
    assert ended == ["to its end"]
