"""Sources that go by another name than they once did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.model import SourceId


@dataclass(frozen=True, slots=True)
class Renamed:
    """A former name of a source. `new` is its name now, `first` the one that it began with."""

    old: SourceId
    new: SourceId
    first: SourceId
    at: datetime


class Renames(Protocol):
    """Former names."""

    def all(self) -> dict[SourceId, Renamed]:
        """By former name; they are few."""
        ...

    def holds(self, source: SourceId) -> bool:
        """Whether a dump was ever read of the source, or an entry seen in it."""
        ...

    def rename(self, old: SourceId, new: SourceId, feeds: Mapping[str, str], now: datetime) -> None:
        """Give everything of a source another name, which holds nothing yet; former names lead to it from then on.

        `feeds` are the keys of the feeds that get others, each with the new one.
        """
        ...

    def remember(self, renamed: Renamed) -> None:
        """Store a former name as it is."""
        ...
