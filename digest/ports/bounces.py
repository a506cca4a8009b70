"""What came back of mails, and who is not written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from digest.model import (
        BounceKind,
        EditionKey,
        SubscriberId,
    )


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back of a delivery. `message` knows the message again, `text` is what a server or a program said."""

    subscriber: SubscriberId
    edition: EditionKey
    message: str
    kind: BounceKind
    status: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A record that is never changed. `act`: `suppressed` or `unsuppressed`."""

    act: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """What came back of one person's mails, and when their address was struck off or taken back; oldest first."""

    bounces: tuple[Bounce, ...] = ()
    suppressions: tuple[Suppression, ...] = ()


class Bounces(Protocol):
    """What came back."""

    def editions(self, subscriber: SubscriberId) -> list[EditionKey]:
        """Every edition with a delivery to them, no order."""
        ...

    def add(self, bounce: Bounce) -> bool:
        """Record it; False where this message was recorded before, or more came back of this delivery than is kept."""
        ...

    def counted(self, subscriber: SubscriberId) -> list[tuple[EditionKey, frozenset[BounceKind]]]:
        """The editions that went to them since their address was last taken back, oldest first, with what came back."""
        ...

    def of(self, people: Iterable[SubscriberId]) -> dict[SubscriberId, Trouble]:
        """Of these people, those who have some."""
        ...

    def ignore(self, reason: str, now: datetime) -> None:
        """Count a message that says nothing of a delivery."""
        ...

    def ignored(self) -> dict[str, int]:
        """How many were, by reason."""
        ...

    def counts(self) -> dict[BounceKind, int]:
        """How many came back, by kind, none that are zero."""
        ...

    def suppressed(self) -> int:
        """How many people are struck off."""
        ...

    def refusals(self, most: int) -> list[str]:
        """What servers said when they refused our mail by policy, newest first, none twice."""
        ...

    def refused(self, since: datetime) -> int:
        """How many people's servers refused our mail by policy after then."""
        ...
