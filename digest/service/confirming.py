"""Mailing the links by which owners of addresses confirm: lease, hand over, record."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from digest.addresses import mailbox
from digest.errors import TransportError
from digest.mail.notice import Notice, notice
from digest.mail.short import short_mail
from digest.mail.tokens import confirmation_token
from digest.mail.transport import session
from digest.model import ConfirmationKind
from digest.service.digests import sender_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from digest.mail.transport import Session
    from digest.model import Confirmation
    from digest.ports import Store
    from digest.settings import Settings

_LEASE = timedelta(minutes=30)
_BATCH = 50
_ATTEMPTS = 5
_WAIT = timedelta(minutes=5)  # before the second attempt, doubled with each
_PERMANENT = 5
_TEMPLATES = {
    ConfirmationKind.JOIN: ("confirm", "confirm"),
    ConfirmationKind.MOVE: ("move", "confirm"),
    ConfirmationKind.ACCESS: ("access", "preferences"),
}


async def send_confirmations(store: Store, settings: Settings, clock: Callable[[], datetime]) -> int:
    """Mail the links that are due; how many were handed over. Rests with all other sending.

    Raises:
        DigestError: the store cannot record what happens.
    """
    due = await asyncio.to_thread(_lease, store, clock())
    if not due:
        return 0
    sent = 0
    async with session(settings) as way:
        for at, confirmation in enumerate(due):
            problem = await _hand_over(way, store, settings, confirmation)
            await asyncio.to_thread(_record, store, confirmation, problem, clock())
            sent += problem is None
            if problem is not None and problem.phase in {"connect", "login", "sender"}:
                await asyncio.to_thread(_give_back, store, due[at + 1 :], clock())
                break
    return sent


def _lease(store: Store, now: datetime) -> list[Confirmation]:
    with store.read() as tx:
        if not tx.confirmations.due(now) or tx.deliveries.paused(now) or tx.backups.fenced():
            return []
    with store.write() as tx:
        return tx.confirmations.lease(now, now + _LEASE, _BATCH)


def _give_back(store: Store, rest: Sequence[Confirmation], now: datetime) -> None:
    with store.write() as tx:
        for confirmation in rest:
            tx.confirmations.record(confirmation.id, next_at=now + _WAIT, text="")


async def _hand_over(
    way: Session, store: Store, settings: Settings, confirmation: Confirmation
) -> TransportError | None:
    sender = mailbox(settings.mail.sender).address
    try:
        await way.send(sender, confirmation.address, message_of(store, settings, confirmation))
    except TransportError as error:
        return error
    except ValueError as error:
        return TransportError(str(error), phase="recipient", code=_PERMANENT * 100)
    return None


def _record(store: Store, confirmation: Confirmation, problem: TransportError | None, now: datetime) -> None:
    """Nothing more is tried where the mail may have arrived, cannot arrive, or comes too late: they may ask again."""
    again, text = None, str(problem) if problem else "mailed"
    if problem is not None and not problem.uncertain and (problem.code or 0) // 100 != _PERMANENT:
        again = now + _WAIT * 2 ** (confirmation.attempts - 1)
        if confirmation.attempts >= _ATTEMPTS or again >= confirmation.expires_at:
            again, text = None, f"not mailed: {problem}"  # who asks again is mailed again
    with store.write() as tx:
        tx.confirmations.record(confirmation.id, next_at=again, text=text)


def message_of(store: Store, settings: Settings, confirmation: Confirmation) -> bytes:
    """The mail of a few lines that holds the link; the same bytes at each attempt."""
    secret = store.secret()
    folder, path = _TEMPLATES[confirmation.kind]
    values = {
        "titles": [digest.title for name in confirmation.digests if (digest := settings.digest(name))],
        "url": f"{settings.base_url}/{path}/{confirmation_token(secret, confirmation)}",
        "hours": int((confirmation.expires_at - confirmation.asked_at).total_seconds() // 3600),
        "address": confirmation.address,
    }
    marked = hmac.new(secret, f"notice\0{confirmation.id}\0{confirmation.asked_at}".encode(), hashlib.sha256)
    return short_notice(
        settings,
        folder,
        confirmation.language,
        values,
        to=confirmation.address,
        mark=marked.hexdigest(),
        written_at=confirmation.asked_at,
    )


def short_notice(
    settings: Settings,
    name: str,
    language: str,
    values: Mapping[str, object],
    *,
    to: str,
    mark: str,
    written_at: datetime,
    text_only: bool = False,
    leave_url: str = "",
) -> bytes:
    """A short mail from the templates `mail/NAME/`; `mark` makes its Message-ID the same at each attempt.

    Raises:
        ConfigurationError: a template is wrong.
        ValueError: the address cannot stand in a header.
    """
    frame = {"site": settings.site_title, "home_url": f"{settings.base_url}/", "postal": settings.mail.postal}
    subject, text, page = short_mail(name, language, settings.templates, frame | dict(values))
    return notice(
        Notice(
            sender=settings.mail.sender,
            reply_to=settings.mail.reply_to,
            to=to,
            subject=subject,
            text=text,
            html="" if text_only else page,
            message_id=f"<{name}.{mark[:32]}@{sender_domain(settings)}>",
            written_at=written_at,
            leave_url=leave_url,
        )
    )
