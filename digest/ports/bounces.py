"""Bounces and suppressions."""

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
    """A bounce of a delivery. `message` identifies the bounce message, `text` is what a server or a program said."""

    subscriber: SubscriberId
    edition: EditionKey
    message: str
    kind: BounceKind
    status: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppression:
    """A record that never changes. `act`: `suppressed` or `unsuppressed`."""

    act: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """The bounces of one person, and when their address was suppressed or unsuppressed; oldest first."""

    bounces: tuple[Bounce, ...] = ()
    suppressions: tuple[Suppression, ...] = ()


class Bounces(Protocol):
    """Bounces of mails."""

    def editions(self, subscriber: SubscriberId) -> list[EditionKey]:
        """Every edition with a delivery to them, unordered."""
        ...

    def add(self, bounce: Bounce) -> bool:
        """Record a bounce; False if this message was recorded before, or the delivery has too many bounces already."""
        ...

    def counted(self, subscriber: SubscriberId) -> list[tuple[EditionKey, frozenset[BounceKind]]]:
        """The editions sent to them since their address was last unsuppressed, oldest first, with their bounces."""
        ...

    def of(self, people: Iterable[SubscriberId]) -> dict[SubscriberId, Trouble]:
        """The people among these who have bounces."""
        ...

    def ignore(self, reason: str, now: datetime) -> None:
        """Count a message that concerns no delivery."""
        ...

    def ignored(self) -> dict[str, int]:
        """The number of ignored messages, by reason."""
        ...

    def counts(self) -> dict[BounceKind, int]:
        """The number of bounces by kind, without zeros."""
        ...

    def suppressed(self) -> int:
        """The number of suppressed people."""
        ...

    def refusals(self, most: int) -> list[str]:
        """Servers' replies that refused our mail by policy, newest first, without duplicates."""
        ...

    def refused(self, since: datetime) -> int:
        """The number of people whose servers refused our mail by policy after then."""
        ...
