"""Acts on sources: reading them now, renaming, forgetting what their dumps said, and remembering it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from digest.dumps.pages import is_page
from digest.model import SourceId
from digest.operations.core import AskedError, Context, Listed, Nothing, Operation, Request, Triable, View
from digest.operations.forms import ChangeView, change_view
from digest.operations.sources import SourceName, source_of
from digest.records.intake import DumpState
from digest.records.operating import Scope
from digest.service.fetching.origins import listed, names
from digest.service.intake import refresh as intake
from digest.service.operating.clocks import require_right_clock
from digest.service.publishing.by_hand import undoing
from digest.service.publishing.by_hand.acts import perform as perform_by_hand
from digest.service.settings import following
from digest.service.sources import forgetting, renaming
from digest.settings import is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from digest.service.intake.passes import Pass
    from digest.settings import Source


class PassView(View):
    """What one pass over a source did. `problems` are sentences; `failed`: one of them is more than a held dump."""

    source: str
    dumps: int
    skipped: int
    sightings: int
    added: int
    revised: int
    vanished: int
    held: int
    problems: list[str]
    notes: list[str]
    failed: bool


class RenamedView(View):
    """A renamed source."""

    source: str
    was: str
    entries: int
    dumps: int


class Rename(Request):
    """A source and its new name."""

    source: str = Field(min_length=1, max_length=200, description="The present id.")
    new: str = Field(min_length=1, max_length=200, description="The new id: lower-case letters, digits, - and _.")


class Forget(Triable):
    """What to forget. Entries that no other dump shows are withdrawn."""

    source: str = Field(min_length=1, max_length=200, description="The id of the source.")
    dumps: list[str] = Field([], max_length=10_000, description="Only these dumps; all if there is none.")
    tell: bool = Field(
        default=False, description="Retract withdrawn entries in feeds, and announce changed ones as corrections."
    )


class Remember(Triable):
    """A source."""

    source: str = Field(min_length=1, max_length=200, description="The id of the source.")


# --- reading --------------------------------------------------------------------------------------


def refresh(context: Context, asked: SourceName) -> PassView:
    """Read a source now: first fetch what it has elsewhere, due or not, and store what is new."""
    source = source_of(context, asked.source)
    if source.paused:
        raise AskedError("source", f"{source.id} is paused", remedy="resume it first")
    return refreshed(context, [source])[0]


def refresh_all(context: Context, _asked: Nothing) -> Listed[PassView]:
    """Read all sources now, without those that are paused."""
    return Listed[PassView](items=refreshed(context, [one for one in context.settings.sources if not one.paused]))


def refreshed(context: Context, sources: Sequence[Source]) -> list[PassView]:
    """Fetch for some sources and read them; a failure to fetch is a problem of the pass that follows."""
    if fetched := [one for one in sources if one.is_fetched]:
        from digest.service.fetching.fetching import fetch_all  # noqa: PLC0415 - most sources are files

        kept = "What was fetched so far is kept; `digest refresh` fetches again."
        with context.service.steps("fetching", kept=kept, total=sum(len(names(one)) for one in fetched)) as step:
            fetch_all(context.store, context.settings, fetched, context.now, progress=step)
    return [pass_view(read(context, one)) for one in sources]


def read(context: Context, source: Source) -> Pass:
    """One pass over a source. A pass over the same source that is under way ends first.

    Raises:
        ClockError: the clock is certainly wrong, so that dates would be.
    """
    require_right_clock(context.store, context.settings.mail, context.now())
    kept = "Everything stored so far is complete; `digest refresh` reads the rest."
    with context.service.steps(f"reading {source.id}", kept=kept, total=partial(_pages, context, source)) as step:
        return intake.refresh(context.store, context.settings, source, now=context.now(), progress=step)


def _pages(context: Context, source: Source) -> int | None:
    """The number of dumps; None if it cannot be determined."""
    return sum(1 for found in listed(context.store, source) if is_page(found)) or None


def pass_view(done: Pass) -> PassView:
    """The JSON form of a pass."""
    facts: dict[str, Any] = done.counts()
    return PassView(**facts, problems=[*done.problems], notes=[*done.notes], failed=done.failed)


# --- renaming and forgetting ----------------------------------------------------------------------


def rename(context: Context, asked: Rename) -> RenamedView:
    """Rename a source and keep all its data; old addresses redirect to the new ones. The service must be stopped."""
    if not is_name(asked.new):
        raise AskedError("new", f"{asked.new!r} is not a valid name", remedy="use lower-case letters, digits, - and _")
    if context.service.follow is not None:
        remedy = f"stop it, and run `digest source rename {asked.source} {asked.new}`"
        raise AskedError("source", "it cannot be renamed while the service reads it", remedy=remedy)
    now, actor = context.now(), context.actor.name
    done = renaming.rename(context.store, context.settings, SourceId(asked.source), SourceId(asked.new), now)
    following.rename(context.store, context.settings, "sources", asked.source, asked.new, actor=actor, now=now)
    return RenamedView(source=asked.new, was=asked.source, entries=done.entries, dumps=done.dumps)


def forget(context: Context, asked: Forget) -> ChangeView:
    """Forget what dumps of a source said. Their files must be gone, or the next pass would read them again."""
    now = context.now()
    done = perform_by_hand(
        context.store,
        context.settings,
        lambda tx: forgetting.forget(tx, context.settings, asked.source, asked.dumps, now, tell=asked.tell),
        dry_run=asked.dry_run,
    )
    return change_view(done)


def remember(context: Context, asked: Remember) -> ChangeView:
    """Undo the last forgetting of a source: the withdrawn entries are published again."""
    now = context.now()
    done = perform_by_hand(
        context.store,
        context.settings,
        lambda tx: undoing.undo_source(tx, context.settings, asked.source, now),
        dry_run=asked.dry_run,
    )
    return change_view(done)


def state_of(context: Context, asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any request that names a source
    """What acts on a source change: counts, and what is held."""
    counted: dict[str, Any] = _counted(context, [SourceId(asked.source)]).get(asked.source, {})
    return counted


def _state_of_all(context: Context, _asked: Nothing) -> Mapping[str, Any]:
    return _counted(context, [SourceId(one.id) for one in context.settings.sources])


def _counted(context: Context, sources: Iterable[SourceId]) -> dict[str, Any]:
    with context.store.read() as tx:
        return {
            name: {
                "entries": tx.readings.shown_by(name),
                "dumps": len(dumps := tx.readings.dumps(name)),
                "held": sorted(one.path for one in dumps.values() if one.state is DumpState.HELD)[:20],
            }
            for name in sources
        }


REFRESH = Operation(
    "sources.refresh",
    "POST",
    "/sources/{source}/refresh",
    Scope.OPERATE,
    SourceName,
    PassView,
    refresh,
    "refresh",
    state=state_of,
)
REFRESH_ALL = Operation(
    "sources.refresh_all",
    "POST",
    "/refresh",
    Scope.OPERATE,
    Nothing,
    Listed[PassView],
    refresh_all,
    "refresh",
    target=lambda _: "all sources",
    state=_state_of_all,
)
RENAME = Operation(
    "sources.rename",
    "POST",
    "/sources/{source}/rename",
    Scope.ADMIN,
    Rename,
    RenamedView,
    rename,
    "source rename",
    target=lambda asked: f"{asked.source} → {asked.new}",
)
FORGET = Operation(
    "sources.forget",
    "POST",
    "/sources/{source}/forget",
    Scope.OPERATE,
    Forget,
    ChangeView,
    forget,
    "source forget",
    state=state_of,
)
REMEMBER = Operation(
    "sources.remember",
    "POST",
    "/sources/{source}/remember",
    Scope.OPERATE,
    Remember,
    ChangeView,
    remember,
    "source remember",
    state=state_of,
)
OPERATIONS = (REFRESH, REFRESH_ALL, RENAME, FORGET, REMEMBER)
