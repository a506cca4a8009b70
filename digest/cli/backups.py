"""`digest backup`, `restore`, `unfence`, `fence`: copy the state, and control what a restored copy may send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import (
    ConfigOption,
    JsonOption,
    YesOption,
    print_json,
    settings_of,
    store_of,
)
from digest.cli.progress import Progress
from digest.errors import UnknownError, masked

if TYPE_CHECKING:
    from digest.service.upkeep.backups import Outlook
    from digest.settings import Settings
    from digest.store.transaction import Store

_TITLES = 10  # listed for each digest


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("unfence")(unfence)
    app.command("fence")(fence)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; an existing one is replaced in one step.")
    ],
    *,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write a backup of the state and verify it by reading it back; `digest run` may keep running."""
    from digest.app import clock
    from digest.owned import require_free
    from digest.service.upkeep import backups

    with store_of(config, any_clock=True) as (settings, store):
        require_free(settings, file, config)
        now = clock()
        with Progress("copying", kept=f"{file} is unchanged; run the same command again.") as progress:

            def check(done: int, total: int) -> None:
                progress.phase("checking")
                progress(done, total=total)

            backups.back_up(
                store,
                file.absolute(),
                now,
                copying=lambda done, total: progress(done, "pages", total),
                checking=check,
            )
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "at": now.isoformat(), "bytes": size})
    else:
        typer.echo(f"{file}: {size} bytes, as of {now:%Y-%m-%d %H:%M:%S} UTC, verified")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `digest backup` wrote.")],
    *,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Replace the state with a backup and fence it: nothing is sent until you run `digest unfence`."""
    from digest.app import clock, only_one
    from digest.installation import require_ours_at
    from digest.service.upkeep import backups
    from digest.store import database_file

    settings = settings_of(config)
    database = database_file(settings.database)
    if database:
        require_ours_at(database, settings)
    if not yes:
        typer.confirm(
            f"Replace {database} with {file}? The present database is moved aside, not deleted.",
            abort=True,
            err=as_json,
        )
    kept = "Unless `digest status` reports a fenced store, nothing has changed; run the same command again."
    with only_one(settings.database_folder), Progress("checking", kept=kept) as progress:
        aside = backups.restore(
            settings, file.absolute(), clock(), checking=lambda done, total: progress(done, total=total)
        )
    if as_json:
        print_json({"restored": str(file), "previous": aside and str(aside), "fenced": True})
        return
    typer.echo(f"{file} is restored." + (f" The previous database is now {aside}." if aside else ""))
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
    as_json: JsonOption = False,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what a restored store would send; with --as-sent or --send, lift its fence."""
    from digest.app import clock
    from digest.service.upkeep import backups

    if as_sent and send:
        raise typer.BadParameter("choose --as-sent or --send, not both", param_hint="--as-sent")
    with store_of(config) as (settings, store):
        for name in untold or ():
            if settings.digest(name) is None:
                raise UnknownError("digest", name, remedy="the configuration lists the digests")
        if not backups.fenced(store):
            typer.echo("the store is not fenced", err=as_json)
            return
        problems = _read_all(store, settings)
        outlook = backups.outlook(store, settings, clock())
        if outlook is None:  # another process has lifted it meanwhile
            return
        print_json(_json(outlook, problems)) if as_json else _print(outlook, problems)
        if not (as_sent or send):
            return
        asked = "Treat all of this as already sent, and send none of it?" if as_sent else "Send all of this?"
        if not yes:
            typer.confirm(asked, abort=True, err=as_json)
        done = backups.lift(store, settings, clock(), as_sent=as_sent, untold=untold or ())
    kept = f"{done.mails} mails count as sent, in {', '.join(done.editions) or 'older editions'}." if as_sent else ""
    typer.echo(f"The fence is lifted. {kept}".strip(), err=as_json)


def fence(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Fence the store: use it after restoring data without `digest restore`."""
    from digest.app import clock
    from digest.service.upkeep import backups

    with store_of(config, any_clock=True) as (_, store):
        backups.fence(store, clock())
        since = backups.fenced(store)
    if as_json:
        print_json({"fenced": since and since.isoformat()})
    else:
        typer.echo("The store is fenced: until `digest unfence`, no edition is made and nothing is sent.")


def _read_all(store: Store, settings: Settings) -> list[str]:
    """Read every source, so that the store knows what the dumps show now. Return the problems."""
    from digest.app import refreshed

    problems = []
    kept = "The store is still fenced, and everything stored so far is complete; run the same command again."
    for source in settings.sources:
        with Progress(f"reading {source.id}", kept=kept) as progress:
            read = refreshed(store, settings, source, progress=progress.step)
        problems += [f"{source.id}: {problem}" for problem in read.problems]
    return problems


def _json(outlook: Outlook, problems: list[str]) -> dict[str, object]:
    return {
        "backup_of": outlook.since.isoformat(),
        "waiting": [
            {"edition": w.edition, "people": w.people, "addresses": [masked(a) for a in w.addresses]}
            for w in outlook.waiting
        ],
        "digests": [
            {
                "digest": d.digest,
                "due": d.due and d.due.isoformat(),
                "passed_since": d.passed_since,
                "next_at": d.next_at.isoformat(),
                "new": list(d.new),
                "corrected": list(d.corrected),
                "people": d.people,
            }
            for d in outlook.digests
        ],
        "held": list(outlook.held),
        "problems": problems,
    }


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
    typer.echo("\ndigest unfence --as-sent   treat all of this as already sent: send none of it")
    typer.echo("digest unfence --send      treat none of this as sent: send all of it")
