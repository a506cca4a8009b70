"""Deliveries: the outcome of each mail, and dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from digest.model import (
        Delivery,
        DeliveryState,
        DigestId,
        EditionKey,
        SubscriberId,
    )


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as `digest edition show` prints it. `uncertain` attempts may have succeeded: nobody knows."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    code: int | None
    text: str
    uncertain: int = 0
    leased_until: datetime | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The outcome of a leased delivery, as passed to `Deliveries.record`.

    `given_back` is the number of an attempt that does not count: the mail was not sent, and nobody refused it. The
    delivery is as due as before, in its former state.
    """

    edition: EditionKey
    subscriber: SubscriberId
    state: DeliveryState
    next_at: datetime | None = None
    code: int | None = None
    text: str = ""
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class JustFailed:
    """A delivery that failed at one of its first attempts. `alone`: nobody else got a mail of its edition yet."""

    edition: EditionKey
    subscriber: SubscriberId
    message_id: str
    address: str
    text: str
    alone: bool


class Deliveries(Protocol):
    """The ledger of mails."""

    def lease(self, now: datetime, until: datetime, limit: int, edition: EditionKey | None = None) -> list[Delivery]:
        """Lease up to `limit` due deliveries: planned ones, and deferred or unknown ones whose time has come.

        Oldest edition first, by its `closes_at`, and within it by subscriber. Leases that have ended (a drain died) are
        ended first: begun deliveries become unknown, the rest is as before. Deliveries to people who left or are
        suppressed are not leased, they become suppressed.
        """
        ...

    def handed_over(self, since: datetime) -> int:
        """How many attempts started since then, and may still start from the leased deliveries.

        A delivery that is begun again within that time counts once.
        """
        ...

    def begin(
        self, edition: EditionKey, subscriber: SubscriberId, leased_until: datetime, until: datetime, now: datetime
    ) -> DeliveryState | None:
        """Record that sending a leased delivery starts, and lease it until then: this is one more attempt.

        `leased` if it may start, `suppressed` if the person left or was suppressed since the lease. None if the lease
        that ends at `leased_until` is lost.
        """
        ...

    def record(
        self,
        edition: EditionKey,
        subscriber: SubscriberId,
        state: DeliveryState,
        *,
        now: datetime,
        next_at: datetime | None = None,
        code: int | None = None,
        text: str = "",
    ) -> None:
        """Record the outcome of a leased delivery.

        `next_at` is when it is tried again: a deferred delivery needs it, an unknown one without it is never tried
        again. If the lease has ended since, only `accepted` is still recorded: another drain may have leased the
        delivery.
        """
        ...

    def begin_all(
        self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime, now: datetime
    ) -> list[DeliveryState | None]:
        """`begin` for many, each given as edition, person and `leased_until`; returns the states in their order."""
        ...

    def record_all(self, answers: Sequence[HandedOver], now: datetime) -> None:
        """`record` for many, at least one."""
        ...

    def just_failed(self, attempts: int) -> list[JustFailed]:
        """Deliveries that failed at one of their first attempts, of unfinished editions, oldest first.

        Only those to domains that accepted no mail of the edition.
        """
        ...

    def reopen(self, edition: EditionKey, people: Sequence[SubscriberId], next_at: datetime) -> None:
        """Defer the failed ones of these deliveries: their refusals were not about their recipients."""
        ...

    def release(self, edition: EditionKey, subscriber: SubscriberId) -> None:
        """Release a lease of which nothing was begun."""
        ...

    def leased(self, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """The leased deliveries, of one edition or of all, by edition and subscriber."""
        ...

    def free(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], now: datetime) -> tuple[int, int]:
        """End these leases, each identified as in `begin_all`, if they still exist.

        A delivery that was not begun is as before. A begun one becomes unknown, and is due once more if that happened
        for the first time. Returns how many of each.
        """
        ...

    def open(self, edition: EditionKey | None = None) -> int:
        """How many deliveries are in progress or will be tried."""
        ...

    def rows(self, edition: EditionKey) -> list[DeliveryRow]: ...

    def variant(self, edition: EditionKey, subscriber: SubscriberId) -> int | None:
        """The text of the edition that this person gets; None if they get none."""
        ...

    def pause(self, reason: str, until: datetime, now: datetime) -> None:
        """Pause all sending until then, because the fault is ours or the relay's."""
        ...

    def paused(self, now: datetime) -> tuple[str, datetime] | None: ...

    def resume(self) -> None: ...

    def trouble(self) -> str:
        """Why sending was last paused, even if the pause is over; empty after a mail got through."""
        ...

    def got_through(self, now: datetime) -> None:
        """Forget the reason of a pause that is over: a mail was accepted."""
        ...


@dataclass(frozen=True, slots=True)
class Overdue:
    """An edition with overdue mails: how many were never tried, how many were deferred, of how many."""

    edition: EditionKey
    digest: DigestId
    untried: int
    deferred: int
    deliveries: int


class DeadLetters(Protocol):
    """Mails that did not arrive, or not yet."""

    def listed(self, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Deliveries in these states to people who are not erased, newest edition first, within it by subscriber."""
        ...

    def count(self) -> int:
        """The number of dead letters: failed deliveries, and unknown ones that are not tried again."""
        ...

    def plan_again(self, edition: EditionKey, subscriber: SubscriberId, state: DeliveryState, now: datetime) -> bool:
        """Plan a dead delivery once more, due now, with its former Message-ID.

        False if it is not in `state`, not dead, or its subscriber left, is suppressed or erased.
        """
        ...

    def refused_mails(self, made_since: datetime) -> list[DeliveryRow]:
        """Mails that failed because of the sender or the content, of editions made since then.

        Newest edition first, within it by subscriber.
        """
        ...

    def overdue(self, before: datetime) -> list[Overdue]:
        """The editions made before then whose mails were due before then and are not sent."""
        ...
