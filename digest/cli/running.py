"""`digest run`, `init`, `check`: starting, and getting ready to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest import bundled
from digest.cli.common import ConfigOption, JsonOption, print_json, progress_bar, settings_of, store_of
from digest.errors import ConfigurationError
from digest.privately import new_file

if TYPE_CHECKING:
    from digest.mail.records import Record

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


def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to write it.")] = Path("config"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration that is there.")] = False,
) -> None:
    """Write a commented configuration of your own to start from, and a folder for your dumps."""
    from digest.settings import DEFAULT_CONFIG

    file, dumps = folder / "digest.toml", folder / "dumps"
    if file.exists() and not force:
        raise ConfigurationError("is there already", place=str(file), remedy="--force replaces it")
    try:
        dumps.mkdir(parents=True, exist_ok=True)
        text = (bundled.folder("config") / "example.toml").read_bytes()
        file.unlink(missing_ok=True)
        with new_file(file) as opened:
            opened.write(text)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", place=str(folder)) from error
    named = "" if file == DEFAULT_CONFIG else f" --config {file}"
    typer.echo(f"{file} is written; only you can read it.")
    typer.echo(f"Next: put dumps into {dumps}, and then digest check{named}, digest run{named}.")
    typer.echo("To see it at work on samples first: digest demo")


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
