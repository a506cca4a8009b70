"""Suppressions that wait until their share is known, and recipient domains that are paused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from digest.model import EditionKey, SubscriberId


class Evidence(StrEnum):
    """The evidence for a suppression.

    `editions`: several editions failed. `server`: the address's own server says that it does not exist. That counts
    only if the server accepts mail for others of the domain.
    """

    EDITIONS = "editions"
    SERVER = "server"


class RequestState(StrEnum):
    """`asked` until it takes effect (`applied`, or `confirmed` by the operator) or is dropped (`dismissed`)."""

    ASKED = "asked"
    APPLIED = "applied"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class SuppressionRequest:
    """A request to suppress an address, because of an edition."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    evidence: Evidence
    reason: str
    state: RequestState


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of an edition: its mails that were not cancelled, and those of them that are still to be sent."""

    made_at: datetime
    mails: int
    open: int


class Breaker(Protocol):
    """Requests for suppressions."""

    def ask(
        self, edition: EditionKey, subscriber: SubscriberId, evidence: Evidence, reason: str, now: datetime
    ) -> None:
        """Request a suppression; `editions` is stronger evidence than `server`. An earlier decision stays."""
        ...

    def waiting(self) -> list[EditionKey]:
        """The editions with undecided requests, in the order of their keys."""
        ...

    def requests(self, edition: EditionKey) -> list[SuppressionRequest]:
        """All requests of an edition, decided or not, in the order of subscribers."""
        ...

    def tally(self, edition: EditionKey) -> Tally: ...

    def reached_domains(self, edition: EditionKey) -> set[str]:
        """The domains, in lower case, whose server accepted a mail of this edition that has no hard bounce."""
        ...

    def put(self, edition: EditionKey, people: Iterable[SubscriberId], state: RequestState) -> None:
        """Record the state of these requests."""
        ...

    def drop(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Delete the undecided requests for these people."""
        ...

    def forget(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Like `drop`, and delete the refusals recorded as bounces of that edition: they concern other causes."""
        ...

    def excuse(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Count this edition's failures as refused for our own fault."""
        ...


@dataclass(frozen=True, slots=True)
class RestingDomain:
    """A domain that is paused until a time, and why; `times` counts the pauses since a mail got through."""

    domain: str
    reason: str
    times: int
    since: datetime
    until: datetime


class Resting(Protocol):
    """Recipient domains that are paused."""

    def all(self) -> list[RestingDomain]:
        """The paused domains, and those whose pause is over but to which no mail got through since, by domain."""
        ...

    def rest(self, domain: str, reason: str, until: datetime, now: datetime) -> None:
        """Pause the domain, again if it was, and postpone its open deliveries that are not leased."""
        ...

    def put_off(self, domains: Collection[str], until: datetime) -> None:
        """Postpone open deliveries to these domains that are not leased."""
        ...

    def got_through(self, domains: Collection[str]) -> None:
        """Forget the pauses of these domains: a mail to them was accepted."""
        ...

    def bring_back(self, latest: datetime) -> int:
        """Limit every pause to then; returns how many were longer, which only a wrong clock explains."""
        ...
