"""Former names of sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.model import SourceId


@dataclass(frozen=True, slots=True)
class Renamed:
    """A former name of a source. `new` is its present name, `first` its original one."""

    old: SourceId
    new: SourceId
    first: SourceId
    at: datetime


class Renames(Protocol):
    """Former names."""

    def all(self) -> dict[SourceId, Renamed]:
        """All renames by former name; they are few."""
        ...

    def holds(self, source: SourceId) -> bool:
        """Whether a dump of the source was ever read, or an entry seen in it."""
        ...

    def rename(self, old: SourceId, new: SourceId, feeds: Mapping[str, str], now: datetime) -> None:
        """Move everything of a source to another name, which must be unused; former names then lead to it.

        `feeds` are the keys of the feeds that get others, each with the new one.
        """
        ...

    def remember(self, renamed: Renamed) -> None:
        """Store a former name as it is."""
        ...
