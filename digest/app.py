"""Puts the parts together: an open store for a command, the whole service for `digest run`."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from digest.errors import ConfigurationError, DigestError
from digest.mail.transport import prepare
from digest.service import confirming, consent, delivery, editions, feeds, hub, refresh
from digest.service.backup import fenced
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.service.ports import Store
    from digest.service.refresh import Pass
    from digest.settings import Settings, Source

_EDITION_TICK = timedelta(minutes=1)
_CONFIRM_TICK = timedelta(seconds=5)  # somebody waits before the screen
_log = structlog.get_logger()


def clock() -> datetime:
    """The present moment; the only place that asks."""
    return datetime.now(UTC)


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store of these settings, with the configured digests known to it."""
    store = open_store(settings.database)
    try:
        editions.register(store, settings, clock())
        feeds.register(store, settings)
        yield store
    finally:
        store.close()


def require_sources(settings: Settings) -> tuple[Source, ...]:
    """The configured sources.

    Raises:
        ConfigurationError: there are none.
    """
    if not settings.sources:
        raise ConfigurationError(
            "no source is configured", place="sources", remedy="`digest init` writes a configuration to start from"
        )
    return settings.sources


def require_mail(settings: Settings) -> None:
    """See that all secrets which sending needs can be read, before anybody waits for a mail.

    Raises:
        ConfigurationError: one cannot.
    """
    prepare(settings)


def refreshed(
    store: Store,
    settings: Settings,
    source: Source,
    *,
    progress: Callable[[str], None] | None = None,
    stopped: Callable[[], bool] = bool,
) -> Pass:
    """One pass over a source, now."""
    return refresh.refresh(store, settings, source, now=clock(), progress=progress, stopped=stopped)


class Service:
    """`digest run`: timer, web server and delivery around one store, until a signal says stop."""

    def __init__(self, settings: Settings, store: Store) -> None:
        from digest.scheduler import Ticks  # noqa: PLC0415 - other commands do not pay for APScheduler
        from digest.web.serve import Server  # noqa: PLC0415 - nor for uvicorn

        self._settings, self._store = settings, store
        self._server, self._ticks = Server(settings, store, clock), Ticks()
        self._stop = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._confirming = asyncio.Lock()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; `ready` is called when the first pass and its mails are through."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        server = self._server
        serving = asyncio.create_task(server.serve())
        try:
            await self._catch_up()
            if not self._stop.is_set():
                ready()
                self._schedule()
            await asyncio.wait([serving, asyncio.create_task(self._stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop.set()
            self._ticks.stop()
            server.stop()
            await serving
            async with self._refreshing, self._sending, self._confirming:  # what is in flight ends first
                _log.info("stopped")

    async def _catch_up(self) -> None:
        for source in self._settings.sources:
            await self._refresh(source)
        await self._make()
        await self._send()

    @property
    def address(self) -> str:
        """Where the web server listens."""
        return self._server.address

    def _schedule(self) -> None:
        now, ticks = clock(), self._ticks
        for source in self._settings.sources:
            ticks.add(
                f"refresh {source.id}",
                source.every,
                functools.partial(self._refresh, source),
                first_at=now + source.every,
            )
        ticks.add("editions", _EDITION_TICK, self._make, first_at=now + _EDITION_TICK)
        ticks.add("send", _EDITION_TICK, self._send, first_at=now + _EDITION_TICK)
        ticks.add("confirm", _CONFIRM_TICK, self._confirm, first_at=now)
        ticks.add("hub", _EDITION_TICK, self._tell_hub, first_at=now)
        ticks.start()

    async def _refresh(self, source: Source) -> None:
        async with self._refreshing:
            if self._stop.is_set():
                return
            with _logged("refresh", source=source.id):
                done = await asyncio.to_thread(
                    refreshed, self._store, self._settings, source, stopped=self._stop.is_set
                )
                for problem in done.problems:
                    _log.warning("problem", source=source.id, reason=problem)
                _log.info("refreshed", **done.counts())

    async def _make(self) -> None:
        if self._stop.is_set():
            return
        with _logged("editions"):
            since = await asyncio.to_thread(fenced, self._store)
            if since:
                _log.warning("fenced: nothing is made or sent", backup_of=since.isoformat(), see="digest unfence")
                return
            for made in await asyncio.to_thread(editions.make_due, self._store, self._settings, clock()):
                _log.info("edition made", key=made.edition.key, empty=made.edition.empty)

    async def _tell_hub(self) -> None:
        with _logged("hub"):
            told = await asyncio.to_thread(hub.tell, self._store, self._settings)
            if told:
                _log.info("hub told", feeds=told)

    async def _confirm(self) -> None:
        async with self._confirming:
            if self._stop.is_set():
                return
            with _logged("confirm"):
                await asyncio.to_thread(consent.expire, self._store, clock())
                sent = await confirming.send_confirmations(self._store, self._settings, clock)
                if sent:
                    _log.info("confirmations sent", count=sent)

    async def _send(self) -> None:
        async with self._sending:
            if self._stop.is_set():
                return
            with _logged("send"):
                report = await delivery.drain(self._store, self._settings, clock, stop=self._stop)
                if report.attempted:
                    _log.info("sent", **report.counts())


@contextlib.contextmanager
def _logged(doing: str, **what: str) -> Iterator[None]:
    """A failure of one tick is said, and the next tick tries again: the state is what the last commit left."""
    try:
        yield
    except DigestError as error:
        _log.error(f"{doing} failed", reason=str(error), **what)
    except Exception:  # noqa: BLE001 - one tick's fault must not end the service; it is said with its trace
        _log.exception(f"{doing} failed unexpectedly", **what)


@contextlib.contextmanager
def only_one(data_dir: Path, database: Path | None = None) -> Iterator[None]:
    """Hold the locks of a data folder and of a database file, which may lie elsewhere and be named by two folders.

    Raises:
        ConfigurationError: another service runs on one of them.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as locks:
        locks.enter_context(_lock(data_dir / "digest.lock", "folder", data_dir, "stop it, or set another data_dir"))
        if database:
            real = database.resolve()
            real.parent.mkdir(parents=True, exist_ok=True)
            # A file of its own: SQLite's locks on the database end when anybody here closes a handle on it.
            file = real.with_name(f"{real.name}.lock")
            locks.enter_context(_lock(file, "database", database, "stop it, or set another database_url"))
        yield


@contextlib.contextmanager
def _lock(path: Path, what: str, place: Path, remedy: str) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            problem = f"another `digest run` uses this {what}"
            raise ConfigurationError(problem, place=str(place), remedy=remedy) from error
        yield
