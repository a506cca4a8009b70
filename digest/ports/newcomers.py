"""Many people at once, as a list brings them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.model import DigestId, Format, SubscriberId


@dataclass(frozen=True, slots=True)
class Joining:
    """That somebody joins a digest, with the record of their consent: `at` is when they gave it."""

    digest: DigestId
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody whom the store does not know. `joins` holds each digest once."""

    address: str
    name: str
    language: str
    format: Format
    timezone: str
    topics: tuple[str, ...]
    paused_until: datetime | None
    joins: tuple[Joining, ...]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody whom the store knows. `digests` are all that they ever joined, true for those that they follow."""

    id: SubscriberId
    suppressed: str
    digests: Mapping[DigestId, bool]


class Newcomers(Protocol):
    """People by the hundred."""

    def known(self, addresses: Iterable[str]) -> dict[str, KnownPerson]:
        """Who of these addresses is known, by the address that was asked for, whatever its case."""
        ...

    def erased(self, hashes: Iterable[str]) -> set[str]:
        """Which of these hashes are those of erased addresses."""
        ...

    def add(self, people: Sequence[Newcomer], now: datetime) -> None:
        """Store people and what they join; none of them is known, and no two have one address."""
        ...
