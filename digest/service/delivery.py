"""Draining: lease a batch, compose, hand over, record each answer, until nothing is due.

A delivery is leased before its mail goes out and recorded right after, each in a transaction of its own. What dies in
between is leased again when its lease has ended, with the same Message-ID and the same bytes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import TYPE_CHECKING

from digest.errors import DigestError, TransportError
from digest.mail.message import Letter, message
from digest.mail.personal import personal
from digest.mail.replies import Patience, outcome
from digest.mail.tokens import leave_token
from digest.mail.transport import session
from digest.model import Body, DeliveryState
from digest.service.editions import sender_domain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from digest.mail.transport import Session
    from digest.model import Delivery, EditionKey
    from digest.service.ports import Store
    from digest.settings import Settings

_REFUSALS = 3  # in a row, of whatever is not one person's fault, before all sending rests


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drain is."""

    done: int
    total: int


@dataclass(slots=True)
class DrainReport:
    """What a drain did, by the state that it recorded. `paused` says why sending rests, empty where it does not."""

    states: Counter[DeliveryState] = field(default_factory=Counter)
    paused: str = ""

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
) -> DrainReport:
    """Send what is due, of one edition or of all.

    `stop`: what is under way is finished, the rest stays planned. `resume` lifts a pause first: a person asks.

    Raises:
        DigestError: the store cannot record what happens; nothing more is handed over then.
    """
    run = _Drain(store, settings, clock, stop or asyncio.Event())
    await run.begin(edition, resume=resume)
    while not run.halted:
        batch = await run.lease(edition)
        if not batch:
            break
        await run.send(batch, progress)
    if run.error:
        raise run.error
    return run.report


class _Drain:
    """One drain: its workers share a queue, a report and the reasons to stop."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime], stop: asyncio.Event) -> None:
        self._store, self._settings, self._clock, self._stop = store, settings, clock, stop
        self._secret = store.secret()
        self._bodies: dict[tuple[EditionKey, str], Body] = {}
        self._refusals = 0
        self._total = 0
        self.report = DrainReport()
        self.error: DigestError | None = None

    @property
    def halted(self) -> bool:
        return self._stop.is_set() or bool(self.report.paused) or self.error is not None

    async def begin(self, edition: EditionKey | None, *, resume: bool) -> None:
        def look() -> None:
            if resume:
                with self._store.write() as tx:
                    tx.deliveries.resume()
            with self._store.read() as tx:
                paused = tx.deliveries.paused(self._clock())
                self.report.paused = paused[0] if paused else ""
                self._total = tx.deliveries.open(edition)

        await asyncio.to_thread(look)

    async def lease(self, edition: EditionKey | None) -> list[Delivery]:
        mail, now = self._settings.mail, self._clock()

        def take() -> list[Delivery]:
            with self._store.write() as tx:
                return tx.deliveries.lease(now, now + mail.lease, mail.batch, edition)

        return await asyncio.to_thread(take)

    async def send(self, batch: list[Delivery], progress: Callable[[Progress], None] | None) -> None:
        """Hand the batch over by several workers; those that are left when the run halts are given back."""
        queue = list(reversed(batch))

        async def work() -> None:
            async with session(self._settings.mail) as way:
                while queue and not self.halted:
                    delivery = queue.pop()
                    try:
                        await self._deliver(way, delivery)
                    except DigestError as error:
                        self.error = self.error or error
                    if progress:
                        progress(Progress(self.report.attempted, max(self._total, self.report.attempted)))

        workers = min(self._settings.mail.connections, len(batch))
        await asyncio.gather(*(work() for _ in range(workers)))
        if queue and self.error is None:
            await asyncio.to_thread(self._release, queue)

    def _release(self, rest: list[Delivery]) -> None:
        with self._store.write() as tx:
            for delivery in rest:
                tx.deliveries.release(delivery.edition, delivery.subscriber.id)

    async def _deliver(self, way: Session, delivery: Delivery) -> None:
        body = await asyncio.to_thread(self._wanted_body, delivery)
        if body is None:
            await self._record(delivery, DeliveryState.SUPPRESSED, text="left before it was sent")
            return
        sender = parseaddr(self._settings.mail.sender)[1]
        try:
            answer = await way.send(sender, delivery.subscriber.address, self._message(delivery, body))
        except TransportError as error:
            await self._refused(delivery, error)
        else:
            self._refusals = 0
            await self._record(delivery, DeliveryState.ACCEPTED, text=answer)

    def _wanted_body(self, delivery: Delivery) -> Body | None:
        """The frozen words, or None where the person left since the lease."""
        known = (delivery.edition, delivery.subscriber.language)
        with self._store.read() as tx:
            record = tx.subscribers.get(delivery.subscriber.id)
            if record is None or record.suppressed or delivery.digest not in record.digests:
                return None
            if known not in self._bodies:
                body = tx.editions.body(*known)
                if body is None:
                    return None
                self._bodies[known] = body
        return self._bodies[known]

    def _message(self, delivery: Delivery, body: Body) -> bytes:
        settings, person = self._settings, delivery.subscriber
        configured = settings.digest(delivery.digest)
        leave_url = f"{settings.base_url}/leave/{leave_token(self._secret, person.id, delivery.digest)}"
        words = personal(body, leave_url=leave_url, address=person.address)
        return message(
            Letter(
                sender=settings.mail.sender,
                reply_to=settings.mail.reply_to,
                to_name=person.name,
                to_address=person.address,
                subject=words.subject,
                text=words.text,
                html=words.html,
                format=person.format,
                message_id=delivery.message_id,
                written_at=delivery.made_at,
                list_id=f"{delivery.digest}.{sender_domain(settings)}",
                list_title=configured.title if configured else delivery.digest,
                archive_url=f"{settings.base_url}/editions/{delivery.edition}",
                leave_url=leave_url,
            )
        )

    async def _refused(self, delivery: Delivery, error: TransportError) -> None:
        mail, now = self._settings.mail, self._clock()
        told = outcome(
            error,
            attempts=delivery.attempts,
            made_at=delivery.made_at,
            now=now,
            seed=delivery.message_id,
            patience=Patience(mail.retry, mail.give_up),
        )
        await self._record(
            delivery,
            told.state,
            next_at=now + told.wait if told.wait else None,
            code=error.code,
            text=f"{error.phase}: {error.text}",
            suppress=told.suppress,
        )
        self._refusals = self._refusals + 1 if told.pause else 0
        if told.pause and (self._refusals >= _REFUSALS or error.phase == "login"):
            await self._pause(str(error))

    async def _pause(self, reason: str) -> None:
        now = self._clock()

        def rest() -> None:
            with self._store.write() as tx:
                tx.deliveries.pause(reason, now + self._settings.mail.pause, now)

        self.report.paused = reason
        await asyncio.to_thread(rest)

    async def _record(
        self,
        delivery: Delivery,
        state: DeliveryState,
        *,
        next_at: datetime | None = None,
        code: int | None = None,
        text: str = "",
        suppress: bool = False,
    ) -> None:
        now = self._clock()

        def store() -> None:
            with self._store.write() as tx:
                tx.deliveries.record(
                    delivery.edition, delivery.subscriber.id, state, now=now, next_at=next_at, code=code, text=text
                )
                if suppress:
                    tx.subscribers.suppress(delivery.subscriber.id, text, now)

        await asyncio.to_thread(store)
        self.report.states[state] += 1
