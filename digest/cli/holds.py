"""`digest source show|approve|discard`: which dumps of a source are held and why, and a decision on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, act, context_of, print_json, store_of, store_to_read
from digest.cli.refreshing import print_passes
from digest.records.intake import DumpState
from digest.typeset.dates import format_day
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.operations.core import Operation
    from digest.operations.dumps import DecidedView, DumpRequest
    from digest.service.sources.holds import Held, Outcome, Rewrite, SourceHolds
    from digest.settings import Source
    from digest.typeset.differences import Change


def register(app: typer.Typer) -> None:
    for command in (show, approve, discard):
        app.command(command.__name__)(command)


def show(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source.")],
    dump: Annotated[str | None, typer.Argument(metavar="DUMP", help="Only this dump of the source.")] = None,
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show why dumps are held, what ends the hold, and what approving them would add, change and remove."""
    from digest.operations import dumps
    from digest.operations.sources import source_of

    with store_to_read(config) as (settings, store):
        context = context_of(settings, store)
        chosen = source_of(context, source)
        holds = dumps.found(context, dumps.DumpRequest.model_construct(source=source, dump=dump or ""))
    if as_json:
        print_json(dumps.view(chosen, holds).model_dump())
    else:
        typer.echo("\n".join(_lines(chosen, holds)))


PathArgument = Annotated[str | None, typer.Argument(metavar="DUMP", help="Only this dump of the source.")]
SourceArgument = Annotated[str, typer.Argument(metavar="ID", help="The source.")]


def approve(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Approve held dumps: accept what they show now, and read them at once."""
    from digest.operations import dumps

    _decide(dumps.APPROVE, "approved", source, dump, config, as_json=as_json)


def discard(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Discard held dumps: keep the last good state until the files change again."""
    from digest.operations import dumps

    _decide(dumps.DISCARD, "discarded", source, dump, config, as_json=as_json)


def _decide(
    operation: Operation[DumpRequest, DecidedView],
    done: str,
    source: str,
    dump: str | None,
    config: Path | None,
    *,
    as_json: bool,
) -> None:
    with store_of(config) as (settings, store):
        decided = act(operation, settings, store, source=source, dump=dump or "")
        for path in decided.decided:
            typer.echo(f"{done}: {source}/{path}", err=True)
        print_passes([decided], as_json=as_json)


# --- for people -----------------------------------------------------------------------------------


def _lines(source: Source, holds: SourceHolds) -> Iterator[str]:
    refreshed_at = holds.state.refreshed_at if holds.state else None
    yield f"{source.id}: {source.title}"
    yield f"  dumps: {len(holds.dumps)}; last read: {_moment(refreshed_at)}"
    yield f"  content last changed: {_moment(holds.changed_at)}"
    if source.paused:
        yield f"  paused: it is not read until `digest source resume {source.id}`"
    for dump in holds.dumps:
        if dump.state is DumpState.FAILED:
            yield f"failed: {dump.path}: {dump.reason}"
        for note in dump.notes:
            yield f"note: {dump.path}: {note}"
    for held in holds.held:
        yield from _held_lines(source, held)
    if not holds.held:
        yield "No dump is held."


def _held_lines(source: Source, held: Held) -> Iterator[str]:
    dump = held.dump
    yield f"held: {dump.path}, since {_moment(dump.read_at)}: {dump.reason}"
    if dump.sightings:
        yield f"  last good reading: {dump.sightings} entries, last confirmed {_moment(dump.confirmed_at)}"
    yield f"  {_ending(source, held)}"
    if held.obstacle:
        yield f"  {held.obstacle}"
    if held.outcome:
        verb = "the file as it is now" if held.obstacle else "approving it"
        yield from (f"  {line}" for line in _outcome_lines(held.outcome, verb))


def _ending(source: Source, held: Held) -> str:
    if held.missing is not None:
        readings = "1 more good reading agrees" if held.missing == 1 else f"{held.missing} more good readings agree"
        return f"the hold ends by itself when {readings} with it ({held.dump.agreed} of {source.agree} so far)"
    if held.dump.unreadable:
        return "the hold does not end by itself: repair the file, or discard the dump"
    return "the hold does not end by itself: approve or discard the dump, or repair the file"


def _outcome_lines(outcome: Outcome, subject: str) -> Iterator[str]:
    if not (outcome.added or outcome.changed or outcome.removed):
        yield f"{subject} would change nothing"
    if outcome.added:
        yield f"{subject} would add {_entries(outcome.added)}:"
    for one in outcome.added:
        quietly = "" if one.announced else "  (published, not announced)"
        yield f"  {format_day(one.date, 'en') or 'no date'}  {one.title}{quietly}"
    if outcome.changed:
        yield f"{subject} would change {_entries(outcome.changed)}:"
    for rewrite in outcome.changed:
        yield from (f"  {line}" for line in _rewrite_lines(rewrite))
    if outcome.removed:
        yield f"{subject} would remove {_entries(outcome.removed)} from the page; they stay published:"
    for gone in outcome.removed:
        yield f"  {gone.title}"


def _rewrite_lines(rewrite: Rewrite) -> Iterator[str]:
    from digest.typeset.differences import differences

    told = "announced as a correction" if rewrite.cause.significant else "not announced"
    yield f"{headline(rewrite.contents[1])}  ({rewrite.cause}, {told})"
    if rewrite.dates[0] != rewrite.dates[1]:
        before, after = (format_day(date, "en") or "no date" for date in rewrite.dates)
        yield f"  [-{before}-]{{+{after}+}}"
    for change in differences(*rewrite.contents):
        yield f"  {_difference_line(change)}"


def _difference_line(change: Change) -> str:
    """A changed paragraph on one line, with `[-old-]` and `{+new+}` between the unchanged parts."""
    old, new = list(change.before), list(change.after)
    made = []
    while old or new:
        if old and old[0].changed:
            made.append(f"[-{old.pop(0).text}-]")
        elif new and new[0].changed:
            made.append(f"{{+{new.pop(0).text}+}}")
        else:
            made.append((old or new)[0].text)
            del old[:1], new[:1]
    return " ".join("".join(made).split("\n"))


def _entries(some: Sequence[object]) -> str:
    return "1 entry" if len(some) == 1 else f"{len(some)} entries"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
