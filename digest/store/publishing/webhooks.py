"""The ledger of webhooks: which events each was sent, and what is still to be sent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, or_, select, update

from digest.model import EditionKey, EntryId
from digest.records.publishing import EventState, WebhookCounts, WebhookEvent
from digest.store.database.statements import insert
from digest.store.database.tables.intake import sources
from digest.store.database.tables.operating import webhook_events, webhooks
from digest.store.database.tables.publishing import entries

_EDITION = "edition/"  # begins the name of an event about one
_UNSENT = (EventState.PLANNED, EventState.FAILED)
_SKIPPED: dict[str, object] = {"state": EventState.SKIPPED, "next_at": None, "body": ""}


class Webhooks:
    """Webhooks and their events."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register(self, webhook: str, now: datetime) -> None:
        """Register a webhook; does nothing if it exists. Only what happens from now on is sent to it."""
        row = insert(self._connection, webhooks).values(id=webhook, since=now, state=0)
        self._connection.execute(row.on_conflict_do_nothing())

    def registered(self) -> dict[str, tuple[datetime, int]]:
        """All webhooks ever registered: since when, and up to which published state their events are planned."""
        return {row.id: (row.since, row.state) for row in self._connection.execute(select(webhooks))}

    def planned_up_to(self, webhook: str, state: int) -> None:
        """Record that the events of this published state are planned."""
        self._connection.execute(update(webhooks).where(webhooks.c.id == webhook).values(state=state))

    def unsent_entries(self, webhook: str, since: datetime) -> list[tuple[EntryId, str, str]]:
        """The entries that were added, revised or removed since then without an event of it: id, event, kind.

        The kinds are `added`, `revised` and `removed`. An entry that is published again is added again. Those of a
        first import are not added.
        """
        past = self._last_events(webhook)
        gone = func.coalesce(entries.c.removed_at, entries.c.hidden_at)
        recent = or_(
            and_(entries.c.announced, entries.c.first_seen_at >= since), entries.c.updated_at >= since, gone >= since
        )
        query = select(entries, gone.label("gone_at"), sources.c.settled_at).join(
            sources, sources.c.id == entries.c.first_source
        )
        query = query.where(entries.c.updated_at.is_not(None), recent)
        found: list[tuple[EntryId, str, str]] = []
        for row in self._connection.execute(query.order_by(entries.c.first_seen_at, entries.c.id)):
            entry, last = EntryId(row.id), past.get(row.id)
            kind = _event_due(row, last, since)
            if kind:
                at = last[1] if last and kind == "added" else row.gone_at if kind == "removed" else row.updated_at
                first = kind == "added" and last is None
                found.append((entry, event_name(entry, kind, None if first else at), kind))
        return found

    def _last_events(self, webhook: str) -> dict[str, tuple[str, datetime]]:
        """The kind and time of the last event about each entry."""
        query = select(webhook_events.c.event, webhook_events.c.kind, webhook_events.c.made_at)
        query = query.where(webhook_events.c.webhook == webhook, webhook_events.c.event.startswith("entry/"))
        rows = self._connection.execute(query.order_by(webhook_events.c.ordinal))
        return {row.event.split("/")[1]: (row.kind.removeprefix("entry."), row.made_at) for row in rows}

    def editions(self, webhook: str) -> set[EditionKey]:
        """The editions with an event that is planned, or was sent."""
        these = and_(webhook_events.c.webhook == webhook, webhook_events.c.event.startswith(_EDITION))
        found = self._connection.execute(select(webhook_events.c.event).where(these)).scalars()
        return {EditionKey(name.removeprefix(_EDITION)) for name in found}

    def plan(self, webhook: str, event: str, kind: str, body: str, now: datetime) -> None:
        """Plan an event, to be sent after those planned before; does nothing if it is planned, or was sent."""
        last = select(func.coalesce(func.max(webhook_events.c.ordinal), 0)).where(webhook_events.c.webhook == webhook)
        row = {
            "webhook": webhook,
            "event": event,
            "ordinal": self._connection.execute(last).scalar_one() + 1,
            "kind": kind,
            "body": body,
            "made_at": now,
            "state": EventState.PLANNED,
            "attempts": 0,
            "next_at": now,
            "answer": "",
        }
        self._connection.execute(insert(self._connection, webhook_events).values(row).on_conflict_do_nothing())

    def withdraw(self, edition: EditionKey) -> None:
        """Forget the events of an edition that no webhook has taken: it is held or cancelled."""
        here = and_(webhook_events.c.event == f"{_EDITION}{edition}", webhook_events.c.state.in_(_UNSENT))
        self._connection.execute(delete(webhook_events).where(here))

    def skip_entry(self, webhook: str, entry: EntryId, now: datetime) -> None:
        """Never send the events about an entry that are not sent yet: they say what was taken back since."""
        about = webhook_events.c.event.startswith(f"entry/{entry}/")
        here = and_(webhook_events.c.webhook == webhook, about, webhook_events.c.state.in_(_UNSENT))
        self._connection.execute(update(webhook_events).where(here).values({**_SKIPPED, "ended_at": now}))

    def unsent_editions(self, webhook: str) -> list[WebhookEvent]:
        """The events of editions that are not sent to a webhook yet, oldest first."""
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state.in_(_UNSENT))
        query = select(webhook_events).where(here, webhook_events.c.kind == "edition.made")
        ordered = query.order_by(webhook_events.c.ordinal)
        return [_event(row, row.attempts) for row in self._connection.execute(ordered)]

    def rewrite(self, webhook: str, event: str, body: str) -> None:
        """Replace the body of an event that is not sent yet."""
        self._connection.execute(update(webhook_events).where(_this(webhook, event)).values(body=body))

    def begin(self, webhook: str, now: datetime, until: datetime) -> WebhookEvent | None:
        """Begin to send the oldest event of a webhook, if it is due; None if it is not, so that the order stays.

        Nobody else begins it before `until`.
        """
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state == EventState.PLANNED)
        query = select(webhook_events).where(here).order_by(webhook_events.c.ordinal).limit(1)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        if row is None or row.next_at > now:
            return None
        this = _this(row.webhook, row.event)
        begun = update(webhook_events).where(this).values(attempts=row.attempts + 1, next_at=until)
        self._connection.execute(begun)
        return _event(row, row.attempts + 1)

    def delivered(self, event: WebhookEvent, answer: str, now: datetime) -> None:
        """Record that the webhook took an event; its body is needed no longer."""
        self._end(event, EventState.DELIVERED, answer, now)

    def failed(self, event: WebhookEvent, answer: str, now: datetime) -> None:
        """Record that an event is given up; it keeps its body, to be tried again by hand."""
        self._end(event, EventState.FAILED, answer, now, body=event.body)

    def retry(self, event: WebhookEvent, answer: str, next_at: datetime) -> None:
        """Record that an event was refused, and when it is sent again."""
        here = update(webhook_events).where(_this(event.webhook, event.event))
        self._connection.execute(here.values(answer=answer, next_at=next_at))

    def _end(self, event: WebhookEvent, state: EventState, answer: str, now: datetime, body: str = "") -> None:
        here = update(webhook_events).where(_this(event.webhook, event.event))
        self._connection.execute(here.values(state=state, answer=answer, next_at=None, ended_at=now, body=body))

    def plan_failed(self, webhook: str, now: datetime) -> int:
        """Plan the events that were given up once more; returns how many."""
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state == EventState.FAILED)
        again: dict[str, object] = {"state": EventState.PLANNED, "next_at": now, "attempts": 0, "ended_at": None}
        return self._connection.execute(update(webhook_events).where(here).values(again)).rowcount

    def hurry(self, webhook: str, now: datetime) -> None:
        """Let the waiting events of a webhook be due now."""
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state == EventState.PLANNED)
        self._connection.execute(update(webhook_events).where(here).values(next_at=now))

    def skip(self, webhooks_named: Iterable[str], now: datetime) -> int:
        """Count everything up to now as sent, after a restored backup; returns how many events were waiting."""
        names = list(webhooks_named)
        here = and_(webhook_events.c.webhook.in_(names), webhook_events.c.state == EventState.PLANNED)
        count = self._connection.execute(
            update(webhook_events).where(here).values({**_SKIPPED, "ended_at": now})
        ).rowcount
        self._connection.execute(update(webhooks).where(webhooks.c.id.in_(names)).values(since=now))
        return count

    def counts(self) -> dict[str, WebhookCounts]:
        """The number of events of each webhook by state, and the trouble of the oldest waiting one."""

        def number(state: EventState) -> Any:  # noqa: ANN401 - a column
            return func.coalesce(func.sum(case((webhook_events.c.state == state, 1), else_=0)), 0)

        query = select(
            webhook_events.c.webhook,
            number(EventState.PLANNED).label("waiting"),
            number(EventState.DELIVERED).label("delivered"),
            number(EventState.FAILED).label("failed"),
        ).group_by(webhook_events.c.webhook)
        found = {}
        for row in self._connection.execute(query).all():
            oldest = self._oldest(row.webhook)
            attempts, answer = (oldest.attempts, oldest.answer) if oldest else (0, "")
            found[row.webhook] = WebhookCounts(row.waiting, row.delivered, row.failed, attempts, answer)
        return found

    def _oldest(self, webhook: str) -> Row[*tuple[Any, ...]] | None:
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state != EventState.DELIVERED)
        waiting = webhook_events.c.state == EventState.PLANNED
        query = select(webhook_events).where(here).order_by(~waiting, webhook_events.c.ordinal).limit(1)
        return self._connection.execute(query).one_or_none()

    def listed(self, webhook: str, states: Sequence[EventState], limit: int) -> list[WebhookEvent]:
        """The newest events of a webhook in these states, newest first."""
        here = and_(webhook_events.c.webhook == webhook, webhook_events.c.state.in_(list(states)))
        query = select(webhook_events).where(here).order_by(webhook_events.c.ordinal.desc()).limit(limit)
        return [_event(row, row.attempts) for row in self._connection.execute(query)]


