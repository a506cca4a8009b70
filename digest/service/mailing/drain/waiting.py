"""Leased deliveries that wait for their turn: by recipient domain, by pace, by how many a second. Knows no store."""

from __future__ import annotations

from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.addresses import domain_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from digest.model import Delivery
    from digest.service.mailing.drain.pacing import Mark, Paces


class Waiting:
    """Leased deliveries in their order. One is passed over while its domain has as many connections as it may have.

    And while the pace of its domain says that it is too early.
    """

    def __init__(self, per_domain: int, paces: Paces, clock: Callable[[], datetime]) -> None:
        self._per_domain, self._paces, self._clock = per_domain, paces, clock
        self._rest: deque[Delivery] = deque()
        self._busy: Counter[str] = Counter()
        self._under_way: dict[str, Mark] = {}
        self._reserved: dict[str, Delivery] = {}

    def __len__(self) -> int:
        return len(self._rest)

    def add(self, leased: Iterable[Delivery]) -> None:
        """Queue them, but for what is under way: one that outlasts its lease is leased again, never begun twice."""
        self._rest.extend(one for one in leased if one.message_id not in self._under_way)

    @property
    def ready(self) -> bool:
        """Whether `take` would find one."""
        return self._next() is not None

    def take(self) -> Delivery | None:
        """The first whose domain has room, which is then busy with it until `done`; None where there is none."""
        at = self._next()
        if at is None:
            return None
        delivery = self._rest[at]
        del self._rest[at]
        self._busy[_domain(delivery)] += 1
        self._under_way[delivery.message_id] = self._paces.start(_domain(delivery), self._clock())
        return delivery

    @property
    def busy(self) -> bool:
        """Whether any that was taken is not done."""
        return bool(self._under_way)

    def mark(self, delivery: Delivery) -> Mark:
        """How the paces were when one was taken that is not done."""
        return self._under_way[delivery.message_id]

    def soonest(self, now: datetime) -> datetime | None:
        """When the first may start of those for which there is room, and for which it is too early."""
        domains = {_domain(one) for one in self._rest}
        return min((self._paces.next_at(one, now) for one in domains if self._has_room(one)), default=None)

    def surplus(self) -> list[Delivery]:
        """Take out what the paces of their domains do not let start within a minute or so."""
        left: dict[str, float] = {}
        rest: deque[Delivery] = deque()
        out: list[Delivery] = []
        for one in self._rest:
            domain = _domain(one)
            if domain not in left:
                per_minute = self._paces.per_minute(domain)
                left[domain] = float("inf") if per_minute is None else max(1.0, per_minute)
            left[domain] -= 1
            (rest if left[domain] >= 0 else out).append(one)
        self._rest = rest
        return out

    def reserve(self) -> Delivery | None:
        """Take one that is not begun yet: until `claim` it may be freed for another."""
        delivery = self.take()
        if delivery:
            self._reserved[delivery.message_id] = delivery
        return delivery

    def claim(self, delivery: Delivery) -> bool:
        """End a reservation; whether it still held, and the delivery is taken."""
        return self._reserved.pop(delivery.message_id, None) is not None

    def free(self) -> None:
        """Put back the oldest reserved one, if there is one."""
        if self._reserved:
            self.put_back(self._reserved.pop(next(iter(self._reserved))))

    def put_back(self, delivery: Delivery) -> None:
        """It was taken, and nothing was begun."""
        self._rest.appendleft(delivery)
        self.done(delivery)

    def done(self, delivery: Delivery) -> None:
        """Its domain has room again."""
        self._busy[_domain(delivery)] -= 1
        self._under_way.pop(delivery.message_id, None)

    def withdraw(self, domain: str) -> list[Delivery]:
        """Take out all of a domain that nobody took."""
        theirs = [one for one in self._rest if _domain(one) == domain]
        self._rest = deque(one for one in self._rest if _domain(one) != domain)
        return theirs

    def cleared(self) -> list[Delivery]:
        """All that nobody took; none are left."""
        rest = list(self._rest)
        self._rest.clear()
        return rest

    def _next(self) -> int | None:
        if not self._per_domain and not self._paces.slow:
            return 0 if self._rest else None
        now = self._clock()
        return next((at for at, one in enumerate(self._rest) if self._may_start(_domain(one), now)), None)

    def _may_start(self, domain: str, now: datetime) -> bool:
        return self._has_room(domain) and self._paces.next_at(domain, now) <= now

    def _has_room(self, domain: str) -> bool:
        return not self._per_domain or self._busy[domain] < self._per_domain


class Pace:
    """So many a second and not more, evenly; 0 for as many as there are."""

    def __init__(self, per_second: float) -> None:
        self._apart = timedelta(seconds=1 / per_second) if per_second else timedelta()
        self._last: datetime | None = None

    def next_at(self, now: datetime) -> datetime:
        """When the next one may start. Where the clock stepped back, one interval from now at the latest."""
        return now if self._last is None else min(self._last, now) + self._apart

    def started(self, now: datetime) -> None:
        self._last = now


def _domain(delivery: Delivery) -> str:
    return domain_of(delivery.subscriber.address)
