"""`digest refresh`, `feed`, `status`, `source approve|discard`: what an operator does by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import holds
from digest.cli.common import ConfigOption, JsonOption, print_json, print_table, store_of
from digest.cli.progress import Progress
from digest.errors import FencedError, UnknownError
from digest.model import SourceId
from digest.ports import DumpState

if TYPE_CHECKING:
    from digest.ports import KnownDump, Store
    from digest.service.passes import Pass
    from digest.service.reports import SourceStatus, Status
    from digest.settings import Settings, Source

source_app = typer.Typer(
    name="source",
    help="Look at dumps that are held and decide on them, rename a source, forget dumps.",
    no_args_is_help=True,
)

SourceOption = Annotated[str | None, typer.Option("--source", metavar="ID", help="Only this source.")]


def register(app: typer.Typer) -> None:
    app.command("refresh")(refresh)
    app.command("feed")(feed)
    app.command("status")(status)


def refresh(*, source: SourceOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Read all sources once and store what is new."""
    with store_of(config) as (settings, store):
        passes = [_refreshed(store, settings, chosen) for chosen in _chosen(settings, source)]
    _report(passes, as_json=as_json)


def _chosen(settings: Settings, source: str | None) -> tuple[Source, ...]:
    if source is None:
        from digest.app import require_sources

        return require_sources(settings)
    found = settings.source(source)
    if found is None:
        raise UnknownError("source", source, remedy="the configuration names the sources")
    return (found,)


def _refreshed(store: Store, settings: Settings, source: Source) -> Pass:
    from digest.app import refreshed

    kept = "Each dump that was read to its end is stored; `digest refresh` reads the rest."
    with Progress(f"reading {source.id}", kept=kept, total=lambda: _files(source)) as progress:
        return refreshed(store, settings, source, progress=progress.step)


def _files(source: Source) -> int | None:
    """How many dumps there are; None where that cannot be told."""
    from digest.dumps.files import dump_files
    from digest.errors import DumpError

    try:
        return sum(1 for _ in dump_files(source.path))
    except (DumpError, OSError):
        return None


def _report(passes: list[Pass], *, as_json: bool) -> None:
    """Print the passes; exit 1 where a dump could not be read."""
    if as_json:
        for done in passes:
            print_json(done.counts())
    else:
        columns = ("source", "dumps", "skipped", "sightings", "added", "revised", "vanished", "held")
        print_table(columns, [list(done.counts().values()) for done in passes], numbers=columns[1:])
    for done in passes:
        for problem in (*done.problems, *done.notes):
            typer.echo(f"digest: {done.source}: {problem}", err=True)
    if any(done.failed for done in passes):
        raise typer.Exit(1)


