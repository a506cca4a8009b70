"""One pass over a source: which dumps changed, and in which order they are judged. Decisions 40 and 41."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from digest.changes.guards import FEWEST_CORRECTED, Hold, crawler_hold
from digest.dumps import RULES, configured, files
from digest.dumps.pages import Page, is_page
from digest.errors import REPORT_IT, DumpError, RowError, StoreError, UnknownError, describe_fault
from digest.model import SourceId
from digest.records.intake import DumpState, KnownDump, SourceState
from digest.service.fetching.origins import listed
from digest.service.intake import first_imports, reading_containers
from digest.service.intake.apply_dump import Deferred, store_meaning
from digest.service.intake.passes import Moves, Pass, following, say_refreshed
from digest.service.intake.reading_dumps import Packed, read_dump, store_failure
from digest.service.operating import clocks
from digest.service.sources.moved_files import Moved
from digest.settings import Settings, Source

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_STEPPED_BACK = timedelta(days=1)  # the last pass was this far in the future: by another clock
_VANISHED, _NONE_YET = "has no dump any more, and had some before", "has no dump, and never had one"
_GIVING = threading.Lock()
_TURNS: WeakKeyDictionary[Store, dict[str, threading.Lock]] = WeakKeyDictionary()
_IN_MEMORY = 20_000  # sightings of deferred dumps; a larger dump is read once more


def refresh(
    store: Store,
    settings: Settings,
    source: Source,
    *,
    now: datetime,
    progress: Callable[[str], None] | None = None,
    stopped: Callable[[], bool] = bool,
) -> Pass:
    """Read the changed dumps of a source and store the results, one transaction per dump.

    A dump that cannot be read or stored is its own problem: the others continue, and its last good state stays.
    `progress` is called with the name of each dump before it is read; `stopped` is checked between dumps. A pass over
    the same source in another thread ends first.
    """
    with _turn(store, source.id), following(now, source.id):
        try:
            done = _Refreshing(store, settings, source, now, progress or (lambda _: None), stopped).run()
        except StoreError:
            raise
        except Exception as error:
            _broke_off(store, SourceId(source.id), now, error)
            raise
        say_refreshed(done.counts(), (*done.problems, *done.notes))
    return done


def _turn(store: Store, source: str) -> threading.Lock:
    with _GIVING:
        return _TURNS.setdefault(store, {}).setdefault(source, threading.Lock())


def _broke_off(store: Store, source: SourceId, now: datetime, error: Exception) -> None:
    """Record a pass that failed unexpectedly; otherwise the source would only seem to be overdue."""
    with store.write() as tx:
        tx.readings.register_source(source, now)
        tx.readings.refreshed(source, now, f"{describe_fault(error, 'its pass broke off')} ({REPORT_IT})")


def decide(store: Store, source: SourceId, path: str | None, *, approve: bool) -> list[str]:
    """Record the operator's decision on the held dumps of a source, or on one; returns the paths decided on.

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


