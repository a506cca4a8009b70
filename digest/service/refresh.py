"""One pass over a source: which dumps changed, what they say, what is stored of it. Decides nothing itself."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from digest.dumps.files import DumpFile, Refused, dump_files
from digest.dumps.snapshot import read_snapshot
from digest.errors import DumpError, UnknownError
from digest.model import SourceId
from digest.ports import DumpState, KnownDump, Stamp
from digest.service.first_imports import publish
from digest.service.meaning import store_meaning
from digest.service.passes import Pass
from digest.service.tracing import following, say_refreshed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from digest.ports import Store
    from digest.settings import Settings, Source

_UNSETTLED_CLOCK_NS = 2_000_000_000  # a file changed this recently may change again within one tick of its clock


def refresh(
    store: Store,
    settings: Settings,
    source: Source,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
    stopped: Callable[[], bool] = bool,
) -> Pass:
    """Read what changed of a source and store what it means, one transaction a dump.

    A dump that cannot be read is a problem of its own: the others go on and its last good state stays. `progress`
    is called with the name of each dump before it is looked at; `stopped` is asked between dumps.
    """
    with following(now, source.id):
        done = _pass(store, settings, source, now, progress, stopped)
        say_refreshed(done.counts(), done.problems)
    return done


def _pass(
    store: Store,
    settings: Settings,
    source: Source,
    now: datetime,
    progress: Callable[[str], None] | None,
    stopped: Callable[[], bool],
) -> Pass:
    name = SourceId(source.id)
    with store.read() as tx:
        state, stamps, of_held = tx.readings.source(name), tx.readings.stamps(name), tx.readings.held(name)
    if state is None:
        with store.write(exclusive=False) as tx:
            tx.readings.register_source(name, now)
    done, skipped, held = Pass(name), 0, 0
    for file in _files(source):
        if stopped():
            break
        if isinstance(file, DumpFile):
            if progress:
                progress(file.name)
            if stamps.get(file.name) == file.stamp:
                skipped, held = skipped + 1, held + (file.name in of_held)
            else:
                with _uncollected():
                    done += _dump(store, settings, source, file, now)
        else:
            done += Pass(name, problems=(str(file),), failed=True)
    done += Pass(name, skipped=skipped, held=held)
    if stopped():
        return done
    with _uncollected():
        _finish(store, settings, source, now, done, settled=state is not None and state.settled_at is not None)
    return done


def decide(store: Store, source: SourceId, path: str | None, *, approve: bool) -> list[str]:
    """Record the operator's word on the held dumps of a source, or on one of them; the paths decided on.

    Raises:
        UnknownError: nothing of that name is held.
        DumpError: a dump that cannot be read cannot be approved.
    """
    with store.write() as tx:
        held = [
            dump
            for dump in tx.readings.dumps(source).values()
            if dump.state is DumpState.HELD and path in {None, dump.path}
        ]
        if not held:
            raise UnknownError("held dump", f"{source}/{path}" if path else source, remedy="see `digest status`")
        for dump in held:
            if approve and dump.unreadable:
                raise DumpError(dump.path, dump.reason, remedy="it cannot be approved: mend the file, or discard it")
            tx.readings.decide(source, dump.path, approve=approve)
    return [dump.path for dump in held]


def _files(source: Source) -> Iterable[DumpFile | Refused | DumpError]:
    """The files of a source; a failure to list them takes its place in the order."""
    try:
        yield from dump_files(source.path)
    except DumpError as error:
        yield error


def _dump(store: Store, settings: Settings, source: Source, file: DumpFile, now: datetime) -> Pass:
    name = SourceId(source.id)
    stamp = Stamp(file.size, file.mtime_ns, file.inode)
    with store.read() as tx:
        known = tx.readings.dump(name, file.name)
    try:
        stream = file.path.open("rb")
    except OSError as error:
        problem = DumpError(file.name, f"cannot be opened: {error.strerror}", remedy="check its permissions")
        unread = KnownDump.of(name, file.name, replace(stamp, mtime_ns=0), "", now)  # looked at again each pass
        return _unreadable(store, name, unread, known, problem)
    with stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        looked = KnownDump.of(name, file.name, _trusted(stamp, now), sha256, now)
        if known and known.sha256 == sha256 and not known.awaits_reading:
            with store.write(exclusive=False) as tx:
                tx.readings.store_dump(replace(known, stamp=looked.stamp))
            return Pass(name, skipped=1, held=int(known.state is DumpState.HELD))
        stream.seek(0)
        try:
            snapshot = read_snapshot(stream, file.name, largest=source.largest)
        except DumpError as error:
            return _unreadable(store, name, looked, known, error)
        if _stamp(stream) != stamp:
            return Pass(name, problems=(f"{file.name}: changed while it was read (it is read again next time)",))
    return store_meaning(store, settings, source, snapshot, looked, known)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles of garbage: a dump becomes a million values without one, each looked at again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _unreadable(store: Store, source: SourceId, looked: KnownDump, known: KnownDump | None, error: DumpError) -> Pass:
    """A dump that was good before is held; one that never was has failed."""
    held = known is not None and known.sightings > 0
    state = DumpState.HELD if held else DumpState.FAILED
    sightings = known.sightings if known else 0
    with store.write(exclusive=False) as tx:
        tx.readings.store_dump(replace(looked, state=state, reason=error.reason, sightings=sightings, unreadable=True))
    word = "held: " if held else ""
    remedy = f" ({error.remedy})" if error.remedy else ""
    return Pass(source, dumps=1, held=int(held), problems=(f"{error.dump}: {word}{error.reason}{remedy}",), failed=True)


def _finish(store: Store, settings: Settings, source: Source, now: datetime, done: Pass, *, settled: bool) -> None:
    """Publish a first import as a whole, and record the pass."""
    name = SourceId(source.id)
    with store.write(exclusive=not settled) as tx:
        state = None if settled else tx.readings.source(name)
        if state and state.settled_at is None and any(d.sightings for d in tx.readings.dumps(name).values()):
            publish(tx, settings, name, now)
        tx.readings.refreshed(name, now, "; ".join(done.problems), held=done.held > 0)


def _trusted(stamp: Stamp, now: datetime) -> Stamp:
    """The stamp to remember: none that equals a later one of other bytes, written in the same tick of the clock."""
    fresh = now.timestamp() * 1e9 - stamp.mtime_ns < _UNSETTLED_CLOCK_NS
    return replace(stamp, mtime_ns=0) if fresh else stamp


def _stamp(stream: BinaryIO) -> Stamp:
    state = os.fstat(stream.fileno())
    return Stamp(state.st_size, state.st_mtime_ns, state.st_ino)
