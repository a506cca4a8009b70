"""Group commit for a drain: one transaction records all workers' results and begins their next deliveries.

While one transaction is made durable, the workers that finish wait for the next: the disk syncs once for all of them.
It starts a little late, so that workers with a nearly finished mail can join. Decisions 134 and 145.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.errors import DigestError, FencedError
from digest.model import Delivery, DeliveryState, EditionKey
from digest.records.mailing import HandedOver
from digest.service.bounces.suppressing import record_refusal, undo_refusals
from digest.service.editions.drafts import edition_pictures
from digest.service.intake.passes import say_handed_over, traces
from digest.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from digest.service.bounces.refusals import RefusedDelivery
    from digest.service.mailing.composing import MailComposer
    from digest.store.transaction import Store, Transaction


_WORTH_WAITING = 0.5  # of the time of a transaction, to wait for mails in progress
_STORE_RESTS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds between attempts to record what must not be lost


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The outcome of an attempt. `gone`: the server said that the address does not exist, `proven` by its code.

    `pause` is the reason to pause all sending, `paused_until` the end of a pause of its domain. `blameless` failed
    before for the same reason. `back`: nobody refused it, and it is queued again as if it had not been tried.
    """

    delivery: Delivery
    state: DeliveryState
    next_at: datetime | None = None
    code: int | None = None
    text: str = ""
    gone: bool = False
    proven: bool = False
    pause: str = ""
    paused_until: datetime | None = None
    blameless: tuple[RefusedDelivery, ...] = ()
    back: bool = False


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """A worker's result and the delivery that it begins next.

    `started` ends when their transaction starts: a worker that waits only for it delays none that could join. `done`
    gets the delivery's state when both are durable. It gets DigestError if neither was done; then nothing in that
    transaction was.
    """

    result: AttemptResult | None
    delivery: Delivery | None
    started: asyncio.Future[None]
    done: asyncio.Future[DeliveryState | None]

    async def has_begun(self) -> bool:
        """Whether the delivery has begun, once that is durable; False if the transaction failed."""
        with contextlib.suppress(DigestError):
            return await self.done is DeliveryState.LEASED
        return False