@dataclass(slots=True)
class _Refreshing:
    """A pass: it first reads each changed dump, then judges those that are suspicious or correct entries."""

    store: Store
    settings: Settings
    source: Source
    now: datetime
    progress: Callable[[str], None]
    stopped: Callable[[], bool]
    done: Pass = field(init=False)
    deferred: list[tuple[Page, Deferred]] = field(default_factory=list)
    in_memory: int = 0  # sightings of deferred dumps
    moves: Moves = field(default_factory=Moves)
    moved: Moved | None = None
    containers: reading_containers.Containers = field(init=False)
    held: list[tuple[Page, Collection[str]]] = field(
        default_factory=list
    )  # unchanged, perhaps with held records inside

    def __post_init__(self) -> None:
        self.done = Pass(self.name)

    @property
    def name(self) -> SourceId:
        return SourceId(self.source.id)

    @property
    def rules(self) -> int:
        return configured.layouts_of(self.source).rules(RULES)

    def run(self) -> Pass:
        """Run the pass; returns its result."""
        with self.store.read() as tx:
            state, stamps = tx.readings.source(self.name), tx.readings.stamps(self.name, self.rules, self.now)
            troubled = {dump.path: dump for dump in tx.readings.troubled(self.name)}
            changed_at = tx.readings.changed_at(self.name)
        self._begin(state, changed_at)
        found, skipped, whole = 0, 0, True
        self.containers = reading_containers.Containers(self.store, self.source, troubled, self.now)
        gone = set(troubled)
        there = list(listed(self.store, self.source))
        unseen = [page for page in there if isinstance(page, files.Refused) and page.unseen]
        gone = {path for path in gone if not any(one.hides(path) for one in unseen)}
        gone -= self.containers.existing(one.name for one in there if is_page(one))
        self.moved = Moved(self.store, self.name, (one.name for one in there if is_page(one)), stamps, unseen)
        for page in there:
            if self.stopped():
                return self.done + Pass(self.name, skipped=skipped)
            if not is_page(page):
                whole = whole and isinstance(page, files.Refused)
                self.done += Pass(self.name, problems=(str(page),), failed=True)
                continue
            found += 1
            gone.discard(page.name)
            self.progress(page.name)
            if self._is_unchanged(page, stamps.get(page.name), troubled):
                skipped += 1
            else:
                self._read(page)
        self._add(Pass(self.name, skipped=skipped))
        self._judge()
        if self.done.dumps:  # what other dumps show now may explain a hold
            for page, inside in self.held:
                self._read_again(page, inside)
            self._judge()
        gone |= self.containers.vanished
        self._add(self.containers.done)
        if self.stopped():
            return self.done
        nothing = ""
        if whole and not unseen and not found:
            nothing = _VANISHED if stamps or troubled or changed_at else _NONE_YET
        with _uncollected():
            self._finish(state, gone - self.moved.taken if whole else set(), nothing)
        return self.done

    def _is_unchanged(self, page: Page, stored: str | None, troubled: Mapping[str, KnownDump]) -> bool:
        """Whether a page needs no look; if it is held, it is read again once other dumps may explain it."""
        if stored == str(page.stamp):
            if page.name in troubled and _may_be_explained(troubled[page.name]):
                self.held.append((page, ()))
            return True
        if not self.containers.is_unchanged(page, stored):
            return False
        if inside := [path for path, dump in self.containers.inside(page).items() if _may_be_explained(dump)]:
            self.held.append((page, inside))
        return True

    def _begin(self, state: SourceState | None, changed_at: datetime | None) -> None:
        """Register the source; repair what was stored under a clock that was ahead, even in a pass that did not end."""
        if state is None:
            with self.store.write(exclusive=False) as tx:
                tx.readings.register_source(self.name, self.now)
        elif any(at and at - self.now > _STEPPED_BACK for at in (state.refreshed_at, changed_at)):
            clocks.repair_times(self.store, self.settings.mail, self.now, also=(state.refreshed_at, changed_at))

    def _read(self, page: Page, *, again: bool = False, is_new: bool = False) -> None:
        """Read a dump and store its content, or defer it."""
        done = self._guarded(page, lambda: self._meant(page, again=again, is_new=is_new))
        if isinstance(done, Packed):
            for record, unknown in self.containers.records(page):
                if self.stopped():
                    return
                self.progress(record.name)
                self._read(record, is_new=unknown)
        elif isinstance(done, Deferred):
            fits = self.in_memory + len(done.dump.shown) <= _IN_MEMORY
            self.in_memory += len(done.dump.shown) if fits else 0
            self.deferred.append((page, done if fits else replace(done, dump=replace(done.dump, shown=()))))
        else:
            self._add(replace(done, skipped=0) if again else done)

    def _read_again(self, page: Page, inside: Collection[str]) -> None:
        """Read a held dump once more, or the held records `inside` a container."""
        records = (record for record, _ in self.containers.records(page, inside))
        for held in records if inside else [page]:
            if self.stopped():
                return
            self._read(held, again=True)

    def _add(self, done: Pass) -> None:
        self.done += done
        if done.moves:
            self.moves.add(done.moves)

    def _meant(self, page: Page, *, again: bool, is_new: bool) -> Pass | Deferred | Packed:
        dump = read_dump(self.store, self.source, page, self.now, again=again, is_new=is_new)
        if isinstance(dump, (Pass, Packed)):
            return dump
        self.containers.is_plain(page)
        dump = self.moved.followed(dump) if self.moved else dump
        return store_meaning(self.store, self.settings, self.source, dump, final=False, moves=self.moves)

    def _judge(self) -> None:
        """Store the deferred dumps, or hold them: all of them, if they would correct too many entries at once."""
        waiting, self.deferred, self.in_memory = self.deferred, [], 0
        crawler = self._crawler(one for _, one in waiting)
        for page, one in sorted(waiting, key=lambda deferred: deferred[1].waits):
            if self.stopped():
                return
            self.progress(page.name)
            judged = self._guarded(page, lambda page=page, one=one: self._judged(page, one, crawler))  # type: ignore[misc] # mypy ignores a lambda's defaults
            if isinstance(judged, Pass):
                self._add(judged)

    def _judged(self, page: Page, one: Deferred, crawler: Hold | None) -> Pass | Deferred | Packed:
        dump = one.dump if one.dump.shown else read_dump(self.store, self.source, page, self.now, again=True)
        if isinstance(dump, (Pass, Packed)):
            return dump
        return store_meaning(
            self.store, self.settings, self.source, dump, final=True, crawler=crawler, moves=self.moves
        )

    def _crawler(self, waiting: Iterable[Deferred]) -> Hold | None:
        corrected = {entry for one in waiting for entry in one.corrected}
        if len(corrected) < FEWEST_CORRECTED:
            return None
        with self.store.read() as tx:
            entries = tx.readings.standing(self.name)
        return crawler_hold(len(corrected), entries) if len(corrected) > entries * self.source.corrected else None

    def _guarded(self, page: Page, work: Callable[[], Pass | Deferred | Packed]) -> Pass | Deferred | Packed:
        """Confine a failure to its dump; but a store that does not answer fails the whole pass."""
        try:
            with _uncollected():
                return work()
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, RowError):
                raise
            with self.store.read() as tx:
                known = tx.readings.dump(self.name, page.name)
            stamp = page.stamp
            looked = replace(KnownDump.of(self.name, page.name, stamp, "", self.now), rules=self.rules)
            if known:
                looked = replace(looked, changed_at=known.changed_at, confirmed_at=known.confirmed_at)
            return store_failure(
                self.store, looked, known, DumpError(page.name, describe_fault(error), remedy=REPORT_IT)
            )

    def _finish(self, state: SourceState | None, gone: set[str], nothing: str) -> None:
        """Publish a first import as a whole, and record the pass with its present problems, new or old."""
        settled = state is not None and state.settled_at is not None
        with self.store.write(exclusive=not settled) as tx:
            self.containers.store_seen(tx)
            for path in gone:
                tx.readings.let_go(self.name, path)
            now = None if settled else tx.readings.source(self.name)
            if now and now.settled_at is None and tx.readings.has_reading(self.name):
                first_imports.publish(tx, self.settings, self.name, self.now)
            for dump in tx.readings.troubled(self.name):
                self.done += _standing(dump)
            self.done += self._silence(tx, nothing)
            problem = "; ".join(self.done.problems)
            tx.readings.refreshed(self.name, self.now, problem, held=self.done.held > 0)

    def _silence(self, tx: Transaction, nothing: str) -> Pass:
        """Report a source without dumps, for the reason in `nothing`, or without changes for too long, as failed."""
        if nothing:
            remedy = f"see whether {self.source.origin} is right and mounted, and what writes the dumps"
            return Pass(self.name, problems=(f"{nothing} ({remedy})",), failed=True)
        if self.source.stale is None:
            return Pass(self.name)
        changed_at = tx.readings.changed_at(self.name)
        if changed_at is None or self.now - changed_at < self.source.stale:
            return Pass(self.name)
        problem = f"no dump changed since {changed_at:%Y-%m-%d %H:%M} UTC (see whether the crawler still runs)"
        return Pass(self.name, problems=(problem,), failed=True)


def _may_be_explained(dump: KnownDump) -> bool:
    """Whether what other dumps show may end its hold."""
    return dump.state is DumpState.HELD and not dump.unreadable


def _standing(dump: KnownDump) -> Pass:
    """The problem of a dump, whether it was read in this pass or before."""
    if dump.state is DumpState.FAILED:
        return Pass(dump.source, problems=(f"{dump.path}: {dump.reason}",), failed=True)
    if dump.state is DumpState.HELD:
        problem = f"{dump.path}: held: {dump.reason}"
        return Pass(dump.source, held=1, problems=(problem,), failed=dump.unreadable)
    notes = tuple(f"{dump.path}: {note}" for note in dump.warnings)
    if dump.left_out:
        return Pass(dump.source, problems=notes, failed=True)
    return Pass(dump.source, notes=notes)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Pause cyclic garbage collection: a dump becomes a million values without a cycle, each scanned often."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
