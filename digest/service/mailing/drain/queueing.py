"""Schedules a drain: batches, per-domain, per-second and daily limits. Decisions 138 and 139."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from digest.errors import DigestError
from digest.model import Delivery, EditionKey
from digest.records.mailing import Slowed
from digest.service.mailing.drain import pacing, waiting
from digest.settings import Mail

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from digest.store.transaction import Store, Transaction

_HELD = 10  # batches of a full domain that may be leased: their leases must not run out
_PATIENT = timedelta(minutes=1)  # how long a drain waits for a mail to become due; later ones are for the next drain
_WORTH_LEASING = timedelta(seconds=1)  # a wait after which something else may be due
_DAY = timedelta(days=1)
_T = TypeVar("_T")


class DeliveryQueue:
    """The queue of one drain's workers; used within one event loop."""

    def __init__(
        self,
        store: Store,
        mail: Mail,
        clock: Callable[[], datetime],
        thread: Executor,
        wait: Callable[[datetime], Awaitable[None]],
        halted: Callable[[], bool],
        others: Callable[[], Awaitable[None]] | None = None,
        leased: Callable[[Collection[Delivery]], None] | None = None,
    ) -> None:
        self._store, self._mail, self._clock, self._wait, self._halted = store, mail, clock, wait, halted
        self._thread, self._others = thread, others
        self.rates = pacing.Rates(clock())
        self._waiting, self._pace = (
            waiting.LeasedDeliveries(mail.per_domain, self.rates, clock),
            waiting.EvenPace(mail.per_second),
        )
        self._later: set[datetime] = set()  # when short-term deferred deliveries are due
        self._filling, self._room = asyncio.Lock(), asyncio.Event()
        self._ahead: asyncio.Task[None] | None = None
        self._edition: EditionKey | None = None
        self._all_leased = False
        self._day_is_full = False
        self._leased = leased or (lambda _: None)
        self._paused: dict[str, datetime] = {}
        self._withdrawn: list[Delivery] = []

    async def fill(self, edition: EditionKey | None) -> int:
        """Lease the first batch, of one edition or of all; returns its size."""
        self._edition = edition
        await self._fill()
        return len(self._waiting)

    def next(self) -> Delivery | None:
        """The next delivery that may begin at once."""
        now = self._clock()
        if self._halted() or self._next_at(now) > now:
            return None
        delivery = self._waiting.take()
        if delivery:
            self._pace.started(now)
        self._fill_ahead(delivery)
        return delivery

    def reserve_next(self) -> Delivery | None:
        """The delivery that may begin after the one in progress, if no limit restricts its time or recipient.

        `claim` takes it. An idle worker may take it before, because it would otherwise wait for a silent server.
        """
        limited = self._mail.per_second or self._mail.per_domain or self.rates.per_minute(pacing.ALL_DOMAINS)
        if limited or self._halted():
            return None
        delivery = self._waiting.reserve()
        self._fill_ahead(delivery)
        return delivery

    def claim(self, delivery: Delivery) -> bool:
        """Whether the delivery from `reserve_next` may still begin; it is taken then."""
        return self._waiting.claim(delivery)

    async def wait_for_more(self) -> bool:
        """Wait until a delivery may begin; returns whether any still will. The caller has nothing left to record."""
        if self._halted():
            return False
        if await self._fill():
            now = self._clock()
            if (start := self._next_at(now)) > now:
                await self._wait(start)
                self.rates.wait_ended(start, self._clock())
        elif moment := self._next_moment(self._clock()):
            await self._wait_for_room_or(moment)
        elif len(self._waiting) and self._waiting.busy:
            self._room.clear()
            await self._room.wait()
        else:
            return False
        return True

    async def requeue(self) -> None:
        """Queue a released delivery again: it is due, because its rate has changed."""
        await self._in_thread(self._save_paces, *self.rates.changes())
        self._look_again()

    def _look_again(self) -> None:
        if self._others is None:
            self._all_leased = False
        self.wake()

    def mark(self, delivery: Delivery) -> pacing.RateMark:
        """The state of the rates when the delivery was taken."""
        return self._waiting.mark(delivery)

    def _next_at(self, now: datetime) -> datetime:
        """When the next delivery may start, for any domain."""
        start = self._pace.next_at(now)
        return max(start, self.rates.next_at(pacing.ALL_DOMAINS, now)) if self.rates.slow else start

    def _next_moment(self, now: datetime) -> datetime | None:
        """When a delivery may start without a free connection, or a deferred one is due; None if that is not soon."""
        if not self.rates.slow and not self._later:
            return None
        soonest = self._waiting.soonest(now) if self.rates.slow else None
        moment = min(self._later | ({soonest} if soonest else set()), default=None)
        return moment if moment and moment <= now + _PATIENT else None

    async def _wait_for_room_or(self, moment: datetime) -> None:
        self._room.clear()
        before = self._clock()
        waits = [asyncio.ensure_future(one) for one in (self._wait(moment), self._room.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        if not waits[0].done() or waits[0].cancelled():
            return
        waits[0].result()
        self.rates.wait_ended(moment, self._clock())
        due = {one for one in self._later if one <= moment}
        self._later -= due
        if due or moment - before >= _WORTH_LEASING:
            self._look_again()

    def put_back(self, delivery: Delivery) -> None:
        """Put back a delivery that was taken but not begun."""
        self._waiting.put_back(delivery)

    def pause_domain(self, domain: str, until: datetime) -> None:
        """Begin no more mails to this domain; its deliveries are deferred until then."""
        self._paused[domain] = until
        self._withdrawn += self._waiting.withdraw(domain)

    def done(self, delivery: Delivery) -> None:
        """Record that a delivery is finished, so that its domain has room again."""
        self._waiting.done(delivery)
        self.wake()

    def wake(self) -> None:
        """Let waiting workers look again."""
        self._room.set()

    async def release_rest(self) -> bool:
        """Release what nobody took; returns whether the daily limit is reached and deliveries wait for the next day.

        Raises:
            StoreError: they cannot be released.
        """
        if self._ahead:
            await self._ahead
        if rest := self._waiting.cleared() + self._withdrawn:
            await self._in_thread(self._release, rest)
        await self._in_thread(self._save_paces, *self.rates.changes())
        return self._day_is_full and await self._in_thread(self._some_wait)

    def _fill_ahead(self, delivery: Delivery | None) -> None:
        """Lease the next batch during the last mails of this one, but not if their leases have ended.

        Leasing ends expired leases that were not begun; this is the last time at which they can be begun.
        """
        if self._all_leased or self._ahead or self._mail.per_day:
            return  # with a daily limit a lease is exclusive, and the ledger's thread might wait for long
        if delivery and len(self._waiting) < self._mail.connections and delivery.leased_until > self._clock():
            self._ahead = asyncio.create_task(self._filled_ahead())

    async def _filled_ahead(self) -> None:
        with contextlib.suppress(DigestError):  # the next caller tries again and gets the error
            async with self._filling:
                if not self._all_leased:
                    await self._lease_more()
            self._ahead = None  # after a failure, nothing more is leased ahead
        self.wake()

    async def _fill(self) -> bool:
        """Lease another batch, unless one is ready or all is leased; returns whether one is ready now."""
        async with self._filling:
            await self._put_surplus_off()
            while not self._waiting.ready and not self._all_leased and len(self._waiting) < _HELD * self._mail.batch:
                await self._lease_more()
                if len(self._waiting) and not self.rates.slow:
                    break
            if self._all_leased and not self._waiting.ready:
                self._waiting.free()
        return self._waiting.ready

    async def _lease_more(self) -> None:
        batch = await self._in_thread(self._lease)
        self._all_leased = not batch or self._others is not None
        self._leased(batch)
        self._waiting.add(batch)
        for domain, until in self._paused.items():
            if until > self._clock():
                self._withdrawn += self._waiting.withdraw(domain)
        await self._put_surplus_off()
        if self._others and len(batch) == self._mail.batch:
            await self._others()

    async def _put_surplus_off(self) -> None:
        """Keep no leases that a rate delays: they would run out, and others would not be leased."""
        if not self.rates.slow or not (surplus := self._waiting.surplus()):
            return
        until = self._clock() + _PATIENT
        self._later.add(until)
        await self._in_thread(self._put_off_until, surplus, until)

    def _put_off_until(self, surplus: list[Delivery], until: datetime) -> None:
        with self._store.write(exclusive=False) as tx:
            tx.pacing.put_off([(one.edition, one.subscriber.id, one.leased_until) for one in surplus], until)

    def _in_thread(self, ask: Callable[..., _T], *arguments: object) -> asyncio.Future[_T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, ask, *arguments)

    def _lease(self) -> list[Delivery]:
        mail, now = self._mail, self._clock()
        limit = mail.batch
        with self._store.write(exclusive=mail.per_day > 0) as tx:
            if mail.per_day:
                # Counted together with the leased ones, in the leasing transaction, so that two drains keep the limit.
                limit = max(0, min(limit, mail.per_day - tx.deliveries.handed_over(now - _DAY)))
                self._day_is_full = not limit
            self._put_off(tx, now)
            return tx.deliveries.lease(now, now + mail.lease, limit, self._edition)

    def _put_off(self, tx: Transaction, now: datetime) -> None:
        """Defer mails to paused domains, whether the pause is recorded or new."""
        paused = {one.domain: one.until for one in tx.resting.all()} | self._paused
        for domain, until in paused.items():
            if until > now:
                tx.resting.put_off([domain], until)

    def _save_paces(self, slowed: list[Slowed], free: list[str]) -> None:
        if slowed or free:
            with self._store.write(exclusive=False) as tx:
                tx.pacing.put(slowed, free, self._clock() - pacing.REMEMBERED)

    def _some_wait(self) -> bool:
        with self._store.read() as tx:
            return tx.deliveries.open(self._edition) > 0

    def _release(self, rest: list[Delivery]) -> None:
        with self._store.write(exclusive=False) as tx:
            for delivery in rest:
                tx.deliveries.release(delivery.edition, delivery.subscriber.id)
            self._put_off(tx, self._clock())
