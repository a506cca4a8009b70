"""`digest backup|restore|unfence|fence|adopt|migrate-store`: copy the state, and control who sends from a copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import common
from digest.cli.progress import Progress
from digest.errors import ConfigurationError, UnknownError, masked

if TYPE_CHECKING:
    from digest.service.upkeep.backups import Outlook
    from digest.settings import Settings
    from digest.store.transaction import Store

_TITLES = 10  # listed for each digest
_URL = (
    "sqlite:///PATH, postgresql://USER@HOST/NAME, or file:PATH or env:NAME for a file or variable that contains the URL"
)


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("unfence")(unfence)
    app.command("fence")(fence)
    app.command("adopt")(adopt)
    app.command("migrate-store")(migrate_store)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; an existing one is replaced in one step.")
    ],
    *,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Write a backup of the state and verify it by reading it back; `digest run` may keep running."""
    from dataclasses import replace

    from digest.operations import backups as operations
    from digest.operations.core import Nothing, perform
    from digest.protected_files import require_free
    from digest.service.settings import restoring
    from digest.service.upkeep import backups

    with common.store_of(config, any_clock=True) as (settings, store):
        require_free(settings, file, config)
        now = common.clock()
        restoring.store_all(store, settings, now)
        with Progress("copying", kept=f"{file} is unchanged; run the same command again.") as progress:

            def check(done: int, total: int) -> None:
                progress.phase("checking")
                progress(done, total=total)

            def run(*_: object) -> operations.MadeBackup:
                backups.back_up(
                    store,
                    file.absolute(),
                    now,
                    copying=lambda done, total: progress(done, "pages", total),
                    checking=check,
                )
                return operations.MadeBackup(file=str(file), at=now, bytes=file.stat().st_size)

            # The API writes into one folder; a command may write anywhere.
            made = perform(replace(operations.MAKE, run=run), common.context_of(settings, store), Nothing())
    if as_json:
        common.print_json(made.model_dump())
    else:
        typer.echo(f"{file}: {made.bytes} bytes, as of {now:%Y-%m-%d %H:%M:%S} UTC, verified")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `digest backup` wrote.")],
    *,
    changes: Annotated[
        str,
        typer.Option(
            "--changes",
            metavar="backup|keep",
            help="Which changed settings and templates hold then, if those here are newer than those of the backup.",
        ),
    ] = "",
    yes: common.YesOption = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Replace the state with a backup and fence it: nothing is sent until you run `digest unfence`.

    Changed settings and templates are restored, too; newer ones that are here only if you say so.
    """
    from digest.app import exclusive_lock
    from digest.installation import require_ours_at
    from digest.service.settings import restoring
    from digest.service.upkeep import backups
    from digest.store import database_file

    if changes not in {"", "backup", "keep"}:
        raise typer.BadParameter(f"{changes!r} is not backup or keep", param_hint="--changes")
    settings = common.settings_of(config)
    database = database_file(settings.database)
    if database:
        require_ours_at(database, settings)
    if not changes:
        restoring.require_no_newer(settings, file)
    if not yes:
        typer.confirm(
            f"Replace {database} with {file}? The present database is moved aside, not deleted.",
            abort=True,
            err=as_json,
        )
    kept = "Unless `digest status` reports a fenced store, nothing has changed; run the same command again."
    with exclusive_lock(settings.database_folder), Progress("checking", kept=kept) as progress:
        aside = backups.restore(
            settings.database, file.absolute(), common.clock(), checking=lambda done, total: progress(done, total=total)
        )
        moved = None if changes == "keep" else restoring.take_stored(settings, common.clock())
    if as_json:
        facts = {"previous_changes": str(moved)} if moved else {}
        common.print_json({"restored": str(file), "previous": aside and str(aside), "fenced": True} | facts)
        return
    typer.echo(f"{file} is restored." + (f" The previous database is now {aside}." if aside else ""))
    if moved:
        typer.echo(f"The changed settings and templates are those of the backup; the previous ones are now in {moved}.")
    typer.echo("The store is fenced: it reads dumps and serves pages, but makes no edition and sends nothing.")
    typer.echo("Next: digest unfence")


def unfence(
    *,
    as_sent: Annotated[
        bool, typer.Option("--as-sent", help="Treat everything up to now as already sent: send none of it.")
    ] = False,
    send: Annotated[bool, typer.Option("--send", help="Treat nothing of it as sent: send all of it.")] = False,
    untold: Annotated[
        list[str] | None,
        typer.Option(
            "--untold",
            metavar="DIGEST",
            help="With --as-sent: except this digest, which sent nothing since the backup.",
        ),
    ] = None,
    as_json: common.JsonOption = False,
    yes: common.YesOption = False,
    config: common.ConfigOption = None,
) -> None:
    """Show what a restored store would send; with --as-sent or --send, lift its fence."""
    from digest.operations import backups as operations
    from digest.operations.core import perform
    from digest.service.upkeep import backups

    if as_sent and send:
        raise typer.BadParameter("choose --as-sent or --send, not both", param_hint="--as-sent")
    with common.store_of(config) as (settings, store):
        for name in untold or ():
            if settings.digest(name) is None:
                raise UnknownError("digest", name, remedy="the configuration lists the digests")
        if not backups.fenced(store):
            typer.echo("the store is not fenced", err=as_json)
            return
        problems = _read_all(store, settings)
        outlook = backups.outlook(store, settings, common.clock())
        if outlook is None:  # another process has lifted it meanwhile
            return
        shown = operations.fence_view(outlook).model_dump() | {"problems": problems}
        common.print_json(shown) if as_json else _print(outlook, problems)
        if not (as_sent or send):
            if not as_json:
                typer.echo("\ndigest unfence --as-sent   treat all of this as already sent: send none of it")
                typer.echo("digest unfence --send      treat none of this as sent: send all of it")
            return
        asked = "Treat all of this as already sent, and send none of it?" if as_sent else "Send all of this?"
        if not yes:
            typer.confirm(asked, abort=True, err=as_json)
        asked_for = operations.LiftRequest(as_sent=as_sent, untold=untold or [])
        done = perform(operations.LIFT, common.context_of(settings, store), asked_for)
    kept = (
        f" {done.mails} mails count as sent, in {', '.join(done.editions) or 'older editions'}." if done.mails else ""
    )
    typer.echo(f"The fence is lifted.{kept}", err=as_json)


def fence(*, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Fence the store: use it after restoring data without `digest restore`."""
    from digest.service.upkeep import backups

    with common.store_of(config, any_clock=True) as (settings, store):
        with common.act_of(settings, store, "fence.set", "the store"):
            backups.fence(store, common.clock())
        since = backups.fenced(store)
    if as_json:
        common.print_json({"fenced": since})
    else:
        typer.echo("The store is fenced: until `digest unfence`, no edition is made and nothing is sent.")


