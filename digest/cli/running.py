"""`digest run`, `init`, `check`: starting, and getting ready to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import bundled
from digest.cli.common import ConfigOption, JsonOption, print_json, progress_bar, settings_of, store_of
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.app import Service
    from digest.mail.records import Record
    from digest.ports import Store
    from digest.settings import Settings

_ROLES = ("all", "web", "worker", "scheduler")


def register(app: typer.Typer) -> None:
    app.command("run")(run)
    app.command("init")(init)
    app.command("check")(check)


DeepOption = Annotated[bool, typer.Option("--deep", help="Hold every row of the store against the laws, too.")]


def run(
    *,
    role: Annotated[
        str, typer.Option("--role", metavar="all|web|worker|scheduler", help="Only this part, where several share.")
    ] = "all",
    config: ConfigOption = None,
) -> None:
    """Run the service: timer, web server and delivery, until it is told to stop."""
    import asyncio

    from digest.app import (
        Service,
        event_loop,
        only_one,
        opened,
        require_mail,
        require_sources,
    )
    from digest.store import server

    if role not in _ROLES:
        raise typer.BadParameter(f"{role!r} is no role; there are: {', '.join(_ROLES)}", param_hint="--role")
    settings = settings_of(config, service=True)
    require_sources(settings)
    require_mail(settings)
    shared = server(settings.database)
    if shared is None:
        if role != "all":
            raise ConfigurationError(
                f"a file is for one process, so --role {role} cannot run on it",
                place="database_url",
                remedy="set it to postgresql://…, or run without --role",
            )
        with (
            only_one(settings.database_folder),
            opened(settings) as store,
            asyncio.Runner(loop_factory=event_loop) as runner,
        ):
            runner.run(_serve(settings, store, lambda: Service(settings, store)))
        return
    from digest.member import Member, Role

    with opened(settings) as store, asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(_serve(settings, store, lambda: Member(settings, store, Role(role), shared)))


async def _serve(settings: Settings, store: Store, made: Callable[[], Service]) -> None:
    service = made()
    where = f"listens on {service.address} and " if service.address else ""
    typer.echo(f"Digest {where}reads {len(settings.sources)} sources …")
    await service.run(lambda: _say_where(settings, store, service.address), _end_at_once)


def _end_at_once() -> None:
    """End while something is still under way, as a kill would: a relay that does not answer, a dump of gigabytes.

    The store is as the last commit left it; a mail that was being handed over is unknown when its lease has ended.
    """
    typer.echo("digest: ended with work under way; the next start goes on with it", err=True)
    os._exit(1)


def _say_where(settings: Settings, store: Store, address: str) -> None:
    if not address:
        typer.echo("Ready; stop it with Ctrl-C; what is under way is finished first.")
        return
    with store.read() as tx:
        newest = next((made.edition.key for made in tx.editions.editions() if not made.edition.empty), None)
    typer.echo(f"  home page       {address}/")
    typer.echo(f"  feed            {address}/feed.atom")
    typer.echo(f"  newest edition  {f'{address}/editions/{newest}' if newest else 'none yet'}")
    mail = settings.mail
    typer.echo(f"  mails           {mail.path if mail.transport == 'maildir' else f'sent by {mail.host}'}")
    typer.echo("Stop it with Ctrl-C; what is under way is finished first.")


def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to write it.")] = Path("config"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
) -> None:
    """Write a commented configuration and sample dumps to start from."""
    file = folder / "digest.toml"
    if file.exists() and not force:
        raise ConfigurationError("is there already", place=str(file), remedy="--force replaces it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundled.folder("config") / "digest.toml", file)
        shutil.copytree(bundled.folder("config") / "samples", folder / "samples", dirs_exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from error
    typer.echo(f"{file} is written, with dumps to try in {folder / 'samples'}.")
    typer.echo(f"Next: digest run --config {file}")


def _print_record(record: Record, *, as_json: bool) -> None:
    if as_json:
        print_json({"record": record.purpose, "name": record.name, "value": record.value, "line": record.line})
    else:
        typer.echo(f"      {record.line}")


def check(
    *,
    deep: DeepOption = False,
    mail: Annotated[bool, typer.Option("--mail", help="Only mail, with the DNS records that it needs.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check the configuration, the store, the templates, the dumps and the mail transport; change nothing."""
    from digest.app import clock
    from digest.checks import Finding, findings, mail_findings

    settings = settings_of(config)
    failed = False
    for finding in mail_findings(settings) if mail else findings(settings, clock()):
        if not isinstance(finding, Finding):
            _print_record(finding, as_json=as_json)
            continue
        failed = failed or finding.problem != ""
        if as_json:
            print_json({"part": finding.part, "ok": not finding.problem, "says": finding.problem or finding.fact})
        else:
            typer.echo(f"{'FAIL' if finding.problem else 'ok  '}  {finding.part}: {finding.problem or finding.fact}")
    if deep and not _kept(config, as_json=as_json):
        failed = True
    if failed:
        raise typer.Exit(1)


def _kept(config: Path | None, *, as_json: bool) -> bool:
    """Whether the store keeps every law; each row that breaks one is named."""
    from digest.service.invariants import violations

    broken = 0
    with store_of(config) as (_, store), progress_bar(None, "checking") as advance:
        for violation in violations(store, lambda done, total: advance(done, total=total)):
            broken += 1
            if as_json:
                print_json({"part": "laws", "ok": False, "says": violation.law, "row": violation.row})
            else:
                typer.echo(f"FAIL  {violation}")
    if not broken:
        kept = "every row keeps them"
        print_json({"part": "laws", "ok": True, "says": kept}) if as_json else typer.echo(f"ok    laws: {kept}")
    return not broken
