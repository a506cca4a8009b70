"""Violated rules that involve several settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.settings.positions import Path


@dataclass(frozen=True, slots=True)
class Broken:
    """A violated rule.

    `places` are the settings involved, as paths from their group; the first is the one to change. `text_line` is the
    line, from 1, of a text in several lines that is wrong there; 0 for any other value.
    """

    problem: str
    places: tuple[Path, ...]
    remedy: str = ""
    text_line: int = 0


def broken(problem: str, *names: str | Path, remedy: str = "") -> Broken:
    """A violated rule about settings, given by their keys or paths."""
    return Broken(problem, tuple((name,) if isinstance(name, str) else name for name in names), remedy)