def _read_all(store: Store, settings: Settings) -> list[str]:
    """Read every source, so that the store knows what the dumps show now. Return the problems."""
    from digest.app import run_pass

    problems = []
    kept = "The store is still fenced, and everything stored so far is complete; run the same command again."
    for source in settings.sources:
        if source.paused:
            continue
        with Progress(f"reading {source.id}", kept=kept) as progress:
            read = run_pass(store, settings, source, progress=progress.step)
        problems += [f"{source.id}: {problem}" for problem in read.problems]
    return problems


def _print(outlook: Outlook, problems: list[str]) -> None:
    since = f"{outlook.since:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"This store is a backup of {since}. Without its fence it would send:\n")
    for one in outlook.waiting:
        some = ", ".join(masked(address) for address in one.addresses)
        typer.echo(f"  {one.edition}, made {one.made_at:%Y-%m-%d %H:%M}: to {one.people} subscribers ({some}, …)")
    for digest in outlook.digests:
        when = "at once" if digest.due else f"at {digest.next_at:%Y-%m-%d %H:%M} UTC"
        told = f"{len(digest.new)} new and {len(digest.corrected)} corrected"
        typer.echo(f"  {digest.digest}, {when}: {told}, to {digest.people} subscribers")
        for title in (*digest.new, *digest.corrected)[:_TITLES]:
            typer.echo(f"      {title}")
    typer.echo(f"\nIt does not know which mails went out after {since}, nor who joined, left or was erased since then.")
    typer.echo("Enter everybody who left or was erased before you send anything.")
    for digest in outlook.digests:
        if not digest.passed_since and digest.new:
            untold = f"unless you ran `digest edition cut`, add --untold {digest.digest}"
            typer.echo(f"{digest.digest}: no slot has passed since the backup; {untold}")
    for held in outlook.held:
        typer.echo(f"held: {held}: approve or discard it first, or its entries are announced as new later")
    for problem in problems:
        typer.echo(f"not read: {problem}: its entries are announced as new later")


