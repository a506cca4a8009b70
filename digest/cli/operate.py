"""`digest refresh`, `feed`, `source approve|discard`: what an operator does by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, print_table, store_of
from digest.cli.progress import Progress
from digest.errors import UnknownError
from digest.model import SourceId

if TYPE_CHECKING:
    from digest.ports import Store
    from digest.service.intake.passes import Pass
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

    kept = "What is stored so far is whole; `digest refresh` reads the rest."
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
    from digest.service.publishing.syndication import FORMATS, Syndication

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
    from digest.service.intake.refresh import decide

    with store_of(config) as (settings, store):
        (chosen,) = _chosen(settings, source)
        for path in decide(store, SourceId(source), dump, approve=approve):
            typer.echo(f"{'approved' if approve else 'discarded'}: {source}/{path}", err=True)
        _report([_refreshed(store, settings, chosen)], as_json=as_json)
