"""Decides what operators are notified of, from what is seen now and what is stored; pure.

Each trouble is announced once, however often it comes and goes within the calm time, and once when it is over.
Decision 226.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from digest.records.operating import Alert, NoticeKind


class Health(StrEnum):
    """The health of a subject: well, in trouble that may be a blip, in trouble, or unknown now."""

    WELL = "well"
    DOUBTFUL = "doubtful"
    ILL = "ill"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """The present health of one subject, and a description of its trouble."""

    subject: str
    health: Health
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """What to store, None for no row; and what to announce, None for nothing."""

    alert: Alert | None
    tell: NoticeKind | None = None


def transition(stored: Alert | None, seen: Observation, now: datetime, calm: timedelta) -> Transition:
    """The step after a look at a subject. A second look at the same time announces nothing more."""
    if seen.health is Health.UNKNOWN:
        return Transition(stored)
    if seen.health is Health.WELL:
        return _recovering(stored, now, calm)
    known = stored or Alert(seen.subject, seen.problem, now)
    current = replace(known, problem=seen.problem, well_since=None)
    if seen.health is Health.ILL and known.told_at is None:
        return Transition(replace(current, told_at=now), NoticeKind.TROUBLE)
    return Transition(current)


def _recovering(stored: Alert | None, now: datetime, calm: timedelta) -> Transition:
    """A trouble that was never announced needs no all-clear."""
    if stored is None or stored.told_at is None:
        return Transition(None)
    since = min(stored.well_since or now, now)  # the clock may have stepped back
    if now - since >= calm:
        return Transition(None, NoticeKind.WELL)
    return Transition(replace(stored, well_since=since))
