"""Values for operators: alerts, clock faults, the version of the state, the audit log, and tokens of the API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from digest.records.publishing import OPERATOR


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


class Scope(StrEnum):
    """What an operator or a program may do: look, run the service, see and change people, change everything."""

    READ = "read"
    OPERATE = "operate"
    PEOPLE = "people"
    ADMIN = "admin"


class Via(StrEnum):
    """The way by which an operator acted."""

    COMMAND = "command"
    API = "api"
    CONSOLE = "console"


class ActOutcome(StrEnum):
    """How an act of an operator ended; `begun` if it did not, because the process was killed, or not yet."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act of an operator.

    `act` is the name of the operation, `target` what it changed. `before` and `after` are the parts of the target that
    differ. `place` is the network or the machine that the act came from. `problem` is the reason of a failure.
    """

    id: int
    at: datetime
    who: str
    via: Via
    place: str
    act: str
    target: str
    outcome: ActOutcome
    ended_at: datetime | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of the API without its secret. `used_at` is exact to a minute."""

    id: str
    name: str
    scopes: frozenset[Scope]
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """The changes of the configuration in one version, which begin at 1.

    `text` is TOML, `templates` are the edited ones by name. `actor` is who made the version, `summary` what they
    changed. To undo it means to return to the version `before`; 0 is the state without any change.
    """

    revision: int
    made_at: datetime
    actor: str
    summary: str
    before: int
    text: str
    templates: dict[str, str]


_acting: ContextVar[tuple[str, str]] = ContextVar("acting", default=("", ""))


def acting() -> str:
    """Who acts by hand now: a user of the console, a token of the API, or somebody at the command line."""
    name, way = _acting.get()
    return f"{name} ({way})" if way else OPERATOR


def consent_by_operator(command: str) -> str:
    """The source of a consent that an operator records: the command, or the way without the name of a user."""
    _, way = _acting.get()
    return f"operator, {way or f'digest {command}'}"


@contextmanager
def acting_as(name: str, way: str) -> Iterator[None]:
    """Within it, a user or a token acts by hand, on this way; the command line has no name and no way."""
    token = _acting.set((name, way))
    try:
        yield
    finally:
        _acting.reset(token)
