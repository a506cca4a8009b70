"""Short mails to one person: rendered from a template, sent, and retried after a while."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from digest import logs
from digest.errors import ConfigurationError, TransportError
from digest.mail.composing.message import ShortMail, short_message
from digest.mail.composing.templates import render_short_mail
from digest.mail.sending.session import Outgoing, Session
from digest.records.people import UNMADE
from digest.settings import Settings

LEASE = timedelta(minutes=30)  # longer than an attempt may take
WAIT = timedelta(minutes=5)  # before the second attempt, doubled with each
_PERMANENT = 5
_TEMPLATE = "template"
_log = logs.get_logger()


async def send_short_mail(
    session: Session, settings: Settings, to: str, made: Callable[[], bytes]
) -> TransportError | None:
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
        await session.send(Outgoing(settings.mail.sender_mailbox.address, to, message))
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
