"""`digest adopt`: take over the store of another installation."""

from __future__ import annotations

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, settings_of


def register(app: typer.Typer) -> None:
    app.command("adopt")(adopt)


def adopt(*, yes: YesOption = False, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Take over the store of another installation; that installation can then no longer use it."""
    from digest import installation
    from digest.app import opened_untouched
    from digest.store import place

    settings = settings_of(config)
    where = place(settings.database)
    with opened_untouched(settings, anybodys=True) as store:
        kept, mine = installation.user(store), installation.described(settings)
        if kept and not yes:
            typer.confirm(f"{where} is the store of {kept}. Make it the store of {mine}?", abort=True, err=True)
        installation.adopt(store, settings)
    if as_json:
        print_json({"store": where, "was": kept.file if kept else None, "now": mine.file if mine else None})
    else:
        typer.echo(f"{where} is now the store of {mine}." + (f" Before, it was the store of {kept}." if kept else ""))
