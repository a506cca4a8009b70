"""The state of everything at a glance, for operators and for monitors.

It is read from the store, so it is true in every process and after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.editions.schedule import next_slot
from digest.errors import without_addresses
from digest.model import BounceKind, DeliveryState, DigestId, SourceId
from digest.records.intake import DumpState, FetchState, KnownDump, Report
from digest.records.mailing import RestingDomain, Slowed
from digest.records.operating import ClockFault
from digest.service.editions.digests import schedule_of
from digest.service.fetching.origins import fetch_states
from digest.service.operating.health import (
    Kind,
    Sending,
    Trouble,
    counts_by_kind,
    is_overdue,
    passed_slot,
    sending,
    troubles,
)
from digest.settings import Digest, Settings

if TYPE_CHECKING:
    from digest.service.bounces.suppressing import HeldEdition
    from digest.store.transaction import Store, Transaction

_NAMED = 10  # reports listed
_REFUSALS = 3  # server replies listed
_NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source as `digest status` shows it.

    `troubled` are its dumps that are held or could not be read, `noted` those with notes, good or not. `agree` good
    readings end a hold. `problem` is the problem of its newest pass, empty if there was none. `changed_at` is when a
    dump of it last changed, `next_at` when it is read next; absent before the first pass. `fetches` are the states of
    its addresses or its program, by the names of their pages. A `paused` source is not read.
    """

    id: str
    title: str
    refreshed_at: datetime | None
    settled: bool
    entries: int
    dumps: int
    troubled: tuple[KnownDump, ...]
    noted: tuple[KnownDump, ...]
    agree: int
    problem: str
    changed_at: datetime | None
    next_at: datetime | None
    fetches: tuple[tuple[str, FetchState], ...] = ()
    paused: bool = False


@dataclass(frozen=True, slots=True)
class DigestStatus:
    """A digest as `digest status` shows it. `newest` is the key of its newest edition that was not empty."""

    id: str
    title: str
    editions: int
    newest: str
    next_at: datetime
    subscribers: int


@dataclass(frozen=True, slots=True)
class Status:
    """The whole state. `deliveries` counts every state, zeros too; `undrawn` counts formulas that could not be drawn.

    `reports` are newest first. `dead` counts dead letters, `bounces` bounces by kind, `ignored` messages to the bounce
    address that concern no mail of ours, `suppressed` the suppressed people. `held` are editions that request too many
    suppressions, `resting` the paused domains, `slowed` the rates that servers asked for. `fenced` is the time of the
    backup that this store was restored from, `clock_faults` are those that are not over.
    """

    sources: tuple[SourceStatus, ...]
    digests: tuple[DigestStatus, ...]
    deliveries: dict[DeliveryState, int]
    paused: tuple[str, datetime] | None
    undrawn: int
    reports: tuple[Report, ...]
    dead: int
    bounces: dict[BounceKind, int]
    refusals: tuple[str, ...]  # the newest replies of servers that refused us, with masked addresses
    ignored: dict[str, int]
    suppressed: int
    held: tuple[HeldEdition, ...]
    resting: tuple[RestingDomain, ...]
    slowed: tuple[Slowed, ...]
    troubles: tuple[Trouble, ...]
    backed_up_at: datetime | None
    fenced: datetime | None
    clock_faults: tuple[ClockFault, ...] = ()
    revision: int = 0  # of the changes of settings and templates
    changed: tuple[str, ...] = ()  # the settings and templates that they change


def status(store: Store, settings: Settings, now: datetime) -> Status:
    """The state of everything configured."""
    from digest.service.bounces import suppressing  # noqa: PLC0415 - after the first answers
    from digest.service.mailing.drain.pacing import REMEMBERED  # noqa: PLC0415 - as above

    with store.read() as tx:
        editions = tx.editions.editions()
        digests = tuple(
            DigestStatus(
                digest.id,
                digest.title,
                sum(made.edition.digest == digest.id for made in editions),
                next((e.edition.key for e in editions if e.edition.digest == digest.id and not e.edition.empty), ""),
                next_slot(schedule_of(digest), now),
                len(tx.subscribers.active(DigestId(digest.id))),
            )
            for digest in settings.digests
        )
        deliveries = {state: sum(made.deliveries.get(state, 0) for made in editions) for state in DeliveryState}
        return Status(
            tuple(source_states(tx, settings)),
            digests,
            deliveries,
            tx.deliveries.paused(now),
            tx.pictures.failed(),
            tuple(tx.readings.reports(limit=_NAMED)),
            tx.dead_letters.count(),
            tx.bounces.counts(),
            tuple(map(without_addresses, tx.bounces.refusals(_REFUSALS))),
            tx.bounces.ignored(),
            tx.bounces.suppressed(),
            tuple(suppressing.held_editions(tx, settings.bounces, now)),
            tuple(one for one in tx.resting.all() if one.until > now),
            tuple(tx.pacing.all(now - REMEMBERED)),
            troubles(tx, settings, now),
            tx.backups.made_at(),
            tx.backups.fenced(),
            tuple(tx.clocks.standing()),
            tx.settings.revision(),
            (*settings.changed, *edited_files(settings)),
        )


