"""Reads a dump: hashes, decodes and cuts it, or finds why it cannot. Compares nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from digest.changes import guards
from digest.changes.prepared import prepared
from digest.dumps import RULES, configured, files, pages
from digest.dumps.containers import container, kinds
from digest.dumps.snapshot import is_unknown, read_snapshot
from digest.errors import DumpError
from digest.model import Snapshot, SourceId
from digest.records.intake import DumpState, KnownDump
from digest.service.intake import comparing, passes
from digest.settings import Source

if TYPE_CHECKING:
    from digest.store.transaction import Store

_BLOCK = 1 << 18
_UNSETTLED_CLOCK_NS = 2_000_000_000  # a file changed this recently may change again within one tick of its clock


@dataclass(frozen=True, slots=True)
class Unread:
    """A dump that was not read, and why. `looked` is its record at that time; None if it changed meanwhile."""

    looked: KnownDump | None
    error: DumpError


@dataclass(frozen=True, slots=True)
class Packed:
    """A page that is a container: its records are the dumps."""


@dataclass(frozen=True, slots=True)
class AsBefore:
    """A dump with nothing new to read."""

    looked: KnownDump
    rewritten: bool


def read_dump(
    store: Store, source: Source, page: pages.Page, now: datetime, *, again: bool = False, is_new: bool = False
) -> comparing.ReadDump | passes.Pass | Packed:
    """The content of the dump; a Pass if there is nothing new to compare, Packed if it has to be opened.

    That is the case if its bytes are those of its last reading, if it cannot be read (which is then stored), or if it
    changed meanwhile. `again`: it was read in this pass already, or is held and looked at once more. `is_new`: it is
    certain that the store knows nothing of it.
    """
    name, known = SourceId(source.id), None
    if not is_new:
        with store.read() as tx:
            known = tx.readings.dump(name, page.name)
    found = read_page(source, page, known, now, again=again, before=titles_before(store, name, page.name))
    match found:
        case comparing.ReadDump() | Packed():
            return found
        case Unread(looked=None):
            return passes.Pass(name, problems=(f"{page.name}: {found.error.reason} ({found.error.remedy})",))
        case Unread(looked=KnownDump()) if known is None and pages.passed(page, found.error):
            return passes.Pass(name)
        case Unread(looked=KnownDump() as looked):
            return store_failure(store, looked, known, found.error)
        case AsBefore() if known:
            _confirm(store, known, found.looked, rewritten=found.rewritten)
    return passes.Pass(name, skipped=1)


def titles_before(store: Store, source: SourceId, path: str) -> Callable[[], Sequence[str]]:
    """What gives the titles of the last good reading of a dump, once they are needed."""

    def titles() -> Sequence[str]:
        with store.read() as tx:
            return [placing.title for placing in tx.readings.last_reading(source, path)]

    return titles


def read_page(
    source: Source,
    page: pages.Page,
    known: KnownDump | None,
    now: datetime,
    *,
    again: bool,
    before: Callable[[], Sequence[str]],
) -> comparing.ReadDump | Unread | AsBefore | Packed:
    """Read a dump with the record `known`; stores nothing. `again` as in `read_dump`.

    `before` gives the titles of its last good reading.
    """
    name = SourceId(source.id)
    stamp = page.stamp
    try:
        stream = page.open()
    except (DumpError, OSError) as error:
        problem = _unopened(page, error)
        unsettled = replace(stamp, settled=False)  # looked at again in each pass
        return Unread(KnownDump.of(name, page.name, unsettled, "", now), problem)
    layouts = configured.layouts_of(source)
    with stream:
        if not isinstance(page, container.RecordPage) and kinds.is_container(stream, page.name):
            return Packed()
        sha256 = _sha256(stream)
        settled = replace(stamp, settled=is_settled(stamp, now))
        looked = replace(_looked(name, page, settled, sha256, known, now), rules=layouts.rules(RULES))
        rewritten = known is None or not known.stamp.names(stamp)
        if known and not again and _is_as_before(known, looked, rewritten=rewritten):
            return AsBefore(looked, rewritten)
        stream.seek(0)
        try:
            snapshot = read_snapshot(
                stream,
                page.name,
                largest=source.largest,
                layouts=layouts,
                url=page.url,
                media_type=page.media_type,
                is_cut=page.is_cut,
            )
        except DumpError as error:
            return Unread(looked, _changed_shape(stream, error) if known and known.sightings else error)
        reshaped = _reshaped(stream, snapshot, known, before) if known else 0
        if page.is_changed(stream):
            return Unread(None, DumpError(page.name, "changed while it was read", remedy="it is read again next time"))
    return comparing.ReadDump(looked, known, prepared(snapshot.sightings), snapshot.notes, rewritten, reshaped=reshaped)


def _reshaped(stream: BinaryIO, snapshot: Snapshot, known: KnownDump, before: Callable[[], Sequence[str]]) -> int:
    """The number of entries in a shape that no layout of the source reads, if most stand in it; only in a page of which
    less is read than before, or that was held for its shape.
    """
    was_so = known.state is DumpState.HELD and guards.was_shape(known.reason)
    if len(snapshot.sightings) >= known.sightings and not was_so:
        return 0
    from digest.dumps.suggesting.reshaped import entries_elsewhere  # noqa: PLC0415 - needed rarely, and it loads Babel

    return entries_elsewhere(stream, snapshot.dump, snapshot.sightings, before(), was_so=was_so)


def _sha256(stream: BinaryIO) -> str:
    hashed = hashlib.sha256()
    while block := stream.read(_BLOCK):
        hashed.update(block)
    return hashed.hexdigest()


def _unopened(page: pages.Page, error: DumpError | OSError) -> DumpError:
    if isinstance(error, DumpError):
        return error
    return DumpError(page.name, f"cannot be opened: {error.strerror}", remedy="check its permissions")


def _changed_shape(stream: BinaryIO, error: DumpError) -> DumpError:
    """The error of a page that showed entries before; another one if it shows entries in another layout now."""
    if not is_unknown(error):
        return error
    from digest.dumps.suggesting.reshaped import other_shape  # noqa: PLC0415 - needed rarely, and it loads Babel

    count = other_shape(stream, error.dump)
    if not count:
        return error
    return DumpError(error.dump, guards.shape_reason(count), remedy=guards.SHAPE_REMEDY)


def store_failure(store: Store, looked: KnownDump, known: KnownDump | None, error: DumpError) -> passes.Pass:
    """Record that a dump cannot be read. A dump that was good before is held; one that never was has failed."""
    sightings = known.sightings if known else 0
    remedy = f" ({error.remedy})" if error.remedy else ""
    failed = replace(
        looked,
        state=DumpState.HELD if sightings else DumpState.FAILED,
        reason=error.reason + remedy,
        sightings=sightings,
        unreadable=True,
        read_at=known.read_at if known and known.state is DumpState.HELD else looked.read_at,
    )
    with store.write(exclusive=False) as tx:
        tx.readings.store_dump(failed)
    return passes.Pass(looked.source, dumps=1)


def _looked(
    name: SourceId, page: pages.Page, stamp: files.Stamp, sha256: str, known: KnownDump | None, now: datetime
) -> KnownDump:
    """The record of the present bytes, without their content. The operator's decision and the last good state stay."""
    changed = known is not None and known.sha256 != sha256
    return replace(
        KnownDump.of(name, page.name, stamp, sha256, now),
        changed_at=now if known is None or changed else known.changed_at or known.read_at,
        confirmed_at=known.confirmed_at if known else None,
        approved=known.approved if known else None,
        discarded=known.discarded if known else None,
    )


