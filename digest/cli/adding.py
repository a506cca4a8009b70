"""`digest source add`: shows what the first import of a new source gives, and writes it to the configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, clock, print_json, settings_of
from digest.cli.entry_edits import DryRunOption
from digest.cli.sites import print_choice, write_layout
from digest.cli.terminal import short, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.service.sources.trying import Look, Site
    from digest.settings import Settings, Source

_SHOWN = 5  # entries and problems
_MOST_DUMPS = 1_000
_PLACE = "digest source add"


def add(
    name: Annotated[str, typer.Argument(metavar="NEW", help="Its id: a short name, used in URLs.")],
    *,
    title: Annotated[str, typer.Option(help="The name that visitors and subscribers see.")],
    path: Annotated[Path | None, typer.Option(help="A file, a folder or a glob of dumps.")] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="A page or feed of a web site; again for each further page. Without --layout, Digest chooses one.",
        ),
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The site is on this machine or its network.")
    ] = False,
    layout: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A layout by which to read it; give the option again for each further one."),
    ] = None,
    language: Annotated[str, typer.Option(help="The language of its entries, as a language tag.")] = "",
    timezone: Annotated[str, typer.Option(help="The time zone of its dates.")] = "",
    link: Annotated[str, typer.Option(help="The address of the original article, with {title} for the title.")] = "",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what the first import of a new source gives, and add the source to the configuration.

    The entries of the first import are not announced.
    """
    if (path is None) is (not url):
        raise typer.BadParameter("give --path or --url", param_hint="--path")
    from digest.service.sources import trying

    settings = settings_of(config)
    site = _site(settings, url, name, layout or (), timezone, allow_private=allow_private) if url else None
    table: dict[str, object] = {"id": name, "title": title, "backlog": 0}
    table |= site.table if site else {"path": str(Path(str(path)).absolute())}
    given = {"layouts": layout, "language": language, "timezone": timezone, "link": link}
    table |= {key: value for key, value in given.items() if value}
    source = _source(config, table, site)
    look = trying.look_at_files(source, path) if path else trying.look_at_site(source, site or trying.Site({}))
    if not as_json:
        _print_look(name, look, site)
        if site and not timezone:
            typer.echo("A day begins at midnight in UTC there; --timezone names the time zone of the blog.")
    _require_entries(look, path)
    for other in trying.sources_of_same_files(settings, source) if path else ():
        typer.echo(
            f"digest: source {other} reads the same files: its entries would appear twice. If it cannot read them, "
            f"delete it from the configuration, or write `layouts` below its path instead of adding {name}.",
            err=True,
        )
    if not dry_run and not yes and not as_json:
        typer.confirm(f"Add the source {name}?", abort=True)
    written = None if dry_run or (as_json and not yes) else _write_all(settings, table, site)
    if as_json:
        facts = {"source": name, "written": str(written) if written else None}
        print_json(look.as_json() | facts | ({"reasons": list(site.choice.reasons)} if site and site.choice else {}))
    elif written:
        typer.echo(f"Added {name} to {written}. The entries of its first import are not announced.")
    else:
        typer.echo("Nothing was written.")


def _site(
    settings: Settings, urls: Sequence[str], name: str, layouts: Sequence[str], timezone: str, *, allow_private: bool
) -> Site:
    from zoneinfo import ZoneInfo

    from digest.errors import ConfigurationError
    from digest.service.sources.trying import site_of

    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ValueError, OSError) as error:
        raise ConfigurationError(
            f"there is no time zone {timezone!r}", place=_PLACE, remedy="write one such as Asia/Shanghai"
        ) from error
    return site_of(settings, urls, name, layouts, zone=zone, clock=clock, allow_private=allow_private)


def _source(config: Path | None, table: Mapping[str, object], site: Site | None) -> Source:
    """The source as the configuration would have it, without a layout that is not written yet."""
    from digest.dumps.configured import load_settings
    from digest.errors import ConfigurationError

    known = {key: value for key, value in table.items() if key != "layouts" or not (site and site.declares)}
    source = load_settings(config, more=[known]).source(str(table["id"]))
    if source is None:
        remedy = "add the source to that variable yourself"
        raise ConfigurationError("the variable DIGEST_SOURCES sets the sources", place=_PLACE, remedy=remedy)
    return source


