"""Backups: made, verified, restored behind a fence; and lifting the fence at the operator's request.

A backup cannot know what was sent after it. A restored store is therefore fenced: feeds and pages are served, sources
are read, but no edition is made and nothing is sent before an operator says what happened to the rest. Decision 197.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import StoreError
from digest.model import EditionKey, SourceId
from digest.records.intake import DumpState
from digest.records.mailing import Waiting
from digest.service.editions import drafts, making
from digest.service.editions.planning import plan_parts
from digest.service.upkeep.invariants import violations
from digest.settings import Settings
from digest.store import database_file, open_store
from digest.store.upkeep import backup_files

if TYPE_CHECKING:
    from digest.store.transaction import Store

    Progress = Callable[[int, int], None]

_NAMED = 3  # violations named in the error about a backup


@dataclass(frozen=True, slots=True)
class Outlook:
    """The effect of lifting the fence. `held` are dumps whose entries are not known yet."""

    since: datetime
    waiting: tuple[Waiting, ...]
    digests: tuple[drafts.Upcoming, ...]
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lifted:
    """The result of lifting the fence: mails that count as sent, and editions of entries that count as announced."""

    mails: int = 0
    editions: tuple[EditionKey, ...] = ()


def back_up(
    store: Store,
    file: Path,
    now: datetime,
    *,
    copying: Progress | None = None,
    checking: Progress | None = None,
) -> None:
    """Write a verified copy of the store to a file; an existing file stays until the new one is verified.

    Raises:
        StoreError: it cannot be written, or has errors.
    """
    if file.exists() and not file.is_file():
        raise StoreError(f"{file}: is no ordinary file, so no backup can take its place (name another one)")
    draft = file.with_name(f".{file.name}.part")
    with _removed_if_unused(draft):
        store.back_up(draft, now, copying)
        _verify(draft, checking)
        draft.replace(file)
        backup_files.sync(file)
    with store.write() as tx:
        tx.backups.record(now)


def verify(file: Path, scratch: Path) -> None:
    """Read a backup and check every invariant, on a copy in the folder `scratch`, so that its bytes stay.

    Raises:
        StoreError: the file is no valid backup.
    """
    draft = scratch / f".{file.name}.verifying"
    with _removed_if_unused(draft):
        backup_files.take(file, draft)
        backup_files.require_store(draft)
        _verify(draft, None)


def restore(url: str, file: Path, now: datetime, *, checking: Progress | None = None) -> Path | None:
    """Make a backup the store, fenced; returns the new place of the former store, None if there was none.

    The caller must hold the lock against `digest run`.

    Raises:
        StoreError: the file is no valid backup, or the database is in use; nothing has changed then.
    """
    database = database_file(url)
    if database is None or backup_files.same_database(file, url):
        raise StoreError(f"{file}: cannot be restored over itself, or into memory")
    draft = database.with_name(f".{database.name}.restoring")
    aside = database.with_name(f"{database.name}.replaced-{now:%Y%m%dT%H%M%S%f}")
    replaced = aside if database.exists() else None
    with _removed_if_unused(draft):
        backup_files.take(file, draft)
        backup_files.require_store(draft)
        _verify(draft, checking, fence=now)
        backup_files.put_in_place(draft, database, aside)
    return replaced


def fenced(store: Store) -> datetime | None:
    """The time of the backup behind whose fence the store is; None if there is no fence."""
    with store.read() as tx:
        return tx.backups.fenced()


def fence(store: Store, now: datetime) -> None:
    """Fence a store that was restored without `restore`; tokens of its API and sessions of the console end."""
    with store.write() as tx:
        tx.backups.fence(now)
        tx.tokens.revoke_all(now)
        tx.console_sessions.forget_all()


def outlook(store: Store, settings: Settings, now: datetime) -> Outlook | None:
    """What waits behind the fence; None if there is none."""
    with store.read() as tx:
        since = tx.backups.fenced()
        if since is None:
            return None
        held = tuple(
            f"{source.id}/{dump.path}"
            for source in settings.sources
            for dump in tx.readings.dumps(SourceId(source.id)).values()
            if dump.state is DumpState.HELD
        )
        return Outlook(
            since, tuple(tx.backups.waiting()), tuple(drafts.upcoming_editions(tx, settings, now, since)), held
        )


def lift(store: Store, settings: Settings, now: datetime, *, as_sent: bool, untold: Collection[str] = ()) -> Lifted:
    """Lift the fence, in one transaction.

    `as_sent`: all open mails, and all new entries known by now, reached their subscribers from the lost store. The new
    entries go into an edition of each digest, except the digests in `untold`, whose new entries wait for their next
    slot. Then all open mails count as accepted, with a text that names the operator and not a server.
    """
    secret = store.secret()
    with store.write() as tx:
        since = tx.backups.fenced()
        if since is None:
            return Lifted()
        tx.backups.lift()
        if not as_sent:
            return Lifted()
        plan_parts(tx, settings, tx.planning.waiting())
        made = making.make_all(tx, secret, settings, now, but=untold)
        tx.webhooks.skip([one.id for one in settings.webhooks], now)
        word = f"taken as sent, by the operator: restored from a backup of {since.isoformat()}"
        return Lifted(tx.backups.take_as_sent(since, now, word), tuple(made))


def _verify(draft: Path, checking: Progress | None, *, fence: datetime | None = None) -> None:
    """Read a copy back and check every invariant; this brings it to the newest schema."""
    copy = open_store(f"sqlite:///{draft}")
    try:
        wrong = [str(one) for one in violations(copy, checking)]
        if wrong:
            named = "; ".join(wrong[:_NAMED])
            raise StoreError(f"{draft}: is not right, {len(wrong)} faults: {named} (see `digest check --deep`)")
        if fence:
            with copy.write() as tx:
                tx.backups.fence(fence)
                tx.console_sessions.forget_all()
    finally:
        copy.close()
    backup_files.seal(draft)


@contextlib.contextmanager
def _removed_if_unused(draft: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{draft.parent}: cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            backup_files.remove(draft)
