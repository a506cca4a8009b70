"""`digest edition plan|note|leave-out|order|approve|skip|hold|resume|cancel|resend`: what an operator decides."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import (
    ConfigOption,
    JsonOption,
    YesOption,
    clock,
    print_json,
    print_table,
    store_of,
    store_to_read,
)
from digest.cli.editions import DigestArgument, KeyArgument, digest_named, edition_json, entry_json
from digest.cli.progress import Progress
from digest.cli.terminal import address_for_terminal, local_and_relative
from digest.errors import ConfigurationError
from digest.json_output import pick
from digest.model import EditionKey

if TYPE_CHECKING:
    from digest.settings import Digest
    from digest.store.transaction import Store

EntriesArgument = Annotated[list[str], typer.Argument(metavar="ENTRY…", help="Ids of entries, or parts of titles.")]
DigestOption = Annotated[str | None, typer.Option("--digest", metavar="ID", help="The digest, if there are several.")]


def register(app: typer.Typer) -> None:
    for name, command in (
        ("plan", plan),
        ("note", note),
        ("leave-out", leave_out),
        ("order", order),
        ("approve", approve),
        ("skip", skip),
        ("hold", hold),
        ("resume", resume),
        ("cancel", cancel),
        ("resend", resend),
    ):
        app.command(name)(command)


def plan(digest: DigestArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what the next edition holds so far, and what you decided about it."""
    with store_to_read(config) as (settings, store):
        _print_plan(store, digest_named(settings, digest), as_json=as_json)


def note(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note, in Markdown; - reads it from input.")
    ] = None,
    *,
    digest: DigestOption = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Read the note from a file.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the note.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Put a note on top of the next edition, such as a greeting or an announcement."""
    from digest.service.editions import control

    if sum((text is not None, file is not None, remove)) != 1:
        raise typer.BadParameter("give the text, --file FILE, or --remove", param_hint="TEXT")
    words = None if remove else _note_text(text, file)
    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        control.set_note(store, chosen, words, clock())
        _print_plan(store, chosen, as_json=as_json)


def _note_text(text: str | None, file: Path | None) -> str:
    if file is None:
        return sys.stdin.read() if text == "-" else text or ""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}", remedy="check the path; write it in UTF-8"
        ) from error


def leave_out(
    entries: EntriesArgument,
    *,
    digest: DigestOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Only of the next edition; the one after it lists them.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Leave them out no longer.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Leave entries out of the mails of a digest. Feeds and pages keep them."""
    from digest.service.editions import control

    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        if undo:
            control.take_in(store, chosen, entries, clock())
        else:
            control.leave_out(store, chosen, entries, clock(), once=once)
        _print_plan(store, chosen, as_json=as_json)


