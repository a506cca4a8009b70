"""Values for operators: alerts, clock faults, and the version of the state."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """The kinds of notices to operators: a problem, an all-clear, or a test notice."""

    TROUBLE = "trouble"
    WELL = "well"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """A problem that exists now or existed shortly ago.

    `told_at`: when it was decided to send the alert; absent while the problem may be a blip. `well_since`: since when
    it is gone; absent while it is not.
    """

    subject: str
    problem: str
    since: datetime
    told_at: datetime | None = None
    well_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """A notice that a channel has yet to send. `attempts` counts the failed ones."""

    id: int
    channel: str
    kind: NoticeKind
    subject: str
    problem: str
    since: datetime
    made_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """Times of one kind that lie further in the future than possible; `newest` is the last of them."""

    what: str
    number: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class ClockFault:
    """A fault in times of one kind, the last of them as text, and what was done; `at` is by the clock of then."""

    what: str
    number: int
    moment: str
    done: str
    at: datetime
    ended_at: datetime | None = None

    def __str__(self) -> str:
        many = f" ({self.number} of them)" if self.number > 1 else ""
        return f"{self.what}{many}: {self.moment}; {self.done}"


@dataclass(frozen=True, slots=True)
class Version:
    """Two numbers to compare for equality: one for the published content, one for the whole store."""

    published: int
    commits: int
