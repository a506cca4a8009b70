"""Large editions, whose mails are planned in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import DigestId, EditionKey, SubscriberId
    from digest.ports.editions import Recipient


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A part of the subscribers of an edition as it was made.

    `caught_up` are those who missed an edition before, each with how many entries mails had announced to them by then.
    `resting` are paused and get no mail of it.
    """

    mails: tuple[Recipient, ...]
    caught_up: tuple[tuple[SubscriberId, int], ...]
    resting: tuple[SubscriberId, ...]


class Planning(Protocol):
    """The parts that are not planned yet."""

    def keep(self, edition: EditionKey, parts: Sequence[Unplanned]) -> None:
        """Store the parts of an edition that was made in this transaction."""
        ...

    def waiting(self) -> list[tuple[EditionKey, int]]:
        """The parts that are not planned, oldest edition first."""
        ...

    def take(self, edition: EditionKey, part: int) -> tuple[DigestId, Unplanned] | None:
        """Remove a part and return it with its digest; None if somebody else took it."""
        ...

    def plan(self, edition: EditionKey, mails: Sequence[Recipient]) -> set[SubscriberId]:
        """Plan the mails to those who still follow the digest, can be reached and are not paused; returns them."""
        ...
