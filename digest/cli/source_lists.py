"""`digest source import`: adds a source for each feed of a list in OPML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.changes.identifiers import normal_link
from digest.cli.adding import write_sources
from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, settings_of
from digest.cli.entry_edits import DryRunOption
from digest.cli.terminal import short, terminal_width
from digest.dumps.feeds.opml import Outline, read_outlines, source_id
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.settings import Settings

_PLACE = "digest source import"
_SHOWN = 20  # sources and faults
_TRIED = 50  # tables that are checked together


@dataclass(slots=True)
class _Imported:
    """What a list gives: the tables of new sources with their outlines, the skipped outlines, and the faulty ones."""

    new: list[tuple[dict[str, object], Outline]] = field(default_factory=list)
    skipped: list[tuple[Outline, str]] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def folders(self) -> list[str]:
        """The folders of the new sources."""
        return list(dict.fromkeys(" / ".join(one.folders) for _, one in self.new if one.folders))

    def as_json(self) -> dict[str, object]:
        return {
            "added": [
                {"id": table["id"], "title": one.title, "url": one.url, "line": one.line, "folders": list(one.folders)}
                for table, one in self.new
            ],
            "skipped": [
                {"title": one.title, "url": one.url, "line": one.line, "because": why} for one, why in self.skipped
            ],
            "refused": [{"title": title, "line": line, "because": why} for line, title, why in self.faults],
            "ignored_folders": self.folders,
        }


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
    settings = settings_of(config)
    imported = _read(file, settings, {"language": language, "timezone": timezone, "allow_private": allow_private})
    _check(config, imported)
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


def _read(file: Path, settings: Settings, given: dict[str, object]) -> _Imported:
    """The sources that a list gives, without those that are configured already."""
    try:
        with file.open("rb") as stream:
            outlines = read_outlines(stream, file.name)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigurationError(problem, place=str(file), remedy="check the path and its permissions") from error
    imported = _Imported(faults=outlines.faults)
    ids = {source.id for source in settings.sources}
    read = {_address(url): source.id for source in settings.sources for url in source.url}
    for one in outlines.feeds:
        known = read.get(_address(one.url))
        if known is not None:
            imported.skipped.append((one, f"source {known} reads it"))
            continue
        name = source_id(one, ids)
        ids.add(name)
        read[_address(one.url)] = name
        table: dict[str, object] = {"id": name, "title": one.title, "url": one.url, "layouts": ["feed"], "backlog": 0}
        imported.new.append((table | {key: value for key, value in given.items() if value}, one))
    return imported


def _address(url: str) -> str:
    """What two addresses of one feed have in common."""
    return normal_link(url) or url


def _check(config: Path | None, imported: _Imported) -> None:
    """Move those sources to the faults that the settings refuse.

    Raises:
        ConfigurationError: the settings refuse all of them for one reason, which is not in the list.
    """
    good: list[tuple[dict[str, object], Outline]] = []
    for start in range(0, len(imported.new), _TRIED):
        some = imported.new[start : start + _TRIED]
        if not _refusal(config, [table for table, _ in some]):
            good += some
            continue
        for table, one in some:
            if why := _refusal(config, [table]):
                imported.faults.append((one.line, one.title, why))
            else:
                good.append((table, one))
    if imported.new and not good:
        line, title, why = imported.faults[-1]
        raise ConfigurationError(f"line {line}, {title}: {why}", place=_PLACE, remedy="no feed can be added")
    imported.new = good
    imported.faults.sort(key=lambda fault: fault[0])


def _refusal(config: Path | None, tables: list[dict[str, object]]) -> str:
    """Why the settings refuse these sources; empty if they do not."""
    from digest.dumps.configured import load_settings

    try:
        settings = load_settings(config, more=tables)
    except ConfigurationError as error:
        return str(error).removeprefix("digest source add: ")
    if any(settings.source(str(table["id"])) is None for table in tables):
        return "the variable DIGEST_SOURCES sets the sources (add them to that variable yourself)"
    return ""


def _print(imported: _Imported) -> None:
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
