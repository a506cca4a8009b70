"""`digest run` and `digest check`: start the service, or check whether it would start."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, print_json, settings_of
from digest.cli.progress import Progress

if TYPE_CHECKING:
    from digest.findings import Finding
    from digest.mail.dns_records import Record
    from digest.settings import Settings

_MARKS = {"ok": "ok  ", "warning": "warn", "error": "FAIL"}
_ROLES = ("all", "web", "worker", "scheduler")


def register(app: typer.Typer) -> None:
    app.command("run")(run)
    app.command("check")(check)


DeepOption = Annotated[
    bool,
    typer.Option("--deep", help="Also read all dumps, and check every row against the store's invariants."),
]


def run(
    *,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="all|web|worker|scheduler",
            help="Run only this part, if several processes share the work.",
        ),
    ] = "all",
    demo: Annotated[
        bool, typer.Option("--demo-without-dumps", help="Run the demo until the first dump arrives.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run the service (scheduler, web server and mail delivery) until you stop it."""
    from digest.cli.serving import serve

    if demo:
        from digest.cli.demo import run_or_demo

        run_or_demo(config)
        return
    if role not in _ROLES:
        raise typer.BadParameter(f"{role!r} is not a role; choose one of {', '.join(_ROLES)}", param_hint="--role")
    serve(config, role)


def _print_record(record: Record, *, as_json: bool) -> None:
    if as_json:
        print_json({"record": record.purpose, "name": record.name, "value": record.value, "line": record.line})
    else:
        typer.echo(f"      {record.line}")


def check(
    *,
    deep: DeepOption = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Check only mail, and print the DNS records that it needs.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 1 on warnings too.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check the configuration, the store, the templates, the dumps and the mail transport; change nothing.

    Exit code 1 means that something stops the service or would do harm. A warning is a problem that you should know
    about, such as a relay that does not answer or a dump that cannot be read; warnings exit with code 0, unless you
    give --strict.
    """
    from digest.checks import findings, mail_findings
    from digest.findings import Finding, Level

    settings = settings_of(config)
    counts = dict.fromkeys(Level, 0)
    with Progress("checking", kept="Nothing was changed.") as progress:
        every = mail_findings(settings) if mail else findings(settings, clock(), deep=deep, progress=progress.step)
        for finding in every:
            progress.make_room()
            if not isinstance(finding, Finding):
                _print_record(finding, as_json=as_json)
                continue
            counts[finding.level] += 1
            _print_finding(finding, as_json=as_json)
    if deep and not _satisfies_invariants(settings, as_json=as_json):
        counts[Level.ERROR] += 1
    if not as_json and (counts[Level.ERROR] or counts[Level.WARNING]):
        typer.echo(_summary(counts[Level.ERROR], counts[Level.WARNING]), err=True)
    if counts[Level.ERROR] or (strict and counts[Level.WARNING]):
        raise typer.Exit(1)


def _print_finding(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        ok = finding.level == "ok"
        print_json({"part": finding.part, "ok": ok, "level": finding.level, "says": finding.says})
    else:
        typer.echo(f"{_MARKS[finding.level]}  {finding.part}: {finding.says}")


def _summary(errors: int, warnings: int) -> str:
    faults = f"{errors} {'error stops' if errors == 1 else 'errors stop'} the service" if errors else ""
    known = f"{warnings} warning{'s' * (warnings != 1)}" if warnings else ""
    return "digest: " + ", ".join(filter(None, (faults, known)))


def _satisfies_invariants(settings: Settings, *, as_json: bool) -> bool:
    """Whether the store satisfies every invariant. Print each row that violates one. A missing store violates none."""
    from digest.app import opened_to_read
    from digest.errors import DigestError
    from digest.findings import Finding, Level
    from digest.service.upkeep.invariants import violations

    broken = 0
    with contextlib.ExitStack() as held:
        try:
            store = held.enter_context(opened_to_read(settings, any_names=True, needed=True))
        except DigestError:
            return True  # there is none yet, or the finding of the store reports what is wrong
        progress = held.enter_context(Progress("checking entries", kept="Nothing was changed."))
        for violation in violations(store, lambda done, total: progress(done, total=total)):
            progress.make_room()
            broken += 1
            if as_json:
                told = {
                    "part": "invariants",
                    "ok": False,
                    "level": "error",
                    "says": violation.law,
                    "row": violation.row,
                }
                print_json(told)
            else:
                typer.echo(f"{_MARKS[Level.ERROR]}  {violation}")
    if not broken:
        _print_finding(Finding("invariants", "every row satisfies them"), as_json=as_json)
    return not broken
