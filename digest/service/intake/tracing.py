"""Connects log lines from dump to mail: the trace identifies a pass over a source. Logs what was stored, afterwards.

A trace is the time of its pass. The store has it in each revision of the pass, so it needs no place of its own, and
every process can compute it as long as the revisions exist. Decision 236.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from digest import logs
from digest.model import Delivery, DeliveryState, EditionKey, EntryId
from digest.records.editions import EditionCounts

if TYPE_CHECKING:
    from digest.store.transaction import Transaction

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_A_LINE = 100  # entries: a first import has thousands
_log = logs.get_logger()


def trace(at: datetime) -> str:
    """The id of the pass at that time: its microseconds in base 36, so that later ones sort later."""
    left = int(at.timestamp()) * 1_000_000 + at.microsecond
    written = ""
    while left:
        left, digit = divmod(left, len(_DIGITS))
        written = _DIGITS[digit] + written
    return written


def traces(tx: Transaction, edition: EditionKey) -> list[str]:
    """The ids of the passes that brought the edition's entries, oldest first."""
    return [trace(at) for at in tx.editions.read_at(edition)]


def following(at: datetime, source: str) -> AbstractContextManager[None]:
    """Add the pass and its source to each log line within this context."""
    return logs.bound(trace=trace(at), source=source)


def say_read(dump: str, sightings: int, changes: Mapping[str, Sequence[EntryId]]) -> None:
    """Log that a dump was read; `changes` are the entries by what happened to them."""
    counts = {change: len(entries) for change, entries in changes.items()}
    _log.info("dump read", dump=dump, sightings=sightings, **counts)
    for change, entries in changes.items():
        for start in range(0, len(entries), _A_LINE):
            _log.info("entries", dump=dump, change=change, entries=list(entries[start : start + _A_LINE]))


def say_refreshed(counts: Mapping[str, object], problems: Sequence[str]) -> None:
    """Log that a pass ended."""
    for problem in problems:
        _log.warning("problem", reason=problem)
    _log.info("refreshed", **counts)


def say_made(tx: Transaction, made: EditionCounts) -> None:
    """Log that an edition was made: its entries, the passes that brought them, the number of recipients."""
    edition = made.edition
    told = [one.entry.id for one in tx.editions.selected(edition.key)]
    mails = sum(made.deliveries.values())
    _log.info("edition made", edition=edition.key, entries=told, traces=traces(tx, edition.key), mails=mails)


def say_handed_over(
    delivery: Delivery, state: DeliveryState, code: int | None, text: str, passes: Sequence[str]
) -> None:
    """Log the outcome of a mail. The logger masks the address."""
    _log.info(
        "mail",
        edition=delivery.edition,
        message_id=delivery.message_id,
        to=delivery.subscriber.address,
        state=state,
        code=code,
        text=text,
        attempts=delivery.attempts,
        traces=passes,
    )
