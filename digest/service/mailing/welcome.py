"""Sends the newest edition to one more subscriber: on request, or so that a new one need not wait for the next.

Decision 118.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from digest.mail.composing.message import message_id
from digest.model import DigestId, EditionKey, SubscriberId
from digest.records.editions import Recipient
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.store.transaction import Transaction


def plan_welcome(
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
    is dropped if an edition is on its way. If a newer edition was cancelled, their next one lists its entries.

    Returns: `edition`, `letter`, or nothing.
    """
    planned = []
    for digest in digests if edition else ():
        planned.append(plan_latest(tx, settings, secret, person, digest, now))
        newest = tx.editions.newest(digest)
        if cancelled := tx.editions.cancelled_since(digest, newest.closes_at if newest else None):
            tx.control.missed(cancelled, [person])
    if any(planned):
        return "edition"
    if settings.signup.welcome == "none":
        return ""
    return "letter" if tx.single_mails.welcome(person, now) else ""


def plan_latest(
    tx: Transaction, settings: Settings, secret: bytes, person: SubscriberId, digest: DigestId, now: datetime
) -> EditionKey | None:
    """Plan the newest edition of a digest for a subscriber; None if there is none, or they had it."""
    newest, record = tx.editions.newest(digest), tx.subscribers.get(person)
    if newest is None or record is None:
        return None
    key = newest.key
    from digest.service.editions.variants import without_removed  # noqa: PLC0415 - it loads the templates of mails

    without_removed(tx, settings, key)
    variants = tx.editions.variants(key)
    whole = variants[0].told
    in_language = (
        number
        for number, variant in enumerate(variants)
        if variant.told == whole and variant.body.language == record.subscriber.language
    )
    recipient = Recipient(
        person, message_id(key, person, settings.mail.sender_mailbox.domain, secret), next(in_language, 0), now
    )
    return key if tx.editions.plan(key, recipient) else None
