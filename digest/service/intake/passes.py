"""A pass over a source: its result in numbers and sentences, and the trace that connects its log lines to its mails.

A trace is the time of its pass. The store has it in each revision of the pass, so it needs no place of its own, and
every process can compute it as long as the revisions exist.

Decision 236.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from digest import logs
from digest.model import Delivery, DeliveryState, EditionKey, EntryId, SourceId
from digest.records.editions import EditionCounts

if TYPE_CHECKING:
    from digest.store.transaction import Transaction


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


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_A_LINE = 100  # entries: a first import has thousands
_log = logs.get_logger()


def trace(at: datetime) -> str:
    """The id of the pass at that time: its microseconds in base 36, so that later ones sort later."""
    left = int(at.timestamp()) * 1_000_000 + at.microsecond
    written = ""
    while left:
        left, digit = divmod(left, len(_DIGITS))
        written = _DIGITS[digit] + written
    return written


def traces(tx: Transaction, edition: EditionKey) -> list[str]:
    """The ids of the passes that brought the edition's entries, oldest first."""
    return [trace(at) for at in tx.editions.read_at(edition)]


def following(at: datetime, source: str) -> AbstractContextManager[None]:
    """Add the pass and its source to each log line within this context."""
    return logs.bound(trace=trace(at), source=source)


def say_read(dump: str, sightings: int, changes: Mapping[str, Sequence[EntryId]]) -> None:
    """Log that a dump was read; `changes` are the entries by what happened to them."""
    counts = {change: len(entries) for change, entries in changes.items()}
    _log.info("dump read", dump=dump, sightings=sightings, **counts)
    for change, entries in changes.items():
        for start in range(0, len(entries), _A_LINE):
            _log.info("entries", dump=dump, change=change, entries=list(entries[start : start + _A_LINE]))


def say_refreshed(counts: Mapping[str, object], problems: Sequence[str]) -> None:
    """Log that a pass ended."""
    for problem in problems:
        _log.warning("problem", reason=problem)
    _log.info("refreshed", **counts)


def say_made(tx: Transaction, made: EditionCounts) -> None:
    """Log that an edition was made: its entries, the passes that brought them, the number of recipients."""
    edition = made.edition
    told = [one.entry.id for one in tx.editions.selected(edition.key)]
    mails = sum(made.deliveries.values())
    _log.info("edition made", edition=edition.key, entries=told, traces=traces(tx, edition.key), mails=mails)


def say_handed_over(
    delivery: Delivery, state: DeliveryState, code: int | None, text: str, passes: Sequence[str]
) -> None:
    """Log the outcome of a mail. The logger masks the address."""
    _log.info(
        "mail",
        edition=delivery.edition,
        message_id=delivery.message_id,
        to=delivery.subscriber.address,
        state=state,
        code=code,
        text=text,
        attempts=delivery.attempts,
        traces=passes,
    )