def edited_files(settings: Settings) -> list[str]:
    """The edited templates, as `templates/web/home.html`."""
    folder = settings.edited_templates
    if folder is None:
        return []
    files = sorted(folder.rglob("*"))
    return [f"templates/{one.relative_to(folder).as_posix()}" for one in files if one.is_file() and one.name[0] != "."]


def source_states(tx: Transaction, settings: Settings) -> list[SourceStatus]:
    """The state of each configured source."""
    sources, states = [], tx.readings.sources()
    fetches: dict[str, list[tuple[str, FetchState]]] = {}
    for source, page, state in fetch_states(tx, settings):
        if state:
            fetches.setdefault(source.id, []).append((page, state))
    for source in settings.sources:
        known = states.get(SourceId(source.id))
        dumps = tx.readings.dumps(SourceId(source.id)).values()
        sources.append(
            SourceStatus(
                source.id,
                source.title,
                known.refreshed_at if known else None,
                bool(known and known.settled_at),
                tx.readings.shown_by(SourceId(source.id)),
                len(dumps),
                tuple(dump for dump in dumps if dump.state is not DumpState.GOOD),
                tuple(dump for dump in dumps if dump.warnings),
                source.agree,
                known.problem if known else "",
                tx.readings.changed_at(SourceId(source.id)),
                known.refreshed_at + source.every if known and known.refreshed_at and not source.paused else None,
                tuple(fetches.get(source.id, ())),
                source.paused,
            )
        )
    return sources


@dataclass(frozen=True, slots=True)
class MonitoredDigest:
    """A digest. `lag`: how long ago the slot passed whose edition is not made; zero if there is none.

    `deliveries`: those of its newest edition, by state and first digit of the reply code.
    """

    id: str
    lag: timedelta
    made_at: datetime | None
    deliveries: dict[tuple[DeliveryState, int | None], int]


@dataclass(frozen=True, slots=True)
class MonitoredState:
    """The whole state.

    `failing` counts the sources whose newest pass failed or left a dump held. `oldest_refresh` is the age of the oldest
    last pass over a configured source. `failing_fetches` counts the addresses and programs whose last fetch failed,
    `oldest_fetch` is the age of the oldest last good fetch. `queue_age` is how long the mail that was due first has
    waited. `troubles` counts the troubles by kind, zeros too.
    """

    sources: int
    overdue: int
    failing: int
    oldest_refresh: timedelta
    troubled: dict[DumpState, int]
    undrawn: int
    digests: tuple[MonitoredDigest, ...]
    queue: int
    queue_age: timedelta
    sending: Sending
    troubles: dict[Kind, int]
    slowed: tuple[Slowed, ...] = ()
    clock_faults: int = 0
    failing_fetches: int = 0
    oldest_fetch: timedelta = _NO_TIME


def monitored_state(store: Store, settings: Settings, now: datetime) -> MonitoredState:
    """The present state of everything configured."""
    from digest.service.mailing.drain.pacing import REMEMBERED  # noqa: PLC0415 - after the first answers

    with store.read() as tx:
        states = tx.readings.sources()
        known = [(source, states.get(SourceId(source.id))) for source in settings.sources]
        active = [(source, state) for source, state in known if not source.paused]
        ages = [max(now - state.refreshed_at, _NO_TIME) for _, state in active if state and state.refreshed_at]
        fetched = [state for source, _, state in fetch_states(tx, settings) if state and not source.paused]
        good = [max(now - state.confirmed_at, _NO_TIME) for state in fetched if state.confirmed_at]
        queue = tx.monitoring.queue()
        return MonitoredState(
            sources=len(known),
            overdue=sum(is_overdue(source, state, now) for source, state in known),
            failing=sum(state is not None and state.failures > 0 for _, state in active),
            oldest_refresh=max(ages, default=_NO_TIME),
            troubled={state: 0 for state in DumpState if state is not DumpState.GOOD}
            | tx.monitoring.troubled_dumps([SourceId(source.id) for source in settings.sources]),
            undrawn=tx.pictures.failed(),
            digests=tuple(_digests(tx, settings.digests, now)),
            queue=queue.depth,
            queue_age=max(now - queue.next_at, _NO_TIME) if queue.next_at else _NO_TIME,
            sending=sending(tx, settings, now)[0],
            troubles=counts_by_kind(troubles(tx, settings, now)),
            slowed=tuple(tx.pacing.all(now - REMEMBERED)),
            clock_faults=len(tx.clocks.standing()),
            failing_fetches=sum(state.failures > 0 for state in fetched),
            oldest_fetch=max(good, default=_NO_TIME),
        )


def _digests(tx: Transaction, configured: Iterable[Digest], now: datetime) -> Iterable[MonitoredDigest]:
    for digest in configured:
        name = DigestId(digest.id)
        state = tx.editions.digest(name)
        yield MonitoredDigest(
            digest.id,
            now - slot if (slot := passed_slot(digest, state, now)) else _NO_TIME,
            state.last_close_at if state else None,
            tx.monitoring.newest_deliveries(name),
        )
