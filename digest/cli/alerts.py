"""`digest alerts` and `digest alerts test`: list current problems, and send a test alert."""

from __future__ import annotations

import typer

from digest.cli.common import ConfigOption, JsonOption, clock, context_of, print_json, store_of, store_to_read
from digest.cli.progress import Progress
from digest.cli.terminal import in_red, local_and_relative, local_time, terminal_width, wrapped_lines

app = typer.Typer(name="alerts", help="List current problems, and test the alerts.", invoke_without_command=True)


@app.callback()
def list_(context: typer.Context, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List current problems. A problem that may pass by itself is listed, but not reported yet."""
    if context.invoked_subcommand:
        return
    from digest.operations import notices
    from digest.operations.core import Nothing, perform

    with store_to_read(config) as (settings, store):
        listed = perform(notices.ALERTS, context_of(settings, store), Nothing())
    if as_json:
        for one in listed.items:
            print_json(one.model_dump(exclude={"kind"}))
        return
    now, found = clock(), [one for one in listed.items if one.well_since is None]
    if not found:
        typer.echo("all is well")
    for one in found:
        told = f"reported at {local_time(one.told_at, now)}" if one.told_at else "not reported yet"
        text = f"{one.subject}: {one.problem} (since {local_and_relative(one.since, now)}; {told})"
        _say(text, alarm=True)
    for one in listed.items:
        if one.well_since:
            _say(f"over, to be reported after {settings.alerts.calm} without it: {one.subject}: {one.problem}")
    if listed.waiting:
        typer.echo(f"{listed.waiting} notices wait until they can be delivered")


def _say(text: str, *, alarm: bool = False) -> None:
    for line in wrapped_lines(text, terminal_width(), "    "):
        typer.echo(in_red(line) if alarm else line)


@app.command("test")
def send_test(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Send a test alert to each operator address and to the webhook."""
    from digest.operations import notices
    from digest.operations.core import Nothing, perform

    with store_of(config) as (settings, store), Progress("sending", kept="A test is not stored; send another one."):
        tested = perform(notices.TEST_ALERT, context_of(settings, store), Nothing()).items
    for one in tested:
        if as_json:
            print_json(one.model_dump())
        else:
            problem = one.problem or ""
            typer.echo(f"digest: {one.channel}: {problem}" if problem else f"{one.channel}: sent", err=bool(problem))
    if not all(one.sent for one in tested):
        raise typer.Exit(1)
