"""`digest subscribers add|list|show|set|leave|erase|export`; `importing` and `bounces` add the others."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import bounces, common, importing
from digest.json_output import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(name="subscribers", help="Manage subscribers, the people who get the mails.", no_args_is_help=True)
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The address of the subscriber.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
_ONLY_IN_THE_API = {"id"}
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
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Subscribe somebody who agreed to it; your act is recorded as their consent."""
    from digest.operations import people_acts
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        asked = people_acts.NewSubscriber.model_construct(
            address=address, name=name, language=language, format=form, digests=digest or [], welcome=welcome
        )
        added = perform(people_acts.ADD, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(added.model_dump(exclude=_ONLY_IN_THE_API))
    else:
        typer.echo(f"{added.address}: subscribed to {', '.join(added.digests)}")


@app.command()
def show(address: AddressArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Show all stored data about a subscriber."""
    from digest.operations import people
    from digest.operations.core import perform

    with common.store_to_read(config) as (settings, store):
        asked = people.SubscriberName.model_construct(subscriber=address)
        known = perform(people.SHOW, common.context_of(settings, store), asked).model_dump(exclude=_ONLY_IN_THE_API)
    if as_json:
        common.print_json(known)
    else:
        typer.echo(to_json(known, indent=2))


@app.command()
def erase(
    address: AddressArgument,
    *,
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Erase a subscriber permanently; a keyed hash of the address stays, so that no import adds it again."""
    from digest.operations import people, people_acts
    from digest.operations.core import perform

    if not yes:
        typer.confirm(
            f"Erase {address} and all data stored about them? This cannot be undone.", abort=True, err=as_json
        )
    with common.store_of(config) as (settings, store):
        asked = people.SubscriberName.model_construct(subscriber=address)
        perform(people_acts.ERASE, common.context_of(settings, store), asked)
    if as_json:
        common.print_json({"address": address, "erased": True})
    else:
        typer.echo(f"{address}: erased")


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
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """List subscribers in the order in which they joined."""
    from digest.lists.table import csv_lines
    from digest.operations import people
    from digest.operations.core import MOST_OF_A_PAGE, perform
    from digest.service.people import roster

    if state is not None and state not in list(roster.PersonState):
        raise typer.BadParameter(f"{state!r} is not one of {', '.join(roster.PersonState)}", param_hint="--state")
    with common.store_to_read(config) as (settings, store):
        context, cursor, rows = common.context_of(settings, store), "", []
        wanted = roster.PersonState(state) if state else None
        if as_csv:
            _print(csv_lines(_CSV, []))
        while True:
            asked = people.SubscribersRequest(
                search=search, state=wanted, digest=digest or "", limit=MOST_OF_A_PAGE, cursor=cursor
            )
            page = perform(people.LIST, context, asked)
            found = [one.model_dump(exclude=_ONLY_IN_THE_API) for one in page.items]
            if as_json:
                for row in found:
                    common.print_json(row)
            elif as_csv:
                _print(list(csv_lines(_CSV, ([_cell(row[name]) for name in _CSV] for row in found)))[1:])
            else:
                rows += [[_cell(_described(row)[name]) for name in _COLUMNS] for row in found]
            if not page.next:
                break
            cursor = page.next
        if not as_json and not as_csv:
            common.print_table(_COLUMNS, rows)


_CSV = ("address", "name", "language", "format", "digests", "state", "timezone", "topics", "paused_until", "created_at")


def _described(row: dict[str, object]) -> dict[str, object]:
    """The row; for a suppressed address, its state is the reason."""
    return row | {"state": row["suppressed"] or row["state"]}


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, list) else value


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
    as_json_: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Change a subscriber's choices, as they could on their own page; the change is recorded as yours."""
    from digest.operations import people_acts
    from digest.operations.core import perform

    given = (language, form, topics, zone, pause, feed)
    if all(value is None for value in given) and not digest:
        raise typer.BadParameter("say what to change, such as --language en", param_hint="--language, --format, …")
    with common.store_of(config) as (settings, store):
        asked = people_acts.ChoicesRequest.model_construct(
            subscriber=address,
            language=language,
            format=form,
            topics=topics,
            zone=zone,
            digests=digest or [],
            pause=pause,
            feed=feed,
        )
        done = perform(people_acts.SET, common.context_of(settings, store), asked)
    changed = done.model_dump(exclude=_ONLY_IN_THE_API)
    if as_json_:
        common.print_json(changed)
    else:
        said = ", ".join(f"{name} {_cell(value)}" for name, value in changed.items() if value and name in _SAID)
        typer.echo(f"{done.address}: {said}")


_SAID = ("language", "format", "digests", "timezone", "topics", "paused_until", "private_feed")


@app.command()
def leave(
    address: AddressArgument,
    *,
    digest: Annotated[
        list[str] | None, typer.Option("--digest", metavar="ID", help="Only this digest (default: all).")
    ] = None,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """End a subscription, for example because the subscriber asked you to; imports then skip the address.

    The subscription history records this as your act.
    """
    from digest.operations import people_acts
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        asked = people_acts.LeaveRequest.model_construct(subscriber=address, digests=digest or [])
        done = perform(people_acts.LEAVE, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump(exclude=_ONLY_IN_THE_API))
    else:
        typer.echo(f"{done.address}: left {', '.join(done.left)}")


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
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Print the HTML of a form for your own site, which leads to the page on which people subscribe."""
    from digest.protected_files import require_free
    from digest.service.people.forms import foreign_form, form_preview

    settings = common.settings_of(config)
    form = foreign_form(settings, digest or (), back)
    if output:
        require_free(settings, output, config)
        common.write_file(output, form_preview(settings, form).encode())
    if as_json:
        common.print_json({"html": form, "preview": str(output) if output else None})
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
    config: common.ConfigOption = None,
) -> None:
    """Export all stored data about subscribers (consent, subscriptions, deliveries), one JSON object per line."""
    from digest.lists.table import csv_lines
    from digest.protected_files import require_free
    from digest.service.people import roster, subscribers

    with common.store_to_read(config) as (settings, store):
        if output:
            require_free(settings, output, config)
        if as_csv:
            only = roster.record_of(store, address).subscriber.id if address else None
            people = (one for one, _ in roster.list_people(store, common.clock()) if only in {None, one.subscriber.id})
            lines = csv_lines(roster.HEADS, roster.export_rows(people))
        else:
            lines = (f"{to_json(person)}\n" for person in subscribers.export(store, address))
        if output:
            common.write_file(output, "".join(lines).encode())
        else:
            _print(lines)
