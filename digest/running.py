"""The service behind `digest run`: timer, web server and delivery around one store. Decision 244."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from digest import logs, templating
from digest.app import clock, refreshed, require_ready
from digest.errors import DigestError
from digest.web.metrics import Metrics
from digest.web.serve import Server, WatchServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from digest.mail.receiving.listener import Listener
    from digest.scheduler import Ticks
    from digest.service.operating.clocks import Watch as ClockWatch
    from digest.settings import Settings, Source
    from digest.store.transaction import Store

_TIDY_TICK = timedelta(days=1)
_CONFIRM_TICK = timedelta(seconds=5)  # somebody waits in front of the screen
_FIRST_SECONDS = 0.25  # waiting requests are answered before a pass takes the interpreter
LAST_SECONDS = 9.0  # supervisors kill after ten
_log = logs.get_logger()


class Service:
    """`digest run`: timer, web server and delivery around one store, until a signal stops them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        serves: bool = True,
        reread: Callable[[], Settings] | None = None,
    ) -> None:
        self._settings, self._store, self._reread = settings, store, reread or (lambda: settings)
        self._metrics = Metrics(store, settings, clock)
        self._server = Server(settings, store, clock, self._metrics) if serves else None
        self._watch = WatchServer(settings, store, self._metrics) if settings.web.metrics_listen else None
        self._ticks: Ticks | None = None  # until the ticks are scheduled
        self._others: Callable[[], Awaitable[None]] | None = None
        self._holding = contextlib.AsyncExitStack()
        self._stop = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._confirming = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._bouncing = asyncio.Lock()
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None
        self._watch_clock: ClockWatch | None = None  # until the first requests are answered
        if settings.bounces.listen and serves:
            from digest.mail.receiving.listener import Listener  # noqa: PLC0415 - without a listener, aiosmtpd is not loaded

            self._listener = Listener(settings.bounces, self._take)

    async def run(self, ready: Callable[[], None], late: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT; `ready` is called when the first pass and its mails are done.

        SIGHUP reads configuration and templates again.

        `late` is called if something is still running LAST_SECONDS after the signal.
        """
        loop = asyncio.get_running_loop()
        deadline = asyncio.create_task(self._deadline(late))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        stopping = asyncio.create_task(self._stop.wait())
        listeners = [one for one in (self._server, self._watch) if one]
        serving = [asyncio.create_task(listener.serve()) for listener in listeners]
        try:
            if self._listener:
                await self._listener.start()
            await self._begin(ready)
            await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop.set()
            if self._ticks:
                self._ticks.stop()
            for listener in listeners:
                listener.stop()
            if self._listener:
                await self._listener.stop()
            await asyncio.gather(*serving)
            await self._end()
            deadline.cancel()
            templating.let_go()
            _log.info("stopped")

    def _hung_up(self) -> None:
        task = asyncio.create_task(self._reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(self) -> None:
        """Continue with the present configuration and templates; keep the former ones if the present ones are wrong."""
        from digest import reloading  # noqa: PLC0415 - after the first answers

        async with self._reloading:
            if self._stop.is_set():
                return
            try:
                settings = await asyncio.to_thread(self._reread)
                await asyncio.to_thread(require_ready, settings)
                follow = await asyncio.to_thread(
                    reloading.checked, self._store, self._settings, settings, self._server, clock()
                )
            except Exception as error:  # noqa: BLE001 - whatever is wrong, the service continues as before
                reason = str(error) if isinstance(error, DigestError) else repr(error)
                _log.error("not reloaded: the configuration and templates before stay", reason=reason)
                return
            follow()
            self._settings = self._metrics.settings = settings
            logs.configure(settings.log.level, json_lines=settings.log.json_lines)
            if self._ticks:
                self._ticks.stop()
                self._schedule(at_once=True)
            _log.info("reloaded", sources=len(settings.sources), digests=len(settings.digests))

    def _timer(self) -> Ticks:
        from digest.scheduler import Ticks  # noqa: PLC0415 - after the first answers

        return Ticks()

    async def _begin(self, ready: Callable[[], None]) -> None:
        await self._catch_up()
        await self._hold_templates()
        if not self._stop.is_set():
            ready()
            self._schedule()

    async def _end(self) -> None:
        locks = (self._refreshing, self._sending, self._confirming, self._telling, self._bouncing, self._reloading)
        async with contextlib.AsyncExitStack() as ended:  # work in progress ends first
            for lock in locks:
                await ended.enter_async_context(lock)
            await self._holding.aclose()

    async def _hold_templates(self) -> None:
        """Cache the templates, so that a template in the middle of an edit breaks nothing before a reload."""
        with logged("templates"):
            use = await asyncio.to_thread(templating.checked, self._settings.templates)
            use()

    async def _deadline(self, late: Callable[[], None]) -> None:
        await self._stop.wait()
        await asyncio.sleep(LAST_SECONDS)
        late()

    async def _catch_up(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        for source in self._settings.sources:
            await self._refresh(source)
        await self._make()
        await self._send()

    @property
    def address(self) -> str:
        """The address of the web server; empty if this process has none."""
        return self._server.address if self._server else ""

    @property
    def watch_address(self) -> str:
        """The address of the listener for monitors; empty if it has none of its own."""
        return self._watch.address if self._watch else ""

    def _schedule(self, *, at_once: bool = False) -> None:
        """Start the ticks; `at_once` means that nothing has run yet with these settings."""
        now, tick = clock(), self._settings.tick
        ticks = self._ticks = self._timer()
        for source in self._settings.sources:
            ticks.add(
                f"refresh {source.id}",
                source.every,
                functools.partial(self._refresh, source),
                first_at=now if at_once else now + source.every,
            )
        ticks.add("editions", tick, self._make, first_at=now + tick)
        ticks.add("send", tick, self._send, first_at=now + tick)
        ticks.add("confirm", _CONFIRM_TICK, self._confirm, first_at=now)
        ticks.add("alerts", tick, self._alert, first_at=now)
        if self._settings.bounces.maildir or self._settings.bounces.imap_host:
            ticks.add("bounces", self._settings.bounces.every, self._read_bounces, first_at=now)
        ticks.add("hub", tick, self._tell_hub, first_at=now)
        ticks.add("tidy", _TIDY_TICK, self._tidy, first_at=now + _CONFIRM_TICK)
        ticks.start()

    async def _refresh(self, source: Source) -> None:
        async with self._refreshing:
            if self._stop.is_set():
                return
            done, started = None, time.monotonic()
            with logged("refresh", source=source.id):
                done = await asyncio.to_thread(
                    refreshed, self._store, self._settings, source, stopped=self._stop.is_set
                )
            self._metrics.refreshed(done, time.monotonic() - started)

    async def _make(self) -> None:
        from digest.service.editions import making  # noqa: PLC0415 - after the first answers
        from digest.service.upkeep import backup  # noqa: PLC0415 - after the first answers

        if self._stop.is_set():
            return
        with logged("editions"):
            since = await asyncio.to_thread(backup.fenced, self._store)
            if since:
                _log.warning("fenced: nothing is made or sent", backup_of=since.isoformat(), see="digest unfence")
                return
            await asyncio.to_thread(making.make_due, self._store, self._settings, clock())

    async def _tell_hub(self) -> None:
        from digest.service.publishing import hub  # noqa: PLC0415 - after the first answers

        with logged("hub"):
            told = await asyncio.to_thread(hub.tell, self._store, self._settings)
            if told:
                _log.info("hub told", feeds=told)

    async def _confirm(self) -> None:
        from digest.service.mailing import confirming, single_mails  # noqa: PLC0415 - after the first answers
        from digest.service.people import consent  # noqa: PLC0415 - after the first answers

        async with self._confirming:
            if self._stop.is_set():
                return
            with logged("confirm"):
                await asyncio.to_thread(consent.expire, self._store, clock())
                sent = await confirming.send_confirmations(self._store, self._settings, clock)
                if sent:
                    _log.info("confirmations sent", count=sent)
                told = await single_mails.send_single_mails(self._store, self._settings, clock)
                if told:
                    _log.info("single mails sent", count=told)

    async def _tidy(self) -> None:
        from digest.service.upkeep import retention  # noqa: PLC0415 - after the first answers

        with logged("tidy"):
            gone = await asyncio.to_thread(
                retention.tidy, self._store, self._settings, clock(), stopped=self._stop.is_set
            )
            if gone:
                _log.info("tidied", **{name.replace(" ", "_"): count for name, count in gone.items()})

    async def _alert(self) -> None:
        from digest.service.bounces import suppressing  # noqa: PLC0415 - after the first answers
        from digest.service.operating import alerts, clocks  # noqa: PLC0415 - after the first answers

        self._watch_clock = self._watch_clock or clocks.Watch(clock)
        async with self._telling:
            if self._stop.is_set():
                return
            with logged("clock"):
                if jump := self._watch_clock.jump():
                    await asyncio.to_thread(clocks.note_jump, self._store, jump, clock())
            with logged("suppressions"):
                await asyncio.to_thread(suppressing.apply_if_due, self._store, self._settings, clock())
            with logged("alerts"):
                for told in await asyncio.to_thread(alerts.decide, self._store, self._settings, clock()):
                    _log.warning("alert", kind=told.kind, subject=told.alert.subject, problem=told.alert.problem)
                for problem in await alerts.tell(self._store, self._settings, clock):
                    _log.error("alert not told", reason=problem)

    async def _read_bounces(self) -> None:
        from digest.service.bounces import messages  # noqa: PLC0415 - after the first answers

        async with self._bouncing:
            if self._stop.is_set():
                return
            with logged("bounces"):
                handled = await asyncio.to_thread(
                    messages.read_mailboxes, self._store, self._settings, clock, self._stop.is_set
                )
                if handled:
                    _log.info("bounces read", **handled)

    async def _take(self, raw: bytes, recipients: Sequence[str], sender: str) -> None:
        """Store a mail that the listener received."""
        from digest.service.bounces import messages  # noqa: PLC0415 - after the first answers

        taken = await asyncio.to_thread(
            messages.handle_message, self._store, self._settings, raw, recipients, now=clock(), sender=sender
        )
        _log.info("bounce taken", what=taken.what, struck_off=taken.struck_off)

    async def _send(self) -> None:
        from digest.service.mailing.drain import delivery  # noqa: PLC0415 - after the first answers

        async with self._sending:
            if self._stop.is_set():
                return
            with logged("send"):
                report = await delivery.drain(self._store, self._settings, clock, stop=self._stop, others=self._others)
                if report.attempted:
                    _log.info("sent", **report.counts())


@contextlib.contextmanager
def logged(doing: str, **what: str) -> Iterator[None]:
    """Log the failure of one tick. The next tick tries again from the state of the last commit."""
    try:
        yield
    except DigestError as error:
        _log.error(f"{doing} failed", reason=str(error), **what)
    except Exception:  # noqa: BLE001 - the fault of one tick must not end the service; it is logged with its trace
        _log.exception(f"{doing} failed unexpectedly", **what)
