"""`digest edition plan|note|leave-out|order|approve|skip|hold|resume|cancel|resend`: what an operator decides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.editions import DigestArgument, KeyArgument, digest_named
from digest.cli.progress import Progress
from digest.cli.terminal import address_for_terminal, local_and_relative
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from digest.operations.edition_acts import EditionState
    from digest.operations.editions import PlanView

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


def plan(
    digest: DigestArgument = None, *, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Show what the next edition holds so far, and what you decided about it."""
    from digest.operations import editions
    from digest.operations.core import perform

    with common.store_to_read(config) as (settings, store):
        asked = editions.DigestName(digest=digest_named(settings, digest).id)
        _print_plan(perform(editions.PLAN, common.context_of(settings, store), asked), as_json=as_json)


def note(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note, in Markdown; - reads it from input.")
    ] = None,
    *,
    digest: DigestOption = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Read the note from a file.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the note.")] = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Put a note on top of the next edition, such as a greeting or an announcement."""
    from digest.operations import edition_acts
    from digest.operations.core import perform

    if sum((text is not None, file is not None, remove)) != 1:
        raise typer.BadParameter("give the text, --file FILE, or --remove", param_hint="TEXT")
    words = None if remove else _note_text(text, file)
    with common.store_of(config) as (settings, store):
        asked = edition_acts.NoteRequest(digest=digest_named(settings, digest).id, text=words)
        _print_plan(perform(edition_acts.NOTE, common.context_of(settings, store), asked), as_json=as_json)


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
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Leave entries out of the mails of a digest. Feeds and pages keep them."""
    from digest.operations import edition_acts
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        chosen = digest_named(settings, digest).id
        asked = edition_acts.LeaveOutRequest(digest=chosen, entries=entries, once=once, undo=undo)
        _print_plan(perform(edition_acts.LEAVE_OUT, common.context_of(settings, store), asked), as_json=as_json)


def order(
    entries: Annotated[
        list[str] | None, typer.Argument(metavar="ENTRY…", help="Ids of entries, or parts of titles; first one first.")
    ] = None,
    *,
    digest: DigestOption = None,
    reset: Annotated[bool, typer.Option("--reset", help="Return to the usual order.")] = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """List these entries first in the next edition, in this order."""
    from digest.operations import edition_acts
    from digest.operations.core import perform

    if bool(entries) == reset:
        raise typer.BadParameter("name entries, or give --reset", param_hint="ENTRY…")
    with common.store_of(config) as (settings, store):
        asked = edition_acts.OrderRequest(digest=digest_named(settings, digest).id, entries=entries or [])
        _print_plan(perform(edition_acts.ORDER, common.context_of(settings, store), asked), as_json=as_json)


def approve(
    digest: DigestArgument = None, *, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Approve the edition that waits; it is made as `digest edition plan` shows it, and sent."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        chosen = digest_named(settings, digest)
        with Progress(
            "making the edition", kept="Either no edition was made or a complete one: see `digest edition list`."
        ):
            asked = editions.DigestName(digest=chosen.id)
            made = perform(edition_acts.APPROVE, common.context_of(settings, store), asked).edition
    if made is None:
        typer.echo(f"{chosen.id}: there is nothing to announce any more; nothing is sent", err=as_json)
    elif as_json:
        common.print_json(made.model_dump())
    else:
        then = (
            "a running `digest run` sends it, or `digest edition send`" if made.deliveries else "it has no subscribers"
        )
        typer.echo(f"{made.key}: approved; {then}")


def skip(
    digest: DigestArgument = None, *, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Skip the edition that waits for approval; the next one includes its entries."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        asked = editions.DigestName(digest=digest_named(settings, digest).id)
        done = perform(edition_acts.SKIP, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{done.skipped}: skipped; the next edition includes its entries")


def hold(key: KeyArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Hold an edition: send no more of its mails until `digest edition resume`."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        done = perform(edition_acts.HOLD, common.context_of(settings, store), editions.EditionName(edition=key))
    _print_state(done, "held; `digest edition resume` goes on, `digest edition cancel` ends it", as_json=as_json)


def resume(key: KeyArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Go on with the mails of an edition that is held."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        done = perform(edition_acts.RESUME, common.context_of(settings, store), editions.EditionName(edition=key))
    _print_state(done, "its mails are sent again", as_json=as_json)


def _print_state(done: EditionState, sentence: str, *, as_json: bool) -> None:
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{done.edition}: {sentence}")


def cancel(
    key: KeyArgument,
    *,
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Send no further mail of an edition. Subscribers who do not get it find its entries in their next edition."""
    from digest.operations import edition_acts, editions
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        if not yes:
            typer.confirm(f"Cancel {key}? Its mails that were not sent yet are never sent.", abort=True, err=as_json)
        done = perform(edition_acts.CANCEL, common.context_of(settings, store), editions.EditionName(edition=key))
    _print_state(done, f"cancelled; mails that are not sent: {done.mails}", as_json=as_json)


def resend(
    key: KeyArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A subscriber who got this edition.")],
    *,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Send one more copy of a mail to a subscriber who got it, for example because they lost it."""
    from digest.operations import edition_acts
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        kept = f"The copy may or may not have been sent: see `digest edition show {key}`."
        with Progress(f"sending to {settings.mail.host or settings.mail.path}", kept=kept):
            asked = edition_acts.ResendRequest(edition=key, subscriber=address)
            done = perform(edition_acts.RESEND, common.context_of(settings, store), asked)
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{address_for_terminal(address)}: {done.subject}\n{done.answer}")


def _print_plan(made: PlanView, *, as_json: bool) -> None:
    if as_json:
        common.print_json(made.model_dump(exclude={"entries": {"__all__": {"headline"}}}))
        return
    now = common.clock()
    waits = f"; it waits for approval until {local_and_relative(made.waits_until, now)}" if made.waits_until else ""
    typer.echo(f"{made.digest}: the edition of {local_and_relative(made.slot_at, now)}{waits}")
    if made.note:
        typer.echo(f"note: {made.note}")
    if not made.entries:
        typer.echo("nothing new so far")
    tables = (
        (("id", "section", "title"), [(one.id, one.section, one.headline) for one in made.entries]),
        (
            ("left out", "until", "title"),
            [
                (one.entry, "the edition after this one" if one.once else "`leave-out --undo`", one.title)
                for one in made.left_out
            ],
        ),
    )
    for columns, rows in tables:
        if rows:
            common.print_table(columns, rows)
