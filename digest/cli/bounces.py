"""`digest bounces read`: what came back, read by hand."""

from __future__ import annotations

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, store_of
from digest.cli.progress import Progress

app = typer.Typer(name="bounces", help="Mail that came back.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group, so that its one command has a name."""


@app.command()
def read(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Read the maildir or the IMAP folder once; `digest run` does so by itself."""
    from digest.app import clock
    from digest.service.bounces import messages

    with store_of(config) as (settings, store):
        messages.require_folder(settings)
        kept = "What was read is recorded, the rest stays where it lies; `digest bounces read` goes on with it."
        with Progress("reading what came back", kept=kept):
            handled = messages.read(store, settings, clock)
    if as_json:
        print_json(dict(handled))
    else:
        typer.echo(", ".join(f"{count} {what}" for what, count in handled.items()) or "nothing came back")
