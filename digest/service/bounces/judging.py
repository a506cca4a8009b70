"""Decides what a refusal in a drain means: for its mail, its subscriber, its domain, or all sending.

A refusal is first tested as a limit of the relay (one connection too many, too fast), then as being about one mail.
Only together with others is it about a domain or about us. The decisions are kept for one drain; the ledger records
what follows. Decision 179.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.addresses import domain_of
from digest.editions.schedule import next_slot
from digest.errors import TransportError
from digest.mail.replies.diagnosis import About, reply_pattern
from digest.mail.replies.outcome import BEFORE_THE_RECIPIENT, Patience, RateLimit, is_too_large, outcome, rate_limit
from digest.model import Delivery, DeliveryState
from digest.records.mailing import RestingDomain
from digest.service.bounces.refusals import FIRST_ATTEMPTS, PauseScope, RefusalFinding, RefusalHistory, RefusedDelivery
from digest.service.editions.digests import schedule_of
from digest.service.mailing.drain.ledger import AttemptResult, DrainReport, Ledger
from digest.service.mailing.drain.pacing import ALL_DOMAINS, Slowing
from digest.service.operating import waits
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.service.mailing.drain import pacing, queueing
    from digest.store.transaction import Transaction

_TEMPORARY = 4
_AS_SLOW_AS_IT_GETS = {
    Slowing.PAUSE: RefusalFinding(PauseScope.DOMAIN),
    Slowing.PAUSE_ALL: RefusalFinding(PauseScope.ALL),
}


class RefusalJudge:
    """Judges the refusals of one drain, and reports why sending is paused; used within one event loop."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        report: DrainReport,
        refusals: RefusalHistory,
        *,
        queue: queueing.DeliveryQueue,
        ledger: Ledger,
        workers: pacing.WorkerPool,
    ) -> None:
        self._settings, self._clock, self._report, self._refusals = settings, clock, report, refusals
        self._queue, self._ledger, self._workers = queue, ledger, workers
        self._pauses: Counter[str] = Counter()  # how often in a row a domain was paused
        self._failed: set[str] = set()  # by message id, as far as reported

    def begin(self, paused: Collection[RestingDomain]) -> None:
        """Continue with the domains that were paused before."""
        self._ledger.paused_domains = {one.domain for one in paused}
        self._pauses.update({one.domain: one.times for one in paused})

    def refused(self, worker: pacing.Worker, delivery: Delivery, error: TransportError, sender: str) -> AttemptResult:
        """What to record for a refused mail; `sender` is its envelope sender."""
        mail, now = self._settings.mail, self._clock()
        text = f"{error.phase}: {error.text}"
        again = AttemptResult(delivery, DeliveryState.PLANNED, code=error.code, text=text, back=True)
        if self._is_one_too_many(worker, error):
            return again
        slowing = self._slowing(delivery, error)
        if slowing is Slowing.SLOWER:
            return again
        verdict = outcome(
            error,
            attempts=delivery.attempts,
            uncertain=delivery.uncertain,
            made_at=delivery.made_at,
            now=now,
            seed=delivery.message_id,
            patience=Patience(mail.retry, self._give_up(delivery)),
            sender=sender,
            recipient=delivery.subscriber.address,
        )
        found = _AS_SLOW_AS_IT_GETS.get(slowing) if slowing else None
        if is_too_large(error):
            found, self._report.too_large = RefusalFinding(), error.text
        if found is None:
            found = self._refusals.add(delivery, error, verdict, times=1 + self._workers.unreached)
        self._clear(found.blameless)
        if found.pause is PauseScope.ALL:
            self._report.paused = str(error)
        return AttemptResult(
            delivery,
            verdict.state,
            next_at=now + verdict.wait if verdict.wait else None,
            code=error.code,
            text=text,
            gone=verdict.state is DeliveryState.FAILED and verdict.diagnosis.about is About.ADDRESS,
            proven=verdict.diagnosis.proven,
            pause=self._report.paused,
            paused_until=self._pause_domain(delivery, now) if found.pause is PauseScope.DOMAIN else None,
            blameless=found.blameless,
        )

    def _is_one_too_many(self, worker: pacing.Worker, error: TransportError) -> bool:
        """Whether the relay serves our other connections and refused this worker's as one too many.

        A wrong password does not count, unless another connection logged in with it.
        """
        temporary = error.code is None or error.code // 100 == _TEMPORARY
        if error.phase == "connect" or (error.phase == "login" and (temporary or self._workers.any_connected)):
            return self._workers.dismiss(worker)
        if error.phase != "login":
            self._workers.reached(worker)
        return False

    def _slowing(self, delivery: Delivery, error: TransportError) -> Slowing | None:
        """What to do when a server asks for a lower rate; None if it does not.

        Also None before any mail was accepted there, if only a code asks for it, or if the relay refused before it knew
        the recipient: then speed is not the cause.
        """
        limit, domain = rate_limit(error), domain_of(delivery.subscriber.address)
        everybody, paces = error.phase in BEFORE_THE_RECIPIENT, self._queue.rates
        untaken = not paces.has_accepted(ALL_DOMAINS if everybody else domain)
        if limit is RateLimit.NO or (untaken and (everybody or limit is RateLimit.LIKELY)):
            return None
        mark = self._queue.mark(delivery)
        return paces.refused(delivery.message_id, domain, mark, self._clock(), everybody=everybody)

    def _pause_domain(self, delivery: Delivery, now: datetime) -> datetime:
        """Until when mail to the domain is paused: each time in a row for twice as long."""
        domain = domain_of(delivery.subscriber.address)
        until = now + waits.pause_after(self._settings.mail, self._pauses[domain])
        self._pauses[domain] += 1
        self._queue.pause_domain(domain, until)
        return until

    def _clear(self, blameless: Sequence[RefusedDelivery]) -> None:
        """Count the deliveries as deferred whose failure was not about their subscribers."""
        these = {one.message_id for one in blameless}
        self._ledger.blameless |= these
        counted = len(these & self._failed)
        self._failed -= these
        self._report.states[DeliveryState.FAILED] -= counted
        self._report.states[DeliveryState.DEFERRED] += counted

    def _give_up(self, delivery: Delivery) -> timedelta:
        """Until when a mail is tried: as the settings say, and no longer than until the slot of the next edition."""
        longest, digest = self._settings.mail.give_up, self._settings.digest(delivery.digest)
        if digest is None:
            return longest
        return min(longest, next_slot(schedule_of(digest), delivery.made_at) - delivery.made_at)

    def recorded_state(self, result: AttemptResult) -> DeliveryState:
        """The state in which a result is recorded."""
        if result.state is not DeliveryState.FAILED:
            return result.state
        if result.delivery.message_id in self._ledger.blameless:
            return DeliveryState.DEFERRED
        self._failed.add(result.delivery.message_id)
        return DeliveryState.FAILED


def load_earlier_refusals(tx: Transaction, refusals: RefusalHistory) -> None:
    """Load the paused domains, the words for which sending was paused, and the failures since a mail got through."""
    paused = tx.resting.all()
    refusals.paused_domains = {one.domain for one in paused}
    refusals.known_causes = {
        ("", _stored_pattern(tx.deliveries.trouble())),
        *((one.domain, _stored_pattern(one.reason)) for one in paused),
    }
    for one in tx.breaker.just_failed(FIRST_ATTEMPTS):
        refused = RefusedDelivery(one.edition, one.subscriber, one.message_id, one.address)
        refusals.add_earlier(refused, _stored_pattern(one.text, one.address), alone=one.alone)


def _stored_pattern(stored: str, address: str = "") -> str:
    """The words of a refusal that is stored as `phase: code text` or `phase: text`."""
    return reply_pattern(stored.partition(" ")[2], address)
