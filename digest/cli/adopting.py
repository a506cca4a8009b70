"""`digest adopt`: a store that another installation used."""

from __future__ import annotations

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, settings_of


def register(app: typer.Typer) -> None:
    app.command("adopt")(adopt)


def adopt(*, yes: YesOption = False, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Let this configuration use a store that another installation used; that one is refused from then on."""
    from digest import installation
    from digest.app import opened_untouched
    from digest.store import place

    settings = settings_of(config)
    where = place(settings.database)
    with opened_untouched(settings, anybodys=True) as store:
        kept, mine = installation.user(store), installation.described(settings)
        if kept and not yes:
            typer.confirm(f"{where} is the store of {kept}. Shall it be that of {mine}?", abort=True, err=True)
        installation.adopt(store, settings)
    if as_json:
        print_json({"store": where, "was": kept.file if kept else None, "now": mine.file if mine else None})
    else:
        typer.echo(f"{where} is the store of {mine} now." + (f" It was that of {kept}." if kept else ""))
