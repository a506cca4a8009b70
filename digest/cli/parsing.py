"""`digest parse`: print the entries that dumps show, without state and configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import JsonOption
from digest.cli.plain import print_sightings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.dumps.declared import Layout
    from digest.dumps.interface import Layouts
    from digest.dumps.pages import Page


def register(app: typer.Typer) -> None:
    app.command("parse")(parse)


def parse(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Dumps, folders of dumps, or globs.")],
    *,
    layouts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Read by the layouts of this TOML file, or of a folder of them, not the built-in ones."
        ),
    ] = None,
    furniture: Annotated[
        bool, typer.Option("--furniture", help="Also print the lines that belong to no entry.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the entries that dumps show, one by one. Stores nothing."""
    declared: Layouts | None = None
    drawn: Sequence[Layout] = ()
    if layouts is not None:
        from digest.dumps.declared.layout import read_layouts
        from digest.dumps.declared.sightings import DeclaredLayouts

        drawn = read_layouts(layouts)
        declared = DeclaredLayouts(drawn)
    left_out = _furniture(drawn) if furniture else None
    raise typer.Exit(int(not print_sightings(paths, as_json=as_json, declared=declared, furniture=left_out)))


def _furniture(drawn: Sequence[Layout]) -> Callable[[Page], Iterator[tuple[int, str]]]:
    """A function that returns the lines of a dump that belong to no entry of these layouts, or of the built-in ones."""
    from digest.dumps.declared import read_text
    from digest.dumps.declared.known import known_layouts
    from digest.dumps.decode import text_blocks

    layouts = [one for one in drawn or known_layouts().values() if one.declared.html is None]

    def lines(page: Page) -> Iterator[tuple[int, str]]:
        with page.open() as stream:
            text = "".join(text_blocks(stream, page.name))
        return ((line.number, line.text) for line in read_text(layouts, text).unclaimed)

    return lines
