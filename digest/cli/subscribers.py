"""`digest subscribers add|list|show|set|leave|erase|export`; `importing` and `bounces` add the others."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import bounces, importing
from digest.cli.common import (
    ConfigOption,
    JsonOption,
    YesOption,
    clock,
    print_json,
    print_table,
    settings_of,
    store_of,
    store_to_read,
    write_file,
)
from digest.errors import UnknownError
from digest.json_output import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from digest.model import DigestId, Subscriber
    from digest.records.people import OnRoster, SubscriberRecord
    from digest.service.people.roster import PersonState
    from digest.settings import Settings

app = typer.Typer(name="subscribers", help="Manage subscribers, the people who get the mails.", no_args_is_help=True)
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The address of the subscriber.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
_COLUMNS = ("address", "name", "language", "format", "digests", "state")


importing.register(app)
bounces.register(app)


@app.command()
def add(
    address: AddressArgument,
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
        print_json(_json(record))
    else:
        typer.echo(f"{record.subscriber.address}: subscribed to {', '.join(record.digests)}")


@app.command()
def show(address: AddressArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show all stored data about a subscriber."""
    from digest.service.people import subscribers

    with store_to_read(config) as (_, store):
        known = subscribers.export(store, address)
    if as_json:
        print_json(known[0])
    else:
        typer.echo(to_json(known[0], indent=2))


@app.command()
def erase(
    address: AddressArgument, *, yes: YesOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Erase a subscriber permanently; a keyed hash of the address stays, so that no import adds it again."""
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


def _json(record: SubscriberRecord) -> dict[str, object]:
    """A subscriber in the JSON form of all commands."""
    return _facts(record.subscriber, record.digests, record.suppressed)


def _listed(person: OnRoster, state: PersonState) -> dict[str, object]:
    digests = [one.digest for one in person.followed if one.left_at is None]
    return _facts(person.subscriber, digests, person.suppressed) | {"state": str(state)}


def _facts(person: Subscriber, digests: Sequence[DigestId], suppressed: str) -> dict[str, object]:
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "format": person.format,
        "digests": list(digests),
        "created_at": person.created_at,
        "suppressed": suppressed or None,
        "timezone": person.timezone or None,
        "topics": list(person.topics),
        "paused_until": person.paused_until,
        "private_feed": str(person.feed),
    }


@app.command("list")
def list_(
    *,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only subscribers whose address or name contains TEXT.")
    ] = "",
    state: Annotated[
        str | None, typer.Option(metavar="active|paused|left|suppressed", help="Only subscribers in this state.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option(metavar="ID", help="Only subscribers who follow this digest or left it.")
    ] = None,
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List subscribers in the order in which they joined."""
    from digest.lists.table import csv_lines
    from digest.service.people import roster

    if state is not None and state not in list(roster.PersonState):
        raise typer.BadParameter(f"{state!r} is not one of {', '.join(roster.PersonState)}", param_hint="--state")
    wanted = roster.PersonState(state) if state else None
    with store_to_read(config) as (settings, store):
        _require_digest(settings, digest)
        found = roster.list_people(store, clock(), search=search, state=wanted, digest=digest)
        rows = (_listed(person, standing) for person, standing in found)
        if as_json:
            for row in rows:
                print_json(row)
        elif as_csv:
            _print(csv_lines(_CSV, ([_cell(row[name]) for name in _CSV] for row in rows)))
        else:
            print_table(_COLUMNS, [[_cell(_described(row)[name]) for name in _COLUMNS] for row in rows])


_CSV = ("address", "name", "language", "format", "digests", "state", "timezone", "topics", "paused_until", "created_at")


def _described(row: dict[str, object]) -> dict[str, object]:
    """The row; for a suppressed address, its state is the reason."""
    return row | {"state": row["suppressed"] or row["state"]}


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, list) else value


def _require_digest(settings: Settings, digest: str | None) -> None:
    if digest is not None and settings.digest(digest) is None:
        raise UnknownError("digest", digest, remedy="the configuration lists the digests")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line.encode())
    sys.stdout.flush()


