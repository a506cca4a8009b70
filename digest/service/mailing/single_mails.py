"""Sends the mails to one person that are not editions: links to confirm, welcomes, notices of a new address.

Each is begun or leased, sent and recorded, one after the other.

Short mails to one person: rendered from a template, sent, and retried after a while.

Decision 120.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest import logs
from digest.editions.schedule import describe_schedule, next_slot
from digest.errors import ConfigurationError, TransportError
from digest.mail.composing.message import ShortMail, short_message
from digest.mail.composing.templates import render_short_mail
from digest.mail.sending.session import Outgoing, Session
from digest.mail.sending.transport import open_session
from digest.mail.tokens import confirmation_token, leave_token, preferences_token
from digest.model import Confirmation, ConfirmationKind, DigestId, Format, SingleMail, SingleMailKind
from digest.records.people import UNMADE
from digest.service.editions.digests import schedule_of
from digest.settings import Mail, Settings
from digest.templating import zone_name
from digest.typeset.dates import format_day

if TYPE_CHECKING:
    from digest.store.transaction import Store

LEASE = timedelta(minutes=30)  # longer than an attempt may take
WAIT = timedelta(minutes=5)  # before the second attempt, doubled with each
_PERMANENT = 5
_TEMPLATE = "template"
_log = logs.get_logger()


async def send_short_mail(session: Session, mail: Mail, to: str, made: Callable[[], bytes]) -> TransportError | None:
    """Render a mail and send it; returns the error, None if there is none. An invalid address counts as refused.

    A wrong template is an error of the phase `template`: it delays no other mail.
    """
    try:
        message = await asyncio.to_thread(made)
    except ConfigurationError as error:
        _log.error("a mail cannot be made", reason=str(error))
        return TransportError(str(error), phase=_TEMPLATE)
    except ValueError as error:
        return TransportError(str(error), phase="recipient", code=_PERMANENT * 100)
    try:
        await session.send(Outgoing(mail.sender_mailbox.address, to, message))
    except TransportError as error:
        return error
    except ValueError as error:
        return TransportError(str(error), phase="recipient", code=_PERMANENT * 100)
    return None


def is_unmade(problem: TransportError | None) -> bool:
    """Whether a template was wrong, so that the mail waits until it is corrected."""
    return problem is not None and problem.phase == _TEMPLATE


def outcome_text(problem: TransportError | None) -> str:
    """The text to store about an attempt."""
    return "mailed" if problem is None else f"{UNMADE}{problem.text}" if is_unmade(problem) else str(problem)


def stops_all(problem: TransportError | None) -> bool:
    """Whether every other mail would fail now, too."""
    return problem is not None and problem.phase in {"connect", "login", "sender"}


def retry_at(problem: TransportError, attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None if the refusal is permanent."""
    return None if (problem.code or 0) // 100 == _PERMANENT else now + WAIT * 2 ** (attempts - 1)


def site_values(settings: Settings) -> dict[str, object]:
    """The values that every short mail gets in addition to its own."""
    return {
        "site": settings.site_title,
        "home_url": f"{settings.base_url}/",
        "contact": settings.contact,
        "contact_url": settings.contact_url,
        "postal": settings.mail.postal,
    }


