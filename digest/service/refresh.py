"""One pass over a source: which dumps changed, what they say, what is stored of it. Decides nothing itself."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from digest.changes.dates import inferred
from digest.changes.diff import diff, questions
from digest.changes.guards import hold_reason
from digest.changes.keys import lead_key, title_key
from digest.changes.matching import content_of
from digest.changes.values import Added, Cause, ChangeSet, Revised, Vanished
from digest.dumps.files import DumpFile, Refused, dump_files
from digest.dumps.snapshot import read_snapshot
from digest.errors import DumpError, UnknownError
from digest.model import AtomId, EntryId, SourceId
from digest.service.feeds import enlist
from digest.service.first_imports import publish
from digest.service.pictures import drawn
from digest.service.ports import ApplyFacts, DumpState, KnownDump, Stamp
from digest.service.tracing import following, say_read, say_refreshed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from digest.model import Snapshot
    from digest.service.ports import Readings, Store
    from digest.settings import Settings, Source

_UNSETTLED_CLOCK_NS = 2_000_000_000  # a file changed this recently may change again within one tick of its clock


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over a source did.

    `dumps` were read, `skipped` were unchanged, `held` are held now, read in this pass or not. `problems` are
    sentences, each naming its dump; `failed` says that one of them is more than a dump held for its sense.
    """

    source: SourceId
    dumps: int = 0
    skipped: int = 0
    sightings: int = 0
    added: int = 0
    revised: int = 0
    vanished: int = 0
    held: int = 0
    problems: tuple[str, ...] = ()
    failed: bool = False

    def counts(self) -> dict[str, object]:
        """What `digest refresh --json` prints of a source."""
        return {
            "source": self.source,
            "dumps": self.dumps,
            "skipped": self.skipped,
            "sightings": self.sightings,
            "added": self.added,
            "revised": self.revised,
            "vanished": self.vanished,
            "held": self.held,
        }

    def __add__(self, other: Pass) -> Pass:
        return Pass(
            self.source,
            self.dumps + other.dumps,
            self.skipped + other.skipped,
            self.sightings + other.sightings,
            self.added + other.added,
            self.revised + other.revised,
            self.vanished + other.vanished,
            self.held + other.held,
            self.problems + other.problems,
            self.failed or other.failed,
        )


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
    with store.write(exclusive=False) as tx:
        tx.readings.register_source(name, now)
        known = tx.readings.dumps(name)
    done = Pass(name)
    for file in _files(source):
        if stopped():
            return done
        if isinstance(file, DumpFile):
            if progress:
                progress(file.name)
            done += _dump(store, settings, source, file, known.get(file.name), now)
        else:
            done += Pass(name, problems=(str(file),), failed=True)
    _finish(store, settings, source, now, done)
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


def _dump(
    store: Store, settings: Settings, source: Source, file: DumpFile, known: KnownDump | None, now: datetime
) -> Pass:
    name = SourceId(source.id)
    stamp = Stamp(file.size, file.mtime_ns, file.inode)
    if known and known.stamp == stamp and not known.awaits_reading:
        return Pass(name, skipped=1, held=int(known.state is DumpState.HELD))
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
    return _reading(store, settings, source, snapshot, looked, known)


def _reading(
    store: Store,
    settings: Settings,
    source: Source,
    snapshot: Snapshot,
    looked: KnownDump,
    known: KnownDump | None,
) -> Pass:
    name, now = looked.source, looked.read_at
    asked = questions(snapshot)
    pictures = drawn(store, map(content_of, snapshot.sightings))
    with store.write() as tx:
        last = tx.readings.last_reading(name, looked.path)
        entries = tx.readings.known(asked, {placing.entry for placing in last})
        changes = diff(snapshot, last, entries, now=now, earliest=source.earliest, latest=source.latest)
        approved = known is not None and known.approved == looked.sha256
        reason = "" if approved else hold_reason(last, changes, keep=source.keep, common=source.common)
        if reason:
            held = replace(looked, state=DumpState.HELD, reason=reason, sightings=len(last))
            tx.readings.store_dump(held)
            return Pass(name, dumps=1, held=1, problems=(f"{looked.path}: held: {reason}",))
        state = tx.readings.source(name)
        first_import = state is None or state.settled_at is None
        tx.readings.store_dump(replace(looked, sightings=len(snapshot.sightings)))
        tx.readings.apply(
            name, looked.path, changes, _facts(changes, settings.tag_base, now, first_import=first_import)
        )
        _infer(tx.readings, changes, now)
        tx.pictures.add(pictures)
        enlist(tx, settings, {placing.entry for placing in changes.placings})
    added = [change.entry for change in changes.changes if isinstance(change, Added)]
    revised = [change.entry for change in changes.changes if isinstance(change, Revised) and _told(change.cause)]
    vanished = [change.entry for change in changes.changes if isinstance(change, Vanished)]
    say_read(looked.path, len(snapshot.sightings), {"added": added, "revised": revised, "vanished": vanished})
    return Pass(
        name,
        dumps=1,
        sightings=len(snapshot.sightings),
        added=len(added),
        revised=len(revised),
        vanished=len(vanished),
    )


def _told(cause: Cause) -> bool:
    """Whether the count of revisions holds it: what this dump says differently, not what another one adds."""
    return cause.significant or cause is Cause.COMPLETED


def _facts(changes: ChangeSet, tag_base: str, now: datetime, *, first_import: bool) -> ApplyFacts:
    contents = {c.entry: c.content for c in changes.changes if isinstance(c, Added | Revised)}
    added = [c.entry for c in changes.changes if isinstance(c, Added)]
    return ApplyFacts(
        now=now,
        first_import=first_import,
        atom_ids={entry: atom_id(tag_base, entry) for entry in added},
        title_keys={entry: title_key(content.title) for entry, content in contents.items()},
        lead_keys={entry: lead_key(content) for entry, content in contents.items()},
    )


def atom_id(tag_base: str, entry: EntryId) -> AtomId:
    """The `tag:` URI that an entry gets when it is first seen. Source: RFC 4151, section 2.1."""
    return AtomId(f"tag:{tag_base}:entry/{entry}")


def _infer(readings: Readings, changes: ChangeSet, now: datetime) -> None:
    """Let the years that are exact settle their neighbours, on every page that shows an entry of this dump."""
    pages = readings.pages_with({placing.entry for placing in changes.placings})
    dates = readings.dates({placing.entry for page in pages.values() for placing in page})
    better = inferred(pages.values(), dates)
    if better:
        readings.upgrade_dates(better, now)


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


def _finish(store: Store, settings: Settings, source: Source, now: datetime, done: Pass) -> None:
    """Publish a first import as a whole, and record the pass."""
    name = SourceId(source.id)
    with store.read() as tx:
        state = tx.readings.source(name)
        unsettled = state is not None and state.settled_at is None
    with store.write(exclusive=unsettled) as tx:
        if unsettled and any(d.sightings for d in tx.readings.dumps(name).values()):
            publish(tx, settings, name, now)
        tx.readings.refreshed(name, now, "; ".join(done.problems), held=done.held > 0)


def _trusted(stamp: Stamp, now: datetime) -> Stamp:
    """The stamp to remember: none that equals a later one of other bytes, written in the same tick of the clock."""
    fresh = now.timestamp() * 1e9 - stamp.mtime_ns < _UNSETTLED_CLOCK_NS
    return replace(stamp, mtime_ns=0) if fresh else stamp


def _stamp(stream: BinaryIO) -> Stamp:
    state = os.fstat(stream.fileno())
    return Stamp(state.st_size, state.st_mtime_ns, state.st_ino)
