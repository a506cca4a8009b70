"""`digest parse`: dumps in, sightings out; no state and no configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import JsonOption, print_json

if TYPE_CHECKING:
    from digest.model import Sighting


def register(app: typer.Typer) -> None:
    app.command("parse")(parse)


def parse(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Dumps, folders of dumps, or globs.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print what dumps say, entry by entry; keeps nothing."""
    from digest.dumps.files import DumpFile, dump_files  # noqa: PLC0415 - keeps `--help` quick
    from digest.dumps.parse import printed  # noqa: PLC0415
    from digest.dumps.snapshot import read_sightings  # noqa: PLC0415
    from digest.errors import DumpError  # noqa: PLC0415

    failed = False
    for path in paths:
        try:
            for file in dump_files(path):
                if not isinstance(file, DumpFile):
                    failed = _complain(str(file))
                    continue
                try:
                    with file.path.open("rb") as stream:
                        for sighting in read_sightings(stream, file.name):
                            print_json(printed(sighting)) if as_json else _print(sighting)
                except DumpError as error:
                    failed = _complain(str(error))
                except OSError as error:
                    failed = _complain(f"{file.name}: cannot be read: {error.strerror} (check its permissions)")
        except DumpError as error:
            failed = _complain(str(error))
    raise typer.Exit(int(failed))


def _print(sighting: Sighting) -> None:
    date = sighting.date
    day = f"{date.year or '????'}-{date.month:02}-{date.day:02}" if date else "no date"
    facts = [day, sighting.author, f"{sighting.readers} readers" if sighting.readers is not None else None]
    counted = f"{len(sighting.paragraphs)} paragraphs, {len(sighting.figures)} figures"
    typer.echo(f"{sighting.position + 1:3}  {sighting.title}")
    typer.echo(f"     {' · '.join(filter(None, [*facts, counted, None if sighting.complete else 'incomplete']))}")


def _complain(problem: str) -> bool:
    typer.echo(f"digest: {problem}", err=True)
    return True
