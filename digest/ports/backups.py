"""Copies: what a fenced one would send, and when the last was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import (
        EditionKey,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition of which mails are open: to how many people, and the addresses of the first few."""

    edition: EditionKey
    made_at: datetime
    people: int
    addresses: tuple[str, ...]


class Backups(Protocol):
    """What the store knows of its copies."""

    def made_at(self) -> datetime | None:
        """When the last backup was made."""
        ...

    def record(self, at: datetime) -> None:
        """A backup was made."""
        ...

    def fenced(self) -> datetime | None:
        """The moment of the backup that this store was restored from, until the operator lifts the fence."""
        ...

    def fence(self, at: datetime) -> None:
        """Say that this is a copy of that moment; one that is fenced keeps its earlier moment."""
        ...

    def lift(self) -> None: ...

    def installation(self) -> dict[str, Any] | None:
        """What was said of the configuration that uses the store; None where nothing was."""
        ...

    def set_installation(self, said: dict[str, Any]) -> None: ...

    def waiting(self) -> list[Waiting]:
        """What is open, oldest edition first."""
        ...

    def take_as_sent(self, asked_by: datetime, now: datetime, reason: str) -> int:
        """End all open deliveries as accepted, with these words, for what they tell to count as told; how many.

        The links asked for by then are not mailed either.
        """
        ...