def order(
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="ENTRY…", help="Ids of entries, or parts of titles; first one first.")
    ] = None,
    *,
    digest: DigestOption = None,
    reset: Annotated[bool, typer.Option("--reset", help="Return to the usual order.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List these entries first in the next edition, in this order."""
    from digest.service.editions import control

    if bool(entries) == reset:
        raise typer.BadParameter("name entries, or give --reset", param_hint="ENTRY…")
    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        control.set_first(store, chosen, entries or [], clock())
        _print_plan(store, chosen, as_json=as_json)


def approve(digest: DigestArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Approve the edition that waits; it is made as `digest edition plan` shows it, and sent."""
    from digest.service.editions import making

    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        with Progress(
            "making the edition", kept="Either no edition was made or a complete one: see `digest edition list`."
        ):
            made = making.approve(store, settings, chosen, clock())
    if made is None or (made.edition.empty and not made.deliveries):
        typer.echo(f"{chosen.id}: there is nothing to announce any more; nothing is sent", err=as_json)
    elif as_json:
        print_json(edition_json(made))
    else:
        then = (
            "a running `digest run` sends it, or `digest edition send`" if made.deliveries else "it has no subscribers"
        )
        typer.echo(f"{made.edition.key}: approved; {then}")


def skip(digest: DigestArgument = None, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Skip the edition that waits for approval; the next one includes its entries."""
    from digest.service.editions import control

    with store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        key = control.skip_waiting(store, chosen, clock())
    if as_json:
        print_json({"digest": chosen.id, "skipped": key})
    else:
        typer.echo(f"{key}: skipped; the next edition includes its entries")


def hold(key: KeyArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Hold an edition: send no more of its mails until `digest edition resume`."""
    from digest.service.editions import control

    with store_of(config) as (_, store):
        control.hold(store, EditionKey(key), clock())
    _print_state(key, "held", "held; `digest edition resume` goes on, `digest edition cancel` ends it", as_json=as_json)


def resume(key: KeyArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Go on with the mails of an edition that is held."""
    from digest.service.editions import control

    with store_of(config) as (_, store):
        control.resume(store, EditionKey(key), clock())
    _print_state(key, "resumed", "its mails are sent again", as_json=as_json)


def _print_state(key: str, state: str, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"edition": key, "state": state})
    else:
        typer.echo(f"{key}: {sentence}")


def cancel(
    key: KeyArgument, *, yes: YesOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Send no further mail of an edition. Subscribers who do not get it find its entries in their next edition."""
    from digest.service.editions import control

    with store_of(config) as (_, store):
        if not yes:
            typer.confirm(f"Cancel {key}? Its mails that were not sent yet are never sent.", abort=True, err=as_json)
        count = control.cancel(store, EditionKey(key), clock())
    if as_json:
        print_json({"edition": key, "state": "cancelled", "mails": count})
    else:
        typer.echo(f"{key}: cancelled; mails that are not sent: {count}")


def resend(
    key: KeyArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber who got this edition.")],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send one more copy of a mail to a subscriber who got it, for example because they lost it."""
    from digest.service.editions import control

    with store_of(config) as (settings, store):
        copy = control.prepare_copy(store, settings, EditionKey(key), address, clock())
        kept = f"The copy may or may not have been sent: see `digest edition show {key}`."
        with Progress(f"sending to {settings.mail.host or settings.mail.path}", kept=kept):
            said = asyncio.run(control.send_copy(store, settings, copy))
    if as_json:
        print_json({"edition": key, "subject": copy.mail.subject, "answer": said})
    else:
        typer.echo(f"{address_for_terminal(copy.mail.to_address)}: {copy.mail.subject}\n{said}")


def _print_plan(store: Store, digest: Digest, *, as_json: bool) -> None:
    from digest.service.editions.approval import deadline
    from digest.service.editions.drafts import next_edition
    from digest.typeset.titles import headline

    now = clock()
    with store.read() as tx:
        upcoming = next_edition(tx, digest, now)
        made, selected, due = upcoming.plan, upcoming.selection.entries, upcoming.due
        titles = {one.entry: tx.audit.matching(one.entry, 1)[0][1] for one in made.left_out}
    until = deadline(digest, made) if made.slot_at else None
    if as_json:
        out = [pick(one, "entry", "once", "at") | {"title": titles[one.entry]} for one in made.left_out]
        print_json(
            {"digest": digest.id, "slot_at": due, "waits_until": until, "note": made.note, "left_out": out}
            | {"entries": [entry_json(one) for one in selected]}
        )
        return
    waits = f"; it waits for approval until {local_and_relative(until, now)}" if until else ""
    typer.echo(f"{digest.id}: the edition of {local_and_relative(due, now)}{waits}")
    if made.note:
        typer.echo(f"note: {made.note}")
    if not selected:
        typer.echo("nothing new so far")
    tables = (
        (("id", "section", "title"), [(one.entry.id, one.section, headline(one.entry.content)) for one in selected]),
        (
            ("left out", "until", "title"),
            [
                (one.entry, "the edition after this one" if one.once else "`leave-out --undo`", titles[one.entry])
                for one in made.left_out
            ],
        ),
    )
    for columns, rows in tables:
        if rows:
            print_table(columns, rows)