def adopt(
    *, yes: common.YesOption = False, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Take over the store of another installation; that installation can then no longer use it."""
    from digest import installation
    from digest.app import opened_untouched
    from digest.store import place

    settings = common.settings_of(config)
    where = place(settings.database)
    with opened_untouched(settings, anybodys=True) as store:
        kept, mine = installation.user(store), installation.described(settings)
        if kept and not yes:
            typer.confirm(f"{where} is the store of {kept}. Make it the store of {mine}?", abort=True, err=True)
        with common.act_of(settings, store, "store.adopt", mine.file if mine else "the store"):
            installation.adopt(store, settings)
    if as_json:
        common.print_json({"store": where, "was": kept.file if kept else None, "now": mine.file if mine else None})
    else:
        typer.echo(f"{where} is now the store of {mine}." + (f" Before, it was the store of {kept}." if kept else ""))


def migrate_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"The present store: {_URL}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The new store: a new file or an empty database.")],
    *,
    as_json: common.JsonOption = False,
) -> None:
    """Copy a store into another database and verify the copy. Stop the service first, and start it on the copy only.

    Never pass a password as an argument: put the URL into a file or a variable, or the password into PGPASSWORD or
    ~/.pgpass.
    """
    from digest.store import move_store, place

    old, new = _url(source, "FROM"), _url(target, "TO")
    kept = "The old store is unchanged and the new one is empty, so nothing is lost; run the same command again."
    with Progress("copying", kept=kept) as progress:
        rows = move_store(old, new, lambda done, total, name: progress(done, name, total))
    if as_json:
        common.print_json({"rows": rows, "from": place(old), "to": place(new)})
        return
    typer.echo(f"{rows} rows are copied to {place(new)}, and both stores are equal.")
    typer.echo("Set DIGEST_DATABASE_URL to the new store.")
    typer.echo("Never start the service on the old store again: it would send mails twice.")


def _url(given: str, argument: str) -> str:
    """The URL in an argument, or in the file or variable that the argument names.

    Raises:
        ConfigurationError: the file or variable contains no URL, or the argument contains a password.
    """
    from digest.store import has_password

    kind, colon, name = given.partition(":")
    if colon and kind == "env":
        return _require_url(os.environ.get(name, ""), f"{argument}: the variable {name}")
    if colon and kind == "file":
        try:
            lines = Path(name).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError("cannot be read", place=f"{argument}: {name}") from error
        return _require_url(lines[0] if lines else "", f"{argument}: {name}")
    if has_password(given):
        raise ConfigurationError(
            "a password among the arguments can be read by everybody on this machine, and stays in the shell's history",
            place=argument,
            remedy="put the URL into a file that only you can read and write file:PATH, or into a variable and write "
            "env:NAME; and change that password",
        )
    return given


def _require_url(url: str, place: str) -> str:
    if not url.strip():
        raise ConfigurationError(
            "contains no URL", place=place, remedy="write postgresql://USER:PASSWORD@HOST/NAME there"
        )
    return url.strip()
