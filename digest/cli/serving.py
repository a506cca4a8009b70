"""The work of `digest run`, without Typer: the service starts faster without importing it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from digest import logs
from digest.app import clock, event_loop, exclusive_lock, in_step, opened, require_ready
from digest.dumps.configured import load_settings
from digest.errors import ConfigurationError
from digest.store import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.running import Service
    from digest.settings import Settings
    from digest.store.transaction import Store


def serve(config: Path | None, role: str) -> None:
    """Run the service until it is stopped."""
    serve_with(lambda: load_settings(config), role)


def serve_with(reread: Callable[[], Settings], role: str = "all", *, ready: Callable[[], None] = lambda: None) -> None:
    """Run the service with settings from `reread`, which a reload calls again; call `ready` after the first pass."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGHUP, signal.SIG_IGN
        )  # a reload request this early is ignored: the start reads the settings anyway
    settings = reread()
    logs.configure(settings.log.level, json_lines=settings.log.json_lines)
    require_ready(settings)
    from digest.running import Service

    shared = server(settings.database)
    if shared is None:
        if role != "all":
            raise ConfigurationError(
                f"an SQLite file is for one process only, so it cannot be used with --role {role}",
                place="database_url",
                remedy="set it to postgresql://…, or run without --role",
            )
        with (
            exclusive_lock(settings.database_folder),
            opened(settings) as store,
            asyncio.Runner(loop_factory=event_loop) as runner,
        ):
            settings = in_step(store, settings, reread)
            runner.run(_serve(settings, store, lambda: Service(settings, store, reread=reread, check=_checked), ready))
        return
    from digest.member import Member, Role

    with opened(settings) as store, asyncio.Runner(loop_factory=event_loop) as runner:
        settings = in_step(store, settings, reread)
        runner.run(
            _serve(
                settings,
                store,
                lambda: Service(settings, store, process=Member(Role(role), shared), reread=reread, check=_checked),
                ready,
            )
        )


def _checked(settings: Settings, mail: bool) -> Iterator[tuple[str, str, str]]:  # noqa: FBT001 - as operations call it
    """The findings of `digest check`, for operators who ask the service."""
    from digest.checks import findings, mail_findings
    from digest.findings import Finding

    for found in mail_findings(settings) if mail else findings(settings, clock()):
        if isinstance(found, Finding):
            yield found.part, str(found.level), found.says
        else:
            yield f"dns {found.purpose}", "ok", found.line


async def _serve(settings: Settings, store: Store, made: Callable[[], Service], ready: Callable[[], None]) -> None:
    service = made()
    gc.freeze()  # what is there now stays
    gc.enable()
    where = f"listens on {service.address} and " if service.address else ""
    count = len(settings.sources)
    _say(f"Digest {where}reads {'1 source' if count == 1 else f'{count} sources'} …")

    def tell() -> None:
        _say_where(settings, store, service.address)
        ready()

    await service.run(tell, _end_at_once)


def _end_at_once() -> None:
    """End the process at once, as a kill would, during slow work: a relay that does not answer, a dump of gigabytes.

    The store keeps the last commit. A mail that was being sent has an unknown outcome when its lease has ended.
    """
    sys.stderr.write("digest: stopped with work in progress; the next start continues it\n")
    os._exit(1)


def _say_where(settings: Settings, store: Store, address: str) -> None:
    if not address:
        _say("Ready. Press Ctrl-C to stop; work in progress is finished first.")
        return
    with store.read() as tx:
        newest = tx.editions.newest()
    _say(f"  home page       {address}/")
    _say(f"  feed            {address}/feed.atom")
    _say(f"  newest edition  {f'{address}/editions/{newest.key}' if newest else 'none yet'}")
    mail = settings.mail
    _say(f"  mails           {mail.path if mail.transport == 'maildir' else f'sent by {mail.host}'}")
    if settings.console.on:
        _say(f"  console         {settings.console_url}/console (`digest console link` prints a link to log in)")
    _say("Press Ctrl-C to stop; work in progress is finished first.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
