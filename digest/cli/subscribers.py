"""`digest subscribers add|show|erase`; the other commands are in `importing`, `people` and `suppressing`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from digest.cli import importing, people, suppressing
from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, store_of, store_to_read

app = typer.Typer(name="subscribers", help="Manage subscribers, the people who get the mails.", no_args_is_help=True)
importing.register(app)
people.register(app)
suppressing.register(app)


@app.command()
def add(
    address: people.AddressArgument,
    *,
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    language: Annotated[str | None, typer.Option(help="zh_CN or en (default: the digest's).")] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="both|text", help="Send HTML and text, or text only.")
    ] = "both",
    digest: Annotated[
        list[str] | None, typer.Option("--digest", metavar="ID", help="Subscribe to this digest (default: all).")
    ] = None,
    welcome: Annotated[
        bool, typer.Option("--welcome/--no-welcome", help="Send a first mail at once, as set in signup.welcome.")
    ] = True,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Subscribe somebody who agreed to it; your act is recorded as their consent."""
    from digest.app import clock
    from digest.service.people import subscribers

    with store_of(config) as (settings, store):
        record = subscribers.add(
            store,
            settings,
            address,
            name=name,
            language=language,
            form=form,
            digests=digest,
            welcome=welcome,
            now=clock(),
        )
    if as_json:
        print_json(people.as_json(record))
    else:
        typer.echo(f"{record.subscriber.address}: subscribed to {', '.join(record.digests)}")


@app.command()
def show(address: people.AddressArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show all stored data about a subscriber."""
    from digest.service.people import subscribers

    with store_to_read(config) as (_, store):
        known = subscribers.export(store, address)
    if as_json:
        print_json(known[0])
    else:
        typer.echo(json.dumps(known[0], ensure_ascii=False, indent=2))


@app.command()
def erase(
    address: people.AddressArgument, *, yes: YesOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Erase a subscriber permanently; a keyed hash of the address stays, so that no import adds it again."""
    from digest.app import clock
    from digest.service.people import subscribers

    if not yes:
        typer.confirm(
            f"Erase {address} and all data stored about them? This cannot be undone.", abort=True, err=as_json
        )
    with store_of(config) as (_, store):
        subscribers.erase(store, address, now=clock())
    if as_json:
        print_json({"address": address, "erased": True})
    else:
        typer.echo(f"{address}: erased")
