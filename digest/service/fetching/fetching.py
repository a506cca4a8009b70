"""Fetches everything of sources that is due, several hosts side by side, and stores what came or why nothing came.

When to fetch again, and which answers to believe. Pure.

Decisions 307, 308 and 309.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest import __version__, logs
from digest.errors import FetchError
from digest.fetching import addresses, commands
from digest.fetching.addresses import origin_of
from digest.fetching.fetcher import Fetcher
from digest.fetching.values import Fetched, Limits, NotModified, Validators
from digest.model import SourceId
from digest.records.intake import COMMAND, FetchState, KeptFetch
from digest.service.fetching.origins import names
from digest.settings import Settings, Source

if TYPE_CHECKING:
    from digest.fetching.network import Resolve
    from digest.store.transaction import Store

_PATIENT = 2  # failures in a row after which the pace stays as it is: a restart of a server is over by then
_LONGEST = timedelta(days=1)  # between two attempts, unless the source is read less often
_SHORTEST_REST = timedelta(minutes=1)  # of a host that asks for fewer requests without saying how long
_SMALL = 4096  # bytes: smaller pages may shrink to anything
_SHRUNKEN = 10  # times
BELIEVED = 3  # shrunken answers in a row


def next_try(now: datetime, every: timedelta, failures: int, retry_at: datetime | None = None) -> datetime:
    """Before when not to fetch again after an attempt at `now`, the last of so many failed ones in a row.

    Half of `every` lies before the next turn, however late this one was. From the third failure on, the time doubles.
    """
    if failures <= _PATIENT:
        wait = every / 2
    else:
        wait = min(every * 2 ** min(failures - _PATIENT, 20), max(_LONGEST, every)) - every / 2
    return max(now + wait, retry_at or now)


def host_until(now: datetime, status: int | None, failures: int, retry_at: datetime | None) -> datetime | None:
    """Until when to spare the whole host; None if it did not ask for that."""
    if status not in {429, 503}:
        return None
    return retry_at or now + min(_SHORTEST_REST * 2 ** min(failures, 20), _LONGEST)


def is_shrunken(size: int, before: int) -> bool:
    """Whether a body is so much smaller than the one before that it is hardly the same page."""
    return before >= _SMALL and size * _SHRUNKEN < before


def share(name: str) -> float:
    """A number from 0 up to 1 for a source, always the same: it spreads sources evenly over their interval."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / (1 << 48)


def first_turn(name: str, every: timedelta, now: datetime) -> datetime:
    """The next turn of a source: its turns are `every` apart, at its own place in the interval, whatever restarts."""
    period, place = every.total_seconds(), share(name) * every.total_seconds()
    return now + timedelta(seconds=(place - now.timestamp()) % period)


_MOST_KEPT = 50  # bodies of one address: some pages differ at each fetch
_log = logs.get_logger()


@dataclass(frozen=True, slots=True)
class Fetches:
    """What fetching for a source gave: bodies that came, those that are unchanged, failures, and what was not due."""

    fetched: int = 0
    unchanged: int = 0
    failed: int = 0
    waiting: int = 0

    def __add__(self, other: Fetches) -> Fetches:
        return Fetches(
            self.fetched + other.fetched,
            self.unchanged + other.unchanged,
            self.failed + other.failed,
            self.waiting + other.waiting,
        )


