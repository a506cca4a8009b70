"""Suppressions that wait for their share to be known, and recipient domains that rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from digest.model import EditionKey, SubscriberId


class Evidence(StrEnum):
    """Why an address is to be suppressed.

    `editions`: it failed in several editions. `server`: its own server says that it does not exist, which counts only
    where that server takes mail for others of the domain.
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
    """That mail to somebody be suppressed, because of an edition."""

    edition: EditionKey
    subscriber: SubscriberId
    address: str
    evidence: Evidence
    reason: str
    state: RequestState


@dataclass(frozen=True, slots=True)
class Tally:
    """An edition: how many mails it has that were not called off, how many of them are still to be handed over."""

    made_at: datetime
    mails: int
    open: int


class Breaker(Protocol):
    """Suppressions that were asked for."""

    def ask(
        self, edition: EditionKey, subscriber: SubscriberId, evidence: Evidence, reason: str, now: datetime
    ) -> None:
        """Ask for it; `editions` is stronger than `server`. What was decided before stays."""
        ...

    def waiting(self) -> list[EditionKey]:
        """The editions that ask for suppressions now, in the order of their keys."""
        ...

    def requests(self, edition: EditionKey) -> list[SuppressionRequest]:
        """All that an edition asked for, whatever became of it, in the order of subscribers."""
        ...

    def tally(self, edition: EditionKey) -> Tally: ...

    def reached_domains(self, edition: EditionKey) -> set[str]:
        """The domains whose server took a mail of this edition of which no hard bounce came back, in lower case."""
        ...

    def put(self, edition: EditionKey, people: Iterable[SubscriberId], state: RequestState) -> None:
        """Say what became of these requests."""
        ...

    def drop(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Delete what they are asked for and nobody decided."""
        ...

    def forget(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """As `drop`, with the refusals that were recorded as bounces of that edition: they were about somebody else."""
        ...

    def excuse(self, edition: EditionKey, people: Iterable[SubscriberId]) -> None:
        """Let what came back of that edition as a failure count as refused for what is ours."""
        ...


@dataclass(frozen=True, slots=True)
class RestingDomain:
    """A domain to which no mail goes until a moment, and why; `times` it rested without that a mail got through."""

    domain: str
    reason: str
    times: int
    since: datetime
    until: datetime


class Resting(Protocol):
    """Recipient domains that rest."""

    def all(self) -> list[RestingDomain]:
        """Those that rest, and those whose rest is over and to which no mail got through since, by domain."""
        ...

    def rest(self, domain: str, reason: str, until: datetime, now: datetime) -> None:
        """Let it rest, once more where it did, and put off what is open for it and not leased."""
        ...

    def put_off(self, domains: Collection[str], until: datetime) -> None:
        """Put off what is open for these domains and not leased."""
        ...

    def got_through(self, domains: Collection[str]) -> None:
        """A mail was taken for these domains: forget that they rested."""
        ...

    def bring_back(self, latest: datetime) -> int:
        """Let no domain rest for longer than until then; how many would have, as only a wrong clock explains."""
        ...