def feed(
    *,
    form: Annotated[str, typer.Option("--format", help="The kind of feed.", metavar="atom|rss|json")] = "atom",
    source: SourceOption = None,
    topic: Annotated[str | None, typer.Option("--topic", metavar="ID", help="Only of this topic.")] = None,
    page: Annotated[int | None, typer.Option("--archive", metavar="N", help="The archive page of this number.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print the feed, byte for byte as it is served."""
    from digest.owned import require_free
    from digest.service.syndication import FORMATS, Syndication

    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r} is no kind of feed; there are: {', '.join(FORMATS)}", param_hint="--format")
    if source is not None and topic is not None:
        raise typer.BadParameter("a feed is of a source or of a topic", param_hint="--topic")
    with store_of(config) as (settings, store):
        if output:
            require_free(settings, output, config)
        if source is not None:
            _chosen(settings, source)
        if topic is not None and settings.topic(topic) is None:
            raise UnknownError("topic", topic, remedy="the configuration names the topics")
        path = f"sources/{source}/" if source else f"topics/{topic}/" if topic else ""
        document = Syndication(store, settings).feed(path, form, page=page)
    if output is None:
        sys.stdout.buffer.write(document.body)
        sys.stdout.flush()
    else:
        write_file(output, document.body)


def write_file(path: Path, body: bytes) -> None:
    """Write a file as a whole: a reader sees the old one or the new one."""
    from digest.errors import DigestError

    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(body)
        draft.replace(path)
    except OSError as error:
        raise DigestError(f"{path}: cannot be written: {error.strerror}") from error


def status(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show sources, held dumps, editions and deliveries."""
    from digest.app import clock
    from digest.service.reports import status as state_of

    with store_of(config) as (settings, store):
        state = state_of(store, settings, clock())
    if as_json:
        print_json(_status_json(state))
    else:
        _print_status(state)


def _status_json(state: Status) -> dict[str, object]:
    return {
        "sources": [
            {
                "source": source.id,
                "refreshed_at": source.refreshed_at and source.refreshed_at.isoformat(),
                "settled": source.settled,
                "problem": source.problem or None,
                "entries": source.entries,
                "dumps": source.dumps,
                "troubled": [_trouble_json(source, dump) for dump in source.troubled],
                "notes": holds.notes(source.noted),
            }
            for source in state.sources
        ],
        "digests": [
            {
                "digest": digest.id,
                "editions": digest.editions,
                "newest": digest.newest or None,
                "next_at": digest.next_at.isoformat(),
                "subscribers": digest.subscribers,
            }
            for digest in state.digests
        ],
        "deliveries": {str(name): count for name, count in state.deliveries.items()},
        "paused": {"reason": state.paused[0], "until": state.paused[1].isoformat()} if state.paused else None,
        "dead_letters": state.dead,
        "bounces": {str(kind): count for kind, count in state.bounces.items()},
        "refusals": list(state.refusals),
        "ignored_mail": state.ignored,
        "suppressed": state.suppressed,
        "held_suppressions": [{"edition": h.edition, "asked": h.asked, "mails": h.mails} for h in state.held],
        "slowed": [
            {
                "domain": s.domain or None,
                "per_minute": round(s.per_minute, 2),
                "since": s.since.isoformat(),
                "next_at": s.next_at.isoformat(),
            }
            for s in state.slowed
        ],
        "resting": [{"domain": r.domain, "reason": r.reason, "until": r.until.isoformat()} for r in state.resting],
        "alerts": [
            {
                "kind": t.kind,
                "subject": t.subject,
                "problem": t.problem,
                "since": t.since.isoformat(),
                "told_at": t.told_at and t.told_at.isoformat(),
            }
            for t in state.troubles
        ],
        "undrawn_formulas": state.undrawn,
        "backed_up_at": state.backed_up_at and state.backed_up_at.isoformat(),
        "fenced": state.fenced and state.fenced.isoformat(),
        "clock_faults": [
            {"what": f.what, "number": f.number, "moment": f.moment, "done": f.done, "at": f.at.isoformat()}
            for f in state.clock_faults
        ],
        "ambiguous": [
            {"at": r.at.isoformat(), "source": r.source, "dump": r.path, "title": r.title, "outcome": r.outcome}
            for r in state.reports
        ],
    }


def _trouble_json(source: SourceStatus, dump: KnownDump) -> dict[str, object]:
    held = dump.state is DumpState.HELD
    agreement = {"agreed": dump.agreed, "needed": source.agree if dump.ends_by_itself else None}
    return {
        "dump": dump.path,
        "state": dump.state,
        "reason": dump.reason,
        "read_at": dump.read_at.isoformat(),
        **(agreement if held else {}),
    }


def _print_status(state: Status) -> None:
    if state.fenced:
        typer.echo(f"FENCED: {FencedError(state.fenced)}; no edition is made and nothing is sent")
    print_table(
        ("source", "title", "entries", "dumps", "refreshed"),
        [(s.id, s.title, s.entries, s.dumps, s.refreshed_at or "never") for s in state.sources],
        numbers=("entries", "dumps"),
    )
    _print_dumps(state)
    for source in state.sources:
        if source.problem and not (source.troubled or source.noted):
            typer.echo(f"problem: {source.id}: {source.problem}")
    print_table(
        ("digest", "title", "editions", "newest", "next", "subscribers"),
        [(d.id, d.title, d.editions, d.newest, d.next_at, d.subscribers) for d in state.digests],
        numbers=("editions", "subscribers"),
    )
    counts = ", ".join(f"{count} {name}" for name, count in state.deliveries.items() if count)
    typer.echo(f"deliveries: {counts or 'none'}")
    if state.dead:
        typer.echo(f"dead letters: {state.dead}; `digest deliveries list` names them")
    _print_bounces(state)
    for trouble in state.troubles:
        typer.echo(f"trouble: {trouble.subject}: {trouble.problem} (since {trouble.since})")
    _print_rests(state)
    for fault in state.clock_faults:
        typer.echo(f"clock: {fault}")
    typer.echo(f"last backup: {f'{state.backed_up_at:%Y-%m-%d %H:%M} UTC' if state.backed_up_at else 'never'}")
    if state.undrawn:
        typer.echo(f"formulas that could not be drawn, and stand as TeX: {state.undrawn}")
    for report in state.reports:
        typer.echo(f"ambiguous: {report.source}/{report.path}: {report.title}: {report.outcome}")


def _print_rests(state: Status) -> None:
    for held in state.held:
        typer.echo(f"sending is paused: {held}")
    for slowed in state.slowed:
        mail, who = (f"mail to {slowed.domain}", "its server") if slowed.domain else ("all mail", "the relay")
        asked = f"which {who} has asked for since {slowed.since:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{mail} goes at {slowed.per_minute:.0f} a minute, {asked}")
    for resting in state.resting:
        typer.echo(f"mail to {resting.domain} rests until {resting.until}: {resting.reason}")
    if state.paused:
        typer.echo(f"sending is paused until {state.paused[1]}: {state.paused[0]}")


def _print_dumps(state: Status) -> None:
    for source in state.sources:
        for dump in source.troubled:
            typer.echo(f"{dump.state}: {source.id}/{dump.path}: {dump.reason}")
        for dump in source.noted:
            for note in dump.notes:
                typer.echo(f"note: {source.id}/{dump.path}: {note}")
    if any(d.state is DumpState.HELD for s in state.sources for d in s.troubled):
        typer.echo(
            "`digest source show ID` says what approving would do; then `digest source approve ID` or `discard`."
        )


def _print_bounces(state: Status) -> None:
    back = ", ".join(f"{count} {kind}" for kind, count in state.bounces.items())
    if back:
        typer.echo(f"came back: {back}")
    for words in state.refusals:
        typer.echo(f"refused, perhaps for what is ours: {words}")
    if state.suppressed:
        typer.echo(f"struck off: {state.suppressed}; `digest subscribers list` names them")
    ignored = ", ".join(f"{count} {reason}" for reason, count in state.ignored.items())
    if ignored:
        typer.echo(f"came in as a bounce or complaint and was ignored: {ignored}")


PathArgument = Annotated[str | None, typer.Argument(metavar="[DUMP]", help="Only this dump of the source.")]
SourceArgument = Annotated[str, typer.Argument(metavar="ID", help="The source.")]


@source_app.command()
def approve(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Let held dumps through: what they show now is true. Reads them at once."""
    _decide(source, dump, config, approve=True, as_json=as_json)


@source_app.command()
def discard(
    source: SourceArgument, dump: PathArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Refuse what held dumps show now: the last good state stays until they change again."""
    _decide(source, dump, config, approve=False, as_json=as_json)


def _decide(source: str, dump: str | None, config: Path | None, *, approve: bool, as_json: bool) -> None:
    from digest.service.refresh import decide

    with store_of(config) as (settings, store):
        (chosen,) = _chosen(settings, source)
        for path in decide(store, SourceId(source), dump, approve=approve):
            typer.echo(f"{'approved' if approve else 'discarded'}: {source}/{path}", err=True)
        _report([_refreshed(store, settings, chosen)], as_json=as_json)
