"""`digest alerts` and `digest alerts test`: what operators are told."""

from __future__ import annotations

import asyncio

import typer

from digest.cli.common import ConfigOption, JsonOption, print_json, print_table, settings_of, store_of
from digest.errors import ConfigurationError

app = typer.Typer(name="alerts", help="What is wrong now, and who is told.", invoke_without_command=True)


@app.callback()
def list_(context: typer.Context, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what is wrong now; what may be a blip is not told to anybody yet."""
    if context.invoked_subcommand:
        return
    with store_of(config) as (_, store), store.read() as tx:
        alerts, waiting = tx.alerts.all().values(), tx.alerts.waiting()
    if as_json:
        for alert in alerts:
            print_json(
                {
                    "subject": alert.subject,
                    "problem": alert.problem,
                    "since": alert.since.isoformat(),
                    "told_at": alert.told_at and alert.told_at.isoformat(),
                    "well_since": alert.well_since and alert.well_since.isoformat(),
                }
            )
        return
    if not alerts:
        typer.echo("all is well")
    else:
        columns = ("subject", "since", "told", "well since", "problem")
        print_table(columns, [(a.subject, a.since, a.told_at, a.well_since, a.problem) for a in alerts])
    if waiting:
        typer.echo(f"{waiting} notices wait until their channel takes them")


@app.command("test")
def send_test(*, config: ConfigOption = None) -> None:
    """Send a test to each address and to the webhook."""
    from digest.app import clock
    from digest.ports import AlertNotice, NoticeKind
    from digest.service import alerts

    settings = settings_of(config)
    if not alerts.channels(settings):
        raise ConfigurationError(
            "no operator is named, so nobody gets alerts",
            place="operator",
            remedy="set operator to your address, or alerts.webhook",
        )
    now, failed = clock(), False
    for channel in alerts.channels(settings):
        trial = AlertNotice(0, channel, NoticeKind.TEST, "alerts", "nothing is wrong: this is a test", now, now, 0)
        problem = asyncio.run(alerts.tell_one(settings, trial))
        failed = failed or bool(problem)
        typer.echo(f"digest: {channel}: {problem}" if problem else f"{channel}: told", err=bool(problem))
    if failed:
        raise typer.Exit(1)
