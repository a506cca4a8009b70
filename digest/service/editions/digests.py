"""The configured digests, as the store, the timer and the mails need them; editions are made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.addresses import mailbox
from digest.editions.schedule import Schedule
from digest.model import DigestId

if TYPE_CHECKING:
    from datetime import datetime

    from digest.settings import Digest, Settings
    from digest.store.transaction import Store


def register(store: Store, settings: Settings, now: datetime) -> None:
    """Register the configured digests, so that their first slots are known."""
    with store.read() as tx:
        unknown = [digest.id for digest in settings.digests if tx.editions.digest(DigestId(digest.id)) is None]
    if unknown:
        with store.write() as tx:
            for name in unknown:
                tx.editions.register_digest(DigestId(name), now)


def rhythms_of(settings: Settings, digest: DigestId) -> list[DigestId]:
    """The digests with the same entries, including this one; only this one if it is not configured (any more)."""
    configured = settings.digest(digest)
    return [DigestId(one.id) for one in settings.rhythms(configured)] if configured else [digest]


def schedule_of(digest: Digest) -> Schedule:
    """The schedule of a digest."""
    return Schedule.parse(digest.schedule, digest.timezone)


def sender_domain(settings: Settings) -> str:
    """The domain in Message-IDs and List-Ids: the sender's domain."""
    return mailbox(settings.mail.sender).domain
