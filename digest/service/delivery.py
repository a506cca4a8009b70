"""Draining: lease a batch, compose, hand over, record each answer, until nothing is due.

A delivery is leased, then begun before its mail goes out, and recorded right after: what nobody began is known not to
be sent. What dies in between is unknown; it is leased again when its lease has ended, with the same Message-ID and the
same bytes, and not a third time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from digest.editions.schedule import next_slot
from digest.errors import DigestError, FencedError, TransportError
from digest.mail.blame import About, domain_of
from digest.mail.limits import RateLimit, is_too_large, rate_limit
from digest.mail.replies import Patience, outcome
from digest.mail.transaction import Envelope
from digest.mail.transport import session
from digest.model import DeliveryState
from digest.service import striking, waits
from digest.service.bounces import envelope_sender
from digest.service.crew import Crew, Worker
from digest.service.digests import schedule_of
from digest.service.ledger import Answer, Ledger
from digest.service.letters import Letters
from digest.service.pacing import EVERYBODY, REMEMBERED, Slowing
from digest.service.queueing import Queue
from digest.service.refusals import Finding, Refusals, Rest
from digest.service.remembering import remember

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime, timedelta

    from digest.mail.transport import Session
    from digest.model import Delivery, EditionKey
    from digest.ports import Store
    from digest.service.ledger import Turn
    from digest.service.refusals import Refused
    from digest.settings import Settings

_LONGEST_REST = 5  # how often the rest of a domain is doubled
_BEFORE_THE_RECIPIENT = frozenset({"connect", "login", "sender"})
_TEMPORARY = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drain is."""

    done: int
    total: int


@dataclass(slots=True)
class DrainReport:
    """What a drain did, by the state that it recorded. `paused` says why sending rests, empty where it does not.

    `full`: the mails of a day are used up, and the rest waits. `too_large`: why mails failed for their size, in the
    words of the relay; empty where none did.
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

    `stop`: what is under way is finished, the rest stays planned. `resume` lifts a pause first: a person asks;
    with `hurry` what waits for a later moment is tried at once.
    `wait` returns when a moment has come; it serves `mail.per_second`. With `others` one batch is sent: they are called
    where there may be more, to send at the same time.

    Raises:
        DigestError: the store cannot record what happens; nothing more is handed over then.
    """
    run = _Drain(store, settings, clock, stop or asyncio.Event(), wait, others)
    with contextlib.closing(run):
        await run.begin(edition, resume=resume, hurry=hurry)
        await run.send(edition, progress)
    if run.error:
        raise run.error
    return run.report


class _NotBegunError(Exception):
    """A mail must not be handed over; why, the turn says that was to begin it."""