class Collector:
    """Fetches for the sources of one process; several threads may use it at once.

    `stopped` says whether to give up what is under way; `resolve` takes the place of this machine's resolver.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        stopped: Callable[[], bool] = bool,
        resolve: Resolve | None = None,
    ) -> None:
        self._folder = settings.file.parent if settings.file else Path.cwd()
        self._clock, self._stopped = clock, stopped
        self._turn = threading.Lock()
        self._fetcher = Fetcher(user_agent(settings), clock=clock, stopped=stopped, resolve=resolve)

    def fetch(
        self, store: Store, source: Source, *, at_once: bool = False, progress: Callable[[str], None] | None = None
    ) -> Fetches:
        """Fetch what is due, or everything `at_once`, except from hosts that ask to be spared.

        No transaction is open while the network or a program is waited for, and one fetch of a process at a time uses
        the store: many writers that wait for an SQLite file keep each other from it. `progress` is called with the name
        of each page before it is fetched.
        """
        done, name = Fetches(), SourceId(source.id)
        with self._turn, store.read() as tx:
            states, held = tx.fetches.states(name), tx.readings.held(name)
        for page, url in names(source).items():
            if self._stopped():
                break
            now = self._clock()
            state = states.get(url) or _new(name, url, now)
            if not self._is_due(store, state, now, at_once=at_once):
                done += Fetches(waiting=1)
                continue
            if progress:
                progress(page)
            try:
                found = self._get(source, url, state, whole=page in held)
                _require_size(found, state)
            except FetchError as error:
                if error.stopped:
                    return done
                with self._turn:
                    _store(store, _failed(state, source, error, self._clock()))
                done += Fetches(failed=1)
            else:
                done += self._keep(store, source, state, found)
        return done

    def _is_due(self, store: Store, state: FetchState, now: datetime, *, at_once: bool) -> bool:
        if state.url != COMMAND:
            with self._turn, store.read() as tx:
                if tx.fetches.waits(state.host, now):
                    return False
        return at_once or state.next_try_at <= now

    def _get(self, source: Source, url: str, state: FetchState, *, whole: bool) -> Fetched | NotModified:
        """Fetch or run. A held dump is fetched whole: only a reading that agrees can end its hold."""
        limits = Limits(whole=source.timeout.total_seconds(), largest=source.largest_fetch)
        if url == COMMAND:
            return commands.run(
                source.command, folder=self._folder, limits=limits, clock=self._clock, stopped=self._stopped
            )
        known = None if whole or not state.sha256 else Validators(state.found_at, state.etag, state.last_modified)
        return self._fetcher.fetch(
            url, known=known, limits=limits, allow_private=source.allow_private, obey_robots=source.robots
        )

    def _keep(self, store: Store, source: Source, state: FetchState, found: Fetched | NotModified) -> Fetches:
        """Store what came."""
        from digest.store.intake.fetches import packed  # noqa: PLC0415 - the service does not load SQLAlchemy

        now = self._clock()
        well = replace(
            state,
            tried_at=now,
            next_try_at=next_try(now, source.every, 0),
            confirmed_at=now,
            failures=0,
            shrunken=0,
            problem="",
            status=None,
            host_until=None,
            moved_to=found.moved_to,
        )
        if not isinstance(found, Fetched):
            with self._turn:
                _store(store, well)
            return Fetches(unchanged=1)
        sha256, size = hashlib.sha256(found.body).hexdigest(), len(found.body)
        well = replace(
            well,
            found_at=found.url,
            etag=found.etag,
            last_modified=found.last_modified,
            media_type=found.media_type,
            sha256=sha256,
            size=size,
            fetched_at=found.fetched_at,
        )
        if sha256 == state.sha256:
            with self._turn:
                _store(store, well)
            return Fetches(unchanged=1)
        kept, body = KeptFetch(state.source, state.url, sha256, size, found.media_type, now, now), packed(found.body)
        with self._turn:
            _store(store, well, body=(kept, body), former=state, keep_from=now - source.keep_fetches)
        _log.info("fetched", url=addresses.shown(state.url), bytes=size)
        return Fetches(fetched=1)


def user_agent(settings: Settings) -> str:
    """The program and a contact for the owners of sites: the setting `contact`, or the address of the pages here."""
    contact = (settings.contact_url or settings.base_url).encode("ascii", "ignore").decode()
    return f"Digest/{__version__} (+{contact})"


def _new(source: SourceId, url: str, now: datetime) -> FetchState:
    host = COMMAND if url == COMMAND else addresses.origin_of(url)
    return FetchState(source, url, host, tried_at=now, next_try_at=now)


class _ShrunkenError(FetchError):
    """A body that is too small to be believed."""


def _require_size(found: Fetched | NotModified, state: FetchState) -> None:
    """Check that a body is not so much smaller than the one before that it is hardly the same page.

    Raises:
        FetchError: it is, and has not been for long.
    """
    if isinstance(found, Fetched) and is_shrunken(len(found.body), state.size):
        if state.shrunken + 1 >= BELIEVED:
            return
        problem = f"has only {len(found.body):,} bytes, and had {state.size:,} before"
        remedy = f"see what is there; after {BELIEVED} such answers in a row it is believed"
        raise _ShrunkenError(addresses.shown(state.url), problem, remedy=remedy)


def _failed(state: FetchState, source: Source, error: FetchError, now: datetime) -> FetchState:
    failures = state.failures + 1
    elsewhere = state.url != COMMAND and not addresses.shown(state.url).startswith(error.url)
    reason = f"{error.url} {error.reason}" if elsewhere else error.reason
    return replace(
        state,
        tried_at=now,
        next_try_at=next_try(now, source.every, failures, error.retry_at),
        failures=failures,
        shrunken=state.shrunken + 1 if isinstance(error, _ShrunkenError) else 0,
        problem=f"{reason} ({error.remedy})" if error.remedy else reason,
        status=error.status,
        host_until=host_until(now, error.status, failures, error.retry_at),
    )


def _store(
    store: Store,
    state: FetchState,
    *,
    body: tuple[KeptFetch, bytes] | None = None,
    former: FetchState | None = None,
    keep_from: datetime | None = None,
) -> None:
    with store.write(exclusive=False) as tx:
        tx.readings.register_source(state.source, state.tried_at)
        if body:
            tx.fetches.keep(*body)
        if former and former.confirmed_at:
            tx.fetches.seen(former, former.confirmed_at)
        tx.fetches.store_state(state)
        if keep_from:
            tx.fetches.forget_bodies(state.source, keep_from)
            tx.fetches.keep_newest(state.source, state.url, _MOST_KEPT)


AT_ONCE = 32  # hosts: a slow one takes one of them, and most of its time is waiting


def host_of(source: Source) -> str:
    """Whom fetching for a source may bother: the host of its first address, or only the source itself."""
    return origin_of(source.url[0]) if source.url else f"command {source.id}"


def fetch_all(
    store: Store,
    settings: Settings,
    sources: Sequence[Source],
    clock: Callable[[], datetime],
    *,
    progress: Callable[[str], None],
) -> Fetches:
    """Fetch for all of these sources now, whatever their pace; an interruption ends what is under way."""
    rows: dict[str, list[Source]] = {}
    for source in sources:
        rows.setdefault(host_of(source), []).append(source)
    stop = threading.Event()
    collector = Collector(settings, clock, stopped=stop.is_set)

    def fetch_row(row: Sequence[Source]) -> Fetches:
        done = Fetches()
        for source in row:
            if not stop.is_set():
                done += collector.fetch(store, source, at_once=True, progress=progress)
        return done

    with ThreadPoolExecutor(min(AT_ONCE, len(rows) or 1), "fetch") as pool:
        try:
            return sum(pool.map(fetch_row, rows.values()), Fetches())
        except BaseException:
            stop.set()
            raise
