"""`digest parse`: print the entries that dumps show, without state and configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import JsonOption
from digest.cli.plain import print_sightings

if TYPE_CHECKING:
    from digest.dumps.interface import Layouts


def register(app: typer.Typer) -> None:
    app.command("parse")(parse)


def parse(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Dumps, folders of dumps, or globs.")],
    *,
    layouts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Read by the layouts of this TOML file, or of a folder of them, not the built-in ones."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the entries that dumps show, one by one. Stores nothing."""
    declared: Layouts | None = None
    if layouts is not None:
        from digest.dumps.declared.files import read_layouts
        from digest.dumps.declared.sightings import DeclaredLayouts

        declared = DeclaredLayouts(read_layouts(layouts))
    raise typer.Exit(int(not print_sightings(paths, as_json=as_json, declared=declared)))
