"""How things stand, for monitors: read from the store, so that it is true in every process and after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.editions.schedule import Schedule, latest_slot
from digest.model import DigestId, SourceId
from digest.ports import DumpState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from digest.model import DeliveryState
    from digest.ports import DigestState, Slowed, Store, Transaction
    from digest.settings import Digest, Settings

_OVERDUE = 3  # times `every` without a pass
_NO_TIME = timedelta(0)


class Sending(StrEnum):
    """How sending went, as of the last attempt. `troubled`: a pause is over, and no mail got through since.

    `fenced`: the store came back from a backup, and nothing is sent before an operator lifts the fence.
    """

    OK = "ok"
    PAUSED = "paused"
    TROUBLED = "troubled"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class DigestStanding:
    """A digest. `lag`: how long ago the slot passed whose edition is not made; zero where there is none such.

    `deliveries`: those of its newest edition, by state and first digit of the reply code.
    """

    id: str
    lag: timedelta
    made_at: datetime | None
    deliveries: dict[tuple[DeliveryState, int | None], int]


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. `failing` counts the sources whose newest pass failed or left a dump held, `oldest_refresh` is the age
    of the oldest last pass over a configured source, `queue_age` how long the mail waits that was due first.
    """

    sources: int
    overdue: int
    failing: int
    oldest_refresh: timedelta
    troubled: dict[DumpState, int]
    undrawn: int
    digests: tuple[DigestStanding, ...]
    queue: int
    queue_age: timedelta
    sending: Sending
    slowed: tuple[Slowed, ...] = ()


def standing(store: Store, settings: Settings, now: datetime) -> Standing:
    """How everything that is configured stands now."""
    from digest.service.pacing import REMEMBERED  # noqa: PLC0415 - after the first answers

    with store.read() as tx:
        known, failing = tx.watching.refreshed_at(), tx.watching.failing()
        ages = [(source, _age(known.get(SourceId(source.id)), now)) for source in settings.sources]
        queue = tx.watching.queue()
        return Standing(
            sources=len(ages),
            overdue=sum(age is None or age > _OVERDUE * source.every for source, age in ages),
            failing=sum(source.id in failing for source in settings.sources),
            oldest_refresh=max((age for _, age in ages if age is not None), default=_NO_TIME),
            troubled={state: 0 for state in DumpState if state is not DumpState.GOOD} | tx.watching.troubled_dumps(),
            undrawn=tx.watching.undrawn(),
            digests=tuple(_digests(tx, settings.digests, now)),
            queue=queue.depth,
            queue_age=_age(queue.next_at, now) or _NO_TIME,
            sending=sending(tx, settings, now),
            slowed=tuple(tx.pacing.all(now - REMEMBERED)),
        )


def sending(tx: Transaction, settings: Settings, now: datetime) -> Sending:
    """How sending went, as far as the store was told: no server is asked for it."""
    from digest.service import striking  # noqa: PLC0415 - as above

    if tx.backups.fenced():
        return Sending.FENCED
    if tx.deliveries.paused(now) or striking.held(tx, settings, now):
        return Sending.PAUSED
    return Sending.TROUBLED if tx.deliveries.trouble() else Sending.OK


def _digests(tx: Transaction, configured: Iterable[Digest], now: datetime) -> Iterable[DigestStanding]:
    for digest in configured:
        name = DigestId(digest.id)
        state = tx.editions.digest(name)
        yield DigestStanding(
            digest.id,
            _lag(digest, state, now) if state else _NO_TIME,
            state.last_close_at if state else None,
            tx.watching.newest_deliveries(name),
        )


def _lag(digest: Digest, state: DigestState, now: datetime) -> timedelta:
    slot = latest_slot(Schedule.parse(digest.schedule, digest.timezone), now)
    made = state.last_slot_at is not None and slot <= state.last_slot_at
    return _NO_TIME if made or slot <= state.configured_at else now - slot


def _age(at: datetime | None, now: datetime) -> timedelta | None:
    """How long ago that was; none below zero, since clocks step back."""
    return None if at is None else max(now - at, _NO_TIME)
