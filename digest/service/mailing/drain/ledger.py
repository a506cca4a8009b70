"""Group commit for a drain: one transaction records all workers' results and begins their next deliveries.

While one transaction is made durable, the workers that finish wait for the next: the disk syncs once for all of them.
It starts a little late, so that workers with a nearly finished mail can join. Decisions 134 and 145.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.errors import DigestError, FencedError
from digest.model import DeliveryState
from digest.records.mailing import HandedOver
from digest.service.bounces.suppressing import record_refusal, undo_refusals
from digest.service.editions.making import edition_pictures
from digest.service.intake.tracing import say_handed_over, traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor
    from datetime import datetime

    from digest.model import Delivery, EditionKey
    from digest.service.bounces.refusals import RefusedDelivery
    from digest.service.mailing.composing import MailComposer
    from digest.settings import Settings
    from digest.store.transaction import Store, Transaction


_WORTH_WAITING = 0.5  # of the time of a transaction, to wait for mails in progress
_STORE_RESTS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)  # seconds between attempts to record what must not be lost


@dataclass(frozen=True, slots=True)
class Answer:
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
class Turn:
    """A worker's answer and the delivery that it begins next.

    `taken` ends when their transaction starts: a worker that waits only for it delays none that could join. `done` gets
    the result of `begin` when both are durable. It gets DigestError if neither was done; then nothing in that
    transaction was.
    """

    answer: Answer | None
    following: Delivery | None
    taken: asyncio.Future[None]
    done: asyncio.Future[DeliveryState | None]


class Ledger:
    """The store as seen by the workers of one drain; used within one event loop."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], datetime], letters: MailComposer, thread: Executor
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._mail, self._letters, self._thread = settings.mail, letters, thread
        self.paused_domains: set[str] = set()  # domains that are recorded as paused, or as formerly paused
        self.blameless: set[str] = set()  # their refusals were not about them, by message id
        self._traces: dict[EditionKey, list[str]] = {}
        self._waiting: list[Turn] = []
        self._writing: asyncio.Task[None] | None = None
        self._under_way: set[str] = set()  # begun and not answered, by message id
        self._all_here = asyncio.Event()
        self._took = 0.0  # duration in seconds of the last transaction
        self.trouble = False  # sending was paused, and no mail got through since

    def turn(self, answer: Answer | None, following: Delivery | None) -> Turn:
        """Record an answer and begin the next delivery."""
        loop = asyncio.get_running_loop()
        turn = Turn(answer, following, loop.create_future(), loop.create_future())
        self._waiting.append(turn)
        if answer:
            self._under_way.discard(answer.delivery.message_id)
        if not self._under_way:
            self._all_here.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return turn

    async def written(self) -> None:
        """Wait until all requests are written, or failed."""
        while self._writing:
            await asyncio.wait([self._writing])

    async def keep(self, answer: Answer, stop: asyncio.Event) -> bool:
        """Record an answer that the store refused as soon as it answers again; otherwise the mail would be sent twice.

        False if it does not in time, or everything must stop.
        """
        for seconds in _STORE_RESTS:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            with contextlib.suppress(DigestError):
                await self.turn(answer, None).done
                return True
            if stop.is_set():
                break
        return False

    async def _write(self) -> None:
        """Run one transaction after the other, until no worker waits."""
        try:
            while self._waiting:
                await self._others()
                turns, self._waiting = self._waiting, []
                started = asyncio.get_running_loop().time()
                await self._write_all([turn for turn in map(_still_wanted, turns) if turn])
                self._took = asyncio.get_running_loop().time() - started
        finally:
            self._writing = None

    async def _others(self) -> None:
        """Wait a little for workers with a mail in progress: one that misses this transaction waits for all of it."""
        self._all_here.clear()
        if self._under_way:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_here.wait(), self._took * _WORTH_WAITING)

    async def _write_all(self, turns: Sequence[Turn]) -> None:
        try:
            loop = asyncio.get_running_loop()
            states = await loop.run_in_executor(self._thread, self._together, turns, loop)
        except asyncio.CancelledError:
            for turn in turns:
                turn.done.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - raised at the await, which would wait forever otherwise
            _taken(turns)
            for turn in turns:
                if not turn.done.done():
                    turn.done.set_exception(error)
        else:
            for turn, state in zip(turns, states, strict=True):
                if turn.following and state is DeliveryState.LEASED:
                    self._under_way.add(turn.following.message_id)
                if not turn.done.done():
                    turn.done.set_result(state)
            # After all waiting workers have continued: sending has priority over reports.
            loop.call_soon(self._say, list(zip(turns, states, strict=True)))

    def _say(self, ended: Iterable[tuple[Turn, DeliveryState | None]]) -> None:
        for turn, state in ended:
            if answer := turn.answer:
                passes = self._traces[answer.delivery.edition]
                say_handed_over(answer.delivery, answer.state, answer.code, answer.text, passes)
            if turn.following and state is DeliveryState.SUPPRESSED:
                say_handed_over(turn.following, state, None, "", self._traces[turn.following.edition])

    def _together(self, turns: Sequence[Turn], loop: asyncio.AbstractEventLoop) -> list[DeliveryState | None]:
        now = self._clock()
        answers = [turn.answer for turn in turns if turn.answer]
        following = [turn.following for turn in turns if turn.following]
        with self._store.write(exclusive=False) as tx:
            if following and (since := tx.backups.fenced()):
                raise FencedError(since)  # only the answers are recorded then
            if answers:
                self._record(tx, answers, now)
            for delivery in following:
                self._learn(tx, delivery)
            leases = [(one.edition, one.subscriber.id, one.leased_until) for one in following]
            begun = iter(tx.deliveries.begin_all(leases, now + self._mail.lease, now))
            states = [next(begun) if turn.following else None for turn in turns]
            with contextlib.suppress(RuntimeError):  # the loop has ended; the answers are recorded anyway
                loop.call_soon_threadsafe(_taken, turns)
        return states

    def _record(self, tx: Transaction, answers: Sequence[Answer], now: datetime) -> None:
        answers = [self._cleared(answer, now) for answer in answers]
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
                for one in answers
            ],
            now,
        )
        for answer in answers:
            if answer.state is DeliveryState.FAILED:  # the next edition lists its entries, unless it is retried before
                tx.subscribers.set_behind(answer.delivery.digest, [answer.delivery.subscriber.id], behind=True)
            if answer.gone:
                person, words = answer.delivery.subscriber.id, answer.text
                record_refusal(
                    tx, self._settings, person, answer.delivery.edition, words, proven=answer.proven, now=now
                )
            if answer.pause:
                tx.deliveries.pause(answer.pause, now + self._mail.pause)
            if answer.paused_until:
                domain = domain_of(answer.delivery.subscriber.address)
                tx.resting.rest(domain, answer.text, answer.paused_until, now)
                self.paused_domains.add(domain)
        for answer in answers:  # after all failures are recorded
            self._clear(tx, answer.blameless, now)
        if got := self.paused_domains & {
            domain_of(one.delivery.subscriber.address) for one in answers if one.state is DeliveryState.ACCEPTED
        }:
            tx.resting.got_through(got)
            self.paused_domains -= got  # if this is rolled back, the next drain finds them again
        if self.trouble and any(answer.state is DeliveryState.ACCEPTED for answer in answers):
            tx.deliveries.got_through(now)
            self.trouble = False  # as above

    def _cleared(self, answer: Answer, now: datetime) -> Answer:
        """The answer as recorded: deferred if the refusal was not about its recipient, however it looked at first."""
        if answer.state is not DeliveryState.FAILED or answer.delivery.message_id not in self.blameless:
            return answer
        return replace(answer, state=DeliveryState.DEFERRED, next_at=now + self._mail.retry, gone=False)

    def _clear(self, tx: Transaction, blameless: Sequence[RefusedDelivery], now: datetime) -> None:
        """Undo what was recorded for refusals that were not about their recipients."""
        editions = {one.edition for one in blameless}
        for edition in editions:
            people = [one.subscriber for one in blameless if one.edition == edition]
            tx.deliveries.reopen(edition, people, now + self._mail.retry)
            undo_refusals(tx, edition, people, now)

    def _learn(self, tx: Transaction, delivery: Delivery) -> None:
        if delivery.edition not in self._traces:
            self._traces[delivery.edition] = traces(tx, delivery.edition)
        if not self._letters.has_body(delivery):
            for number, variant in enumerate(tx.editions.variants(delivery.edition)):
                self._letters.add_body(delivery.edition, number, variant.body, edition_pictures(tx, variant.body))


def _still_wanted(turn: Turn) -> Turn | None:
    """Workers that stopped waiting: their answers are still recorded, but they begin nothing."""
    if not turn.done.done():
        return turn
    return replace(turn, following=None) if turn.answer else None


def _taken(turns: Sequence[Turn]) -> None:
    for turn in turns:
        if not turn.taken.done():
            turn.taken.set_result(None)
