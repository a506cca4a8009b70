"""A finding of a check: which part it is about, and whether it stops the service or only needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.errors import DigestError, DumpError, IntakeError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTSIDE = (DumpError, IntakeError, TransportError)  # temporary problems: the service starts and works in spite of them


class Level(StrEnum):
    """`error`: the service does not start, or would do harm. `warning`: the operator should know."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about one part of an installation."""

    part: str
    says: str
    level: Level = Level.OK

    @property
    def problem(self) -> str:
        """The problem; empty if there is none."""
        return "" if self.level is Level.OK else self.says


def warning(part: str, says: str) -> Finding:
    """A finding that the operator should know."""
    return Finding(part, says, Level.WARNING)


def error(part: str, says: str) -> Finding:
    """A finding that stops the service."""
    return Finding(part, says, Level.ERROR)


def try_part(part: str, tried: Callable[[], str]) -> Finding:
    """The finding from trying a part. A problem of something outside, such as a server or a dump, is a warning."""
    try:
        return Finding(part, tried())
    except _OUTSIDE as raised:
        return warning(part, str(raised))
    except DigestError as raised:
        return error(part, str(raised))
    except OSError as raised:
        return error(part, f"{raised.filename}: {raised.strerror}")
