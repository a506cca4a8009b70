"""What a check found: of which part, and whether it stops the service or a person should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.errors import DigestError, DumpError, IntakeError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTSIDE = (DumpError, IntakeError, TransportError)  # they come and go: the service starts and works without them


class Level(StrEnum):
    """`error`: the service does not start by it, or does harm. `warning`: a person should know."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part, in a sentence."""

    part: str
    says: str
    level: Level = Level.OK

    @property
    def problem(self) -> str:
        """What is wrong; empty where it is right."""
        return "" if self.level is Level.OK else self.says


def warning(part: str, says: str) -> Finding:
    """Something that a person should know."""
    return Finding(part, says, Level.WARNING)


def error(part: str, says: str) -> Finding:
    """Something that stops the service."""
    return Finding(part, says, Level.ERROR)


def found(part: str, tried: Callable[[], str]) -> Finding:
    """What trying a part says. What others are to blame for is a warning: a server, a dump."""
    try:
        return Finding(part, tried())
    except _OUTSIDE as raised:
        return warning(part, str(raised))
    except DigestError as raised:
        return error(part, str(raised))
    except OSError as raised:
        return error(part, f"{raised.filename}: {raised.strerror}")
