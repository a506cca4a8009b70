"""`digest demo`: an invented blog with invented subscribers, in its own folder, separate from a real installation.

Decisions 254 and 255.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from digest import files
from digest.cli.common import clock
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.settings import Settings, Source

_FOLDER = Path("var/demo")
_FILES = ("digest.toml", "subscribers.csv", "samples/index.txt", "samples/search.txt")
_LOOK_SECONDS = 2.0


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The folder for the demo's configuration, samples, state and mails."),
    ] = _FOLDER,
) -> None:
    """Run the service on sample dumps of an invented blog. It does not touch your own installation."""
    from digest.settings import load_demo

    file = _write_configuration(folder)
    _run(lambda: load_demo(file), folder, "To set up your own installation, run `digest init`.")


def run_or_demo(config: Path | None) -> None:
    """Run the service. If the installation is still empty, run the demo until the first dump arrives."""
    from digest.cli.serving import serve_with
    from digest.dumps.configured import load_settings
    from digest.settings import load_demo

    settings = load_settings(config)
    if _has_begun(settings):
        serve_with(lambda: load_settings(config))
        return
    folder = settings.data_dir / "demo"
    places = {name: getattr(settings, name) for name in ("base_url", "web", "log")}
    found = threading.Event()
    watch = threading.Thread(target=_end_at_first_dump, args=(settings, found), daemon=True)
    own = ", ".join(str(source.path) for source in settings.sources)
    last = f"Put a dump into {own}, and your own installation replaces the demo."
    file = _write_configuration(folder)
    _run(lambda: load_demo(file).model_copy(update=places), folder, last, watch.start)
    if found.is_set():
        typer.echo("A dump has arrived: the demo ends, and your own installation starts.")
        sys.stdout.flush()
        again = ["run", *(["--config", str(config)] if config else [])]
        os.execv(sys.executable, [sys.executable, "-m", "digest", *again])  # noqa: S606 - this program again, as a fresh process


def _run(reread: Callable[[], Settings], folder: Path, last: str, ready: Callable[[], None] = lambda: None) -> None:
    from digest.app import opened
    from digest.cli.serving import serve_with
    from digest.service.people import importing

    settings = reread()
    with opened(settings) as store:
        people = importing.read_people((folder / "subscribers.csv").read_bytes(), clock())
        importing.import_people(store, settings, people, now=clock())
    typer.echo(f"This is the demo: invented articles and subscribers, stored in {folder}. No mail leaves this machine.")
    typer.echo(last)
    serve_with(reread, ready=ready)


def _has_begun(settings: Settings) -> bool:
    """Whether this is a real installation: it has a public address, a dump, a state or a database server."""
    from digest.settings import THIS_MACHINE
    from digest.store import is_made, server

    reached = urlsplit(settings.base_url).hostname not in THIS_MACHINE
    return reached or _has_dump(settings.sources) or server(settings.database) is not None or is_made(settings.database)


def _has_dump(sources: tuple[Source, ...]) -> bool:
    from digest.dumps.pages import is_page, listed

    if any(is_page(found) for source in sources if source.path for found in listed(source.path)):
        return True
    return not sources  # an error that `run` reports


def _end_at_first_dump(settings: Settings, found: threading.Event) -> None:
    """Stop this process by the signal of an operator, as soon as a source has a dump."""
    while not _has_dump(settings.sources):
        found.wait(_LOOK_SECONDS)
    found.set()
    os.kill(os.getpid(), signal.SIGTERM)


def _write_configuration(folder: Path) -> Path:
    """Write the files of the demo again, and return its configuration file.

    Raises:
        ConfigurationError: the folder contains another configuration, or cannot be written.
    """
    ours = files.shipped_folder("config") / "demo"
    file = folder / "digest.toml"
    try:
        if file.exists() and _first_line(file) != _first_line(ours / "digest.toml"):
            raise ConfigurationError("contains your own configuration", place=str(folder), remedy="name another folder")
        (folder / "samples").mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copyfile(ours / name, folder / name)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from error
    return file


def _first_line(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0]
