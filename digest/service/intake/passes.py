"""The result of a pass over a source, in numbers and sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

from digest.model import EntryId, SourceId


@dataclass(frozen=True, slots=True)
class Moves:
    """Known entries that a dump newly shows, and those that it stopped showing."""

    arrived: set[EntryId] = field(default_factory=set)
    gone: set[EntryId] = field(default_factory=set)

    def add(self, other: Moves) -> None:
        """Add the moves of one more dump."""
        self.arrived.update(other.arrived)
        self.gone.update(other.gone)


@dataclass(frozen=True, slots=True)
class Pass:
    """The result of one pass over a source.

    `dumps` were read, `skipped` were unchanged, `held` are held now, read in this pass or not. `problems` are
    sentences, each naming its dump; `failed` means that one of them is more than a dump held for its content. `notes`
    are sentences that the operator should know, without a problem. `moves` belongs to a single dump; the sum of several
    has none.
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
    notes: tuple[str, ...] = ()
    moves: Moves | None = None

    def counts(self) -> dict[str, object]:
        """The JSON that `digest refresh --json` prints for a source."""
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
            self.notes + other.notes,
        )
