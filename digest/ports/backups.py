"""Backups: which mails a restored copy would send, and when the last backup was made."""

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
    """An edition with unsent mails: to how many people, and the addresses of the first few."""

    edition: EditionKey
    made_at: datetime
    people: int
    addresses: tuple[str, ...]


class Backups(Protocol):
    """What the store records about its backups."""

    def made_at(self) -> datetime | None:
        """When the last backup was made."""
        ...

    def record(self, at: datetime) -> None:
        """Record that a backup was made."""
        ...

    def fenced(self) -> datetime | None:
        """The time of the backup that this store was restored from, until the operator lifts the fence."""
        ...

    def fence(self, at: datetime) -> None:
        """Mark the store as a copy of that time; a fenced store keeps its earlier time."""
        ...

    def lift(self) -> None: ...

    def installation(self) -> dict[str, Any] | None:
        """What is recorded about the configuration that uses the store; None if nothing is."""
        ...

    def set_installation(self, said: dict[str, Any]) -> None: ...

    def waiting(self) -> list[Waiting]:
        """The unsent mails, oldest edition first."""
        ...

    def take_as_sent(self, asked_by: datetime, now: datetime, reason: str) -> int:
        """End all open deliveries as accepted, with this text, so that their entries count as sent; returns how many.

        Links that were requested by then are not mailed either.
        """
        ...