@app.command("set")
def set_(
    address: AddressArgument,
    *,
    language: Annotated[str | None, typer.Option(help="zh_CN or en.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="both|text", help="Send HTML and text, or text only.")
    ] = None,
    topics: Annotated[str | None, typer.Option(metavar="ID,…", help="Only these topics; '' for all.")] = None,
    zone: Annotated[str | None, typer.Option(metavar="ZONE", help="Their time zone; '' for the digest's.")] = None,
    digest: Annotated[
        list[str] | None, typer.Option("--digest", metavar="ID", help="Follow this digest and no other.")
    ] = None,
    pause: Annotated[
        str | None, typer.Option(metavar="DAY|30d|4w|off", help="Send no mails until then; off ends a pause.")
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(metavar="none|beside|instead", help="A private feed of their editions, beside mails or instead."),
    ] = None,
    as_json_: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change a subscriber's choices, as they could on their own page; the change is recorded as yours."""
    from digest.service.people import roster

    given = (language, form, topics, zone, pause, feed)
    if all(value is None for value in given) and not digest:
        raise typer.BadParameter("say what to change, such as --language en", param_hint="--language, --format, …")
    with store_of(config) as (settings, store):
        record = roster.set_choices(
            store,
            settings,
            address,
            language=language,
            form=form,
            topics=topics,
            zone=zone,
            digests=digest or (),
            pause=pause,
            feed=feed,
            now=clock(),
        )
    changed = _json(record)
    if as_json_:
        print_json(changed)
    else:
        said = ", ".join(f"{name} {_cell(value)}" for name, value in changed.items() if value and name in _SAID)
        typer.echo(f"{record.subscriber.address}: {said}")


_SAID = ("language", "format", "digests", "timezone", "topics", "paused_until", "private_feed")


@app.command()
def leave(
    address: AddressArgument,
    *,
    digest: Annotated[
        list[str] | None, typer.Option("--digest", metavar="ID", help="Only this digest (default: all).")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """End a subscription, for example because the subscriber asked you to; imports then skip the address.

    The subscription history records this as your act.
    """
    from digest.service.people import roster

    with store_of(config) as (settings, store):
        left_by, left = roster.leave(store, settings, address, digest or (), now=clock())
    if as_json:
        print_json({"address": left_by, "left": left})
    else:
        typer.echo(f"{left_by}: left {', '.join(left)}")


@app.command("form")
def form_(
    *,
    digest: Annotated[
        list[str] | None,
        typer.Option("--digest", metavar="ID", help="Choose this digest on the page (default: as there)."),
    ] = None,
    back: Annotated[
        str, typer.Option("--return", metavar="URL", help="Link back to this address, at one of signup.hosts.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a page that previews the form.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the HTML of a form for your own site, which leads to the page on which people subscribe."""
    from digest.protected_files import require_free
    from digest.web.signup import foreign_form, form_preview

    settings = settings_of(config)
    form = foreign_form(settings, digest or (), back)
    if output:
        require_free(settings, output, config)
        write_file(output, form_preview(settings, form).encode())
    if as_json:
        print_json({"html": form, "preview": str(output) if output else None})
    else:
        sys.stdout.buffer.write(form.encode())


@app.command()
def export(
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="Only this subscriber.")] = None,
    *,
    as_csv: Annotated[
        bool,
        typer.Option("--csv", help="Write CSV for `import`: one row per digest, with consent, without deliveries."),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of printing.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Export all stored data about subscribers (consent, subscriptions, deliveries), one JSON object per line."""
    from digest.lists.table import csv_lines
    from digest.protected_files import require_free
    from digest.service.people import roster, subscribers

    with store_to_read(config) as (settings, store):
        if output:
            require_free(settings, output, config)
        if as_csv:
            only = roster.record_of(store, address).subscriber.id if address else None
            people = (one for one, _ in roster.list_people(store, clock()) if only in {None, one.subscriber.id})
            lines = csv_lines(roster.HEADS, roster.export_rows(people))
        else:
            lines = (f"{to_json(person)}\n" for person in subscribers.export(store, address))
        if output:
            write_file(output, "".join(lines).encode())
        else:
            _print(lines)
