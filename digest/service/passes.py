"""What a pass over a source did, in numbers and sentences; does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.model import SourceId


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over a source did.

    `dumps` were read, `skipped` were unchanged, `held` are held now, read in this pass or not. `problems` are
    sentences, each naming its dump; `failed` says that one of them is more than a dump held for its sense.
    """

    source: SourceId
    dumps: int = 0
    skipped: int = 0
    sightings: int = 0
    added: int = 0
    revised: int = 0
    vanished: int = 0
    held: int = 0
    problems: tuple[str, ...] = ()
    failed: bool = False

    def counts(self) -> dict[str, object]:
        """What `digest refresh --json` prints of a source."""
        return {
            "source": self.source,
            "dumps": self.dumps,
            "skipped": self.skipped,
            "sightings": self.sightings,
            "added": self.added,
            "revised": self.revised,
            "vanished": self.vanished,
            "held": self.held,
        }

    def __add__(self, other: Pass) -> Pass:
        return Pass(
            self.source,
            self.dumps + other.dumps,
            self.skipped + other.skipped,
            self.sightings + other.sightings,
            self.added + other.added,
            self.revised + other.revised,
            self.vanished + other.vanished,
            self.held + other.held,
            self.problems + other.problems,
            self.failed or other.failed,
        )
