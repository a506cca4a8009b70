"""The work that the service repeats: one table with the name, the interval, the work and the lock of each."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from digest import logs
from digest.app import clock, run_pass
from digest.logs import logged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from digest.service.fetching.fetching import Collector
    from digest.service.operating.clocks import JumpDetector
    from digest.settings import Settings, Source
    from digest.store.transaction import Store
    from digest.web.metrics import Metrics

_TIDY = timedelta(days=1)
_CONFIRM = timedelta(seconds=5)  # somebody waits in front of the screen
_A_SECOND = 20  # sources that are fetched after a start
FETCH = "fetch"
_log = logs.get_logger()


@lru_cache(maxsize=1)
def _fetchers() -> ThreadPoolExecutor:
    """The threads that wait for sites and programs: those of the pages must not wait for them."""
    from digest.service.fetching.fetching import AT_ONCE  # noqa: PLC0415 - after the first answers

    return ThreadPoolExecutor(AT_ONCE, FETCH)


@dataclass(frozen=True, slots=True)
class Tick:
    """Work to repeat once per `every`, first after `after`, and besides once `soon` after a start. Of ticks
    with the same `lock`, one runs at a time.

    `name` says what it does, for `source` if it is the work of one source. Under a clock that is certainly wrong, only
    ticks with `any_clock` run.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
    lock: str
    after: timedelta = timedelta(0)
    soon: timedelta | None = None
    source: str = ""
    any_clock: bool = False


