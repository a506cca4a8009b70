"""Mails the links with which owners of addresses confirm: lease, send, record. Decision 120."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from digest.mail.sending.transport import open_session
from digest.mail.tokens import confirmation_token
from digest.model import ConfirmationKind
from digest.service.mailing.short_mails import (
    LEASE,
    WAIT,
    is_unmade,
    make_short_mail,
    outcome_text,
    retry_at,
    send_short_mail,
    stops_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.errors import TransportError
    from digest.model import Confirmation
    from digest.settings import Settings
    from digest.store.transaction import Store

_BATCH = 50
_ATTEMPTS = 5
_TEMPLATES = {
    ConfirmationKind.JOIN: ("confirm", "confirm"),
    ConfirmationKind.MOVE: ("move", "confirm"),
    ConfirmationKind.ACCESS: ("access", "preferences"),
}


async def send_confirmations(store: Store, settings: Settings, clock: Callable[[], datetime]) -> int:
    """Mail the links that are due; returns how many were sent. Pauses with all other sending.

    Raises:
        DigestError: the store cannot record what happens.
    """
    due = await asyncio.to_thread(_lease, store, clock())
    if not due:
        return 0
    sent = 0
    async with open_session(settings) as session:
        for at, confirmation in enumerate(due):
            made = partial(confirmation_message, store, settings, confirmation)
            problem = await send_short_mail(session, settings, confirmation.address, made)
            await asyncio.to_thread(_record, store, confirmation, problem, clock())
            sent += problem is None
            if stops_all(problem):
                await asyncio.to_thread(_give_back, store, due[at + 1 :], clock())
                break
    return sent


def _lease(store: Store, now: datetime) -> list[Confirmation]:
    with store.read() as tx:
        if not tx.confirmations.due(now) or tx.deliveries.paused(now) or tx.backups.fenced():
            return []
    with store.write() as tx:
        return tx.confirmations.lease(now, now + LEASE, _BATCH)


def _give_back(store: Store, rest: Sequence[Confirmation], now: datetime) -> None:
    with store.write() as tx:
        for confirmation in rest:
            tx.confirmations.record(confirmation.id, next_at=now + WAIT, text="")


def _record(store: Store, confirmation: Confirmation, problem: TransportError | None, now: datetime) -> None:
    """Record the outcome. No retry if the mail may have arrived, cannot arrive, or is too late: they may ask again."""
    again, text = None, outcome_text(problem)
    if is_unmade(problem):
        again = now + WAIT if now + WAIT < confirmation.expires_at else None
    elif problem is not None and not problem.uncertain:
        again = retry_at(problem, confirmation.attempts, now)
        if again and (confirmation.attempts >= _ATTEMPTS or again >= confirmation.expires_at):
            again, text = None, f"not mailed: {problem}"  # a new request is mailed again
    with store.write() as tx:
        tx.confirmations.record(confirmation.id, next_at=again, text=text)


def confirmation_message(store: Store, settings: Settings, confirmation: Confirmation) -> bytes:
    """The short mail with the link; the same bytes at each attempt."""
    secret = store.secret()
    folder, path = _TEMPLATES[confirmation.kind]
    values = {
        "titles": [digest.title for name in confirmation.digests if (digest := settings.digest(name))],
        "url": f"{settings.base_url}/{path}/{confirmation_token(secret, confirmation)}",
        "hours": int((confirmation.expires_at - confirmation.asked_at).total_seconds() // 3600),
        "address": confirmation.address,
    }
    return make_short_mail(
        settings,
        secret,
        folder,
        confirmation.language,
        values,
        to=confirmation.address,
        mark=f"notice\0{confirmation.id}\0{confirmation.asked_at}",
        written_at=confirmation.asked_at,
    )
