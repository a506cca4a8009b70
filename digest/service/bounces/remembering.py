"""Passes an earlier drain's refusals to the next one: the earlier one may have ended, or died, within a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.mail.replies.diagnosis import pattern
from digest.service.bounces.refusals import FIRST_ATTEMPTS, Refused

if TYPE_CHECKING:
    from digest.service.bounces.refusals import Refusals
    from digest.store.transaction import Transaction


def remember(tx: Transaction, refusals: Refusals) -> None:
    """Load the paused domains, the words for which sending was paused, and the failures since a mail got through."""
    rested = tx.resting.all()
    refusals.rested = {one.domain for one in rested}
    refusals.looked_into = {
        ("", _words(tx.deliveries.trouble())),
        *((one.domain, _words(one.reason)) for one in rested),
    }
    for one in tx.deliveries.just_failed(FIRST_ATTEMPTS):
        refused = Refused(one.edition, one.subscriber, one.message_id, one.address)
        refusals.remember(refused, _words(one.text, one.address), alone=one.alone)


def _words(said: str, address: str = "") -> str:
    """The words of a refusal that is stored as `phase: code text` or `phase: text`."""
    return pattern(said.partition(" ")[2], address)
