"""What waits for a later moment: brought back where a clock was wrong, tried at once where the operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest import logs
from digest.mail.replies import LONGEST_WAIT

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import EditionKey
    from digest.ports import DeliveryRow, Store
    from digest.settings import Mail

_log = logs.get_logger()


def bring_back(store: Store, mail: Mail, now: datetime) -> None:
    """Let no mail wait for longer than any wait is, nor all sending for longer than it rests: a clock was wrong."""
    latest, over = now + LONGEST_WAIT, now + mail.pause
    with store.read() as tx:
        paused = tx.deliveries.paused(over)
        if not paused and not tx.pacing.waiting(latest):
            return
    with store.write(exclusive=False) as tx:
        count = tx.pacing.bring_back(latest)
        if paused:
            tx.deliveries.pause(paused[0], over, now)
    _log.warning("waits that lay too far ahead are brought back", mails=count, until=latest.isoformat())


def hurry(store: Store, edition: EditionKey | None, now: datetime) -> None:
    """Let all that waits be due now, of one edition or of all, and no domain rest."""
    with store.write(exclusive=False) as tx:
        tx.resting.got_through([one.domain for one in tx.resting.all()])
        tx.pacing.hurry(edition, now)


def waiting(store: Store, edition: EditionKey | None, now: datetime) -> list[DeliveryRow]:
    """What is tried again later than now, the first due first."""
    with store.read() as tx:
        return tx.pacing.waiting(now, edition)
