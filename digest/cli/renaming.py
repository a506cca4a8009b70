"""`digest source rename`: another name for a source, with all that is known of it."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of
from digest.model import SourceId


def register(app: typer.Typer) -> None:
    app.command("rename")(rename)


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name up to now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Give a source another name and keep all of it; its old addresses lead to the new ones. Stop the service first."""
    from digest.app import clock, only_one, opened_untouched
    from digest.service import renaming
    from digest.settings import config_file, is_name

    if not is_name(new):
        raise typer.BadParameter(f"{new!r} is no name: small letters, digits, - and _", param_hint="NEW")
    settings = settings_of(config)
    with only_one(settings.database_folder), opened_untouched(settings, any_names=True) as store:
        done = renaming.rename(store, settings, SourceId(old), SourceId(new), clock())
    file = config_file(config)
    lines = list(renaming.lines_to_change(file.read_text("utf-8"), old)) if file else []
    if as_json:
        change = [{"line": number, "text": line} for number, line in lines]
        print_json({"source": new, "was": old, "entries": done.entries, "dumps": done.dumps, "change": change})
        return
    typer.echo(f"{old} is {new} now, with {done.entries} entries and {done.dumps} dumps. Its old addresses lead there.")
    if lines:
        typer.echo(f"Write {new} for {old} in {file}; until then no command opens the store:")
    for number, line in lines:
        typer.echo(f"  line {number}: {line}")
