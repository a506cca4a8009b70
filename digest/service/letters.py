"""One person's mail of an edition, from its frozen words; sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.mail.message import Letter
from digest.mail.personal import personal
from digest.mail.tokens import leave_token, preferences_token
from digest.service.editions import sender_domain
from digest.typeset.dates import said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.model import Body, DigestId, EditionKey, Subscriber
    from digest.settings import Settings


def letter(
    settings: Settings,
    secret: bytes,
    edition: EditionKey,
    digest: DigestId,
    person: Subscriber,
    body: Body,
    pictures: Mapping[str, bytes],
    *,
    message_id: str,
    written_at: datetime,
    agreed_at: datetime,
) -> Letter:
    """The mail with the person's own links; `agreed_at` is when they joined the digest."""
    configured = settings.digest(digest)
    zone = ZoneInfo(configured.timezone if configured else "UTC")
    leave_url = f"{settings.base_url}/leave/{leave_token(secret, person.id, digest)}"
    words = personal(
        body,
        leave_url=leave_url,
        preferences_url=f"{settings.base_url}/preferences/{preferences_token(secret, person.id)}",
        address=person.address,
        agreed=said(agreed_at.astimezone(zone).date(), body.language),
    )
    return Letter(
        sender=settings.mail.sender,
        reply_to=settings.mail.reply_to,
        to_name=person.name,
        to_address=person.address,
        subject=words.subject,
        text=words.text,
        html=words.html,
        format=person.format,
        message_id=message_id,
        written_at=written_at,
        list_id=f"{digest}.{sender_domain(settings)}",
        list_title=configured.title if configured else digest,
        archive_url=f"{settings.base_url}/editions/{edition}",
        help_url=f"{settings.base_url}/about",
        leave_url=leave_url,
        pictures=pictures,
    )
