"""`digest refresh` and `digest feed`: read the dumps once, print a feed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, act, print_json, print_table, store_of, write_file
from digest.errors import UnknownError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.operations.source_acts import PassView
    from digest.settings import Settings, Source

SourceOption = Annotated[str | None, typer.Option("--source", metavar="ID", help="Only this source.")]


def register(app: typer.Typer) -> None:
    app.command("refresh")(refresh)
    app.command("feed")(feed)


def refresh(
    *,
    source: SourceOption = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch also from this machine and its network, this time.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read all sources once and store what is new; first fetch those that are fetched, due or not."""
    from digest.operations import source_acts

    with store_of(config) as (settings, store):
        chosen = _read_sources(chosen_sources(settings, source))
        private = {"allow_private": True} if allow_private else {}
        sources = tuple(one.model_copy(update=private) for one in settings.sources)
        settings = settings.model_copy(update={"sources": sources})  # noqa: PLW2901 - of this command
        if source is None:
            passes = act(source_acts.REFRESH_ALL, settings, store).items
        else:
            passes = [act(source_acts.REFRESH, settings, store, source=one.id) for one in chosen]
    print_passes(passes, as_json=as_json)


def chosen_sources(settings: Settings, source: str | None) -> tuple[Source, ...]:
    if source is None:
        from digest.app import require_sources

        return require_sources(settings.sources)
    found = settings.source(source)
    if found is None:
        raise UnknownError("source", source, remedy="the configuration lists the sources")
    return (found,)


def _read_sources(chosen: tuple[Source, ...]) -> tuple[Source, ...]:
    """Those that are not paused, and a line about each other one."""
    for one in chosen:
        if one.paused:
            typer.echo(f"digest: {one.id} is paused (`digest source resume {one.id}` reads it again)", err=True)
    return tuple(one for one in chosen if not one.paused)


def print_passes(passes: Sequence[PassView], *, as_json: bool) -> None:
    """Print the passes; exit with code 1 if a dump could not be read."""
    if as_json:
        for done in passes:
            print_json(_counts(done))
    else:
        columns = ("source", "dumps", "skipped", "sightings", "added", "revised", "vanished", "held")
        print_table(columns, [list(_counts(done).values()) for done in passes], numbers=columns[1:])
    for done in passes:
        for problem in (*done.problems, *done.notes):
            typer.echo(f"digest: {done.source}: {problem}", err=True)
    if any(done.failed for done in passes):
        raise typer.Exit(1)


def _counts(done: PassView) -> dict[str, object]:
    return done.model_dump(include={"source", "dumps", "skipped", "sightings", "added", "revised", "vanished", "held"})


def feed(
    *,
    form: Annotated[str, typer.Option("--format", help="The feed format.", metavar="atom|rss|json")] = "atom",
    source: SourceOption = None,
    topic: Annotated[str | None, typer.Option("--topic", metavar="ID", help="Only entries of this topic.")] = None,
    page: Annotated[int | None, typer.Option("--archive", metavar="N", help="Print archive page N.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of printing.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Print a feed, byte for byte as the web server serves it."""
    from digest.protected_files import require_free
    from digest.service.publishing.syndication import FORMATS, Syndication

    if form not in FORMATS:
        raise typer.BadParameter(
            f"{form!r} is not a feed format; choose one of {', '.join(FORMATS)}", param_hint="--format"
        )
    if source is not None and topic is not None:
        raise typer.BadParameter("choose --source or --topic, not both", param_hint="--topic")
    with store_of(config, any_clock=True) as (settings, store):
        if output:
            require_free(settings, output, config)
        if source is not None:
            chosen_sources(settings, source)
        if topic is not None and settings.topic(topic) is None:
            raise UnknownError("topic", topic, remedy="the configuration lists the topics")
        path = f"sources/{source}/" if source else f"topics/{topic}/" if topic else ""
        document = Syndication(store, settings).feed(path, form, page=page)
    if output is None:
        sys.stdout.buffer.write(document.body)
        sys.stdout.flush()
    else:
        write_file(output, document.body)
