"""Sites by their address: how to read one, for `digest layout suggest URL` and `digest source add --url`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from digest.cli.common import clock, print_json
from digest.cli.terminal import short, terminal_width, wrapped_lines
from digest.dumps.printing import day_printed

if TYPE_CHECKING:
    from digest.dumps.html.choosing import Choice
    from digest.dumps.suggesting.seen import Page

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
NO_TITLE = "(no title)"
_SHOWN = 8  # entries


def is_address(text: str) -> bool:
    """Whether an argument is an address of the web, not a path."""
    return _ADDRESS.match(text) is not None


def suggest_address(url: str, output: Path | None, *, allow_private: bool, as_json: bool) -> int:
    """Print how the site at an address can be read; the exit code.

    Raises:
        FetchError: the page cannot be fetched.
    """
    from digest.service.sources.trying import chosen, fetcher_of, name_of

    found = chosen(url, fetcher_of(None, clock, allow_private=allow_private), name_of(url))
    private = " --allow-private" if allow_private else ""
    _print_suggested(found, output, f"--url {found.url}{private}", as_json=as_json)
    return int(not found.layouts)


def suggest_page(page: Page, output: Path | None, *, as_json: bool) -> int:
    """Print how a saved page of HTML can be read; the exit code. Its feed is not asked for."""
    from digest.dumps.html.choosing import choice
    from digest.service.sources.trying import name_of

    found = choice(page.text.encode(), "", None, name=name_of(page.name.rsplit(".", 1)[0]))
    _print_suggested(found, output, "--path FOLDER", as_json=as_json)
    return int(not found.layouts)


def _print_suggested(found: Choice, output: Path | None, origin: str, *, as_json: bool) -> None:
    """Print how a page can be read and why; write a layout that has to be declared to `output`."""
    from digest.operations.layouts import choice_view

    if output is not None and found.table is not None:
        write_layout(output, found)
    if as_json:
        print_json(choice_view(found).model_dump())
    else:
        print_choice(found)
    if output is not None and found.layouts:
        wrote = (
            f"Wrote {output}." if found.table is not None else "There is nothing to declare, so no file was written."
        )
        typer.echo(wrote, err=as_json)
    if not as_json and found.layouts:
        if found.table is None or output is not None:
            typer.echo(f"Next: digest source add ID --title TITLE {origin} --layout {found.layouts[0]}")
        elif found.url:  # `source add` chooses the layout again, and writes it
            typer.echo(f"Next: digest source add ID --title TITLE {origin}")
        else:
            typer.echo("Next: write the layout with -o layouts/NAME.toml, in the folder of your configuration")


def print_choice(found: Choice) -> None:
    """Print the reasons, the layout if there is one to declare, and the entries."""
    from digest.dumps.suggesting.samples import toml_of

    for reason in found.reasons:
        _say(reason)
    if found.table is not None:
        typer.echo(f"\n{toml_of([found.table])}")
    count = len(found.entries)
    if count:
        place = f" at {found.url}" if found.url else ""
        typer.echo(f"{count} {'entry' if count == 1 else 'entries'}{place}:")
    for one in found.entries[:_SHOWN]:
        date = day_printed(one.extras.printed or one.date or one.extras.updated)
        typer.echo(f"  {short(f'{date}  {one.title or NO_TITLE}', terminal_width() - 2)}")
    if count > _SHOWN:
        typer.echo(f"  … and {count - _SHOWN} more")


def write_layout(file: Path, found: Choice) -> None:
    """Write the layout of a choice to a new file, with the reasons above it.

    Raises:
        ConfigurationError: the file is there already, or cannot be written.
    """
    from digest.dumps.suggesting.samples import toml_of
    from digest.errors import ConfigurationError

    assert found.table is not None  # noqa: S101 - callers ask before
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(toml_of([found.table], [[f"For {found.url or 'a saved page'}.", *found.reasons]]))
    except FileExistsError as error:
        raise ConfigurationError("is there already", place=str(file), remedy="name another file") from error
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        raise ConfigurationError(problem, place=str(file), remedy="name another file") from error


def _say(text: str) -> None:
    for line in wrapped_lines(text, terminal_width(), "  "):
        typer.echo(line)
