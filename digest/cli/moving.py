"""`digest migrate-store`: taking all that is known to another database."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.common import progress_bar

_URL = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"


def register(app: typer.Typer) -> None:
    app.command("migrate-store")(migrate_store)


def migrate_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"The store that is: {_URL}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Where it shall be: a new file or an empty database.")],
) -> None:
    """Copy a store into another database and verify the copy. Stop the service first, and start it on the copy only."""
    from digest.store import move_store, place

    with progress_bar(None, "copying") as advance:
        rows = move_store(source, target, lambda done, total, name: advance(done, name, total))
    typer.echo(f"{rows} rows are copied to {place(target)}, and equal.")
    typer.echo("Set DIGEST_DATABASE_URL to it. Never start the service on the old store again: it would mail twice.")
