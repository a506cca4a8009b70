"""When an address that bounces is struck off. Pure: knows bounces by their kind, and no message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.model import BounceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import EditionKey

_FAILURES = frozenset({BounceKind.SOFT, BounceKind.HARD})
_HARD = 2  # editions; one refusal may be another's fault than the reader's


@dataclass(frozen=True, slots=True)
class Sent:
    """An edition that went out to somebody, and what came back of it, empty where nothing did."""

    edition: EditionKey
    bounces: frozenset[BounceKind]


def strikes_off(kind: BounceKind, edition: EditionKey, sent: Sequence[Sent], soft: int) -> bool:
    """Whether a bounce of this edition ends all mail to its reader.

    `sent` are the editions that count, oldest first, this bounce among what came back of them already. A complaint
    ends it at once; two editions in a row of which the server said that there is no such address; other failures after
    `soft` editions in a row. An edition of which nothing came back, or only a delay, ends the row; one that was refused
    by a policy (which may be our fault) neither counts nor ends it.
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


def _row(sent: Sequence[Sent]) -> Sequence[Sent]:
    """Those from the start that failed."""
    end = next((number for number, one in enumerate(sent) if not one.bounces & _FAILURES), len(sent))
    return sent[:end]
