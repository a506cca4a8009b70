"""What operators are told of, once when it begins and once when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class NoticeKind(StrEnum):
    """What operators are told: that something is wrong, that it is well again, that they can be told."""

    TROUBLE = "trouble"
    WELL = "well"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """What is wrong, or was so shortly ago.

    `told_at`: when it was decided to tell of it, absent while it may be a blip. `well_since`: since when it is well,
    absent while it is not.
    """

    subject: str
    problem: str
    since: datetime
    told_at: datetime | None = None
    well_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """What a channel is still to tell. `attempts` counts those that failed."""

    id: int
    channel: str
    kind: NoticeKind
    subject: str
    problem: str
    since: datetime
    made_at: datetime
    attempts: int


class Alerts(Protocol):
    """What is wrong, and who is still to be told."""

    def all(self) -> dict[str, Alert]:
        """By subject."""
        ...

    def put(self, alert: Alert) -> None:
        """Insert or replace it."""
        ...

    def drop(self, subject: str) -> None: ...

    def notify(self, channel: str, kind: NoticeKind, alert: Alert, now: datetime) -> None:
        """Have a channel tell it."""
        ...

    def notices(self, now: datetime) -> list[AlertNotice]:
        """The oldest one of each channel, where its time has come."""
        ...

    def waiting(self) -> int:
        """How many are not told yet."""
        ...

    def told(self, notice: int) -> None:
        """It is told, or is not to be any more."""
        ...

    def put_off(self, notice: int, next_at: datetime) -> None:
        """It could not be told: one more attempt."""
        ...
