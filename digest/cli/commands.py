"""The Typer application with all commands."""

from __future__ import annotations

from typing import Annotated

import typer

from digest import __version__
from digest.cli import (
    adopting,
    alerts,
    backups,
    bounces,
    deliveries,
    demo,
    digests,
    editions,
    entries,
    explaining,
    holds,
    init,
    layouts,
    mail,
    mail_previews,
    moving,
    operate,
    parsing,
    previews,
    running,
    simulating,
    sources,
    status,
    subscribers,
)
from digest.cli.completing import CompletingGroup

app = typer.Typer(
    name="digest",
    cls=CompletingGroup,
    help="Reads text dumps of a blog's listing pages and announces new entries in feeds and a weekly mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (parsing, running, init, demo, operate, status, backups, explaining, moving, simulating, adopting):
    part.register(app)
app.add_typer(entries.app, name="entries")
app.add_typer(entries.app, name="entry", hidden=True)
previews.register(editions.app)
app.add_typer(editions.app)
app.add_typer(subscribers.app)
holds.register(operate.source_app)
sources.register(operate.source_app)
app.add_typer(operate.source_app)
app.add_typer(layouts.app)
app.add_typer(digests.app)
mail_previews.register(mail.app)
app.add_typer(mail.app)
app.add_typer(deliveries.app)
app.add_typer(bounces.app)
app.add_typer(alerts.app)


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if asked:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Declare the options that come before a command."""
