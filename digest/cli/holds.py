"""`digest source show|approve|discard`: which dumps of a source are held and why, and a decision on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, date_json, print_json, store_of, store_to_read
from digest.cli.progress import Progress
from digest.cli.refreshing import chosen_sources, print_passes, refresh_source
from digest.errors import UnknownError
from digest.model import SourceId
from digest.records.intake import DumpState
from digest.typeset.dates import format_day
from digest.typeset.titles import headline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.records.intake import KnownDump
    from digest.service.sources.holds import Held, Outcome, Rewrite, SourceHolds
    from digest.settings import Source
    from digest.typeset.differences import Change, Piece


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
    from digest.service.sources.holds import source_holds

    with store_to_read(config) as (settings, store):
        chosen = settings.source(source)
        if chosen is None:
            raise UnknownError("source", source, remedy="the configuration lists the sources")
        with Progress(f"reading {source}", kept="Nothing was changed.") as progress:
            holds = source_holds(store, chosen, dump, now=clock(), progress=progress.step)
    if as_json:
        print_json(_json(chosen, holds))
    else:
        typer.echo("\n".join(_lines(chosen, holds)))


PathArgument = Annotated[str | None, typer.Argument(metavar="DUMP", help="Only this dump of the source.")]
SourceArgument = Annotated[str, typer.Argument(metavar="ID", help="The source.")]


def approve(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Approve held dumps: accept what they show now, and read them at once."""
    _decide(source, dump, config, approve=True, as_json=as_json)


def discard(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Discard held dumps: keep the last good state until the files change again."""
    _decide(source, dump, config, approve=False, as_json=as_json)


def _decide(source: str, dump: str | None, config: Path | None, *, approve: bool, as_json: bool) -> None:
    from digest.service.intake.refresh import decide

    with store_of(config) as (settings, store):
        (chosen,) = chosen_sources(settings, source)
        for path in decide(store, SourceId(source), dump, approve=approve):
            typer.echo(f"{'approved' if approve else 'discarded'}: {source}/{path}", err=True)
        print_passes([refresh_source(store, settings, chosen)], as_json=as_json)


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


# --- for machines ---------------------------------------------------------------------------------


def _json(source: Source, holds: SourceHolds) -> dict[str, object]:
    state = holds.state
    return {
        "source": source.id,
        "title": source.title,
        **({"paused": True} if source.paused else {}),
        "refreshed_at": state and state.refreshed_at,
        "changed_at": holds.changed_at,
        "dumps": len(holds.dumps),
        "failed": [
            {"dump": dump.path, "reason": dump.reason} for dump in holds.dumps if dump.state is DumpState.FAILED
        ],
        "notes": notes(holds.dumps),
        "held": [_held_json(source, held) for held in holds.held],
    }


def notes(dumps: Iterable[KnownDump], *, warnings: bool = False) -> list[dict[str, object]]:
    """The notes of those dumps that have any; with `warnings`, without mere facts."""
    said = ((dump.path, dump.warnings if warnings else dump.notes) for dump in dumps)
    return [{"dump": path, "notes": list(sentences)} for path, sentences in said if sentences]


def _held_json(source: Source, held: Held) -> dict[str, object]:
    dump, outcome = held.dump, held.outcome
    return {
        "dump": dump.path,
        "reason": dump.reason,
        "since": dump.read_at,
        "confirmed_at": dump.confirmed_at,
        "agreed": dump.agreed,
        "needed": source.agree if dump.ends_by_itself else None,
        "missing": held.missing,
        "obstacle": held.obstacle or None,
        "added": outcome
        and [{"title": one.title, "date": date_json(one.date), "announced": one.announced} for one in outcome.added],
        "changed": outcome and [_rewrite_json(one) for one in outcome.changed],
        "removed": outcome and [{"id": one.entry, "title": one.title} for one in outcome.removed],
    }


def _rewrite_json(rewrite: Rewrite) -> dict[str, object]:
    from digest.typeset.differences import differences

    return {
        "id": rewrite.entry,
        "title": headline(rewrite.contents[1]),
        "cause": rewrite.cause,
        "significant": rewrite.cause.significant,
        "dates": [date_json(date) for date in rewrite.dates],
        "diff": [
            {"before": _pieces(change.before), "after": _pieces(change.after)}
            for change in differences(*rewrite.contents)
        ],
    }


def _pieces(pieces: Iterable[Piece]) -> list[dict[str, object]]:
    return [{"text": piece.text, "changed": piece.changed} for piece in pieces]
