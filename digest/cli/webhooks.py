"""`digest webhooks list|events|test|retry`: what programs were sent, and what they still have to take."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli import common

app = typer.Typer(name="webhooks", help="Look after the programs that are sent what is new.", no_args_is_help=True)
WebhookArgument = Annotated[str, typer.Argument(metavar="ID", help="The id of a webhook.")]


@app.command("list")
def list_(*, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """List the webhooks with the number of their events."""
    from digest.operations import notices
    from digest.operations.core import Nothing, perform

    with common.store_to_read(config) as (settings, store):
        rows = perform(notices.WEBHOOKS, common.context_of(settings, store), Nothing()).items
    if as_json:
        for one in rows:
            common.print_json(one.model_dump())
        return
    common.print_table(
        ("id", "events", "waiting", "delivered", "failed", "last answer"),
        [(one.id, ", ".join(one.events), one.waiting, one.delivered, one.failed, one.answer) for one in rows],
        numbers=("waiting", "delivered", "failed"),
    )


@app.command()
def events(
    webhook: WebhookArgument,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also list delivered events.")] = False,
    as_json: common.JsonOption = False,
    config: common.ConfigOption = None,
) -> None:
    """List the newest events of a webhook that it did not take."""
    from digest.operations import notices
    from digest.operations.core import perform

    with common.store_to_read(config) as (settings, store):
        asked = notices.EventsRequest(webhook=webhook, everything=everything)
        found = perform(notices.EVENTS, common.context_of(settings, store), asked).items
    if as_json:
        for one in found:
            common.print_json(one.model_dump())
        return
    common.print_table(
        ("event", "state", "attempts", "next", "answer"),
        [(one.event, one.state, one.attempts, one.next_at, one.answer) for one in found],
        numbers=("attempts",),
    )


@app.command("test")
def send_test_event(
    webhook: WebhookArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None
) -> None:
    """Send a test event to a webhook; it is not recorded."""
    from digest.operations import notices
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        done = perform(notices.TEST_WEBHOOK, common.context_of(settings, store), notices.WebhookName(webhook=webhook))
    common.print_json(done.model_dump()) if as_json else typer.echo(f"{webhook}: it took the test event")


@app.command()
def retry(webhook: WebhookArgument, *, as_json: common.JsonOption = False, config: common.ConfigOption = None) -> None:
    """Send the events of a webhook that wait or were given up at once."""
    from digest.operations import notices
    from digest.operations.core import perform

    with common.store_of(config) as (settings, store):
        done = perform(notices.RETRY_WEBHOOK, common.context_of(settings, store), notices.WebhookName(webhook=webhook))
    if as_json:
        common.print_json(done.model_dump())
    else:
        typer.echo(f"{webhook}: events delivered: {done.delivered}" + "".join(f"\n{one}" for one in done.problems))
    if done.problems:
        raise typer.Exit(1)
