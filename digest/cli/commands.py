"""The Typer application with all commands."""

from __future__ import annotations

import functools
from importlib import import_module
from types import ModuleType
from typing import Annotated

import typer

from digest import __version__
from digest.cli.completing import CompletingGroup

# Importing the module of every command takes longer than most commands do. `application` therefore imports only what
# the named command needs. A test compares these tables with what the modules register.
_COMMANDS = {  # module: its commands, in the order of the help
    "parsing": ("parse",),
    "running": ("run", "check"),
    "init": ("init",),
    "demo": ("demo",),
    "refreshing": ("refresh", "feed"),
    "status": ("status",),
    "backups": ("backup", "restore", "unfence", "fence", "adopt", "migrate-store"),
    "explaining": ("explain",),
    "simulating": ("simulate",),
}
_GROUPS = {  # group: the module of its Typer application, and the modules that add commands to it
    "entries": ("entries",),
    "edition": ("editions", "edition_previews", "edition_control"),
    "subscribers": ("subscribers",),
    "source": ("sources", "source_lists", "holds", "fetches", "settings"),
    "settings": ("settings",),
    "layout": ("layouts",),
    "digests": ("editions",),
    "mail": ("mail",),
    "deliveries": ("deliveries",),
    "bounces": ("bounces",),
    "alerts": ("alerts",),
    "webhooks": ("webhooks",),
    "tokens": ("operators",),
    "audit": ("operators",),
    "console": ("console",),
}
_FORMER = {"entry": "entries"}  # hidden from the help


@functools.cache
def application(command: str | None = None) -> typer.Typer:
    """The application with all commands, or with only this command or group if there is one of this name."""
    app = typer.Typer(
        name="digest",
        cls=CompletingGroup,
        help="Reads text dumps of a blog's listing pages and announces new entries in feeds and a weekly mail.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    modules = [module for module, commands in _COMMANDS.items() if command in commands]
    groups = [name for name in (*_GROUPS, *_FORMER) if name == command]
    if not modules and not groups:
        modules, groups = list(_COMMANDS), [*_GROUPS, *_FORMER]
    for module in modules:
        _module(module).register(app)
    for name in groups:
        app.add_typer(_group(_FORMER.get(name, name)), name=name, hidden=name in _FORMER)
    return app


@functools.cache
def _group(name: str) -> typer.Typer:
    home, *others = map(_module, _GROUPS[name])
    app: typer.Typer = vars(home).get(f"{name}_app") or home.app
    for other in others:
        other.register(app)
    return app


def _module(name: str) -> ModuleType:
    return import_module(f"digest.cli.{name}")


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if asked:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Declare the options that come before a command."""
