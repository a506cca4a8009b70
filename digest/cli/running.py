"""`digest run`, `check`: starting, and seeing whether it would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, settings_of, store_of
from digest.cli.progress import Progress, awaited

if TYPE_CHECKING:
    from digest.mail.records import Record

_ROLES = ("all", "web", "worker", "scheduler")


def register(app: typer.Typer) -> None:
    app.command("run")(run)
    app.command("check")(check)


DeepOption = Annotated[bool, typer.Option("--deep", help="Hold every row of the store against the laws, too.")]


def run(
    *,
    role: Annotated[
        str, typer.Option("--role", metavar="all|web|worker|scheduler", help="Only this part, where several share.")
    ] = "all",
    demo: Annotated[
        bool, typer.Option("--demo-without-dumps", help="Run the demo until the first dump is there.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run the service: timer, web server and delivery, until it is told to stop."""
    from digest.cli.serving import serve

    if demo:
        from digest.cli.demo import run_or_demo

        run_or_demo(config)
        return
    if role not in _ROLES:
        raise typer.BadParameter(f"{role!r} is no role; there are: {', '.join(_ROLES)}", param_hint="--role")
    serve(config, role)


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
    found = mail_findings(settings) if mail else findings(settings, clock())
    for finding in awaited(found, "checking", kept="Nothing was changed."):
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
    with store_of(config) as (_, store), Progress("checking entries", kept="Nothing was changed.") as progress:
        for violation in violations(store, lambda done, total: progress(done, total=total)):
            progress.make_room()
            broken += 1
            if as_json:
                print_json({"part": "laws", "ok": False, "says": violation.law, "row": violation.row})
            else:
                typer.echo(f"FAIL  {violation}")
    if not broken:
        kept = "every row keeps them"
        print_json({"part": "laws", "ok": True, "says": kept}) if as_json else typer.echo(f"ok    laws: {kept}")
    return not broken
