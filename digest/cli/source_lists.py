"""`digest source import`: adds a source for each feed of a list in OPML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.adding import write_sources
from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, settings_of
from digest.cli.entry_edits import DryRunOption
from digest.cli.terminal import short, terminal_width
from digest.dumps.feeds.opml import read_outlines
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.dumps.feeds.opml import Outlines
    from digest.service.sources.trying import Imported


_PLACE = "digest source import"
_SHOWN = 20  # sources and faults
_TRIED = 50  # tables that are checked together


def register(app: typer.Typer) -> None:
    app.command("import")(import_list)


def import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="The list, as a feed reader exports it.")],
    *,
    language: Annotated[str, typer.Option(help="The language of their entries, as a language tag.")] = "",
    timezone: Annotated[str, typer.Option(help="The time zone of their dates.")] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The feeds are on this machine or its network.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add a source for each feed of a list in OPML to the configuration. Nothing is fetched yet.

    Feeds that a source reads already are skipped. Folders of the list are ignored. The entries of the first imports are
    not announced.
    """
    from digest.service.sources import trying

    settings = settings_of(config)
    given = {"language": language, "timezone": timezone, "allow_private": allow_private}
    imported = trying.import_of(_outlines(file), settings, given)
    trying.check(settings.file, imported)
    if not as_json:
        _print(imported)
    write = bool(imported.new) and not dry_run and (yes or not as_json)
    if write and not yes:
        typer.confirm(f"Add {_counted(len(imported.new), 'source')}?", abort=True)
    written = write_sources(settings, [table for table, _ in imported.new]) if write else None
    if as_json:
        print_json(imported.as_json() | {"written": str(written) if written else None})
    elif written:
        typer.echo(f"Added {_counted(len(imported.new), 'source')} to {written}. `digest refresh` reads them.")
    else:
        typer.echo("Nothing was written.")
    raise typer.Exit(int(bool(imported.faults)))


def _outlines(file: Path) -> Outlines:

    try:
        with file.open("rb") as stream:
            return read_outlines(stream, file.name)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigurationError(problem, place=str(file), remedy="check the path and its permissions") from error


def _print(imported: Imported) -> None:
    width = terminal_width() - 2
    typer.echo(f"{_counted(len(imported.new), 'new source')}, {len(imported.skipped)} skipped:")
    _print_some((f"{table['id']}  {one.title}  {one.url}" for table, one in imported.new), width)
    _print_some((f"skipped, line {one.line}: {one.title}: {why}" for one, why in imported.skipped), width)
    if imported.folders:
        typer.echo(f"Ignored folders: {', '.join(imported.folders)}. A topic with `sources` takes their place.")
    for line, title, why in imported.faults[:_SHOWN]:
        typer.echo(f"digest: line {line}: {title or 'an outline'} {why}", err=True)
    if len(imported.faults) > _SHOWN:
        typer.echo(f"digest: and {len(imported.faults) - _SHOWN} more outlines are refused", err=True)


def _print_some(lines: Iterable[str], width: int) -> None:
    listed = list(lines)
    for line in listed[:_SHOWN]:
        typer.echo(f"  {short(line, width)}")
    if len(listed) > _SHOWN:
        typer.echo(f"  … and {len(listed) - _SHOWN} more")


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
