"""Former names of digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import DigestId


@dataclass(frozen=True, slots=True)
class RenamedDigest:
    """A former name of a digest; `new` is its present name."""

    old: DigestId
    new: DigestId
    at: datetime


class DigestNames(Protocol):
    """Former names of digests."""

    def all(self) -> dict[DigestId, RenamedDigest]:
        """All renames by former name; they are few."""
        ...

    def rename(self, old: DigestId, new: DigestId, now: datetime) -> tuple[int, int]:
        """Move everything of a digest to another name; returns the number of followers there, and of moved editions.

        The new name may have followers and editions of its own. Then the two digests become one: followers of either
        follow it, and entries that only the other digest's subscribers got are sent to them. Editions keep their keys,
        because pages, Message-IDs and bounce tokens contain them.
        """
        ...
