"""What has to hold between several settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.settings.positions import Path


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold.

    `places` are the settings it is about, as paths from their group; the first is the one to mend.
    """

    problem: str
    places: tuple[Path, ...]
    remedy: str = ""


def broken(problem: str, *names: str | Path, remedy: str = "") -> Broken:
    """A rule about settings that are named by their keys, or by their paths."""
    return Broken(problem, tuple((name,) if isinstance(name, str) else name for name in names), remedy)
