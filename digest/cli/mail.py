"""`digest mail key`: create a DKIM key. `mail_previews` adds `digest mail preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of

app = typer.Typer(
    name="mail",
    help="Create a DKIM key, and preview mails; `digest check --mail` reports what is still missing.",
)


@app.callback()
def root() -> None:
    """Without this typer would make the only command the group itself."""


@app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the private key.")],
    *,
    kind: Annotated[
        str, typer.Option(metavar="rsa|ed25519", help="Create rsa first; ed25519 only in addition.")
    ] = "rsa",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Create a DKIM key, and print the DNS record that publishes its public half."""
    from digest.mail.dkim import Key, write_key, zone_line
    from digest.service.editions.digests import sender_domain

    if kind not in {"rsa", "ed25519"}:
        raise typer.BadParameter("rsa or ed25519", param_hint="--kind")
    settings = settings_of(config)
    selector, name = (
        (settings.dkim.selector, "key_file") if kind == "rsa" else (settings.dkim.ed25519_selector, "ed25519_key_file")
    )
    made = Key(settings.dkim.domain or sender_domain(settings), selector, write_key(file, kind))
    if as_json:
        print_json({"file": str(file), "kind": kind, "name": made.name, "value": made.record})
        return
    typer.echo(
        f"{file} is written; only you can read it. Publish the DNS record, then set dkim.{name} to this file", err=True
    )
    typer.echo(zone_line(made.name, made.record))
