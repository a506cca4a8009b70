"""Lists of all people, without their mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from digest.model import DigestId, Subscriber
    from digest.ports.subscribers import Consent


@dataclass(frozen=True, slots=True)
class Followed:
    """A digest that somebody follows, or left at `left_at`; `consent` is the newest record of their joining it."""

    digest: DigestId
    joined_at: datetime
    left_at: datetime | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class OnRoster:
    """A person with all digests that they ever followed, in the order of joining. `suppressed`: why, or empty."""

    subscriber: Subscriber
    suppressed: str
    followed: tuple[Followed, ...]


class Roster(Protocol):
    """Lists of people."""

    def people(self) -> Iterator[OnRoster]:
        """Everybody who was not erased, in the order of joining; a few hundred are in memory at a time."""
        ...

    def followers(self) -> dict[DigestId, int]:
        """How many follow each digest that has followers, including suppressed people, configured or not."""
        ...
