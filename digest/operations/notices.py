"""Alerts to operators, and webhooks to programs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from digest.errors import ConfigurationError, UnknownError
from digest.json_output import pick
from digest.operations.core import Context, Listed, Nothing, Operation, Request, View
from digest.records.operating import AlertNotice, NoticeKind, Scope
from digest.records.publishing import EventState, WebhookCounts

if TYPE_CHECKING:
    from digest.settings import Webhook

_NEWEST = 20  # events


class AlertView(View):
    """A problem that exists now, or existed shortly ago (`well_since`); the `kind` of a present one."""

    kind: str | None

    subject: str
    problem: str
    since: datetime
    told_at: datetime | None
    well_since: datetime | None


class AlertsView(View):
    """The present problems, then those that are over; and how many notices wait until they can be delivered."""

    items: list[AlertView]
    waiting: int


class TestedChannel(View):
    """Whether a channel took a test alert."""

    channel: str
    sent: bool
    problem: str | None


def alerts(context: Context, _asked: Nothing) -> AlertsView:
    """List current problems, and those that are over and still to be reported as over."""
    from digest.service.operating.health import troubles  # noqa: PLC0415 - as above

    now = context.now()
    with context.store.read() as tx:
        found, waiting = troubles(tx, context.settings, now), tx.alerts.waiting()
        wrong = {one.subject for one in found}
        over = [one for subject, one in tx.alerts.all().items() if one.told_at and subject not in wrong]
    names = ("subject", "problem", "since", "told_at")
    items = [{"kind": one.kind, **pick(one, *names), "well_since": None} for one in found]
    items += [{"kind": None, **pick(one, *names), "well_since": one.well_since or now} for one in over]
    return AlertsView.model_validate({"items": items, "waiting": waiting})


def send_test_alert(context: Context, _asked: Nothing) -> Listed[TestedChannel]:
    """Send a test alert to each operator address and to the webhook."""
    from digest.service.operating import alerts as sending  # noqa: PLC0415 - as above

    channels = sending.channels(context.settings)
    if not channels:
        raise ConfigurationError(
            "no operator is set, so nobody gets alerts",
            place="operator",
            remedy="set operator to your address, or alerts.webhook",
        )
    now, tested = context.now(), []
    for channel in channels:
        trial = AlertNotice(0, channel, NoticeKind.TEST, "alerts", "nothing is wrong: this is a test", now, now, 0)
        problem = asyncio.run(sending.send_notice(context.settings, trial))
        tested.append(TestedChannel(channel=str(channel), sent=not problem, problem=problem or None))
    return Listed[TestedChannel](items=tested)


# --- webhooks -------------------------------------------------------------------------------------


class WebhookView(View):
    """A webhook: which events it gets, how many of them wait, arrived or were given up, and its last answer."""

    id: str
    events: list[str]
    waiting: int
    delivered: int
    failed: int
    answer: str


class EventView(View):
    """An event for a webhook."""

    event: str
    kind: str
    state: EventState
    made_at: datetime
    attempts: int
    next_at: datetime | None
    answer: str


class TakenView(View):
    """A webhook that took a test event."""

    webhook: str
    taken: bool


class SentEvents(View):
    """How many events were planned again, how many were delivered, and what failed."""

    webhook: str
    planned_again: int
    delivered: int
    problems: list[str]


class WebhookName(Request):
    """One webhook."""

    webhook: str = Field(max_length=200, description="The id of a webhook.")


class EventsRequest(WebhookName):
    """The events of a webhook."""

    everything: bool = Field(default=False, description="Also delivered events.")


def named_webhook(context: Context, name: str) -> Webhook:
    """The webhook with this id.

    Raises:
        UnknownError: there is none.
    """
    found = next((one for one in context.settings.webhooks if one.id == name), None)
    if found is None:
        raise UnknownError("webhook", name, remedy="see `digest webhooks list`")
    return found


def webhooks(context: Context, _asked: Nothing) -> Listed[WebhookView]:
    """List the webhooks with the number of their events."""
    with context.store.read() as tx:
        counts = tx.webhooks.counts()
    none = WebhookCounts(0, 0, 0, 0, "")
    names = ("waiting", "delivered", "failed", "answer")
    return Listed[WebhookView](
        items=[
            WebhookView.model_validate(
                {"id": one.id, "events": list(one.events), **pick(counts.get(one.id, none), *names)}
            )
            for one in context.settings.webhooks
        ]
    )


def events(context: Context, asked: EventsRequest) -> Listed[EventView]:
    """List the newest events of a webhook that it did not take."""
    more = [EventState.DELIVERED, EventState.SKIPPED] if asked.everything else []
    states = [EventState.PLANNED, EventState.FAILED, *more]
    with context.store.read() as tx:
        found = tx.webhooks.listed(named_webhook(context, asked.webhook).id, states, _NEWEST)
    return Listed[EventView](items=[EventView.model_validate(one) for one in found])


def send_test_event(context: Context, asked: WebhookName) -> TakenView:
    """Send a test event to a webhook; it is not recorded among its events."""
    from digest.service.publishing.webhooks import send_test  # noqa: PLC0415 - only this sends

    send_test(context.settings, named_webhook(context, asked.webhook), context.now())
    return TakenView(webhook=asked.webhook, taken=True)


def retry_events(context: Context, asked: WebhookName) -> SentEvents:
    """Send the events of a webhook that wait or were given up at once."""
    from digest.service.publishing.webhooks import send_events  # noqa: PLC0415 - as above

    chosen = named_webhook(context, asked.webhook)
    with context.store.write() as tx:
        again = tx.webhooks.plan_failed(chosen.id, context.now())
        tx.webhooks.hurry(chosen.id, context.now())
    alone = context.settings.model_copy(update={"webhooks": (chosen,)})
    turn = send_events(context.store, alone, context.now)
    return SentEvents(
        webhook=asked.webhook, planned_again=again, delivered=turn.delivered, problems=list(turn.problems)
    )


ALERTS = Operation("alerts.list", "GET", "/alerts", Scope.READ, Nothing, AlertsView, alerts, "alerts")
TEST_ALERT = Operation(
    "alerts.test", "POST", "/alerts/test", Scope.ADMIN, Nothing, Listed[TestedChannel], send_test_alert, "alerts test"
)
WEBHOOKS = Operation(
    "webhooks.list", "GET", "/webhooks", Scope.READ, Nothing, Listed[WebhookView], webhooks, "webhooks list"
)
EVENTS = Operation(
    "webhooks.events",
    "GET",
    "/webhooks/{webhook}/events",
    Scope.READ,
    EventsRequest,
    Listed[EventView],
    events,
    "webhooks events",
)
TEST_WEBHOOK = Operation(
    "webhooks.test",
    "POST",
    "/webhooks/{webhook}/test",
    Scope.OPERATE,
    WebhookName,
    TakenView,
    send_test_event,
    "webhooks test",
)
RETRY_WEBHOOK = Operation(
    "webhooks.retry",
    "POST",
    "/webhooks/{webhook}/retry",
    Scope.OPERATE,
    WebhookName,
    SentEvents,
    retry_events,
    "webhooks retry",
)
OPERATIONS = (ALERTS, TEST_ALERT, WEBHOOKS, EVENTS, TEST_WEBHOOK, RETRY_WEBHOOK)
