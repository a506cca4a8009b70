"""The rate of mails when servers ask for fewer, and the number of workers in a drain, each with a connection.

Additive increase, multiplicative decrease, as in TCP: several senders that share a limit converge to equal shares, and
nobody needs to know the limit. Each recipient domain has a rate of its own, and so has all mail together. Pure: the
state of one drain, in memory, starting from the last drain's state.

A relay may allow fewer connections than are configured, or other programs may use some of them. A worker that is
refused while another works leaves, and no mail is blamed for it. The last worker stays, and its refusals count,
together with those of all workers that left before any had reached the relay.

Decisions 150, 151, 152 and 153.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from digest import logs
from digest.records.mailing import Slowed

ALL_DOMAINS = ""
REMEMBERED = timedelta(days=1)  # a rate that was unused for so long is forgotten
_SLOWEST, _FASTEST = 1.0, 6000.0  # mails a minute
_STEP = 1.0  # mails a minute more for each accepted one
_AT_LEAST = timedelta(seconds=1)  # over which a rate is measured
_ANSWERS = 20  # examined to decide whether a limit holds for everybody
_SEVERAL = 3  # domains
_OFTEN = 3  # refusals of one mail while all others of its domain are accepted: then the rate is not the cause
_NO_TIME = timedelta(0)


class Slowing(StrEnum):
    """The consequence of a refusal that asks for fewer mails.

    `slower`: the mail is queued again, at a lower rate. `pause`, `pause all`: the rate is at its minimum, so the domain
    is paused, or all sending. `own`: others are accepted, so the refusal is about this mail.
    """

    SLOWER = "slower"
    PAUSE = "pause"
    PAUSE_ALL = "pause all"
    OWN = "own"


@dataclass(slots=True)
class _Flow:
    """One rate. `cuts` counts how often it was halved, so that a mail started before a cut does not cut again."""

    per_minute: float
    since: datetime
    last: datetime
    apart: timedelta
    cuts: int = 0
    changed: bool = True

    def next_at(self, now: datetime) -> datetime:
        """When the next mail may start. If the clock stepped back, one interval from now at the latest."""
        return min(self.last, now) + self.apart

    def started(self, now: datetime) -> None:
        self.last, self.apart, self.changed = now, timedelta(minutes=1 / self.per_minute), True

    def accepted(self) -> None:
        self.per_minute += _STEP
        self.apart = min(self.apart, timedelta(minutes=1 / self.per_minute))
        self.changed = True

    def cut(self, now: datetime) -> bool:
        """Halve the rate; False if it is at its minimum already."""
        if self.per_minute <= _SLOWEST:
            return False
        self.per_minute = max(_SLOWEST, self.per_minute / 2)
        self.cuts += 1
        self.started(now)
        return True


@dataclass(frozen=True, slots=True)
class RateMark:
    """How often the rates had been halved when a mail started."""

    everybody: int
    domain: int


@dataclass(slots=True)
class _OwnRefusals:
    """The refusals of one mail, and the state of its domain's new mails at the last of them."""

    refusals: int = 1
    accepted: int = 0
    refused: int = 0


