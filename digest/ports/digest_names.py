"""Digests that go by another name than they once did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import DigestId


@dataclass(frozen=True, slots=True)
class RenamedDigest:
    """A former name of a digest; `new` is its name now."""

    old: DigestId
    new: DigestId
    at: datetime


class DigestNames(Protocol):
    """Former names of digests."""

    def all(self) -> dict[DigestId, RenamedDigest]:
        """By former name; they are few."""
        ...

    def rename(self, old: DigestId, new: DigestId, now: datetime) -> tuple[int, int]:
        """Give everything of a digest to another name; how many follow it there, and how many editions came along.

        The new name may have followers and editions of its own: then the two are one from now on, who follows either
        follows it, and is told what only the other's readers were told. Editions keep their keys, by which pages,
        Message-IDs and the marks of bounces know them.
        """
        ...
