"""Alerts to operators: one notice when a problem begins, one when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


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


class Alerts(Protocol):
    """Problems, and the notices about them that are not sent yet."""

    def all(self) -> dict[str, Alert]:
        """All alerts, ordered by subject."""
        ...

    def put(self, alert: Alert) -> None:
        """Insert or replace an alert."""
        ...

    def drop(self, subject: str) -> None: ...

    def notify(self, channel: str, kind: NoticeKind, alert: Alert, now: datetime) -> None:
        """Queue a notice for a channel."""
        ...

    def notices(self, now: datetime) -> list[AlertNotice]:
        """The oldest notice of each channel, if it is due."""
        ...

    def waiting(self) -> int:
        """How many notices are not sent yet."""
        ...

    def told(self, notice: int) -> None:
        """Delete a notice: it was sent, or is obsolete."""
        ...

    def put_off(self, notice: int, next_at: datetime) -> None:
        """Record a failed attempt and when to try again."""
        ...
