"""`digest alerts` and `digest alerts test`: list current problems, and send a test alert."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, print_json, settings_of, store_to_read
from digest.cli.progress import Progress
from digest.cli.terminal import in_red, local_and_relative, local_time, terminal_width, wrapped_lines
from digest.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from digest.records.operating import Alert
    from digest.service.operating.health import Trouble

app = typer.Typer(name="alerts", help="List current problems, and test the alerts.", invoke_without_command=True)


@app.callback()
def list_(context: typer.Context, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List current problems. A problem that may pass by itself is listed, but not reported yet."""
    if context.invoked_subcommand:
        return
    from digest.service.operating.health import troubles

    with store_to_read(config) as (settings, store), store.read() as tx:
        now = clock()
        found, waiting = troubles(tx, settings, now), tx.alerts.waiting()
        wrong = {one.subject for one in found}
        over = [one for subject, one in tx.alerts.all().items() if one.told_at and subject not in wrong]
    if as_json:
        for one in found:
            print_json(_json(one, None))
        for alert in over:
            print_json(_json(alert, alert.well_since or now))
        return
    if not found:
        typer.echo("all is well")
    for one in found:
        told = f"reported at {local_time(one.told_at, now)}" if one.told_at else "not reported yet"
        text = f"{one.subject}: {one.problem} (since {local_and_relative(one.since, now)}; {told})"
        _say(text, alarm=True)
    for alert in over:
        calm = settings.alerts.calm
        _say(f"over, to be reported after {calm} without it: {alert.subject}: {alert.problem}")
    if waiting:
        typer.echo(f"{waiting} notices wait until they can be delivered")


def _say(text: str, *, alarm: bool = False) -> None:
    for line in wrapped_lines(text, terminal_width(), "    "):
        typer.echo(in_red(line) if alarm else line)


def _json(one: Trouble | Alert, well_since: datetime | None) -> dict[str, object]:
    return {
        "subject": one.subject,
        "problem": one.problem,
        "since": one.since,
        "told_at": one.told_at,
        "well_since": well_since,
    }


@app.command("test")
def send_test(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Send a test alert to each operator address and to the webhook."""
    from digest.records.operating import AlertNotice, NoticeKind
    from digest.service.operating import alerts

    settings = settings_of(config)
    if not alerts.channels(settings):
        raise ConfigurationError(
            "no operator is set, so nobody gets alerts",
            place="operator",
            remedy="set operator to your address, or alerts.webhook",
        )
    now, failed = clock(), False
    for channel in alerts.channels(settings):
        trial = AlertNotice(0, channel, NoticeKind.TEST, "alerts", "nothing is wrong: this is a test", now, now, 0)
        with Progress(f"sending to {channel}", kept="A test is not stored; send another one."):
            problem = asyncio.run(alerts.send_notice(settings, trial))
        failed = failed or bool(problem)
        if as_json:
            print_json({"channel": str(channel), "sent": not problem, "problem": problem or None})
        else:
            typer.echo(f"digest: {channel}: {problem}" if problem else f"{channel}: sent", err=bool(problem))
    if failed:
        raise typer.Exit(1)
