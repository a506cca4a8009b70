"""The result and progress of a drain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from digest.model import DeliveryState


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a drain."""

    done: int
    total: int


@dataclass(slots=True)
class DrainReport:
    """The result of a drain, counted by recorded state. `paused` is the reason of a pause, empty if there is none.

    `full`: the daily limit is reached, and the rest waits. `too_large`: the relay's reply for mails that failed for
    their size; empty if none did.
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
