"""`digest migrate-store`: copy all stored data to another database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.common import JsonOption, print_json
from digest.cli.progress import Progress
from digest.errors import ConfigurationError

_URL = (
    "sqlite:///PATH, postgresql://USER@HOST/NAME, or file:PATH or env:NAME for a file or variable that contains the URL"
)


def register(app: typer.Typer) -> None:
    app.command("migrate-store")(migrate_store)


def migrate_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"The present store: {_URL}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The new store: a new file or an empty database.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Copy a store into another database and verify the copy. Stop the service first, and start it on the copy only.

    Never pass a password as an argument: put the URL into a file or a variable, or the password into PGPASSWORD or
    ~/.pgpass.
    """
    from digest.store import move_store, place

    old, new = _url(source, "FROM"), _url(target, "TO")
    kept = "The old store is unchanged and the new one is empty, so nothing is lost; run the same command again."
    with Progress("copying", kept=kept) as progress:
        rows = move_store(old, new, lambda done, total, name: progress(done, name, total))
    if as_json:
        print_json({"rows": rows, "from": place(old), "to": place(new)})
        return
    typer.echo(f"{rows} rows are copied to {place(new)}, and both stores are equal.")
    typer.echo("Set DIGEST_DATABASE_URL to the new store.")
    typer.echo("Never start the service on the old store again: it would send mails twice.")


def _url(given: str, argument: str) -> str:
    """The URL in an argument, or in the file or variable that the argument names.

    Raises:
        ConfigurationError: the file or variable contains no URL, or the argument contains a password.
    """
    from digest.store import has_password

    kind, colon, name = given.partition(":")
    if colon and kind == "env":
        return _found(os.environ.get(name, ""), f"{argument}: the variable {name}")
    if colon and kind == "file":
        try:
            lines = Path(name).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("cannot be read", place=f"{argument}: {name}") from error
        return _found(lines[0] if lines else "", f"{argument}: {name}")
    if has_password(given):
        raise ConfigurationError(
            "a password among the arguments can be read by everybody on this machine, and stays in the shell's history",
            place=argument,
            remedy="put the URL into a file that only you can read and write file:PATH, or into a variable and write "
            "env:NAME; and change that password",
        )
    return given


def _found(url: str, place: str) -> str:
    if not url.strip():
        raise ConfigurationError(
            "contains no URL", place=place, remedy="write postgresql://USER:PASSWORD@HOST/NAME there"
        )
    return url.strip()
