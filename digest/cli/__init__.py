"""The command line: reads arguments, calls the service, prints. Holds no rule."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from digest import __version__
from digest.cli import (
    alerts,
    bounces,
    deliveries,
    editions,
    entries,
    explaining,
    mail,
    moving,
    operate,
    parsing,
    previews,
    running,
    simulating,
    state,
    subscribers,
)
from digest.errors import ConfigurationError, DigestError

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="digest",
    help="Reads text dumps of a blog's listing pages and tells people what is new: a feed and a weekly mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (parsing, running, operate, state, explaining, moving, simulating):
    part.register(app)
app.add_typer(entries.app, name="entries")
app.add_typer(entries.app, name="entry", hidden=True)
previews.register(editions.app)
app.add_typer(editions.app)
app.add_typer(subscribers.app)
app.add_typer(operate.source_app)
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
    """Nothing to do before a command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 something failed and is named on stderr, 2 wrong usage or configuration."""
    try:
        app(args=arguments)
    except ConfigurationError as error:
        typer.echo(f"digest: {error}", err=True)
        sys.exit(2)
    except DigestError as error:
        typer.echo(f"digest: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; Python would complain about it at the end
        sys.exit(1)
