"""How fast mails go where servers ask for fewer: half as fast at a refusal, one a minute more for each that is taken.

Additive increase, multiplicative decrease, as TCP has it: several senders that share a limit come to share it evenly,
and nobody needs to know what the limit is. Each recipient domain has a pace of its own, and so have all together. Pure:
the state of one drain, in memory, begun with what the last one left.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.ports import Slowed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

EVERYBODY = ""
REMEMBERED = timedelta(days=1)  # a pace that nobody used for so long is forgotten
_SLOWEST, _FASTEST = 1.0, 6000.0  # mails a minute
_STEP = 1.0  # mails a minute more for each that is taken
_AT_LEAST = timedelta(seconds=1)  # that a pace is measured over
_ANSWERS = 20  # that are looked at to tell whether a limit is everybody's
_SEVERAL = 3  # domains
_OFTEN = 3  # refusals of one mail while every other of its domain is taken: it is not the pace then
_NO_TIME = timedelta(0)


class Slowing(StrEnum):
    """What follows from a refusal that asks for fewer mails.

    `slower`: it is offered again, at a slower pace. `rest`, `rest all`: it is as slow as it gets, so that the domain
    rests, or all sending. `own`: others are taken, so the refusal is this mail's.
    """

    SLOWER = "slower"
    REST = "rest"
    REST_ALL = "rest all"
    OWN = "own"


@dataclass(slots=True)
class _Flow:
    """One pace. `cuts` counts how often it was halved, so that what started before a cut does not cut again."""

    per_minute: float
    since: datetime
    last: datetime
    apart: timedelta
    cuts: int = 0
    changed: bool = True

    def next_at(self, now: datetime) -> datetime:
        """When the next may start. Where the clock stepped back, one interval from now at the latest."""
        return min(self.last, now) + self.apart

    def started(self, now: datetime) -> None:
        self.last, self.apart, self.changed = now, timedelta(minutes=1 / self.per_minute), True

    def taken(self) -> None:
        self.per_minute += _STEP
        self.apart = min(self.apart, timedelta(minutes=1 / self.per_minute))
        self.changed = True

    def cut(self, now: datetime) -> bool:
        """Halve it; False where it is as slow as it gets already."""
        if self.per_minute <= _SLOWEST:
            return False
        self.per_minute = max(_SLOWEST, self.per_minute / 2)
        self.cuts += 1
        self.started(now)
        return True


@dataclass(frozen=True, slots=True)
class Mark:
    """How often paces had been halved when a mail started."""

    everybody: int
    domain: int


@dataclass(slots=True)
class _Seen:
    """The refusals of one mail, and how those of its domain that were offered once had fared at the last of them."""

    refusals: int = 1
    taken: int = 0
    refused: int = 0


@dataclass(slots=True)
class Paces:
    """All paces of a drain; usually there is none, and nothing is looked at but `slow`."""

    began: datetime
    _flows: dict[str, _Flow] = field(default_factory=dict)
    _free: set[str] = field(default_factory=set)
    _taken: Counter[str] = field(default_factory=Counter)
    _answers: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_ANSWERS))
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _taken_at_once: Counter[str] = field(default_factory=Counter)
    _refused_first: Counter[str] = field(default_factory=Counter)

    def begin(self, known: Iterable[Slowed]) -> None:
        """Go on with the paces that an earlier drain left."""
        for one in known:
            apart = max(_NO_TIME, one.next_at - one.at)
            self._flows[one.domain] = _Flow(one.per_minute, one.since, one.at, apart, changed=False)

    @property
    def slow(self) -> bool:
        return bool(self._flows)

    def took(self, domain: str) -> bool:
        """Whether a mail to the domain was taken since this began, or any mail where it is that of everybody."""
        return self._taken[domain] > 0 if domain else bool(self._taken)

    def next_at(self, domain: str, now: datetime) -> datetime:
        """When a mail to the domain may start, as far as its own pace goes."""
        flow = self._flows.get(domain)
        return flow.next_at(now) if flow else now

    def per_minute(self, domain: str) -> float | None:
        flow = self._flows.get(domain)
        return flow.per_minute if flow else None

    def start(self, domain: str, now: datetime) -> Mark:
        """A mail to the domain starts."""
        if not self._flows:
            return _UNCUT
        cuts = [0, 0]
        for at, scope in enumerate((EVERYBODY, domain)):
            if flow := self._flows.get(scope):
                flow.started(now)
                cuts[at] = flow.cuts
        return Mark(*cuts)

    def came(self, moment: datetime, now: datetime) -> None:
        """The moment was waited for: what it was waited for may start, whatever the clock says."""
        for flow in self._flows.values():
            if now < flow.next_at(now) <= moment:
                flow.last, flow.apart = now, _NO_TIME

    def taken(self, message_id: str, domain: str) -> None:
        """A mail to the domain was taken."""
        self._taken[domain] += 1
        self._taken_at_once[domain] += message_id not in self._seen
        self._answers.append((domain, True))
        if not self._flows:
            return
        for scope in (EVERYBODY, domain):
            if flow := self._flows.get(scope):
                flow.taken()
                if flow.per_minute > _FASTEST:
                    del self._flows[scope]
                    self._free.add(scope)

    def refused(self, message_id: str, domain: str, mark: Mark, now: datetime, *, everybody: bool) -> Slowing:
        """A server asked for fewer mails; `everybody` where it did so before it heard of the recipient."""
        self._answers.append((domain, False))
        if not everybody and self._is_its_own(message_id, domain):
            return Slowing.OWN
        for scope, cuts in ((EVERYBODY, mark.everybody), (domain, mark.domain)):
            if scope == EVERYBODY and not (everybody or self._many_domains()):
                continue
            if everybody and scope != EVERYBODY:
                continue
            flow = self._flows.get(scope)
            if flow is None:
                self._flows[scope] = self._first(scope, now)
                self._free.discard(scope)
            elif flow.cuts <= cuts and not flow.cut(now):
                return Slowing.REST_ALL if scope == EVERYBODY else Slowing.REST
        return Slowing.SLOWER

    def changes(self) -> tuple[list[Slowed], list[str]]:
        """What changed since this was asked last: paces, and domains that have none any more."""
        changed = [
            Slowed(scope, flow.per_minute, flow.since, flow.last, flow.last + flow.apart)
            for scope, flow in self._flows.items()
            if flow.changed
        ]
        for flow in self._flows.values():
            flow.changed = False
        free, self._free = sorted(self._free), set()
        return changed, free

    def _first(self, scope: str, now: datetime) -> _Flow:
        """Half of how fast it went until now."""
        taken = self._taken.total() if scope == EVERYBODY else self._taken[scope]
        minutes = max(_AT_LEAST, now - self.began) / timedelta(minutes=1)
        per_minute = max(_SLOWEST, min(_FASTEST, max(1, taken) / minutes) / 2)
        return _Flow(per_minute, now, now, timedelta(minutes=1 / per_minute), cuts=1)

    def _is_its_own(self, message_id: str, domain: str) -> bool:
        """Whether a mail is refused again and again while those of its domain that are new are all taken."""
        seen = self._seen.get(message_id)
        if seen is None:
            self._refused_first[domain] += 1
            seen = self._seen[message_id] = _Seen()
        elif self._taken_at_once[domain] > seen.taken and self._refused_first[domain] == seen.refused:
            seen.refusals += 1
        seen.taken, seen.refused = self._taken_at_once[domain], self._refused_first[domain]
        return seen.refusals >= _OFTEN

    def _many_domains(self) -> bool:
        """Whether of late several domains refused, and not many more took all that they were offered."""
        refused = {domain for domain, taken in self._answers if not taken}
        took = {domain for domain, taken in self._answers if taken} - refused
        return len(refused) >= _SEVERAL and 2 * len(refused) >= len(took)


_UNCUT = Mark(0, 0)
