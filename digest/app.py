"""Shared beginnings of the commands: current time, open store, required settings, the lock against a second service."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from digest import installation, logs
from digest.errors import ConfigurationError, StoreError, together
from digest.files import make_folder
from digest.service.editions import digests
from digest.service.publishing import feeds
from digest.service.sources import renaming
from digest.store import is_made, open_store, open_unchanged, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from digest.service.intake.passes import Pass
    from digest.settings import Settings, Source
    from digest.store.transaction import Store


_log = logs.get_logger()


def clock() -> datetime:
    """Current UTC time; the only call to datetime.now."""
    return datetime.now(UTC)


def event_loop() -> asyncio.AbstractEventLoop:
    """The event loop of the service: uvloop where this system has it."""
    try:
        import uvloop  # noqa: PLC0415 - commands do without it
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store of these settings. It knows the configured digests.

    Raises:
        ConfigurationError: the settings use a former name of a source, or the store belongs to another installation.
    """
    store = open_store(settings.database)
    try:
        installation.require_ours(store, settings)
        renaming.require_present_names(store, settings)
        digests.register(store, settings.digests, clock())
        feeds.register(store, settings)
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def opened_untouched(settings: Settings, *, any_names: bool = False, anybodys: bool = False) -> Iterator[Store]:
    """The existing store of these settings, to rename or adopt it: even the configured digests are not registered.

    Raises:
        StoreError: there is no store.
        ConfigurationError: the settings use a former name of a source, unless `any_names` is set; or the store
            belongs to another installation, unless `anybodys` is set.
    """
    _require_made(settings.database)
    store = open_store(settings.database)
    try:
        if not anybodys:
            installation.require_ours(store, settings, remember=False)
        if not any_names:
            renaming.require_present_names(store, settings)
        yield store
    finally:
        store.close()


def _require_made(url: str) -> None:
    if not is_made(url):
        raise StoreError(f"{place(url)}: there is no state yet (see `digest refresh`)")


@contextlib.contextmanager
def opened_to_read(settings: Settings, *, any_names: bool = False, needed: bool = False) -> Iterator[Store]:
    """The store of these settings for a command that changes nothing: see `store.open_unchanged`.

    Raises:
        StoreError: there is no store, and one is `needed`.
        ConfigurationError: as `opened`; a former name of a source is accepted with `any_names`.
    """
    if needed:
        _require_made(settings.database)
    with open_unchanged(settings.database) as found:
        installation.require_ours(found.store, settings, remember=False)
        if not any_names:
            renaming.require_present_names(found.store, settings)
        if found.own:
            digests.register(found.store, settings.digests, clock())
            feeds.register(found.store, settings)
        yield found.store


def in_step(store: Store, settings: Settings, reread: Callable[[], Settings], *, serves: bool = True) -> Settings:
    """The settings with the newest changes that the store knows, which another process may have made.

    If it `serves`, they also have to be complete, as for a start.
    If they do not fit this configuration, the present settings hold, and the log says why.
    """
    from digest.service.settings import following  # noqa: PLC0415 - only the service follows

    try:
        following.follow(store, settings, clock())
        if following.revision_of(store) == settings.revision:
            return settings
        newer = reread()
        if serves:
            require_ready(newer)
        renaming.require_present_names(store, newer)
    except ConfigurationError as error:
        _log.error("the newest changes of the settings are not used", reason=str(error))
        return settings
    digests.register(store, newer.digests, clock())
    feeds.register(store, newer)
    return newer


def require_sources(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """The configured sources.

    Raises:
        ConfigurationError: there are none.
    """
    if not sources:
        raise ConfigurationError(
            "no source is configured", place="sources", remedy="`digest init` writes a configuration to start from"
        )
    return sources


def require_ready(settings: Settings) -> None:
    """Check that there is a source or a console where one is added, and that every secret can be read.

    Reports all problems at once.

    Raises:
        ConfigurationError: something is missing; a MistakesError where several things are.
    """
    tried: list[Callable[[], object]] = [partial(require_mail, settings)]
    if not settings.console.on:
        tried.insert(0, partial(require_sources, settings.sources))
    if settings.hooks.on():
        from digest.service.bounces.webhooks import read_secrets  # noqa: PLC0415 - unneeded without a provider

        tried.append(partial(read_secrets, settings.hooks))
    if settings.console.on and settings.console.oidc.issuer:
        from digest.service.console.oidc import require_provider  # noqa: PLC0415 - as above

        tried.append(partial(require_provider, settings))
    together(*tried)


def require_mail(settings: Settings) -> None:
    """Check that every secret for sending can be read, before anybody waits for a mail.

    Raises:
        ConfigurationError: one cannot.
    """
    from digest.mail.sending.transport import require_secrets  # noqa: PLC0415 - commands that only read do not load mail

    require_secrets(settings)


def run_pass(
    store: Store,
    settings: Settings,
    source: Source,
    *,
    progress: Callable[[str], None] | None = None,
    stopped: Callable[[], bool] = bool,
) -> Pass:
    """Make one pass over a source now."""
    from digest.service.intake import refresh  # noqa: PLC0415 - commands that only read do not load the comparison

    return refresh.refresh(store, settings, source, now=clock(), progress=progress, stopped=stopped)


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of the database's folder.

    Raises:
        ConfigurationError: another service holds it, or the folder is not writable.
    """
    try:
        make_folder(folder)
        file = (folder / "digest.lock").open("w")
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written: {error.strerror}",
            place=str(folder),
            remedy="change its owner, or data_dir",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                "another `digest run` uses this folder", place=str(folder), remedy="stop it, or set another data_dir"
            ) from error
        yield