class Work:
    """The work of each tick, with the present settings. `stop` ends work in progress early.

    `others` sends the next batch in other processes; None if there are none. Under `reading`, one source is read at a
    time; fetching needs no such lock.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        metrics: Metrics,
        stop: asyncio.Event,
        others: Callable[[], Awaitable[None]] | None = None,
        *,
        reading: asyncio.Lock | None = None,
    ) -> None:
        self._settings, self._store, self._metrics, self._stop = settings, store, metrics, stop
        self._others, self._reading = others, reading
        self._collector: Collector | None = None
        self._watch: JumpDetector | None = None  # until the first requests are answered

    def table(self) -> list[Tick]:
        """All ticks; the refreshes and then the rest, in the order of the way from a dump to a mail."""
        settings, tick = self._settings, self._settings.tick
        bounces = settings.bounces.maildir or settings.bounces.imap_host
        return [
            *(
                Tick("refresh", one.every, partial(self.refresh, one), "refresh", after=one.every, source=one.id)
                for one in settings.sources
                if not (one.is_fetched or one.paused)
            ),
            *self._fetches(),
            Tick("editions", tick, self.make_editions, "editions", after=tick),
            Tick("send", tick, self.send, "send", after=tick),
            Tick("confirm", _CONFIRM, self.confirm, "confirm"),
            Tick("alerts", tick, self.alert, "alerts", any_clock=True),
            *([Tick("bounces", settings.bounces.every, self.read_bounces, "bounces")] if bounces else []),
            Tick("hub", tick, self.ping_hub, "hub"),
            *([Tick("webhooks", tick, self.send_events, "webhooks")] if settings.webhooks else []),
            Tick("tidy", _TIDY, self.tidy, "tidy", after=_CONFIRM),
        ]

    def _fetches(self) -> Iterator[Tick]:
        """The turns of sources that are fetched: spread over the interval, and at a start a few in each second."""
        fetched = [one for one in self._settings.sources if one.is_fetched and not one.paused]
        if not fetched:
            return
        from digest.service.fetching import fetching  # noqa: PLC0415 - after the first answers

        now, at_start = clock(), timedelta(seconds=len(fetched) / _A_SECOND)
        for one in fetched:
            yield Tick(
                FETCH,
                one.every,
                partial(self.fetch, one),
                f"{FETCH} {fetching.host_of(one)}",
                after=fetching.first_turn(one.id, one.every, now) - now,
                soon=fetching.share(one.id) * min(at_start, one.every),
                source=one.id,
            )

    async def fetch(self, source: Source) -> None:
        """Fetch what is due of a source, however long its site takes, and then read it."""
        fetches, started = None, time.monotonic()
        if self._collector is None:
            from digest.service.fetching.fetching import Collector  # noqa: PLC0415 - after the first answers

            self._collector = Collector(self._settings, clock, stopped=self._stop.is_set)
        try:
            work = partial(copy_context().run, self._collector.fetch, self._store, source)
            fetches = await asyncio.get_running_loop().run_in_executor(_fetchers(), work)
        finally:
            self._metrics.fetched(fetches, time.monotonic() - started)
        if self._stop.is_set():
            return
        async with self._reading or nullcontext():
            await self.refresh(source)

    async def refresh(self, source: Source) -> None:
        done, started = None, time.monotonic()
        try:
            done = await asyncio.to_thread(run_pass, self._store, self._settings, source, stopped=self._stop.is_set)
        finally:
            self._metrics.refreshed(done, time.monotonic() - started)

    async def make_editions(self) -> None:
        from digest.service.editions import making  # noqa: PLC0415 - after the first answers
        from digest.service.upkeep import backups  # noqa: PLC0415 - as above

        since = await asyncio.to_thread(backups.fenced, self._store)
        if since:
            _log.warning("fenced: nothing is made or sent", backup_of=since.isoformat(), see="digest unfence")
            return
        await asyncio.to_thread(making.make_due, self._store, self._settings, clock())

    async def send(self) -> None:
        from digest.service.mailing.drain import delivery  # noqa: PLC0415 - after the first answers

        report = await delivery.drain(self._store, self._settings, clock, stop=self._stop, others=self._others)
        if report.attempted:
            _log.info("sent", **report.counts())

    async def confirm(self) -> None:
        """Send confirmations and other mails to one person, and end requests that nobody confirmed."""
        from digest.service.mailing import single_mails  # noqa: PLC0415 - after the first answers
        from digest.service.people import consent  # noqa: PLC0415 - as above

        await asyncio.to_thread(consent.expire, self._store, clock())
        sent = await single_mails.send_confirmations(self._store, self._settings, clock)
        if sent:
            _log.info("confirmations sent", count=sent)
        told = await single_mails.send_single_mails(self._store, self._settings, clock)
        if told:
            _log.info("single mails sent", count=told)

    async def alert(self) -> None:
        """Note a clock that was set, apply suppressions that are due, and send alerts; each fails alone."""
        from digest.service.bounces import suppressing  # noqa: PLC0415 - after the first answers
        from digest.service.operating import alerts, clocks  # noqa: PLC0415 - as above

        self._watch = self._watch or clocks.JumpDetector(clock)
        with logged("clock"):
            if jump := self._watch.jump():
                await asyncio.to_thread(clocks.note_jump, self._store, jump, clock())
        with logged("suppressions"):
            await asyncio.to_thread(suppressing.apply_if_due, self._store, self._settings, clock())
        for told in await asyncio.to_thread(alerts.decide, self._store, self._settings, clock()):
            _log.warning("alert", kind=told.kind, subject=told.alert.subject, problem=told.alert.problem)
        for problem in await alerts.send_due_notices(self._store, self._settings, clock):
            _log.error("alert not told", reason=problem)

    async def read_bounces(self) -> None:
        from digest.service.bounces import messages  # noqa: PLC0415 - after the first answers

        handled = await asyncio.to_thread(
            messages.read_mailboxes, self._store, self._settings, clock, self._stop.is_set
        )
        if handled:
            _log.info("bounces read", **handled)

    async def ping_hub(self) -> None:
        from digest.service.publishing import hub  # noqa: PLC0415 - after the first answers

        told = await asyncio.to_thread(hub.tell, self._store, self._settings)
        if told:
            _log.info("hub told", feeds=told)

    async def send_events(self) -> None:
        from digest.service.publishing import webhooks  # noqa: PLC0415 - after the first answers

        turn = await asyncio.to_thread(
            webhooks.send_events, self._store, self._settings, clock, stopped=self._stop.is_set
        )
        if turn.delivered:
            _log.info("events sent", count=turn.delivered)
        for problem in turn.problems:
            _log.warning("webhook", problem=problem)

    async def tidy(self) -> None:
        from digest.service.upkeep import retention  # noqa: PLC0415 - after the first answers

        gone = await asyncio.to_thread(
            retention.tidy, self._store, self._settings.retention, clock(), stopped=self._stop.is_set
        )
        gone["fetches"] += await asyncio.to_thread(retention.tidy_fetches, self._store, self._settings, clock())
        gone = +gone
        if gone:
            _log.info("tidied", **{name.replace(" ", "_"): count for name, count in gone.items()})

    async def take(self, raw: bytes, recipients: Sequence[str], sender: str) -> None:
        """Store a mail that the listener for bounces received."""
        from digest.service.bounces import messages  # noqa: PLC0415 - after the first answers

        taken = await asyncio.to_thread(
            messages.handle_message, self._store, self._settings, raw, recipients, now=clock(), sender=sender
        )
        _log.info("bounce taken", what=taken.what, suppressed=taken.suppressed)