@dataclass(slots=True)
class Rates:
    """All rates of a drain; usually there are none, and only `slow` is checked."""

    began: datetime
    _flows: dict[str, _Flow] = field(default_factory=dict)
    _free: set[str] = field(default_factory=set)
    _accepted: Counter[str] = field(default_factory=Counter)
    _answers: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_ANSWERS))
    _seen: dict[str, _OwnRefusals] = field(default_factory=dict)
    _accepted_at_once: Counter[str] = field(default_factory=Counter)
    _refused_first: Counter[str] = field(default_factory=Counter)

    def begin(self, known: Iterable[Slowed]) -> None:
        """Continue with the rates of an earlier drain."""
        for one in known:
            apart = max(_NO_TIME, one.next_at - one.at)
            self._flows[one.domain] = _Flow(one.per_minute, one.since, one.at, apart, changed=False)

    @property
    def slow(self) -> bool:
        return bool(self._flows)

    def has_accepted(self, domain: str) -> bool:
        """Whether a mail to the domain was accepted since this began, or any mail if the domain is empty."""
        return self._accepted[domain] > 0 if domain else bool(self._accepted)

    def next_at(self, domain: str, now: datetime) -> datetime:
        """When a mail to the domain may start, according to the domain's own rate."""
        flow = self._flows.get(domain)
        return flow.next_at(now) if flow else now

    def per_minute(self, domain: str) -> float | None:
        flow = self._flows.get(domain)
        return flow.per_minute if flow else None

    def start(self, domain: str, now: datetime) -> RateMark:
        """Record that a mail to the domain starts."""
        if not self._flows:
            return _UNCUT
        cuts = [0, 0]
        for at, scope in enumerate((ALL_DOMAINS, domain)):
            if flow := self._flows.get(scope):
                flow.started(now)
                cuts[at] = flow.cuts
        return RateMark(*cuts)

    def wait_ended(self, moment: datetime, now: datetime) -> None:
        """The wait is over: the mail may start, whatever the clock says."""
        for flow in self._flows.values():
            if now < flow.next_at(now) <= moment:
                flow.last, flow.apart = now, _NO_TIME

    def accepted(self, message_id: str, domain: str) -> None:
        """Record that a mail to the domain was accepted."""
        self._accepted[domain] += 1
        self._accepted_at_once[domain] += message_id not in self._seen
        self._answers.append((domain, True))
        if not self._flows:
            return
        for scope in (ALL_DOMAINS, domain):
            if flow := self._flows.get(scope):
                flow.accepted()
                if flow.per_minute > _FASTEST:
                    del self._flows[scope]
                    self._free.add(scope)

    def refused(self, message_id: str, domain: str, mark: RateMark, now: datetime, *, everybody: bool) -> Slowing:
        """Record that a server asked for fewer mails; `everybody` if it did so before it knew the recipient."""
        self._answers.append((domain, False))
        if not everybody and self._is_its_own(message_id, domain):
            return Slowing.OWN
        for scope, cuts in ((ALL_DOMAINS, mark.everybody), (domain, mark.domain)):
            if scope == ALL_DOMAINS and not (everybody or self._many_domains()):
                continue
            if everybody and scope != ALL_DOMAINS:
                continue
            flow = self._flows.get(scope)
            if flow is None:
                self._flows[scope] = self._first_rate(scope, now)
                self._free.discard(scope)
            elif flow.cuts <= cuts and not flow.cut(now):
                return Slowing.PAUSE_ALL if scope == ALL_DOMAINS else Slowing.PAUSE
        return Slowing.SLOWER

    def changes(self) -> tuple[list[Slowed], list[str]]:
        """The changes since the last call: rates, and domains without one any more."""
        changed = [
            Slowed(scope, flow.per_minute, flow.since, flow.last, flow.last + flow.apart)
            for scope, flow in self._flows.items()
            if flow.changed
        ]
        for flow in self._flows.values():
            flow.changed = False
        free, self._free = sorted(self._free), set()
        return changed, free

    def _first_rate(self, scope: str, now: datetime) -> _Flow:
        """Half of the rate so far."""
        accepted = self._accepted.total() if scope == ALL_DOMAINS else self._accepted[scope]
        minutes = max(_AT_LEAST, now - self.began) / timedelta(minutes=1)
        per_minute = max(_SLOWEST, min(_FASTEST, max(1, accepted) / minutes) / 2)
        return _Flow(per_minute, now, now, timedelta(minutes=1 / per_minute), cuts=1)

    def _is_its_own(self, message_id: str, domain: str) -> bool:
        """Whether a mail is refused repeatedly while all new ones of its domain are accepted."""
        seen = self._seen.get(message_id)
        if seen is None:
            self._refused_first[domain] += 1
            seen = self._seen[message_id] = _OwnRefusals()
        elif self._accepted_at_once[domain] > seen.accepted and self._refused_first[domain] == seen.refused:
            seen.refusals += 1
        seen.accepted, seen.refused = self._accepted_at_once[domain], self._refused_first[domain]
        return seen.refusals >= _OFTEN

    def _many_domains(self) -> bool:
        """Whether several domains refused recently, and few others accepted everything."""
        refused = {domain for domain, accepted in self._answers if not accepted}
        accepting = {domain for domain, accepted in self._answers if accepted} - refused
        return len(refused) >= _SEVERAL and 2 * len(refused) >= len(accepting)


_UNCUT = RateMark(0, 0)


_FIRST_TRY_AFTER = 100  # mails that the others sent before one more connection is tried; doubled each time
_log = logs.get_logger()


@dataclass(eq=False, slots=True)
class Worker:
    """A worker. `connected`: it has reached the relay. `stays` until the relay has no connection for it."""

    connected: bool = False
    stays: bool = True


class WorkerPool:
    """The workers of one drain; used within one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin: Callable[[Worker], Awaitable[None]] | None = None
        self._dismissed = False  # whether any worker was dismissed
        self._try_after, self._sent = _FIRST_TRY_AFTER, 0
        self.unreached = 0  # workers that left since one reached the relay

    @property
    def any_connected(self) -> bool:
        """Whether a worker has a working connection."""
        return any(worker.connected for worker in self._workers)

    async def run(self, begin: Callable[[Worker], Awaitable[None]], wanted: int) -> None:
        """Run so many workers, up to the maximum, until all have ended."""
        self._begin = begin
        for _ in range(min(self._most, wanted)):
            self._start_worker()
        try:
            while self._tasks:
                ended, _ = await asyncio.wait(set(self._tasks), return_when=asyncio.FIRST_COMPLETED)
                self._tasks -= ended
                await asyncio.gather(*ended, return_exceptions=True)  # each reports its own
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def others(self, worker: Worker) -> bool:
        """Whether there is another worker."""
        return len(self._workers - {worker}) > 0

    def dismiss(self, worker: Worker) -> bool:
        """Whether a worker whose connection the relay refused may leave, because another stays; it leaves then."""
        worker.connected = False
        if not self.others(worker):
            return False
        self._dismissed = True
        self._workers.discard(worker)
        worker.stays = False
        self.unreached += 1
        self._sent = 0
        _log.warning("the relay refuses one more connection", connections=len(self._workers))
        return True

    def reached(self, worker: Worker) -> None:
        """Record that the worker has a working connection."""
        worker.connected = True
        self.unreached = 0

    def sent(self, worker: Worker) -> None:
        """Record a sent mail; after many of them, one more connection is tried if there were more."""
        self.reached(worker)
        self._sent += 1
        if self._sent >= self._try_after and len(self._workers) < self._most and self._dismissed:
            self._sent, self._try_after = 0, self._try_after * 2
            self._start_worker()

    def _start_worker(self) -> None:
        worker = Worker()
        self._workers.add(worker)
        self._tasks.add(asyncio.ensure_future(self._run(worker)))

    async def _run(self, worker: Worker) -> None:
        if self._begin:
            try:
                await self._begin(worker)
            finally:
                self._workers.discard(worker)
