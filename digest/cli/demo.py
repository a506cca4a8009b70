"""`digest demo`: the invented blog with its invented readers, in a folder of its own, apart from the real thing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from digest import bundled
from digest.errors import ConfigurationError

_FOLDER = Path("var/demo")
_FILES = ("digest.toml", "subscribers.csv", "samples/index.txt", "samples/search.txt")


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where the demo lives: its configuration, samples, state, mails.")
    ] = _FOLDER,
) -> None:
    """Run the service on sample dumps of an invented blog; it touches no installation of yours."""
    from digest.app import clock, opened
    from digest.cli.serving import serve_with
    from digest.service import subscribers
    from digest.settings import load_demo

    settings = load_demo(_written(folder))
    with opened(settings) as store:
        subscribers.import_csv(store, settings, (folder / "subscribers.csv").read_text("utf-8"), now=clock())
    typer.echo(f"This is the demo: invented articles and readers, kept in {folder}. No mail leaves this machine.")
    typer.echo("Your own installation begins with `digest init`.")
    serve_with(settings)


def _written(folder: Path) -> Path:
    """Write the files of the demo anew; its configuration.

    Raises:
        ConfigurationError: the folder holds something else, or cannot be written.
    """
    ours = bundled.folder("config") / "demo"
    file = folder / "digest.toml"
    try:
        if file.exists() and _first_line(file) != _first_line(ours / "digest.toml"):
            raise ConfigurationError("holds a configuration of yours", place=str(folder), remedy="name another folder")
        (folder / "samples").mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copyfile(ours / name, folder / name)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from error
    return file


def _first_line(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0]
