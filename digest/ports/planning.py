"""Large editions, whose mails are planned a part at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import DigestId, EditionKey, SubscriberId
    from digest.ports.editions import Recipient


@dataclass(frozen=True, slots=True)
class Unplanned:
    """Some of the readers of an edition as it was made.

    `caught_up` are those of them who missed an edition before, each with how many entries mails had told them by then;
    `resting` get no mail of it.
    """

    mails: tuple[Recipient, ...]
    caught_up: tuple[tuple[SubscriberId, int], ...]
    resting: tuple[SubscriberId, ...]


class Planning(Protocol):
    """What is still to be planned."""

    def keep(self, edition: EditionKey, parts: Sequence[Unplanned]) -> None:
        """Store the parts of an edition that was made in this transaction."""
        ...

    def waiting(self) -> list[tuple[EditionKey, int]]:
        """The parts that are not planned, oldest edition first."""
        ...

    def take(self, edition: EditionKey, part: int) -> tuple[DigestId, Unplanned] | None:
        """A part with its digest, which is kept no more; None where somebody else took it."""
        ...

    def plan(self, edition: EditionKey, mails: Sequence[Recipient]) -> set[SubscriberId]:
        """Plan the mails of those who still follow the digest, can be reached and do not rest; who they are."""
        ...