def _require_entries(look: Look, path: Path | None) -> None:
    from digest.errors import ConfigurationError

    if look.entries:
        return
    if path is None:
        problem = f"no entry was found: {'; '.join(look.problems[:_SHOWN])}"
        raise ConfigurationError(problem, place=_PLACE, remedy="leave out --layout, and Digest chooses how to read it")
    remedy = f"run `digest layout suggest {path} -o layouts/NAME.toml`, then `digest layout try NAME {path}`"
    raise ConfigurationError(f"no entry was found in {path}", place=_PLACE, remedy=remedy)


def _write_all(settings: Settings, table: Mapping[str, object], site: Site | None) -> Path:
    """Write the source, and first the layout that was chosen for it, to the folder beside the configuration."""
    layout = site.choice.table if site and site.choice and site.declares else None
    if site and site.choice and layout and settings.file and _is_writable(settings.file):
        write_layout(settings.file.parent / "layouts" / f"{table['id']}.toml", site.choice)
        layout = None
    return write_sources(settings, [table], layout)


def _print_look(name: str, look: Look, site: Site | None) -> None:
    if site and site.choice:
        print_choice(site.choice)
        return
    dumps = f"{look.dumps:,} {'dump' if look.dumps == 1 else 'dumps'}"
    which = f"the first {dumps}" if look.more else dumps
    typer.echo(f"The first import of {name} gives {look.entries} entries from {which}:")
    for line in look.first:
        typer.echo(f"  {short(line, terminal_width() - 2)}")
    if look.entries > len(look.first):
        typer.echo(f"  … and {look.entries - len(look.first)} more")
    for problem in look.problems[:_SHOWN]:
        typer.echo(f"Not read: {problem}", err=True)
    if len(look.problems) > _SHOWN:
        typer.echo(f"… and {len(look.problems) - _SHOWN} more dumps are not read.", err=True)


def write_sources(
    settings: Settings, tables: Sequence[Mapping[str, object]], layout: Mapping[str, object] | None = None
) -> Path:
    """Write sources to the configuration, or to the changes in `data_dir` if that is read-only; returns the file.

    A `layout` goes to the changes with them.
    """
    from digest.app import opened
    from digest.cli.common import context_of
    from digest.operations import settings as operations
    from digest.operations.core import perform
    from digest.service.operating.auditing import recorded
    from digest.settings.overlay import changes_file

    ids = [str(table["id"]) for table in tables]
    with opened(settings) as store:
        context = context_of(settings, store)
        if layout is None and settings.file and _is_writable(settings.file):
            with recorded(store, context.actor, "sources.add", ", ".join(ids), clock):
                if _append(settings.file, tables):
                    return settings.file
        values: dict[str, object] = {f"sources.{name}": dict(table) for name, table in zip(ids, tables, strict=True)}
        if layout is not None:
            values[f"layouts.{layout['id']}"] = dict(layout)
        perform(operations.SET, context, operations.Values(values=values))
    return changes_file(settings.data_dir)


def _append(file: Path, tables: Sequence[Mapping[str, object]]) -> bool:
    """Write sources to the end of the configuration; False if it cannot be written after all.

    Raises:
        ConfigurationError: nothing can follow its end.
    """
    from digest.errors import ConfigurationError
    from digest.json_output import toml_value
    from digest.settings.layers import append

    text = "\n".join(
        "[[sources]]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in table.items()) for table in tables
    )
    try:
        append(file, text)
    except ValueError as error:
        remedy = f"write this table into it yourself:\n{text}"
        raise ConfigurationError(f"no table can follow its end: {error}", place=str(file), remedy=remedy) from error
    except OSError:
        return False  # its folder is read-only, or the file is mounted by itself
    return True


def _is_writable(file: Path) -> bool:
    return os.access(file, os.W_OK)
