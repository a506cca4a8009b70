"""What operators are told, decided from what is seen now and what is stored; pure.

Once of each trouble, however often it comes and goes within the time that all must be calm, and once when it is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from digest.ports import Alert, NoticeKind

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Health(StrEnum):
    """How something is: well, in trouble that may be a blip, in trouble, or nobody can tell now."""

    WELL = "well"
    DOUBTFUL = "doubtful"
    ILL = "ill"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """How one subject is now, and in words what is wrong with it."""

    subject: str
    health: Health
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What to store, None for no row, and what to tell, None for nothing."""

    alert: Alert | None
    tell: NoticeKind | None = None


def step(stored: Alert | None, seen: Seen, now: datetime, calm: timedelta) -> Step:
    """What follows from a look at a subject. A second look at the same moment tells nothing more."""
    if seen.health is Health.UNKNOWN:
        return Step(stored)
    if seen.health is Health.WELL:
        return _recovering(stored, now, calm)
    known = stored or Alert(seen.subject, seen.problem, now)
    current = replace(known, problem=seen.problem, well_since=None)
    if seen.health is Health.ILL and known.told_at is None:
        return Step(replace(current, told_at=now), NoticeKind.TROUBLE)
    return Step(current)


def _recovering(stored: Alert | None, now: datetime, calm: timedelta) -> Step:
    """Of what nobody was told, nobody is told that it is over."""
    if stored is None or stored.told_at is None:
        return Step(None)
    since = min(stored.well_since or now, now)  # the clock may have stepped back
    if now - since >= calm:
        return Step(None, NoticeKind.WELL)
    return Step(replace(stored, well_since=since))
