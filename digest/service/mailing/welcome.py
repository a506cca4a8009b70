"""The first mail to a new subscriber, who should not have to wait for the next edition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.service.mailing.latest import plan_latest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from digest.model import DigestId, SubscriberId
    from digest.settings import Settings
    from digest.store.transaction import Transaction


def greet(
    tx: Transaction,
    settings: Settings,
    secret: bytes,
    person: SubscriberId,
    digests: Iterable[DigestId],
    now: datetime,
    *,
    edition: bool,
) -> str:
    """Plan it: the newest edition of each digest if `edition` is wanted and there is one, otherwise a welcome.

    Neither goes to anybody twice: an edition is an ordinary delivery, of which each subscriber has one, and a welcome
    is dropped if an edition is on its way.

    Returns: `edition`, `letter`, or nothing.
    """
    planned = [plan_latest(tx, settings, secret, person, digest, now) for digest in digests] if edition else []
    if any(planned):
        return "edition"
    if settings.signup.welcome == "none":
        return ""
    return "letter" if tx.single_mails.welcome(person, now) else ""
