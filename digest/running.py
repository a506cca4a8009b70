"""The service behind `digest run`: timer, web server and delivery around one store. Decision 244."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from digest import logs, templating
from digest.app import clock, require_ready
from digest.errors import DigestError, StoreError
from digest.logs import logged
from digest.ticks import Tick, Work
from digest.web.metrics import Metrics
from digest.web.serve import ConsoleServer, Server, WatchServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from digest.mail.receiving.listener import Listener
    from digest.operations.core import Check
    from digest.scheduler import Timer
    from digest.settings import Settings
    from digest.store.transaction import Store

_FIRST_SECONDS = 0.25  # waiting requests are answered before a pass takes the interpreter
LAST_SECONDS = 9.0  # supervisors kill after ten
_CHANGES_SECONDS = 2.0  # how often to look for changes that another process made
_AT_START = ("refresh", "editions", "send")  # a start does these once, in this order, before it is ready
_log = logs.get_logger()


class Process(Protocol):
    """How one process takes part in the work: `Alone`, or `member.Member` of several.

    `others` returns how to let other processes send the next batch, with these settings; None if there are none.
    """

    @property
    def serves(self) -> bool: ...
    def timer(self, settings: Settings) -> Timer: ...
    def others(self, settings: Settings) -> Callable[[], Awaitable[None]] | None: ...
    async def begin(self, service: Service) -> None: ...
    async def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Alone:
    """The only process: at its start, it does everything that is due before it reports that it is ready."""

    serves: bool = True

    def timer(self, _settings: Settings) -> Timer:
        from digest.scheduler import Timer  # noqa: PLC0415 - after the first answers

        return Timer()

    def others(self, _settings: Settings) -> None:
        return None

    async def begin(self, service: Service) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        table = service.work.table()
        for name in _AT_START:
            for tick in table:
                if tick.name == name:
                    await service.do(tick)

    async def end(self) -> None:
        return None


class Service:
    """`digest run`: timer, web server and delivery around one store, until a signal stops them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        process: Process | None = None,
        reread: Callable[[], Settings] | None = None,
        check: Check | None = None,
    ) -> None:
        self._settings, self.store, self._reread = settings, store, reread or (lambda: settings)
        self._process = process or Alone()
        serves = self._process.serves
        self._metrics = Metrics(store, settings, clock)
        self._server = Server(settings, store, clock, self._metrics, check) if serves else None
        self._watch = WatchServer(settings, store, self._metrics) if settings.web.metrics_listen else None
        self._console = ConsoleServer(settings, store, clock, check) if settings.console.listen and serves else None
        self._ticks: Timer | None = None  # until the ticks are scheduled
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._reloads: set[asyncio.Task[None]] = set()
        self._revision = settings.revision  # of the changes that were followed last, with success or not
        self._waiting: tuple[str, ...] = ()
        self._wrong_clock = False
        self._listener: Listener | None = None
        self.stop = asyncio.Event()
        self.work = self._work()
        if settings.bounces.listen and serves:
            from digest.mail.receiving.listener import Listener  # noqa: PLC0415 - without a listener, aiosmtpd is not loaded

            take = lambda *mail: self.work.take(*mail)  # noqa: E731, PLW0108 - a reload replaces the work
            self._listener = Listener(settings.bounces, take)

    def _work(self) -> Work:
        others = self._process.others(self._settings)
        reading = self._locks["refresh"]
        return Work(self._settings, self.store, self._metrics, self.stop, others, reading=reading)

    @property
    def address(self) -> str:
        """The address of the web server; empty if this process has none."""
        return self._server.address if self._server else ""

    @property
    def watch_address(self) -> str:
        """The address of the listener for monitors; empty if it has none of its own."""
        return self._watch.address if self._watch else ""

    @property
    def console_address(self) -> str:
        """The address of the console's listener; empty if it has none of its own."""
        return self._console.address if self._console else ""

    @property
    def waiting(self) -> tuple[str, ...]:
        """The settings that were changed, and hold only after a restart."""
        return self._waiting

    async def run(self, ready: Callable[[], None], late: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT; `ready` is called when the first pass and its mails are done.

        SIGHUP reads configuration and templates again.

        `late` is called if something is still running LAST_SECONDS after the signal.
        """
        loop = asyncio.get_running_loop()
        deadline = asyncio.create_task(self._deadline(late))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        stopping = asyncio.create_task(self.stop.wait())
        listeners = [one for one in (self._server, self._watch, self._console) if one]
        serving = [asyncio.create_task(listener.serve()) for listener in listeners]
        try:
            if self._listener:
                await self._listener.start()
            await self._begin(ready)
            serving.append(asyncio.create_task(self._follow_changes()))
            await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop.set()
            if self._ticks:
                self._ticks.stop()
            for listener in listeners:
                listener.stop()
            if self._listener:
                await self._listener.stop()
            await asyncio.gather(*serving)
            await self._end()
            deadline.cancel()
            templating.release_templates()
            _log.info("stopped")

    async def _begin(self, ready: Callable[[], None]) -> None:
        await self._process.begin(self)
        with logged("templates"):  # cached, so that a template in the middle of an edit breaks nothing before a reload
            use = await asyncio.to_thread(templating.prepare_templates, self._settings.template_folders)
            use()
        if not self.stop.is_set():
            self._schedule()
            ready()

    async def _end(self) -> None:
        for lock in list(self._locks.values()):  # work in progress ends first; none begins any more
            async with lock:
                pass
        await self._process.end()

    async def _deadline(self, late: Callable[[], None]) -> None:
        await self.stop.wait()
        await asyncio.sleep(LAST_SECONDS)
        late()

    async def _follow_changes(self) -> None:
        """Use what was changed: by this process at once, by another one within seconds."""
        from digest.service.settings import following  # noqa: PLC0415 - after the first answers

        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        notice = partial(loop.call_soon_threadsafe, changed.set)
        stopping = asyncio.create_task(self.stop.wait())
        following.LISTENERS.add(notice)
        try:
            while not self.stop.is_set():
                with suppress(StoreError):  # other work reports it
                    newest = await asyncio.to_thread(following.revision_of, self.store)
                    if newest != self._revision:
                        self._revision = newest
                        await self._reload()
                noticing = asyncio.create_task(changed.wait())
                await asyncio.wait([stopping, noticing], timeout=_CHANGES_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                noticing.cancel()
                changed.clear()
        finally:
            following.LISTENERS.discard(notice)
            stopping.cancel()

    def _hung_up(self) -> None:
        task = asyncio.create_task(self._reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(self) -> None:
        """Continue with the present configuration and templates; keep the former ones if the present ones are wrong."""
        from digest import reloading  # noqa: PLC0415 - after the first answers
        from digest.service.settings import following  # noqa: PLC0415 - as above

        async with self._locks["reload"]:
            if self.stop.is_set():
                return
            try:
                await asyncio.to_thread(following.follow, self.store, self._settings, clock())
                settings = await asyncio.to_thread(self._reread)
                held = {*settings.changed, *self._settings.changed, *self._waiting}
                settings, waiting = reloading.until_restart(self._settings, settings, held)
                await asyncio.to_thread(require_ready, settings)
                servers = [one for one in (self._server, self._console) if one]
                follow = await asyncio.to_thread(
                    reloading.prepare_reload, self.store, self._settings, settings, servers, clock()
                )
            except Exception as error:  # noqa: BLE001 - whatever is wrong, the service continues as before
                reason = str(error) if isinstance(error, DigestError) else repr(error)
                _log.error("not reloaded: the configuration and templates before stay", reason=reason)
                return
            follow()
            self._settings = self._metrics.settings = settings
            self._waiting, self._revision = waiting, settings.revision
            self.work = self._work()
            logs.configure(settings.log.level, json_lines=settings.log.json_lines)
            if self._ticks:
                self._ticks.stop()
                self._schedule(at_once=True)
            _log.info("reloaded", sources=len(settings.sources), digests=len(settings.digests))
            if waiting:
                _log.warning("these changes take a restart", settings=list(waiting))

    def _schedule(self, *, at_once: bool = False) -> None:
        """Start the ticks; `at_once` means that no source has been read yet with these settings."""
        now = clock()
        ticks = self._ticks = self._process.timer(self._settings)
        for tick in self.work.table():
            name, work = f"{tick.name} {tick.source}".rstrip(), partial(self.do, tick)
            if tick.soon is not None:  # its turns are fixed, and this one is besides
                ticks.once(name, work, at=now + tick.soon, lock=tick.lock)
                ticks.add(name, tick.every, work, first_at=now + tick.after, lock=tick.lock)
                continue
            after = now if at_once and tick.source else now + tick.after
            ticks.add(name, tick.every, work, first_at=after)
        ticks.start()

    async def do(self, tick: Tick) -> None:
        """Do the work of a tick when its turn comes, unless the service stops or the clock is certainly wrong."""
        async with self._locks[tick.lock]:
            if self.stop.is_set() or (self._is_clock_wrong() and not tick.any_clock):
                return
            with logged(tick.name, **({"source": tick.source} if tick.source else {})):
                await tick.run()

    def _is_clock_wrong(self) -> bool:
        """Whether the clock is certainly wrong; logged when that begins and when it ends."""
        from digest.service.operating.clocks import clock_problem  # noqa: PLC0415 - after the first answers

        wrong = clock_problem(clock())
        if wrong and not self._wrong_clock:
            _log.error("nothing is read, made or sent", reason=wrong)
        elif self._wrong_clock and not wrong:
            _log.info("the clock is right again")
        self._wrong_clock = bool(wrong)
        return self._wrong_clock