def _event_due(row: Row[Any], last: tuple[str, datetime] | None, since: datetime) -> str:
    """The kind of event that an entry still needs, after the last one about it; empty for none."""
    imported = row.settled_at is None or row.first_seen_at <= row.settled_at  # with the first import of its source
    new = row.announced and row.first_seen_at >= since and not imported
    if row.gone_at is not None:
        told = last[0] != "removed" if last else not new and row.gone_at >= since
        return "removed" if told else ""
    if last is None:
        if new:
            return "added"
        return "revised" if row.updated_at > row.first_seen_at and row.updated_at >= since else ""
    if last[0] == "removed":
        return "added"
    return "revised" if row.updated_at > last[1] else ""


def event_name(entry: EntryId, kind: str, at: datetime | None = None) -> str:
    """The id of an event about an entry; each receiver gets it at most once with success."""
    return f"entry/{entry}/{kind}" + (f"/{at:%Y%m%dT%H%M%S.%f}" if at else "")


def _this(webhook: str, event: str) -> Any:  # noqa: ANN401 - a condition
    return and_(webhook_events.c.webhook == webhook, webhook_events.c.event == event)


def _event(row: Row[Any], attempts: int) -> WebhookEvent:
    return WebhookEvent(
        row.webhook,
        row.event,
        row.kind,
        row.body,
        row.made_at,
        EventState(row.state),
        attempts,
        row.next_at,
        row.answer,
    )
