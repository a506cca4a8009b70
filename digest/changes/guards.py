"""When a reading is too strange to be believed without a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.changes.values import ChangeSet, Placing


def hold_reason(last: Sequence[Placing], changes: ChangeSet, *, keep: float, common: float) -> str:
    """Why a dump is to be held, in one sentence; empty where it is not.

    `last` is its last good reading; without one nothing is ever held. `keep`: the least share of that reading's
    number of entries. `common`: at most this share of its entries being left is suspicious.
    """
    before = {placing.entry for placing in last}
    if not before:
        return ""
    now = {placing.entry for placing in changes.placings}
    if len(now) < len(before) * keep:
        return f"it shows {len(now)} entries where it showed {len(before)}"
    left = len(before & now)
    if left <= len(before) * common:
        return f"{left} of the {len(before)} entries that it showed are left"
    return ""
