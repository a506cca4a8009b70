"""Bulk import of people from a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from digest.model import DigestId, Format, SubscriberId


@dataclass(frozen=True, slots=True)
class Joining:
    """A person joins a digest, with their consent record: `at` is when they gave it."""

    digest: DigestId
    source: str
    at: datetime
    wording: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person unknown to the store. `joins` has each digest once."""

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
    """A person known to the store. `digests` are all that they ever joined, true for those that they follow."""

    id: SubscriberId
    suppressed: str
    digests: Mapping[DigestId, bool]


class Newcomers(Protocol):
    """People in bulk."""

    def known(self, addresses: Iterable[str]) -> dict[str, KnownPerson]:
        """The known people among these addresses, by the requested address, ignoring case."""
        ...

    def erased(self, hashes: Iterable[str]) -> set[str]:
        """Those of these hashes that belong to erased addresses."""
        ...

    def add(self, people: Sequence[Newcomer], now: datetime) -> None:
        """Add people and their subscriptions; none of them is known, and no two have one address."""
        ...
