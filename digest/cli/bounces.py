"""`digest bounces read`: read bounces and complaints once."""

from __future__ import annotations

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, store_of
from digest.cli.progress import Progress

app = typer.Typer(name="bounces", help="Read bounces and complaints.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group, so that its one command has a name."""


@app.command()
def read(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Read the maildir or the IMAP folder of bounces once; `digest run` does this by itself."""
    from digest.app import clock
    from digest.service.bounces import messages

    with store_of(config) as (settings, store):
        messages.require_folder(settings)
        kept = (
            "Mails read so far are recorded, the rest stay where they are; `digest bounces read` continues with them."
        )
        with Progress("reading bounces", kept=kept):
            handled = messages.read_mailboxes(store, settings, clock)
    if as_json:
        print_json(dict(handled))
    else:
        typer.echo(", ".join(f"{count} {what}" for what, count in handled.items()) or "no bounces or complaints")
