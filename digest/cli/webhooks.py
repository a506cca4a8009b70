"""`digest webhooks list|events|test|retry`: what programs were sent, and what they still have to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.common import (
    ConfigOption,
    JsonOption,
    clock,
    print_json,
    print_table,
    settings_of,
    store_of,
    store_to_read,
)
from digest.errors import UnknownError
from digest.json_output import pick

if TYPE_CHECKING:
    from digest.settings import Settings, Webhook

app = typer.Typer(name="webhooks", help="Look after the programs that are sent what is new.", no_args_is_help=True)
WebhookArgument = Annotated[str, typer.Argument(metavar="ID", help="The id of a webhook.")]
_NEWEST = 20


def _named(settings: Settings, name: str) -> Webhook:
    found = next((one for one in settings.webhooks if one.id == name), None)
    if found is None:
        raise UnknownError("webhook", name, remedy="see `digest webhooks list`")
    return found


@app.command("list")
def list_(*, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the webhooks with the number of their events."""
    from digest.records.publishing import WebhookCounts

    with store_to_read(config) as (settings, store), store.read() as tx:
        counts = tx.webhooks.counts()
    rows = [(one, counts.get(one.id, WebhookCounts(0, 0, 0, 0, ""))) for one in settings.webhooks]
    if as_json:
        for one, count in rows:
            print_json(
                {"id": one.id, "events": list(one.events), **pick(count, "waiting", "delivered", "failed", "answer")}
            )
        return
    print_table(
        ("id", "events", "waiting", "delivered", "failed", "last answer"),
        [(one.id, ", ".join(one.events), c.waiting, c.delivered, c.failed, c.answer) for one, c in rows],
        numbers=("waiting", "delivered", "failed"),
    )


@app.command()
def events(
    webhook: WebhookArgument,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also list delivered events.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the newest events of a webhook that it did not take."""
    from digest.records.publishing import EventState

    states = [
        EventState.PLANNED,
        EventState.FAILED,
        *([EventState.DELIVERED, EventState.SKIPPED] if everything else []),
    ]
    with store_to_read(config) as (settings, store), store.read() as tx:
        found = tx.webhooks.listed(_named(settings, webhook).id, states, _NEWEST)
    if as_json:
        for one in found:
            print_json(pick(one, "event", "kind", "state", "made_at", "attempts", "next_at", "answer"))
        return
    print_table(
        ("event", "state", "attempts", "next", "answer"),
        [(one.event, one.state, one.attempts, one.next_at, one.answer) for one in found],
        numbers=("attempts",),
    )


@app.command("test")
def send_test_event(webhook: WebhookArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Send a test event to a webhook; it is not recorded."""
    from digest.service.publishing.webhooks import send_test

    settings = settings_of(config)
    send_test(settings, _named(settings, webhook), clock())
    print_json({"webhook": webhook, "taken": True}) if as_json else typer.echo(f"{webhook}: it took the test event")


@app.command()
def retry(webhook: WebhookArgument, *, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Send the events of a webhook that wait or were given up at once."""
    from digest.service.publishing.webhooks import send_events

    with store_of(config) as (settings, store):
        chosen = _named(settings, webhook)
        with store.write() as tx:
            again = tx.webhooks.plan_failed(chosen.id, clock())
            tx.webhooks.hurry(chosen.id, clock())
        turn = send_events(store, settings.model_copy(update={"webhooks": (chosen,)}), clock)
    if as_json:
        print_json({"webhook": webhook, "planned_again": again, "delivered": turn.delivered, "problems": turn.problems})
    else:
        typer.echo(f"{webhook}: events delivered: {turn.delivered}" + "".join(f"\n{one}" for one in turn.problems))
    if turn.problems:
        raise typer.Exit(1)