def make_short_mail(
    settings: Settings,
    secret: bytes,
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
        ValueError: the address is not valid in a header.
    """
    subject, text, page = render_short_mail(
        name, language, settings.template_folders, site_values(settings) | dict(values)
    )
    marked = hmac.new(secret, mark.encode(), hashlib.sha256).hexdigest()
    return short_message(
        ShortMail(
            sender=settings.mail.sender,
            reply_to=settings.mail.reply_to,
            to=to,
            subject=subject,
            text=text,
            html="" if text_only else page,
            message_id=f"<{name}.{marked[:32]}@{settings.mail.sender_mailbox.domain}>",
            written_at=written_at,
            leave_url=leave_url,
        )
    )


_ATTEMPTS = 8
_BATCH = 50
_CONFIRMATION_ATTEMPTS = 5
_TEMPLATES = {
    ConfirmationKind.JOIN: ("confirm", "confirm"),
    ConfirmationKind.MOVE: ("move", "confirm"),
    ConfirmationKind.ACCESS: ("access", "preferences"),
}


async def send_single_mails(store: Store, settings: Settings, clock: Callable[[], datetime]) -> int:
    """Send what is due; returns how many were sent. Pauses with all other sending.

    Raises:
        DigestError: the store cannot record what happens.
    """
    if not await asyncio.to_thread(_due, store, clock()):
        return 0
    sent = 0
    async with open_session(settings) as session:
        while mail := await asyncio.to_thread(_begin, store, clock()):
            made = partial(single_message, store, settings, mail)
            problem = await send_short_mail(session, settings.mail, mail.address, made)
            await asyncio.to_thread(_record, store, mail, problem, clock())
            sent += problem is None
            if stops_all(problem):
                break
    return sent


def _due(store: Store, now: datetime) -> bool:
    with store.read() as tx:
        return tx.single_mails.due(now) and not tx.deliveries.paused(now) and not tx.backups.fenced()


def _begin(store: Store, now: datetime) -> SingleMail | None:
    with store.write() as tx:
        if tx.deliveries.paused(now) or tx.backups.fenced():
            return None
        return tx.single_mails.begin(now, now + LEASE)


def _record(store: Store, mail: SingleMail, problem: TransportError | None, now: datetime) -> None:
    again = retry_at(problem, mail.attempts, now) if problem is not None and mail.attempts < _ATTEMPTS else None
    if is_unmade(problem):
        again = now + WAIT
    with store.write() as tx:
        tx.single_mails.record(
            mail.id,
            next_at=again,
            text=outcome_text(problem),
            uncertain=problem is not None and problem.uncertain,
        )


def single_message(store: Store, settings: Settings, mail: SingleMail) -> bytes:
    """The mail; the bytes are the same at each attempt, as long as settings and templates are the same.

    Raises:
        ValueError: the address is not valid in a header.
    """
    secret, person = store.secret(), mail.subscriber
    preferences = f"{settings.base_url}/preferences/{preferences_token(secret, person.id)}"
    values: dict[str, object] = {"address": mail.address, "url": preferences}
    leave_urls: list[str] = []
    if mail.kind is SingleMailKind.WELCOME:
        digests = [_digest_values(settings, secret, mail, digest) for digest in mail.digests if settings.digest(digest)]
        leave_urls = [one["leave_url"] for one in digests]
        values |= {
            "digests": digests,
            "preferences_url": preferences,
            "newest_url": _newest_edition_url(store, settings, mail),
        }
    return make_short_mail(
        settings,
        secret,
        str(mail.kind),
        person.language,
        values,
        to=mail.address,
        mark=f"single\0{mail.id}\0{mail.written_at}",
        written_at=mail.written_at,
        text_only=person.format is Format.TEXT,
        leave_url=leave_urls[0] if len(leave_urls) == 1 else "",
    )


def _digest_values(settings: Settings, secret: bytes, mail: SingleMail, name: DigestId) -> dict[str, str]:
    """A digest as a welcome shows it; the next edition is the one after the mail was written."""
    digest = settings.digest(name)
    assert digest is not None  # noqa: S101 - every caller has checked it
    schedule, language = schedule_of(digest), mail.subscriber.language
    # The editions come when the clock of the subscriber shows the time of day.
    zone = zone_name(mail.subscriber.timezone or digest.timezone, language)
    slot = next_slot(schedule, mail.written_at).astimezone(ZoneInfo(digest.timezone))
    return {
        "title": digest.title,
        "frequency": describe_schedule(schedule, language, zone),
        "day": format_day(slot.date(), language),
        "leave_url": f"{settings.base_url}/leave/{leave_token(secret, mail.subscriber.id, name)}",
    }


def _newest_edition_url(store: Store, settings: Settings, mail: SingleMail) -> str:
    """The page of the newest edition of the first digest with one by then; empty if none had any."""
    with store.read() as tx:
        for digest in mail.digests:
            for made in tx.editions.editions(digest):
                if not made.edition.empty and made.edition.closes_at <= mail.written_at:
                    return f"{settings.base_url}/editions/{made.edition.key}"
    return ""


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
            problem = await send_short_mail(session, settings.mail, confirmation.address, made)
            await asyncio.to_thread(_record_confirmation, store, confirmation, problem, clock())
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


def _record_confirmation(
    store: Store, confirmation: Confirmation, problem: TransportError | None, now: datetime
) -> None:
    """Record the outcome. No retry if the mail may have arrived, cannot arrive, or is too late: they may ask again."""
    again, text = None, outcome_text(problem)
    if is_unmade(problem):
        again = now + WAIT if now + WAIT < confirmation.expires_at else None
    elif problem is not None and not problem.uncertain:
        again = retry_at(problem, confirmation.attempts, now)
        if again and (confirmation.attempts >= _CONFIRMATION_ATTEMPTS or again >= confirmation.expires_at):
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
