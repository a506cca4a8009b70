"""What became of each mail, and the letters that could not be delivered."""

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
    """A delivery as `digest edition show` prints it. `uncertain` attempts may have been taken: nobody knows."""

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
    """What the transport said of a leased delivery, as `Deliveries.record` has it.

    `given_back` is the number of an attempt that does not count: the mail was not handed over, nobody refused it, and
    it is as due as before, in the state that it had.
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
    """The ledger of mail."""

    def lease(self, now: datetime, until: datetime, limit: int, edition: EditionKey | None = None) -> list[Delivery]:
        """Take up to `limit` deliveries that are due: planned ones, deferred or unknown ones whose time has come.
        Oldest edition first, by its `closes_at`, and within it by subscriber.

        Leases that have ended (a drain died) end first: what was begun becomes unknown, the rest is as before. People
        who left or are suppressed are not taken: their deliveries become suppressed.
        """
        ...

    def handed_over(self, since: datetime) -> int:
        """How many hand-overs started since then, and may still start of what is leased.

        A delivery that is begun again within that time counts once.
        """
        ...

    def begin(
        self, edition: EditionKey, subscriber: SubscriberId, leased_until: datetime, until: datetime, now: datetime
    ) -> DeliveryState | None:
        """Mark that the hand-over of a leased delivery starts, and lease it until then: one more attempt.

        `leased` where it may start, `suppressed` where the person left or is suppressed since the lease. None where
        the lease that ends at `leased_until` is lost.
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
        """Record what the transport said of a leased delivery.

        `next_at` is when it is tried again: a deferred one needs it, an unknown one without it never is.
        Where the lease has ended since, only `accepted` is still recorded: another drain may hold it by now.
        """
        ...

    def begin_all(
        self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], until: datetime, now: datetime
    ) -> list[DeliveryState | None]:
        """`begin` for many, each named by edition, person and `leased_until`; what became of each, in their order."""
        ...

    def record_all(self, answers: Sequence[HandedOver], now: datetime) -> None:
        """`record` for many, at least one."""
        ...

    def just_failed(self, attempts: int) -> list[JustFailed]:
        """Those that failed at one of their first attempts, of editions that are not handed over yet, oldest first.

        Only at domains that took no mail of their edition.
        """
        ...

    def reopen(self, edition: EditionKey, people: Sequence[SubscriberId], next_at: datetime) -> None:
        """Defer those of these deliveries that failed: their refusals were not about their readers."""
        ...

    def release(self, edition: EditionKey, subscriber: SubscriberId) -> None:
        """Give back a lease of which nothing was begun."""
        ...

    def leased(self, edition: EditionKey | None = None) -> list[DeliveryRow]:
        """What is leased, of one edition or of all, by edition and subscriber."""
        ...

    def free(self, leases: Sequence[tuple[EditionKey, SubscriberId, datetime]], now: datetime) -> tuple[int, int]:
        """End these leases, each named as for `begin_all`, where they still stand.

        What was not begun is as before; what was is unknown, and due once more if that happened for the first time. How
        many of each.
        """
        ...

    def open(self, edition: EditionKey | None = None) -> int:
        """How many are under way or will be tried."""
        ...

    def rows(self, edition: EditionKey) -> list[DeliveryRow]: ...

    def variant(self, edition: EditionKey, subscriber: SubscriberId) -> int | None:
        """Which words of the edition this person gets; None where they get none."""
        ...

    def pause(self, reason: str, until: datetime, now: datetime) -> None:
        """Stop all sending until then: the fault is ours or the relay's."""
        ...

    def paused(self, now: datetime) -> tuple[str, datetime] | None: ...

    def resume(self) -> None: ...

    def trouble(self) -> str:
        """Why sending was paused last, though the pause may be over; empty once a mail got through since."""
        ...

    def got_through(self, now: datetime) -> None:
        """A mail was taken: forget the trouble of a pause that is over."""
        ...


@dataclass(frozen=True, slots=True)
class Overdue:
    """An edition with mails that should be out: how many nobody tried yet, how many were put off, of how many."""

    edition: EditionKey
    digest: DigestId
    untried: int
    deferred: int
    deliveries: int


class DeadLetters(Protocol):
    """Mail that did not arrive, or not yet."""

    def listed(self, states: Collection[DeliveryState], edition: EditionKey | None = None) -> list[DeliveryRow]:
        """Those in these states of people who are not erased, newest edition first, within it by subscriber."""
        ...

    def count(self) -> int:
        """How many dead letters there are: those that failed, and unknown ones that are not tried again."""
        ...

    def plan_again(self, edition: EditionKey, subscriber: SubscriberId, state: DeliveryState, now: datetime) -> bool:
        """Plan a dead delivery once more, due now, with the Message-ID that it had.

        False where it is not in `state`, or not
        dead, or its reader left, is suppressed or erased.
        """
        ...

    def refused_mails(self, made_since: datetime) -> list[DeliveryRow]:
        """Those that failed for what a server said of the sender or the content, of editions made since then.

        Newest edition first, within it by subscriber.
        """
        ...

    def overdue(self, before: datetime) -> list[Overdue]:
        """The editions made before then of which mails that were due before then are not handed over."""
        ...
