"""Decides when a bouncing address is suppressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.model import BounceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import EditionKey

_FAILURES = frozenset({BounceKind.SOFT, BounceKind.HARD})
_HARD = 2  # editions; a single refusal may have another cause than the address


@dataclass(frozen=True, slots=True)
class SentEdition:
    """An edition that was sent to a subscriber, and the bounces of it; empty if there were none."""

    edition: EditionKey
    bounces: frozenset[BounceKind]


def suppresses(kind: BounceKind, edition: EditionKey, sent: Sequence[SentEdition], soft: int) -> bool:
    """Whether a bounce of this edition suppresses the subscriber's address.

    `sent` are the editions that count, oldest first, and already include this bounce. A complaint suppresses the
    address at once. Otherwise it takes two editions in a row for which the server said that the address does not exist,
    or other failures on `soft` editions in a row. An edition without bounces, or with only a delay, ends the row. An
    edition that a policy refused (which may be our fault) neither counts nor ends the row.
    """
    if kind is BounceKind.COMPLAINT:
        return True
    counted = [one for one in sent if one.bounces & _FAILURES or BounceKind.REFUSED not in one.bounces]
    at = next((number for number, one in enumerate(counted) if one.edition == edition), None)
    if at is None or kind not in _FAILURES:
        return False
    row = [*_row(counted[at::-1])[::-1], *_row(counted[at:])[1:]]
    hard = sum(BounceKind.HARD in one.bounces for one in row)
    return hard >= _HARD or len(row) >= soft


def _row(sent: Sequence[SentEdition]) -> Sequence[SentEdition]:
    """The failed editions at the start."""
    end = next((number for number, one in enumerate(sent) if not one.bounces & _FAILURES), len(sent))
    return sent[:end]
