"""The state of the whole service: status, health, numbers, and faults of clocks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.json_output import pick
from digest.operations.core import Context, Listed, Nothing, Operation, View
from digest.records.intake import DumpState
from digest.records.operating import Scope

if TYPE_CHECKING:
    from digest.records.intake import FetchState, KnownDump
    from digest.service.operating.status import SourceStatus, Status

# --- status ---------------------------------------------------------------------------------------


class FetchView(View):
    """How fetching one page of a source goes."""

    page: str
    tried_at: datetime
    next_try_at: datetime
    confirmed_at: datetime | None
    failures: int
    problem: str | None
    moved_to: str | None


class TroubledDump(View):
    """A dump that is held or unreadable; for a held one, how many of the `needed` readings agree."""

    dump: str
    state: DumpState
    reason: str
    read_at: datetime
    agreed: int | None = Field(None, exclude_if=lambda value: value is None)
    needed: int | None = None


class UnheldDump(View):
    """A dump that cannot be read."""

    dump: str
    state: DumpState
    reason: str
    read_at: datetime


class NotedDump(View):
    """What was guessed or left out in a dump."""

    dump: str
    notes: list[str]


class SourceState(View):
    """A source in the status. `fetches` is absent for a source of files, `paused` unless it is paused."""

    source: str
    refreshed_at: datetime | None
    next_at: datetime | None
    changed_at: datetime | None
    settled: bool
    entries: int
    dumps: int
    problem: str | None
    paused: bool | None = Field(None, exclude_if=lambda value: value is None)
    fetches: list[FetchView] | None = Field(None, exclude_if=lambda value: value is None)
    troubled: list[TroubledDump | UnheldDump]
    notes: list[NotedDump]


class DigestState(View):
    """A digest in the status."""

    digest: str
    editions: int
    next_at: datetime
    subscribers: int
    newest: str | None


class PauseView(View):
    """Why sending is paused, and until when."""

    reason: str
    until: datetime


class HeldSuppressions(View):
    """An edition after which too many addresses would be suppressed: `asked` of `mails`."""

    edition: str
    asked: int
    mails: int


class SlowedView(View):
    """A rate that a server asked for; no domain means all mail."""

    domain: str | None
    per_minute: float
    since: datetime
    next_at: datetime


class RestingView(View):
    """A domain whose mail is paused."""

    domain: str
    reason: str
    until: datetime


class TroubleView(View):
    """A present problem. `told_at`: when it was decided to report it."""

    kind: str
    subject: str
    problem: str
    since: datetime
    told_at: datetime | None


class ClockFaultView(View):
    """A fault in times of one kind: how many, the last of them, and what was done."""

    what: str
    number: int
    moment: str
    done: str
    at: datetime


class AmbiguousView(View):
    """An ambiguous sighting, and what was done with it."""

    dump: str
    at: datetime
    source: str
    title: str
    outcome: str


class SettingsState(View):
    """The number of the newest change of the settings, and the keys that are changed."""

    revision: int
    changed: list[str]


class StatusView(View):
    """The whole state: sources, digests, mail, problems. It names no subscriber."""

    sources: list[SourceState]
    digests: list[DigestState]
    deliveries: dict[str, int]
    paused: PauseView | None
    dead_letters: int
    bounces: dict[str, int]
    refusals: list[str]
    ignored_mail: dict[str, int]
    suppressed: int
    held_suppressions: list[HeldSuppressions]
    slowed: list[SlowedView]
    resting: list[RestingView]
    alerts: list[TroubleView]
    undrawn_formulas: int
    backed_up_at: datetime | None
    fenced: datetime | None
    settings: SettingsState
    clock_faults: list[ClockFaultView]
    ambiguous: list[AmbiguousView]


def status(context: Context, _asked: Nothing) -> StatusView:
    """Show problems, sources, held dumps, editions and deliveries."""
    from digest.service.operating.status import status as state_of  # noqa: PLC0415 - the other operations need less

    return status_view(state_of(context.store, context.settings, context.now()))


def status_view(state: Status) -> StatusView:
    """The JSON form of the status."""
    return StatusView.model_validate(
        {
            "sources": [
                {
                    "source": source.id,
                    **pick(source, "refreshed_at", "next_at", "changed_at", "settled", "entries", "dumps"),
                    "problem": source.problem or None,
                    "paused": source.paused or None,
                    "fetches": [_fetch(*one) for one in source.fetches] or None,
                    "troubled": [_troubled(source, dump) for dump in source.troubled],
                    "notes": [{"dump": dump.path, "notes": dump.warnings} for dump in source.noted if dump.warnings],
                }
                for source in state.sources
            ],
            "digests": [
                {
                    "digest": digest.id,
                    **pick(digest, "editions", "next_at", "subscribers"),
                    "newest": digest.newest or None,
                }
                for digest in state.digests
            ],
            "deliveries": {str(name): count for name, count in state.deliveries.items()},
            "paused": {"reason": state.paused[0], "until": state.paused[1]} if state.paused else None,
            "dead_letters": state.dead,
            "bounces": {str(kind): count for kind, count in state.bounces.items()},
            "refusals": state.refusals,
            "ignored_mail": state.ignored,
            "suppressed": state.suppressed,
            "held_suppressions": state.held,
            "slowed": [
                {"domain": s.domain or None, "per_minute": round(s.per_minute, 2), **pick(s, "since", "next_at")}
                for s in state.slowed
            ],
            "resting": state.resting,
            "alerts": state.troubles,
            "undrawn_formulas": state.undrawn,
            **pick(state, "backed_up_at", "fenced"),
            "settings": {"revision": state.revision, "changed": state.changed},
            "clock_faults": state.clock_faults,
            "ambiguous": [{"dump": one.path, **pick(one, "at", "source", "title", "outcome")} for one in state.reports],
        }
    )


def _fetch(page: str, state: FetchState) -> dict[str, object]:
    return {
        "page": page,
        **pick(state, "tried_at", "next_try_at", "confirmed_at", "failures"),
        "problem": state.problem or None,
        "moved_to": state.moved_to or None,
    }


def _troubled(source: SourceStatus, dump: KnownDump) -> View:
    facts: dict[str, Any] = {"dump": dump.path, **pick(dump, "state", "reason", "read_at")}
    if dump.state is not DumpState.HELD:
        return UnheldDump(**facts)
    return TroubledDump(**facts, agreed=dump.agreed, needed=source.agree if dump.ends_by_itself else None)


# --- health and numbers ---------------------------------------------------------------------------


class HealthView(View):
    """Whether the service works: `mail` is `ok`, `paused`, `troubled` or `fenced`; problems are counted by kind."""

    ready: bool
    store: str
    mail: str
    troubles: dict[str, int]


class DigestNumbers(View):
    """`lag`: how many seconds ago the slot passed whose edition is not made."""

    digest: str
    lag: float
    made_at: datetime | None


class MetricsView(View):
    """The numbers that matter; ages in seconds. `/metrics` of the service has all of them."""

    sources: int
    overdue_sources: int
    failing_sources: int
    failing_fetches: int
    oldest_refresh: float
    dumps: dict[str, int]
    queue: int
    queue_age: float
    undrawn_formulas: int
    clock_faults: int
    troubles: dict[str, int]
    digests: list[DigestNumbers]


def health(context: Context, _asked: Nothing) -> HealthView:
    """Show whether the service works."""
    from digest.service.operating.health import Sending  # noqa: PLC0415 - as above
    from digest.service.operating.status import monitored_state  # noqa: PLC0415 - as above

    context.store.check()
    state = monitored_state(context.store, context.settings, context.now())
    troubles = {str(kind): count for kind, count in state.troubles.items() if count}
    return HealthView(ready=state.sending is Sending.OK, store="ok", mail=state.sending, troubles=troubles)


def metrics(context: Context, _asked: Nothing) -> MetricsView:
    """Show the numbers that matter."""
    from digest.service.operating.status import monitored_state  # noqa: PLC0415 - as above

    state = monitored_state(context.store, context.settings, context.now())
    return MetricsView(
        sources=state.sources,
        overdue_sources=state.overdue,
        failing_sources=state.failing,
        failing_fetches=state.failing_fetches,
        oldest_refresh=state.oldest_refresh.total_seconds(),
        dumps={str(name): count for name, count in state.troubled.items()},
        queue=state.queue,
        queue_age=state.queue_age.total_seconds(),
        undrawn_formulas=state.undrawn,
        clock_faults=state.clock_faults,
        troubles={str(kind): count for kind, count in state.troubles.items()},
        digests=[DigestNumbers(digest=d.id, lag=d.lag.total_seconds(), made_at=d.made_at) for d in state.digests],
    )


def clock_faults(context: Context, _asked: Nothing) -> Listed[ClockFaultView]:
    """List the faults of clocks that are not over."""
    with context.store.read() as tx:
        return Listed[ClockFaultView](items=[ClockFaultView.model_validate(one) for one in tx.clocks.standing()])


STATUS = Operation("status.show", "GET", "/status", Scope.READ, Nothing, StatusView, status, "status")
HEALTH = Operation("health.show", "GET", "/health", Scope.READ, Nothing, HealthView, health)
METRICS = Operation("metrics.show", "GET", "/metrics", Scope.READ, Nothing, MetricsView, metrics)
CLOCKS = Operation("clocks.list", "GET", "/clocks", Scope.READ, Nothing, Listed[ClockFaultView], clock_faults)
OPERATIONS = (STATUS, HEALTH, METRICS, CLOCKS)
