"""`digest parse`: dumps in, sightings out; no state and no configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.common import JsonOption
from digest.cli.plain import print_sightings


def register(app: typer.Typer) -> None:
    app.command("parse")(parse)


def parse(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Dumps, folders of dumps, or globs.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print what dumps say, entry by entry; keeps nothing."""
    raise typer.Exit(int(not print_sightings(paths, as_json=as_json)))
