"""Waiting deliveries: shortened if they wait too long, tried at once if the operator asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from digest import logs
from digest.mail.replies.outcome import LONGEST_WAIT
from digest.model import EditionKey
from digest.records.mailing import DeliveryRow
from digest.settings import Mail

if TYPE_CHECKING:
    from digest.store.transaction import Store

_REST_DOUBLED = 5  # times
_log = logs.get_logger()


def pause_after(mail: Mail, times: int) -> timedelta:
    """How long a domain is paused after so many pauses in a row: each time twice as long, up to a limit."""
    doubled: timedelta = mail.pause * 2 ** min(times, _REST_DOUBLED)
    return doubled


def longest_pause(mail: Mail) -> timedelta:
    return pause_after(mail, _REST_DOUBLED)


def shorten_waits(store: Store, mail: Mail, now: datetime) -> None:
    """Shorten every wait of a mail, a domain or all sending that is longer than possible: a clock was wrong."""
    latest, over, rested = now + LONGEST_WAIT, now + mail.pause, now + longest_pause(mail)
    with store.read() as tx:
        paused = tx.deliveries.paused(over)
        resting = any(one.until > rested for one in tx.resting.all())
        if not paused and not resting and not tx.pacing.waiting(latest):
            return
    with store.write(exclusive=False) as tx:
        tx.resting.bring_back(rested)
        count = tx.pacing.bring_back(latest)
        if paused:
            tx.deliveries.pause(paused[0], over)
    _log.warning("waits that lay too far ahead are brought back", mails=count, until=latest.isoformat())


def make_due_now(store: Store, edition: EditionKey | None, now: datetime) -> None:
    """Make all waiting deliveries due now, of one edition or of all, and end the pauses of domains."""
    with store.write(exclusive=False) as tx:
        tx.resting.got_through([one.domain for one in tx.resting.all()])
        tx.pacing.hurry(edition, now)


def waiting_deliveries(store: Store, edition: EditionKey | None, now: datetime) -> list[DeliveryRow]:
    """Deliveries that are tried again later than now, the first due first."""
    with store.read() as tx:
        return tx.pacing.waiting(now, edition)
