"""Sources: their health, their dumps, and what was fetched for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.errors import UnknownError
from digest.model import SourceId
from digest.operations.core import Context, Listed, Nothing, Operation, Request, SparseView, View
from digest.records.intake import DumpState
from digest.records.operating import Scope
from digest.service.fetching.origins import names
from digest.service.operating.status import SourceStatus, source_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.records.intake import FetchState, KeptFetch
    from digest.settings import Source

_POINTS = 15  # of a source's growth
_SPAN = timedelta(days=30)


class SourceView(View):
    """A source and its health. `problem` is that of its newest pass; `held` and `failed` count its dumps.

    `kind` is where its dumps come from: `path`, `url` or `command`. `failing` counts its addresses whose last fetch
    failed. `grown` says how many entries it had shown at 15 times in the last 30 days, the last of them now.
    """

    id: str
    title: str
    kind: str
    entries: int
    dumps: int
    held: int
    failed: int
    failing: int
    refreshed_at: datetime | None
    next_at: datetime | None
    changed_at: datetime | None
    settled: bool
    paused: bool
    problem: str
    grown: list[int]


class DumpView(View):
    """A dump as it was read last. `entries` are those of its last good reading."""

    dump: str
    state: DumpState
    reason: str
    entries: int
    read_at: datetime
    changed_at: datetime | None
    confirmed_at: datetime | None
    notes: list[str]


class WholeSourceView(SourceView):
    """A source with where its dumps come from (without secrets), how it is read, and its dumps."""

    origin: list[str]
    layouts: list[str]
    every: int = Field(description="Seconds between two passes.")
    timezone: str
    listed: list[DumpView]


class KeptView(View):
    """A body that is kept."""

    sha256: str
    size: int
    media_type: str
    first_at: datetime
    last_at: datetime


class FetchView(SparseView):
    """How fetching one page of a source goes; one that was never tried has only `tried_at`."""

    source: str
    page: str
    tried_at: datetime | None
    next_try_at: datetime | None = None
    confirmed_at: datetime | None = None
    fetched_at: datetime | None = None
    size: int = 0
    failures: int = 0
    status: int | None = None
    sha256: str | None = None
    problem: str | None = None
    moved_to: str | None = None
    kept: list[KeptView] = Field([])


class SourceName(Request):
    """One source."""

    source: str = Field(min_length=1, max_length=200, description="The id of the source.")


def source_of(context: Context, name: str) -> Source:
    """A configured source.

    Raises:
        UnknownError: there is none of this id.
    """
    found = context.settings.source(name)
    if found is None:
        raise UnknownError("source", name, remedy="the configuration lists the sources")
    return found


def listed(context: Context, _asked: Nothing) -> Listed[SourceView]:
    """List the sources with their health."""
    with context.store.read() as tx:
        states = source_states(tx, context.settings)
        grown = tx.monitoring.grown(_times(context.now()))
    return Listed[SourceView](items=[SourceView(**_facts(context, one, grown)) for one in states], total=len(states))


def show(context: Context, asked: SourceName) -> WholeSourceView:
    """Show a source: its health, where its dumps come from, and each of its dumps."""
    source = source_of(context, asked.source)
    alone = context.settings.model_copy(update={"sources": (source,)})
    with context.store.read() as tx:
        (state,) = source_states(tx, alone)
        grown = tx.monitoring.grown(_times(context.now()))
        dumps = list(tx.readings.dumps(SourceId(source.id)).values())
    return WholeSourceView(
        **_facts(context, state, grown),
        origin=[str(source.path)] if source.path else [*names(source)],
        layouts=[*source.layouts],
        every=round(source.every.total_seconds()),
        timezone=str(source.timezone),
        listed=[
            DumpView(
                dump=one.path,
                state=one.state,
                reason=one.reason,
                entries=one.sightings,
                read_at=one.read_at,
                changed_at=one.changed_at,
                confirmed_at=one.confirmed_at,
                notes=[*one.notes],
            )
            for one in dumps
        ],
    )


def _times(now: datetime) -> list[datetime]:
    return [now - _SPAN + number * _SPAN / (_POINTS - 1) for number in range(_POINTS)]


def _facts(context: Context, state: SourceStatus, grown: Mapping[SourceId, list[int]]) -> dict[str, Any]:
    source = source_of(context, state.id)
    troubled = [one.state for one in state.troubled]
    return {
        "id": state.id,
        "title": state.title,
        "kind": "path" if source.path else "command" if source.command else "url",
        "entries": state.entries,
        "dumps": state.dumps,
        "held": troubled.count(DumpState.HELD),
        "failed": troubled.count(DumpState.FAILED),
        "failing": sum(one.failures > 0 for _, one in state.fetches),
        "refreshed_at": state.refreshed_at,
        "next_at": state.next_at,
        "changed_at": state.changed_at,
        "settled": state.settled,
        "paused": source.paused,
        "problem": state.problem,
        "grown": grown.get(SourceId(state.id), [0] * _POINTS),
    }


# --- fetches --------------------------------------------------------------------------------------

Fetched = tuple["Source", str, "FetchState | None"]


def fetch_rows(context: Context, sources: Sequence[Source]) -> list[Fetched]:
    """Each page of these sources with how fetching it goes; absent if it was never tried."""
    with context.store.read() as tx:
        return [
            (one, name, tx.fetches.states(SourceId(one.id)).get(url))
            for one in sources
            for name, url in names(one).items()
        ]


def kept_of(context: Context, source: str) -> list[KeptFetch]:
    """The bodies that are kept of a source, the newest first."""
    with context.store.read() as tx:
        return tx.fetches.kept(SourceId(source))


def all_fetches(context: Context, _asked: Nothing) -> Listed[FetchView]:
    """Show how fetching goes for sources by address and by command."""
    rows = fetch_rows(context, [one for one in context.settings.sources if one.is_fetched])
    return Listed[FetchView](items=[fetch_view(*row) for row in rows])


def fetches(context: Context, asked: SourceName) -> Listed[FetchView]:
    """Show how fetching goes for a source, and the bodies that are kept."""
    rows, kept = fetch_rows(context, [source_of(context, asked.source)]), kept_of(context, asked.source)
    return Listed[FetchView](items=[fetch_view(*row, kept) for row in rows])


def fetch_view(
    source: Source, name: str, state: FetchState | None, kept: Sequence[KeptFetch] | None = None
) -> FetchView:
    """The JSON form of how fetching a page goes; with the bodies of its source that are kept, those of the page too."""
    known: dict[str, Any] = {"source": source.id, "page": name, "tried_at": state and state.tried_at}
    if state is not None:
        fields = ("next_try_at", "confirmed_at", "fetched_at", "size", "failures", "status")
        known |= {field: getattr(state, field) for field in fields}
        known |= {field: getattr(state, field) or None for field in ("sha256", "problem", "moved_to")}
    if kept is not None:
        known["kept"] = [KeptView.model_validate(one) for one in kept if state and one.url == state.url]
    return FetchView(**known)


LIST = Operation("sources.list", "GET", "/sources", Scope.READ, Nothing, Listed[SourceView], listed, "status")
SHOW = Operation(
    "sources.show", "GET", "/sources/{source}", Scope.READ, SourceName, WholeSourceView, show, "source show"
)
FETCHES = Operation(
    "sources.fetches",
    "GET",
    "/sources/{source}/fetches",
    Scope.READ,
    SourceName,
    Listed[FetchView],
    fetches,
    "source fetches",
)
ALL_FETCHES = Operation(
    "sources.all_fetches", "GET", "/fetches", Scope.READ, Nothing, Listed[FetchView], all_fetches, "source fetches"
)
OPERATIONS = (LIST, SHOW, FETCHES, ALL_FETCHES)
