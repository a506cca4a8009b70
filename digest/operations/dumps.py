"""Held dumps: why they are held, what approving them would do, and the decision on them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.model import SourceId
from digest.operations.core import Context, Listed, Nothing, Operation, Request, SparseView, View
from digest.operations.forms import DateView, ParagraphChange, date_view, diff_views
from digest.operations.source_acts import PassView, pass_view, read, state_of
from digest.operations.sources import source_of
from digest.records.intake import DumpState
from digest.records.operating import Scope
from digest.service.intake.refresh import decide
from digest.service.sources import holds
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.records.intake import KnownDump
    from digest.service.sources.holds import Held, Rewrite, SourceHolds
    from digest.settings import Source


class ReasonView(View):
    """A dump that could not be read, and why."""

    dump: str
    reason: str


class NotesView(View):
    """A dump with sentences about what could not be read or was guessed."""

    dump: str
    notes: list[str]


class ArrivalView(View):
    """An entry that would be added; `announced`, as new, or only published."""

    title: str
    date: DateView | None
    announced: bool


class RewriteView(View):
    """An entry whose text or date would change; `dates` are those before and after."""

    id: str
    title: str
    cause: str
    significant: bool
    dates: list[DateView | None]
    diff: list[ParagraphChange]


class DepartureView(View):
    """An entry that the dump no longer shows; it stays published."""

    id: str
    title: str


class HeldView(View):
    """A held dump and what approving it would do, in page order; nothing is known of that if it cannot be read now.

    `missing` good readings that agree end the hold, `agreed` of `needed` did so far; both are absent if no reading ends
    it. `obstacle` says why the file differs from what is held.
    """

    dump: str
    reason: str
    since: datetime
    confirmed_at: datetime | None
    agreed: int
    needed: int | None
    missing: int | None
    obstacle: str | None
    added: list[ArrivalView] | None
    changed: list[RewriteView] | None
    removed: list[DepartureView] | None


class HoldsView(SparseView):
    """The dumps of a source that are in trouble."""

    source: str
    title: str
    paused: bool = False
    refreshed_at: datetime | None
    changed_at: datetime | None
    dumps: int
    failed: list[ReasonView]
    notes: list[NotesView]
    held: list[HeldView]


class WaitingView(View):
    """A held dump; `unreadable`: it is no dump, so that it cannot be approved."""

    source: str
    dump: str
    reason: str
    since: datetime
    confirmed_at: datetime | None
    entries: int = Field(description="Entries of the last good reading.")
    unreadable: bool


class DecidedView(PassView):
    """The dumps that were decided on, and what the pass did that followed at once."""

    decided: list[str]


class DumpRequest(Request):
    """The dumps of a source, or one of them."""

    source: str = Field(min_length=1, max_length=200, description="The id of the source.")
    dump: str = Field("", max_length=4000, description="Only this dump.")


def waiting(context: Context, _asked: Nothing) -> Listed[WaitingView]:
    """List the held dumps of all sources, the longest held first."""
    with context.store.read() as tx:
        dumps = [one for source in context.settings.sources for one in tx.readings.dumps(SourceId(source.id)).values()]
    found = [
        WaitingView(
            source=one.source,
            dump=one.path,
            reason=one.reason,
            since=one.read_at,
            confirmed_at=one.confirmed_at,
            entries=one.sightings,
            unreadable=one.unreadable,
        )
        for one in dumps
        if one.state is DumpState.HELD
    ]
    return Listed[WaitingView](items=sorted(found, key=lambda one: one.since), total=len(found))


def show(context: Context, asked: DumpRequest) -> HoldsView:
    """Show why dumps of a source are held, what ends the hold, and what approving them would add, change and remove."""
    return view(source_of(context, asked.source), found(context, asked))


def found(context: Context, asked: DumpRequest) -> SourceHolds:
    """The dumps of a source; each that is held is read.

    Raises:
        UnknownError: there is no such source or dump.
    """
    source = source_of(context, asked.source)
    with context.service.steps(f"reading {asked.source}", kept="Nothing was changed.") as step:
        return holds.source_holds(context.store, source, asked.dump or None, now=context.now(), progress=step)


def view(source: Source, known: SourceHolds) -> HoldsView:
    """The JSON form of the dumps of a source."""
    return HoldsView(
        source=source.id,
        title=source.title,
        **({"paused": True} if source.paused else {}),
        refreshed_at=known.state and known.state.refreshed_at,
        changed_at=known.changed_at,
        dumps=len(known.dumps),
        failed=[
            ReasonView(dump=dump.path, reason=dump.reason) for dump in known.dumps if dump.state is DumpState.FAILED
        ],
        notes=notes(known.dumps),
        held=[_held(source, one) for one in known.held],
    )


def notes(dumps: Iterable[KnownDump], *, warnings: bool = False) -> list[NotesView]:
    """The notes of those dumps that have any; with `warnings`, without mere facts."""
    said = ((dump.path, dump.warnings if warnings else dump.notes) for dump in dumps)
    return [NotesView(dump=path, notes=[*sentences]) for path, sentences in said if sentences]


def _held(source: Source, held: Held) -> HeldView:
    dump, outcome = held.dump, held.outcome
    return HeldView(
        dump=dump.path,
        reason=dump.reason,
        since=dump.read_at,
        confirmed_at=dump.confirmed_at,
        agreed=dump.agreed,
        needed=source.agree if dump.ends_by_itself else None,
        missing=held.missing,
        obstacle=held.obstacle or None,
        added=outcome
        and [ArrivalView(title=one.title, date=date_view(one.date), announced=one.announced) for one in outcome.added],
        changed=outcome and [_rewrite(one) for one in outcome.changed],
        removed=outcome and [DepartureView(id=one.entry, title=one.title) for one in outcome.removed],
    )


def _rewrite(rewrite: Rewrite) -> RewriteView:
    return RewriteView(
        id=rewrite.entry,
        title=headline(rewrite.contents[1]),
        cause=rewrite.cause,
        significant=rewrite.cause.significant,
        dates=[date_view(date) for date in rewrite.dates],
        diff=diff_views(*rewrite.contents),
    )


def approve(context: Context, asked: DumpRequest) -> DecidedView:
    """Approve held dumps of a source, or one: accept what they show now, and read them at once."""
    return _decided(context, asked, approve=True)


def discard(context: Context, asked: DumpRequest) -> DecidedView:
    """Discard held dumps of a source, or one: keep the last good state until the files change again."""
    return _decided(context, asked, approve=False)


def _decided(context: Context, asked: DumpRequest, *, approve: bool) -> DecidedView:
    source = source_of(context, asked.source)
    paths = decide(context.store, SourceId(source.id), asked.dump or None, approve=approve)
    done: dict[str, Any] = pass_view(read(context, source)).model_dump()
    return DecidedView(**done, decided=paths)


WAITING = Operation("dumps.held", "GET", "/held", Scope.READ, Nothing, Listed[WaitingView], waiting, "status")
SHOW = Operation("dumps.show", "GET", "/sources/{source}/held", Scope.READ, DumpRequest, HoldsView, show, "source show")
APPROVE = Operation(
    "dumps.approve",
    "POST",
    "/sources/{source}/approve",
    Scope.OPERATE,
    DumpRequest,
    DecidedView,
    approve,
    "source approve",
    target=lambda asked: f"{asked.source}/{asked.dump}" if asked.dump else asked.source,
    state=state_of,
)
DISCARD = Operation(
    "dumps.discard",
    "POST",
    "/sources/{source}/discard",
    Scope.OPERATE,
    DumpRequest,
    DecidedView,
    discard,
    "source discard",
    target=lambda asked: f"{asked.source}/{asked.dump}" if asked.dump else asked.source,
    state=state_of,
)
OPERATIONS = (WAITING, SHOW, APPROVE, DISCARD)
