"""`digest subscribers add|import|list|show|export|unsuppress|erase`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, YesOption, print_json, print_table, store_of
from digest.cli.operate import write_file
from digest.errors import DigestError

if TYPE_CHECKING:
    from digest.ports import SubscriberRecord

app = typer.Typer(name="subscribers", help="People who get the digests.", no_args_is_help=True)

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS")]


def _json(record: SubscriberRecord) -> dict[str, object]:
    person = record.subscriber
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "format": person.format,
        "digests": list(record.digests),
        "created_at": person.created_at.isoformat(),
        "suppressed": record.suppressed or None,
    }


@app.command()
def add(
    address: AddressArgument,
    *,
    name: Annotated[str, typer.Option(help="How they are called.")] = "",
    language: Annotated[str | None, typer.Option(help="zh_CN or en (default: the digest's).")] = None,
    form: Annotated[str, typer.Option("--format", metavar="both|text", help="Which parts their mail has.")] = "both",
    digest: Annotated[list[str] | None, typer.Option("--digest", metavar="ID", help="Default: all.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Subscribe somebody who agreed to it; your act is recorded as their consent."""
    from digest.app import clock
    from digest.service import subscribers

    with store_of(config) as (settings, store):
        record = subscribers.add(
            store, settings, address, name=name, language=language, form=form, digests=digest, now=clock()
        )
    if as_json:
        print_json(_json(record))
    else:
        typer.echo(f"{record.subscriber.address}: subscribed to {', '.join(record.digests)}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: address,name,language,format,digest")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Subscribe everybody in a CSV file. Who is known, left or was erased stays as they are."""
    from digest.app import clock
    from digest.service import subscribers

    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DigestError(f"{file}: cannot be read as UTF-8 text: {error}") from error
    with store_of(config) as (settings, store):
        report = subscribers.import_csv(store, settings, text, now=clock())
    if as_json:
        print_json(report.counts())
    else:
        typer.echo(", ".join(f"{count} {name}" for name, count in report.counts().items()))
    for problem in report.problems:
        typer.echo(f"digest: {file}: {problem}", err=True)
    if report.problems:
        raise typer.Exit(1)


@app.command("list")
def list_(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List everybody, in the order of joining."""
    with store_of(config) as (_, store), store.read() as tx:
        records = tx.subscribers.all()
    if as_json:
        for record in records:
            print_json(_json(record))
        return
    print_table(
        ("address", "name", "language", "format", "digests", "state"),
        [
            (
                r.subscriber.address,
                r.subscriber.name,
                r.subscriber.language,
                r.subscriber.format,
                ", ".join(r.digests),
                r.suppressed or ("active" if r.digests else "left"),
            )
            for r in records
        ],
    )


@app.command()
def show(address: AddressArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show all that is stored of a person."""
    from digest.service import subscribers

    with store_of(config) as (_, store):
        known = subscribers.export(store, address)
    if as_json:
        print_json(known[0])
    else:
        typer.echo(json.dumps(known[0], ensure_ascii=False, indent=2))


@app.command()
def export(
    address: Annotated[str | None, typer.Argument(metavar="[ADDRESS]", help="Only this person.")] = None,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")] = None,
    config: ConfigOption = None,
) -> None:
    """Export all that is stored of people: consent, subscriptions, deliveries; one JSON object a line."""
    from digest.service import subscribers

    with store_of(config) as (_, store):
        people = subscribers.export(store, address)
    if output:
        write_file(output, "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in people).encode())
    else:
        for person in people:
            print_json(person)


@app.command()
def unsuppress(address: AddressArgument, *, config: ConfigOption = None) -> None:
    """Mail an address again that was struck off; what came back before no longer counts. Your act is recorded."""
    from digest.app import clock
    from digest.service import bounces

    with store_of(config) as (_, store):
        bounces.unsuppress(store, address, now=clock())
    typer.echo(f"{address}: gets mail again")


@app.command()
def erase(address: AddressArgument, *, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Erase a person for good; a keyed hash of the address stays, so that no import brings it back."""
    from digest.app import clock
    from digest.service import subscribers

    if not yes:
        typer.confirm(f"Erase {address} and all that is stored of them? This cannot be undone.", abort=True)
    with store_of(config) as (_, store):
        subscribers.erase(store, address, now=clock())
    typer.echo(f"{address}: erased")
