"""Draining: lease a batch, compose, send, record each result, until nothing is due.

A delivery is leased, then begun before its mail is sent, and recorded right after: a delivery that was not begun was
certainly not sent. If the process dies in between, the outcome is unknown. The delivery is leased again when its lease
has ended, with the same Message-ID and the same bytes, and not a third time. Decisions 131 and 132.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.errors import DigestError, FencedError, TransportError
from digest.mail.sending.session import Envelope, Outgoing, Session
from digest.mail.sending.transport import open_session
from digest.model import Delivery, DeliveryState, EditionKey
from digest.service.bounces import judging, messages, refusals, suppressing
from digest.service.mailing.composing import MailComposer
from digest.service.mailing.drain import pacing, queueing
from digest.service.mailing.drain.ledger import AttemptResult, DrainReport, Ledger, LedgerRequest, Progress
from digest.service.operating import clocks, waits
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store


async def drain(
    store: Store,
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    edition: EditionKey | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: asyncio.Event | None = None,
    resume: bool = False,
    hurry: bool = False,
    wait: Callable[[datetime], Awaitable[None]] | None = None,
    others: Callable[[], Awaitable[None]] | None = None,
) -> DrainReport:
    """Send what is due, of one edition or of all.

    `stop`: mails in progress are finished, the rest stays planned. `resume` ends a pause first, because a person asks
    for it; with `hurry`, waiting deliveries are tried at once. `wait` returns at a given time; it enforces
    `mail.per_second`. With `others`, one batch is sent: they are called if there may be more, to send at the same time.

    Raises:
        DigestError: the store cannot record what happens; nothing more is sent then.
    """
    run = _Drain(store, settings, clock, stop or asyncio.Event(), wait, others)
    with contextlib.closing(run):
        await run.begin(edition, resume=resume, hurry=hurry)
        await run.send(edition, progress)
    if run.error:
        raise run.error
    return run.report


class _Drain:
    """One drain: its workers share the leases, a report and the reasons to stop."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], datetime],
        stop: asyncio.Event,
        wait: Callable[[datetime], Awaitable[None]] | None,
        others: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._store, self._settings, self._clock, self._stop = store, settings, clock, stop
        self._secret = store.secret()
        self._composer = MailComposer(settings, self._secret)
        # One thread for all queries of the store: several would wait for each other's write transaction.
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._ledger = Ledger(store, settings, clock, self._composer, self._thread)
        self._refusals = refusals.RefusalHistory()
        self._queue = queueing.DeliveryQueue(
            store,
            settings.mail,
            clock,
            self._thread,
            wait or self._until,
            lambda: self.halted,
            others,
            self._refusals.register,
        )
        self._marks: dict[str, int] = {}  # of announced mails, by message id
        self._total = 0
        self._workers = pacing.WorkerPool(settings.mail.connections)
        self._retries: list[asyncio.Task[None]] = []
        self.report = DrainReport()
        self.error: BaseException | None = None
        self._judge = judging.RefusalJudge(
            settings,
            clock,
            self.report,
            self._refusals,
            queue=self._queue,
            ledger=self._ledger,
            workers=self._workers,
        )

    @property
    def halted(self) -> bool:
        return self._stop.is_set() or bool(self.report.paused) or self.error is not None

    async def begin(self, edition: EditionKey | None, *, resume: bool, hurry: bool) -> None:
        def look() -> None:
            if resume:
                with self._store.write(exclusive=False) as tx:
                    tx.deliveries.resume()
            if hurry:
                waits.make_due_now(self._store, edition, self._clock())
            clocks.repair_times(self._store, self._settings.mail, self._clock())
            self._settle()
            with self._store.read() as tx:
                paused = tx.deliveries.paused(self._clock())
                self._queue.rates.begin(tx.pacing.all(self._clock() - pacing.REMEMBERED))
                self._ledger.trouble = bool(tx.deliveries.trouble())
                self._judge.begin(tx.resting.all())
                judging.load_earlier_refusals(tx, self._refusals)
                self.report.paused = paused[0] if paused else ""
                if held := suppressing.held_editions(tx, self._settings.bounces, self._clock()):
                    self.report.paused = str(held[0])
                if since := tx.backups.fenced():
                    self.report.paused = str(FencedError(since))
                self._total = tx.deliveries.open(edition)

        await asyncio.get_running_loop().run_in_executor(self._thread, look)

    def _settle(self) -> None:
        """Apply the suppressions that are due by now."""
        suppressing.apply_if_due(self._store, self._settings, self._clock())

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    async def _until(self, moment: datetime) -> None:
        """Sleep until then, or until the drain must stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), max(0.0, (moment - self._clock()).total_seconds()))

    async def send(self, edition: EditionKey | None, progress: Callable[[Progress], None] | None) -> None:
        """Send what is due with several workers; what none of them began is released."""
        waiting = 0 if self.halted else await self._queue.fill(edition)
        wanted = waiting and (self._settings.mail.connections if self._queue.rates.slow else waiting)
        try:
            # Wait for all workers, even if one fails: the others' results must be recorded.
            await self._workers.run(lambda worker: self._work(worker, progress), wanted)
        finally:
            await self._ledger.wait_until_written()
            await asyncio.gather(*self._retries, return_exceptions=True)
            try:
                self.report.full = await self._queue.release_rest()
                await asyncio.get_running_loop().run_in_executor(self._thread, self._settle)
            except DigestError as error:  # their leases end by themselves
                self.error = self.error or error

    async def _work(self, worker: pacing.Worker, progress: Callable[[Progress], None] | None) -> None:
        """Send mails one after the other. A result is recorded in the transaction that begins the next mail.

        While that is made durable, the next mail is composed, signed and sent as far as possible before its last byte.
        If the transport pipelines, the mail after it is announced to it, too.
        """
        delivery: Delivery | None = None
        following: Delivery | None = None
        try:
            async with open_session(self._settings, others=lambda: self._workers.others(worker)) as session:
                result: AttemptResult | None = None
                while worker.stays or result:
                    delivery, following = following or self._next(worker), None
                    if delivery is None and result is None:
                        if await self._queue.wait_for_more():
                            continue
                        return
                    request, sent = self._ledger.request(result, delivery), None
                    request.done.add_done_callback(partial(self._handle_failed_request, result))
                    if delivery:
                        following = self._reserve_following() if session.pipelines else None
                        try:
                            sent = await self._send(worker, session, delivery, following, request)
                        finally:
                            following = following if following and self._queue.claim(following) else None
                    begun = await request.done
                    await self._count_recorded(result, begun, progress)
                    result = sent if begun is DeliveryState.LEASED else None
                    if delivery:
                        self._queue.done(delivery)
                        delivery = None
                    if following and (self.halted or not worker.stays):
                        self._queue.put_back(following)
                        following = None
        except Exception as error:  # noqa: BLE001 - it is raised when all have ended
            self.error = self.error or error
        finally:
            for unused in (following, delivery):
                if unused:
                    self._queue.put_back(unused)
            self._queue.wake()

    def _reserve_following(self) -> Delivery | None:
        """The mail that may follow; its envelope is on its way to the server from now on."""
        following = self._queue.reserve_next()
        if following:
            self._marks[following.message_id] = self._refusals.mark()
        return following

    def _handle_failed_request(self, result: AttemptResult | None, done: asyncio.Future[DeliveryState | None]) -> None:
        """If a request failed, stop the other workers and store its result at once: its worker is busy."""
        if done.cancelled() or not (error := done.exception()):
            return
        self.error = self.error or error
        if result:
            self._retries.append(asyncio.create_task(self._retry_recording(result)))

    async def _retry_recording(self, result: AttemptResult) -> None:
        if await self._ledger.retry_recording(result, self._stop) and not result.back:
            self.report.states.update([result.state])

    def _next(self, worker: pacing.Worker) -> Delivery | None:
        """The delivery that a worker may begin at once; None if it only has its last result to record."""
        return self._queue.next() if worker.stays else None

    async def _count_recorded(
        self, result: AttemptResult | None, begun: DeliveryState | None, progress: Callable[[Progress], None] | None
    ) -> None:
        """Count what the ledger recorded, and queue again what was released."""
        if result and result.back:
            await self._queue.requeue()
        done = [self._judge.recorded_state(result)] if result and not result.back else []
        if begun is DeliveryState.SUPPRESSED:
            done.append(begun)
        self.report.states.update(done)
        if progress and done:
            progress(Progress(self.report.attempted, max(self._total, self.report.attempted)))

    async def _send(
        self,
        worker: pacing.Worker,
        session: Session,
        delivery: Delivery,
        following: Delivery | None,
        request: LedgerRequest,
    ) -> AttemptResult | None:
        """The result for a mail that is submitted once its `request` has begun it; None if the request did not.

        A refusal may come before that. It counts only if the delivery is begun anyway.
        """
        mark = self._marks.pop(delivery.message_id, self._refusals.mark())
        envelope = self._envelope(delivery)
        try:
            await request.started
            # The first request loads the text, and a delivery that is probably not begun needs no connection.
            needs_begin = not self._composer.has_body(delivery) or delivery.leased_until <= self._clock()
            if needs_begin and not await request.has_begun():
                return None
            await session.prepare(Outgoing(*envelope, self._composer.compose(delivery), again=delivery.uncertain > 0))
            if not await request.has_begun():
                return None
            reply = await session.commit(self._envelope(following) if following else None)
        except TransportError as error:
            if not await request.has_begun():
                return None
            return self._judge.refused(worker, delivery, error, envelope.sender)
        except ValueError as error:
            return AttemptResult(delivery, DeliveryState.FAILED, text=str(error))
        self._refusals.accepted(delivery, mark)
        self._queue.rates.accepted(delivery.message_id, domain_of(delivery.subscriber.address))
        self._workers.sent(worker)
        return AttemptResult(delivery, DeliveryState.ACCEPTED, code=reply.code, text=str(reply))

    def _envelope(self, delivery: Delivery) -> Envelope:
        return Envelope(
            messages.envelope_sender(self._settings.mail, self._settings.bounces, self._secret, delivery),
            delivery.subscriber.address,
        )