class _Drain:
    """One drain: its workers share what is leased, a report and the reasons to stop."""

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
        self._letters = Letters(settings, self._secret)
        # One thread for all that the store is asked: several would wait for each other's turn to write.
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._ledger = Ledger(store, settings, clock, self._letters, self._thread)
        self._refusals = Refusals()
        self._queue = Queue(
            store,
            settings.mail,
            clock,
            self._thread,
            wait or self._until,
            lambda: self.halted,
            others,
            self._refusals.know,
        )
        self._rests: Counter[str] = Counter()  # how often in a row a domain rested
        self._failed: set[str] = set()  # by message id, as far as reported
        self._marks: dict[str, int] = {}  # of mails that are announced, by message id
        self._total = 0
        self._crew = Crew(settings.mail.connections)
        self._keeping: list[asyncio.Task[None]] = []
        self.report = DrainReport()
        self.error: BaseException | None = None

    @property
    def halted(self) -> bool:
        return self._stop.is_set() or bool(self.report.paused) or self.error is not None

    async def begin(self, edition: EditionKey | None, *, resume: bool, hurry: bool) -> None:
        def look() -> None:
            if resume:
                with self._store.write(exclusive=False) as tx:
                    tx.deliveries.resume()
            if hurry:
                waits.hurry(self._store, edition, self._clock())
            waits.bring_back(self._store, self._settings.mail, self._clock())
            self._settle()
            with self._store.read() as tx:
                paused = tx.deliveries.paused(self._clock())
                self._queue.paces.begin(tx.pacing.all(self._clock() - REMEMBERED))
                trouble, rested = tx.deliveries.trouble(), tx.resting.all()
                self._ledger.trouble = bool(trouble)
                self._ledger.rested = {one.domain for one in rested}
                self._rests.update({one.domain: one.times for one in rested})
                remember(tx, self._refusals)
                self.report.paused = paused[0] if paused else ""
                if held := striking.held(tx, self._settings, self._clock()):
                    self.report.paused = str(held[0])
                if since := tx.backups.fenced():
                    self.report.paused = str(FencedError(since))
                self._total = tx.deliveries.open(edition)

        await asyncio.get_running_loop().run_in_executor(self._thread, look)

    def _settle(self) -> None:
        """Let suppressions take effect that may by now."""
        striking.settle_due(self._store, self._settings, self._clock())

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    async def _until(self, moment: datetime) -> None:
        """Until then, or until it is to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), max(0.0, (moment - self._clock()).total_seconds()))

    async def send(self, edition: EditionKey | None, progress: Callable[[Progress], None] | None) -> None:
        """Hand over by several workers what is due; what none of them began is given back."""
        waiting = 0 if self.halted else await self._queue.fill(edition)
        wanted = waiting and (self._settings.mail.connections if self._queue.paces.slow else waiting)
        try:
            # To their end, whatever becomes of one: the others' answers are to be recorded.
            await self._crew.work(lambda worker: self._work(worker, progress), wanted)
        finally:
            await self._ledger.written()
            await asyncio.gather(*self._keeping, return_exceptions=True)
            try:
                self.report.full = await self._queue.give_back()
                await asyncio.get_running_loop().run_in_executor(self._thread, self._settle)
            except DigestError as error:  # their leases end by themselves
                self.error = self.error or error

    async def _work(self, worker: Worker, progress: Callable[[Progress], None] | None) -> None:
        """Hand over one after the other. An answer is recorded in the transaction that begins the next.

        While that is made durable, the next is composed, signed and sent as far as it can be without being handed over.
        Where the transport pipelines, the one behind it is named to it, too.
        """
        delivery: Delivery | None = None
        following: Delivery | None = None
        try:
            async with session(self._settings, others=lambda: self._crew.others(worker)) as way:
                answer: Answer | None = None
                while worker.stays or answer:
                    delivery, following = following or self._next(worker), None
                    if delivery is None and answer is None:
                        if await self._queue.more():
                            continue
                        return
                    turn, told = self._ledger.turn(answer, delivery), None
                    turn.done.add_done_callback(partial(self._look_after, answer))
                    if delivery:
                        following = self._announced() if way.pipelines else None
                        try:
                            told = await self._hand_over(worker, way, delivery, following, turn)
                        finally:
                            following = following if following and self._queue.claim(following) else None
                    begun = await turn.done
                    await self._recorded(answer, begun, progress)
                    answer = told if begun is DeliveryState.LEASED else None
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

    def _announced(self) -> Delivery | None:
        """What may follow: it is on its way to the server from now on."""
        following = self._queue.ahead()
        if following:
            self._marks[following.message_id] = self._refusals.mark()
        return following

    def _look_after(self, answer: Answer | None, done: asyncio.Future[DeliveryState | None]) -> None:
        """Where a turn failed, stop the others and keep its answer, at once: its worker is busy with the next mail."""
        if done.cancelled() or not (error := done.exception()):
            return
        self.error = self.error or error
        if answer:
            self._keeping.append(asyncio.create_task(self._keep(answer)))

    async def _keep(self, answer: Answer) -> None:
        if await self._ledger.keep(answer, self._stop) and not answer.back:
            self.report.states.update([answer.state])

    def _next(self, worker: Worker) -> Delivery | None:
        """What a worker may begin at once; nothing where it only has its last answer to record."""
        return self._queue.next() if worker.stays else None

    async def _recorded(
        self, answer: Answer | None, begun: DeliveryState | None, progress: Callable[[Progress], None] | None
    ) -> None:
        """Count what is in the ledger now, and see that what was given back is offered again."""
        if answer and answer.back:
            await self._queue.again()
        done = [self._became(answer)] if answer and not answer.back else []
        if begun is DeliveryState.SUPPRESSED:
            done.append(begun)
        self.report.states.update(done)
        if progress and done:
            progress(Progress(self.report.attempted, max(self._total, self.report.attempted)))

    def _became(self, answer: Answer) -> DeliveryState:
        """The state of an answer as it is recorded."""
        if answer.state is not DeliveryState.FAILED:
            return answer.state
        if answer.delivery.message_id in self._ledger.blameless:
            return DeliveryState.DEFERRED
        self._failed.add(answer.delivery.message_id)
        return DeliveryState.FAILED

    async def _hand_over(
        self,
        worker: Worker,
        way: Session,
        delivery: Delivery,
        following: Delivery | None,
        turn: Turn,
    ) -> Answer | None:
        """What became of a mail that is handed over when its `turn` has begun it; None where it has not.

        A refusal may come before that, and counts only if it is begun all the same.
        """

        async def begun() -> None:
            with contextlib.suppress(DigestError):
                if await turn.done is DeliveryState.LEASED:
                    return
            raise _NotBegunError

        mark = self._marks.pop(delivery.message_id, self._refusals.mark())
        try:
            await turn.taken
            # The first one's turn reads the words, and what is likely not begun is worth no connection.
            if not self._letters.knows(delivery) or delivery.leased_until <= self._clock():
                await begun()
            taken = await way.send(
                *self._envelope(delivery),
                self._letters.mail(delivery),
                again=delivery.uncertain > 0,
                following=self._envelope(following) if following else None,
                begun=begun,
            )
        except _NotBegunError:
            return None
        except TransportError as error:
            with contextlib.suppress(_NotBegunError):
                await begun()
                return self._refused(worker, delivery, error)
            return None
        except ValueError as error:
            return Answer(delivery, DeliveryState.FAILED, text=str(error))
        self._refusals.got_through(delivery, mark)
        self._queue.paces.taken(delivery.message_id, domain_of(delivery.subscriber.address))
        self._crew.got_through(worker)
        return Answer(delivery, DeliveryState.ACCEPTED, code=taken.code, text=str(taken))

    def _envelope(self, delivery: Delivery) -> Envelope:
        return Envelope(envelope_sender(self._settings, self._secret, delivery), delivery.subscriber.address)

    def _refused(self, worker: Worker, delivery: Delivery, error: TransportError) -> Answer:
        mail, now = self._settings.mail, self._clock()
        again = Answer(delivery, DeliveryState.PLANNED, code=error.code, text=f"{error.phase}: {error.text}", back=True)
        if self._is_one_too_many(worker, error):
            return again
        slowing = self._slowing(delivery, error)
        if slowing is Slowing.SLOWER:
            return again
        told = outcome(
            error,
            attempts=delivery.attempts,
            uncertain=delivery.uncertain,
            made_at=delivery.made_at,
            now=now,
            seed=delivery.message_id,
            patience=Patience(mail.retry, self._give_up(delivery)),
            sender=self._envelope(delivery).sender,
            recipient=delivery.subscriber.address,
        )
        found = _AS_SLOW_AS_IT_GETS.get(slowing) if slowing else None
        if is_too_large(error):
            found, self.report.too_large = Finding(), error.text
        if found is None:
            found = self._refusals.refused(delivery, error, told, times=1 + self._crew.unreached)
        self._clear(found.blameless)
        if found.rest is Rest.ALL:
            self.report.paused = str(error)
        return Answer(
            delivery,
            told.state,
            next_at=now + told.wait if told.wait else None,
            code=error.code,
            text=f"{error.phase}: {error.text}",
            gone=told.state is DeliveryState.FAILED and told.blame.about is About.ADDRESS,
            proven=told.blame.proven,
            pause=self.report.paused,
            rest=self._rest(delivery, now) if found.rest is Rest.DOMAIN else None,
            blameless=found.blameless,
        )

    def _is_one_too_many(self, worker: Worker, error: TransportError) -> bool:
        """Whether a relay that serves others of us takes no further connection; this worker's was one too many then.

        A wrong password is none of that unless another got in with it.
        """
        temporary = error.code is None or error.code // 100 == _TEMPORARY
        if error.phase == "connect" or (error.phase == "login" and (temporary or self._crew.works)):
            return self._crew.dismiss(worker)
        if error.phase != "login":
            self._crew.reached(worker)
        return False

    def _slowing(self, delivery: Delivery, error: TransportError) -> Slowing | None:
        """What follows where a server asks for fewer mails in a time; None where it does not.

        Not before anything was taken, where only a code says so, or it is all that the relay says: then it is not how
        fast they come.
        """
        limit, domain = rate_limit(error), domain_of(delivery.subscriber.address)
        everybody, paces = error.phase in _BEFORE_THE_RECIPIENT, self._queue.paces
        untaken = not paces.took(EVERYBODY if everybody else domain)
        if limit is RateLimit.NO or (untaken and (everybody or limit is RateLimit.LIKELY)):
            return None
        mark = self._queue.mark(delivery)
        return paces.refused(delivery.message_id, domain, mark, self._clock(), everybody=everybody)

    def _rest(self, delivery: Delivery, now: datetime) -> datetime:
        """Until when the mail to a domain rests: each time in a row for twice as long."""
        domain = domain_of(delivery.subscriber.address)
        until: datetime = now + self._settings.mail.pause * 2 ** min(self._rests[domain], _LONGEST_REST)
        self._rests[domain] += 1
        self._ledger.rested.add(domain)
        self._queue.rest(domain, until)
        return until

    def _clear(self, blameless: Sequence[Refused]) -> None:
        """Count those as deferred that failed for what was not about them."""
        these = {one.message_id for one in blameless}
        self._ledger.blameless |= these
        counted = len(these & self._failed)
        self._failed -= these
        self.report.states[DeliveryState.FAILED] -= counted
        self.report.states[DeliveryState.DEFERRED] += counted

    def _give_up(self, delivery: Delivery) -> timedelta:
        """How old it may get: as the settings say, and not older than the slot at which the next edition comes."""
        longest, digest = self._settings.mail.give_up, self._settings.digest(delivery.digest)
        if digest is None:
            return longest
        return min(longest, next_slot(schedule_of(digest), delivery.made_at) - delivery.made_at)


_AS_SLOW_AS_IT_GETS = {Slowing.REST: Finding(Rest.DOMAIN), Slowing.REST_ALL: Finding(Rest.ALL)}
