"""Leased deliveries that wait for their turn: by recipient domain, by its rate, by mails per second."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.model import Delivery

if TYPE_CHECKING:
    from digest.service.mailing.drain.pacing import RateMark, Rates


class LeasedDeliveries:
    """Leased deliveries in order. A delivery is skipped while its domain has as many connections as allowed.

    It is also skipped while the rate of its domain makes it too early.
    """

    def __init__(self, per_domain: int, paces: Rates, clock: Callable[[], datetime]) -> None:
        self._per_domain, self._paces, self._clock = per_domain, paces, clock
        self._deliveries: deque[Delivery] = deque()
        self._busy: Counter[str] = Counter()
        self._under_way: dict[str, RateMark] = {}
        self._reserved: dict[str, Delivery] = {}

    def __len__(self) -> int:
        return len(self._deliveries)

    def add(self, leased: Iterable[Delivery]) -> None:
        """Queue them, except those in progress: one that outlasts its lease is leased again, but never begun twice."""
        self._deliveries.extend(one for one in leased if one.message_id not in self._under_way)

    @property
    def ready(self) -> bool:
        """Whether `take` would return one."""
        return self._next() is not None

    def take(self) -> Delivery | None:
        """The first delivery whose domain has room, which is then occupied until `done`; None if there is none."""
        at = self._next()
        if at is None:
            return None
        delivery = self._deliveries[at]
        del self._deliveries[at]
        self._busy[_domain(delivery)] += 1
        self._under_way[delivery.message_id] = self._paces.start(_domain(delivery), self._clock())
        return delivery

    @property
    def busy(self) -> bool:
        """Whether any taken delivery is not done."""
        return bool(self._under_way)

    def mark(self, delivery: Delivery) -> RateMark:
        """The state of the rates when a delivery was taken that is not done."""
        return self._under_way[delivery.message_id]

    def soonest(self, now: datetime) -> datetime | None:
        """When the first delivery may start for which there is room, but which is too early."""
        domains = {_domain(one) for one in self._deliveries}
        return min((self._paces.next_at(one, now) for one in domains if self._has_room(one)), default=None)

    def surplus(self) -> list[Delivery]:
        """Remove the deliveries that their domains' rates do not let start within a minute or so."""
        left: dict[str, float] = {}
        rest: deque[Delivery] = deque()
        out: list[Delivery] = []
        for one in self._deliveries:
            domain = _domain(one)
            if domain not in left:
                per_minute = self._paces.per_minute(domain)
                left[domain] = float("inf") if per_minute is None else max(1.0, per_minute)
            left[domain] -= 1
            (rest if left[domain] >= 0 else out).append(one)
        self._deliveries = rest
        return out

    def reserve(self) -> Delivery | None:
        """Reserve a delivery that is not begun yet; until `claim`, it may be given to another worker."""
        delivery = self.take()
        if delivery:
            self._reserved[delivery.message_id] = delivery
        return delivery

    def claim(self, delivery: Delivery) -> bool:
        """End a reservation; returns whether it was still valid, and the delivery is taken."""
        return self._reserved.pop(delivery.message_id, None) is not None

    def free(self) -> None:
        """Put back the oldest reservation, if there is one."""
        if self._reserved:
            self.put_back(self._reserved.pop(next(iter(self._reserved))))

    def put_back(self, delivery: Delivery) -> None:
        """Put back a delivery that was taken but not begun."""
        self._deliveries.appendleft(delivery)
        self.done(delivery)

    def done(self, delivery: Delivery) -> None:
        """Record that its domain has room again."""
        self._busy[_domain(delivery)] -= 1
        self._under_way.pop(delivery.message_id, None)

    def withdraw(self, domain: str) -> list[Delivery]:
        """Remove all deliveries of a domain that nobody took."""
        theirs = [one for one in self._deliveries if _domain(one) == domain]
        self._deliveries = deque(one for one in self._deliveries if _domain(one) != domain)
        return theirs

    def cleared(self) -> list[Delivery]:
        """Remove and return all that nobody took."""
        rest = list(self._deliveries)
        self._deliveries.clear()
        return rest

    def _next(self) -> int | None:
        if not self._per_domain and not self._paces.slow:
            return 0 if self._deliveries else None
        now = self._clock()
        return next((at for at, one in enumerate(self._deliveries) if self._may_start(_domain(one), now)), None)

    def _may_start(self, domain: str, now: datetime) -> bool:
        return self._has_room(domain) and self._paces.next_at(domain, now) <= now

    def _has_room(self, domain: str) -> bool:
        return not self._per_domain or self._busy[domain] < self._per_domain


class EvenPace:
    """A limit of so many per second, evenly spaced; 0 for no limit."""

    def __init__(self, per_second: float) -> None:
        self._apart = timedelta(seconds=1 / per_second) if per_second else timedelta()
        self._last: datetime | None = None

    def next_at(self, now: datetime) -> datetime:
        """When the next one may start. If the clock stepped back, one interval from now at the latest."""
        return now if self._last is None else min(self._last, now) + self._apart

    def started(self, now: datetime) -> None:
        self._last = now


def _domain(delivery: Delivery) -> str:
    return domain_of(delivery.subscriber.address)
