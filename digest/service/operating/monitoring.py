"""The state of everything for monitors: read from the store, so it is true in every process and after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.model import DigestId, SourceId
from digest.records.intake import DumpState
from digest.service.operating.health import Kind, Sending, counts_by_kind, is_overdue, passed_slot, sending, troubles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from digest.model import DeliveryState
    from digest.records.mailing import Slowed
    from digest.settings import Digest, Settings
    from digest.store.transaction import Store, Transaction

_NO_TIME = timedelta(0)


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
    last pass over a configured source. `queue_age` is how long the mail that was due first has waited. `troubles`
    counts the troubles by kind, zeros too.
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


def monitored_state(store: Store, settings: Settings, now: datetime) -> MonitoredState:
    """The present state of everything configured."""
    from digest.service.mailing.drain.pacing import REMEMBERED  # noqa: PLC0415 - after the first answers

    with store.read() as tx:
        states = tx.readings.sources()
        known = [(source, states.get(SourceId(source.id))) for source in settings.sources]
        ages = [max(now - state.refreshed_at, _NO_TIME) for _, state in known if state and state.refreshed_at]
        queue = tx.monitoring.queue()
        return MonitoredState(
            sources=len(known),
            overdue=sum(is_overdue(source, state, now) for source, state in known),
            failing=sum(state is not None and state.failures > 0 for _, state in known),
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