def _is_as_before(known: KnownDump, looked: KnownDump, *, rewritten: bool) -> bool:
    """Whether there is nothing to read: the same bytes under the same rules, or bytes that the operator refused.

    Held bytes that were written once more are another reading that shows the same.
    """
    if known.sha256 != looked.sha256:
        return False
    if known.discarded == looked.sha256:
        return True
    if known.awaits_reading or known.rules != looked.rules:
        return False
    if known.weigh_at is not None and known.weigh_at <= looked.read_at:
        return False
    return not (known.state is DumpState.HELD and not known.unreadable and rewritten)


def _confirm(store: Store, known: KnownDump, looked: KnownDump, *, rewritten: bool) -> None:
    """Store the new stamp, and that a good reading was written once more."""
    good = known.state is DumpState.GOOD and known.sightings > 0
    confirmed_at = looked.read_at if good and rewritten else known.confirmed_at
    as_now = replace(known, stamp=looked.stamp, confirmed_at=confirmed_at, rules=looked.rules)
    if as_now != known:
        with store.write(exclusive=False) as tx:
            tx.readings.store_dump(as_now)


def is_settled(stamp: files.Stamp, now: datetime) -> bool:
    """Whether no later bytes can have the same stamp: it is older than one tick of the file system's clock."""
    return now.timestamp() * 1e9 - stamp.mtime_ns >= _UNSETTLED_CLOCK_NS
