"""What a drain did, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from digest.model import DeliveryState


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a drain is."""

    done: int
    total: int


@dataclass(slots=True)
class DrainReport:
    """What a drain did, by the state that it recorded. `paused` says why sending rests, empty where it does not.

    `full`: the mails of a day are used up, and the rest waits. `too_large`: why mails failed for their size, in the
    words of the relay; empty where none did.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    paused: str = ""
    full: bool = False
    too_large: str = ""

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