class Ledger:
    """The store as seen by the workers of one drain; used within one event loop."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], datetime], composer: MailComposer, thread: Executor
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._mail, self._composer, self._thread = settings.mail, composer, thread
        self.paused_domains: set[str] = set()  # domains that are recorded as paused, or as formerly paused
        self.blameless: set[str] = set()  # their refusals were not about them, by message id
        self._traces: dict[EditionKey, list[str]] = {}
        self._waiting: list[LedgerRequest] = []
        self._writing: asyncio.Task[None] | None = None
        self._under_way: set[str] = set()  # begun and not answered, by message id
        self._all_here = asyncio.Event()
        self._published = -1  # the published state that the loaded texts are of
        self._took = 0.0  # duration in seconds of the last transaction
        self.trouble = False  # sending was paused, and no mail got through since

    def request(self, result: AttemptResult | None, delivery: Delivery | None) -> LedgerRequest:
        """Record a result and begin the next delivery."""
        loop = asyncio.get_running_loop()
        request = LedgerRequest(result, delivery, loop.create_future(), loop.create_future())
        self._waiting.append(request)
        if result:
            self._under_way.discard(result.delivery.message_id)
        if not self._under_way:
            self._all_here.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return request

    async def wait_until_written(self) -> None:
        """Wait until all requests are written, or failed."""
        while self._writing:
            await asyncio.wait([self._writing])

    async def retry_recording(self, result: AttemptResult, stop: asyncio.Event) -> bool:
        """Record a result that the store refused as soon as it answers again; otherwise the mail would be sent twice.

        False if it does not in time, or everything must stop.
        """
        for seconds in _STORE_RESTS:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            with contextlib.suppress(DigestError):
                await self.request(result, None).done
                return True
            if stop.is_set():
                break
        return False

    async def _write(self) -> None:
        """Run one transaction after the other, until no worker waits."""
        try:
            while self._waiting:
                await self._wait_for_others()
                requests, self._waiting = self._waiting, []
                started = asyncio.get_running_loop().time()
                await self._write_all([request for request in map(_still_wanted, requests) if request])
                self._took = asyncio.get_running_loop().time() - started
        finally:
            self._writing = None

    async def _wait_for_others(self) -> None:
        """Wait a little for workers with a mail in progress: one that misses this transaction waits for all of it."""
        self._all_here.clear()
        if self._under_way:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_here.wait(), self._took * _WORTH_WAITING)

    async def _write_all(self, requests: Sequence[LedgerRequest]) -> None:
        try:
            loop = asyncio.get_running_loop()
            states = await loop.run_in_executor(self._thread, self._write_transaction, requests, loop)
        except asyncio.CancelledError:
            for request in requests:
                request.done.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - raised at the await, which would wait forever otherwise
            _mark_started(requests)
            for request in requests:
                if not request.done.done():
                    request.done.set_exception(error)
        else:
            for request, state in zip(requests, states, strict=True):
                if request.delivery and state is DeliveryState.LEASED:
                    self._under_way.add(request.delivery.message_id)
                if not request.done.done():
                    request.done.set_result(state)
            # After all waiting workers have continued: sending has priority over reports.
            loop.call_soon(self._log_results, list(zip(requests, states, strict=True)))

    def _log_results(self, ended: Iterable[tuple[LedgerRequest, DeliveryState | None]]) -> None:
        for request, state in ended:
            if result := request.result:
                passes = self._traces[result.delivery.edition]
                say_handed_over(result.delivery, result.state, result.code, result.text, passes)
            if request.delivery and state is DeliveryState.SUPPRESSED:
                say_handed_over(request.delivery, state, None, "", self._traces[request.delivery.edition])

    def _write_transaction(
        self, requests: Sequence[LedgerRequest], loop: asyncio.AbstractEventLoop
    ) -> list[DeliveryState | None]:
        now = self._clock()
        results = [request.result for request in requests if request.result]
        deliveries = [request.delivery for request in requests if request.delivery]
        with self._store.write(exclusive=False) as tx:
            if deliveries and (since := tx.backups.fenced()):
                raise FencedError(since)  # only the results are recorded then
            if results:
                self._record(tx, results, now)
            if deliveries and (state := tx.entries.published_state()[0]) != self._published:
                for edition in self._composer.editions():  # an entry may have been removed from their texts
                    self._load(tx, edition)
                self._published = state
            for delivery in deliveries:
                self._load_texts(tx, delivery)
            leases = [(one.edition, one.subscriber.id, one.leased_until) for one in deliveries]
            begun = iter(tx.deliveries.begin_all(leases, now + self._mail.lease, now))
            states = [next(begun) if request.delivery else None for request in requests]
            with contextlib.suppress(RuntimeError):  # the loop has ended; the results are recorded anyway
                loop.call_soon_threadsafe(_mark_started, requests)
        return states

    def _record(self, tx: Transaction, results: Sequence[AttemptResult], now: datetime) -> None:
        results = [self._as_recorded(result, now) for result in results]
        tx.deliveries.record_all(
            [
                HandedOver(
                    one.delivery.edition,
                    one.delivery.subscriber.id,
                    one.state,
                    one.next_at,
                    one.code,
                    one.text,
                    one.delivery.attempts if one.back else 0,
                )
                for one in results
            ],
            now,
        )
        for result in results:
            if result.state is DeliveryState.FAILED:  # the next edition lists its entries, unless it is retried before
                tx.subscribers.set_behind(result.delivery.digest, [result.delivery.subscriber.id], behind=True)
            if result.gone:
                person, text = result.delivery.subscriber.id, result.text
                record_refusal(
                    tx, self._settings.bounces, person, result.delivery.edition, text, proven=result.proven, now=now
                )
            if result.pause:
                tx.deliveries.pause(result.pause, now + self._mail.pause)
            if result.paused_until:
                domain = domain_of(result.delivery.subscriber.address)
                tx.resting.rest(domain, result.text, result.paused_until, now)
                self.paused_domains.add(domain)
        for result in results:  # after all failures are recorded
            self._undo_refusals_of(tx, result.blameless, now)
        if got := self.paused_domains & {
            domain_of(one.delivery.subscriber.address) for one in results if one.state is DeliveryState.ACCEPTED
        }:
            tx.resting.got_through(got)
            self.paused_domains -= got  # if this is rolled back, the next drain finds them again
        if self.trouble and any(result.state is DeliveryState.ACCEPTED for result in results):
            tx.deliveries.got_through(now)
            self.trouble = False  # as above

    def _as_recorded(self, result: AttemptResult, now: datetime) -> AttemptResult:
        """The result as recorded: deferred if the refusal was not about its recipient, however it looked at first."""
        if result.state is not DeliveryState.FAILED or result.delivery.message_id not in self.blameless:
            return result
        return replace(result, state=DeliveryState.DEFERRED, next_at=now + self._mail.retry, gone=False)

    def _undo_refusals_of(self, tx: Transaction, blameless: Sequence[RefusedDelivery], now: datetime) -> None:
        """Undo what was recorded for refusals that were not about their recipients."""
        editions = {one.edition for one in blameless}
        for edition in editions:
            people = [one.subscriber for one in blameless if one.edition == edition]
            tx.deliveries.reopen(edition, people, now + self._mail.retry)
            undo_refusals(tx, edition, people, now)

    def _load_texts(self, tx: Transaction, delivery: Delivery) -> None:
        if delivery.edition not in self._traces:
            self._traces[delivery.edition] = traces(tx, delivery.edition)
        if not self._composer.has_body(delivery):
            self._load(tx, delivery.edition)

    def _load(self, tx: Transaction, edition: EditionKey) -> None:
        for number, variant in enumerate(tx.editions.variants(edition)):
            self._composer.add_body(edition, number, variant.body, edition_pictures(tx, variant.body))


def _still_wanted(request: LedgerRequest) -> LedgerRequest | None:
    """Workers that stopped waiting: their results are still recorded, but they begin nothing."""
    if not request.done.done():
        return request
    return replace(request, delivery=None) if request.result else None


def _mark_started(requests: Sequence[LedgerRequest]) -> None:
    for request in requests:
        if not request.started.done():
            request.started.set_result(None)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a drain."""

    done: int
    total: int


@dataclass(slots=True)
class DrainReport:
    """The result of a drain, counted by recorded state. `paused` is the reason of a pause, empty if there is none.

    `full`: the daily limit is reached, and the rest waits. `too_large`: the relay's reply for mails that failed for
    their size; empty if none did.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    paused: str = ""
    full: bool = False
    too_large: str = ""

    @property
    def attempted(self) -> int:
        return self.states.total()

    @property
    def failed(self) -> int:
        return self.states[DeliveryState.FAILED]

    def counts(self) -> dict[str, int]:
        names = (
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
            DeliveryState.FAILED,
            DeliveryState.UNKNOWN,
            DeliveryState.SUPPRESSED,
        )
        return {str(name): self.states[name] for name in names}
