"""Alerts to operators by mail and webhook: `health` finds troubles, `alert_states` decides what to announce.

The decision is committed first, one notice per channel. A notice is deleted when the channel accepted it. After a crash
in between, it is sent once more; it is never lost.
"""

from __future__ import annotations

import asyncio
import hashlib
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.json_output import to_json
from digest.mail.composing.message import ShortMail, short_message
from digest.mail.sending.session import Outgoing
from digest.mail.sending.transport import open_session
from digest.records.operating import Alert, AlertNotice, NoticeKind
from digest.service.operating.alert_states import Transition, transition
from digest.service.operating.health import observe
from digest.service.operating.posting import post
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Store, Transaction

_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
_GIVE_UP = timedelta(days=7)
_MAIL = "mail "
_WEBHOOK = "webhook"


class AlertError(DigestError):
    """A channel did not accept a notice."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A notice that was just decided."""

    kind: NoticeKind
    alert: Alert


def decide(store: Store, settings: Settings, now: datetime) -> list[Decided]:
    """Check everything, store the troubles and the notices to send; returns the notices, for the log."""
    with store.read() as tx:
        if not any(changed for _, _, changed in _steps(tx, settings, now)):
            return []
    decided = []
    with store.write() as tx:
        stored = tx.alerts.all()
        for subject, taken, changed in _steps(tx, settings, now):
            if not changed:
                continue
            before = stored.get(subject)
            if taken.alert:
                tx.alerts.put(taken.alert)
            else:
                tx.alerts.drop(subject)
            told = taken.alert or before
            if taken.tell and told:
                decided.append(Decided(taken.tell, told))
                for channel in channels(settings):
                    tx.alerts.notify(channel, taken.tell, told, now)
    return decided


def _steps(tx: Transaction, settings: Settings, now: datetime) -> list[tuple[str, Transition, bool]]:
    """The step of each subject, and whether it differs from what is stored."""
    stored = tx.alerts.all()
    steps = []
    for _, seen in observe(tx, settings, now):
        before = stored.pop(seen.subject, None)
        taken = transition(before, seen, now, settings.alerts.calm)
        steps.append((seen.subject, taken, taken.tell is not None or taken.alert != before))
    return steps + [(subject, Transition(None), True) for subject in stored]  # no longer configured


# --- sending --------------------------------------------------------------------------------------


def channels(settings: Settings) -> list[str]:
    """The channels: who gets alerts, and by which means."""
    return [*(_MAIL + address for address in settings.operator), *([_WEBHOOK] if settings.alerts.webhook else [])]


async def send_due_notices(store: Store, settings: Settings, clock: Callable[[], datetime]) -> list[str]:
    """Send due notices; returns the failures, in sentences. A refused notice is sent later."""
    problems = []
    while batch := await asyncio.to_thread(_due, store, clock()):
        for due in batch:
            problem = await send_notice(settings, due) if due.channel in channels(settings) else ""
            if problem:
                problems.append(f"{due.channel}: {problem}")
            await asyncio.to_thread(_record, store, due, clock(), failed=bool(problem))
    return problems


def _due(store: Store, now: datetime) -> list[AlertNotice]:
    with store.read() as tx:
        return tx.alerts.notices(now)


def _record(store: Store, due: AlertNotice, now: datetime, *, failed: bool) -> None:
    with store.write() as tx:
        if not failed or now - due.made_at > _GIVE_UP:
            tx.alerts.delete_notice(due.id)
        else:
            tx.alerts.put_off(due.id, now + min(_FIRST_WAIT * 2 ** min(due.attempts, 10), _LONGEST_WAIT))


async def send_notice(settings: Settings, due: AlertNotice) -> str:
    """Send a notice on a channel; returns the error, empty if it was accepted."""
    try:
        if due.channel == _WEBHOOK:
            await asyncio.to_thread(_post, settings.alerts.webhook, _json(settings, due))
        else:
            await _mail(settings, due)
    except (DigestError, ValueError) as error:
        return str(error)
    return ""


async def _mail(settings: Settings, due: AlertNotice) -> None:
    address = due.channel.removeprefix(_MAIL)
    made = alert_message(settings, due, address)
    async with open_session(settings) as session:
        await session.send(Outgoing(settings.mail.sender_mailbox.address, address, made))


def alert_message(settings: Settings, due: AlertNotice, address: str) -> bytes:
    """The mail of a notice; the same bytes at each attempt.

    Raises:
        ValueError: the address is not valid in a header.
    """
    moment = due.made_at if due.kind is NoticeKind.TEST else due.since
    marked = hashlib.sha256(f"{address}\0{due.kind}\0{due.subject}\0{moment.isoformat()}".encode()).hexdigest()[:32]
    letter = ShortMail(
        sender=settings.mail.sender,
        to=address,
        subject=f"[{settings.site_title}] {_headline(due)}",
        text=f"{_text(due)}\n\nSince {due.since:%Y-%m-%d %H:%M} UTC. `digest status` and `digest alerts` say more.\n",
        message_id=f"<alert.{marked}@{settings.mail.sender_mailbox.domain}>",
        written_at=due.made_at,
    )
    return short_message(letter)


def _headline(due: AlertNotice) -> str:
    match due.kind:
        case NoticeKind.TROUBLE:
            return f"trouble: {due.subject}"
        case NoticeKind.WELL:
            return f"well again: {due.subject}"
        case NoticeKind.TEST:
            return "a test of the alerts"


def _text(due: AlertNotice) -> str:
    if due.kind is NoticeKind.WELL:
        return f"{due.subject}: well again. It was: {due.problem}"
    return f"{due.subject}: {due.problem}"


def _json(settings: Settings, due: AlertNotice) -> dict[str, object]:
    return {
        "kind": due.kind,
        "subject": due.subject,
        "problem": due.problem,
        "since": due.since,
        "at": due.made_at,
        "site": settings.site_title,
        "url": settings.base_url,
        "text": f"[{settings.site_title}] {_headline(due)}\n{_text(due)}",  # chat programs display this
    }


def _post(url: str, said: dict[str, object]) -> None:
    try:
        post(url, to_json(said).encode(), {"Content-Type": "application/json"})
    except urllib.error.HTTPError as error:
        error.close()
        raise AlertError(f"answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise AlertError(str(getattr(error, "reason", error))) from error
